"""What a page may ask for with a line like `[[ helplines: danger ]]`: rows, forms, lists."""

from collections.abc import Callable

from markupsafe import Markup

from forms import definition
from forms.drawing import draw_form
from press import loop_blocks
from press.context import Context
from press.district import in_order, text
from press.pages import Source
from press.pictures import drawing
from press.render import render

__all__ = ["BLOCKS", "Context", "draw"]


def _helplines(context: Context, group: str) -> Markup:
    rows = [row for row in in_order(context.tables["helplines"]) if group in {"", row["group"]}]
    return render(context.language, "blocks/helplines.html", rows=rows, text=text)


def _signs(context: Context, _: str) -> Markup:
    rows = in_order(context.tables["signs"])
    return render(context.language, "blocks/signs.html", rows=rows, text=text, pictogram=_pictograms(context))


def _pictograms(context: Context) -> Callable[[str], Markup]:
    """The drawing of a name in content/media/pictograms; nothing where there is none."""

    def draw_one(name: str) -> Markup:
        path = context.darkroom and context.darkroom.media / "pictograms" / f"{name}.svg"
        return Markup(drawing(path, "") if path and path.is_file() else "")  # noqa: S704 - looked at by the checks

    return draw_one


def _self_check(context: Context, _: str) -> Markup:
    rows = in_order(context.tables["signs"])
    return render(
        context.language, "blocks/self-check.html", rows=rows, text=text, portal=context.portal,
        pictogram=_pictograms(context),
    )  # fmt: skip


def _search(context: Context, _: str) -> Markup:
    return render(context.language, "blocks/search.html", portal=context.portal)


def _services(context: Context, kind: str) -> Markup:
    rows = [row for row in context.tables["services"] if kind in {"", row["kind"]}]
    return render(context.language, "blocks/services.html", rows=rows, text=text)


def _events(context: Context, when: str) -> Markup:
    upcoming = when != "past"
    rows = {row["id"]: row for row in context.tables["events"]}
    events = [event for event in context.portal.events if (event.last_day >= context.today) == upcoming]
    shown = events if upcoming else events[::-1]
    places = {choice.value: choice.label for choice in context.portal.choices["places"]}
    return render(
        context.language, "blocks/events.html", events=shown, rows=rows, text=text, places=places,
        upcoming=upcoming, today=context.today,
    )  # fmt: skip


def _form(context: Context, name: str) -> Markup:
    return draw_form(definition.load(name), context.portal, context.language, context.today)


def _links(context: Context, names: list[str]) -> Markup:
    pages: list[Source] = [context.library.find(name, context.language) for name in names]
    return render(context.language, "blocks/links.html", pages=pages)


def _campaigns(context: Context, _: str) -> Markup:
    return _links(context, [f"{row['page']}.md" for row in context.tables["campaigns"]])


def _stories(context: Context, _: str) -> Markup:
    return _links(context, [name for name in context.library.names if name.startswith("stories/")])


def _pages(context: Context, _: str) -> Markup:
    menu = [f"{name}.md" for name in context.menu]
    rest = [name for name in context.library.names if name not in menu and name != "pages.md"]
    return _links(context, [*menu, *rest])


def _desks(context: Context, _: str) -> Markup:
    return render(context.language, "blocks/desks.html", desks=context.portal.readers("concern"))


def _taluks(context: Context, _: str) -> Markup:
    return render(context.language, "blocks/places.html", places=context.portal.choices["places"])


BLOCKS: dict[str, Callable[[Context, str], Markup]] = {
    "helplines": _helplines,
    "signs": _signs,
    "self-check": _self_check,
    "search": _search,
    "services": _services,
    "events": _events,
    "form": _form,
    "campaigns": _campaigns,
    "stories": _stories,
    "pages": _pages,
    "desks": _desks,
    "taluks": _taluks,
    **loop_blocks.BLOCKS,
}


def draw(context: Context, name: str, argument: str) -> Markup:
    """The HTML of one block; KeyError for a name that the checks would have stopped."""
    return BLOCKS[name](context, argument)
