"""The blocks that a page requests with a line like `[[ helplines: danger ]]`: rows, forms, lists."""

from collections.abc import Callable

from markupsafe import Markup

from forms.core import form_schema
from forms.core.rendering.form import draw_form
from sitegen.content import event_lists
from sitegen.content.pages import PageSource
from sitegen.content.tables import text
from sitegen.media import short_clips
from sitegen.render import feedback_blocks, picture_blocks
from sitegen.render.context import CLIP_HERE, Context
from sitegen.render.templates import render

__all__ = ["BLOCKS", "Context", "draw"]


def _search(context: Context, _: str) -> Markup:
    return render(context.language, "blocks/search.html", portal=context.portal)


def _services(context: Context, kind: str) -> Markup:
    rows = [row for row in context.tables["services"] if kind in {"", row["kind"]}]
    return render(context.language, "blocks/services.html", rows=rows, text=text)


def draw_events(context: Context, name: str) -> Markup:
    """Draw a list of events.

    name: "upcoming" (or empty), "past", or a list of sitegen/content/event_lists.py: in/<place>, on/<month>,
    past/<year>.
    """
    event_list = event_lists.find(context.portal, name or "upcoming", context.today)
    page = f"events/{event_list.name}.md"
    title = context.library.find(page, context.language).title if "/" in event_list.name else ""
    return render(
        context.language, "blocks/events.html", portal=context.portal, event_list=event_list, today=context.today,
        title=title, picture=lambda name: picture_blocks.picture(context, name),
        clip=picture_blocks.event_clip(context),
        **event_lists.template_helpers(context.portal, context.language),
    )  # fmt: skip


def draw_event(context: Context, event_id: str) -> Markup:
    """Draw everything about one event. Raises StopIteration for an unknown id, which the checks refuse."""
    portal = context.portal
    event = next(event for event in portal.events if event.id == event_id)
    return render(
        context.language, "blocks/event.html", event=event, portal=portal, today=context.today,
        whole=next((other for other in portal.events if other.id == event.part_of), None),
        parts=[part for part in portal.events if part.part_of == event_id],
        others=event_lists.other_days(portal, event, context.today),
        spoken=event_lists.spoken_languages(event, context.language),
        report=context.library.find(f"{event.report}.md", context.language) if event.report else None,
        offset=event_lists.utc_offset_formatter(portal.timezone),
        **event_lists.template_helpers(portal, context.language),
    )  # fmt: skip


def _form(context: Context, name: str) -> Markup:
    form = draw_form(form_schema.load(name), context.portal, context.language, context.today)
    return form + Markup(CLIP_HERE)  # noqa: S704 - a constant


def _links(context: Context, names: list[str]) -> Markup:
    pages: list[PageSource] = [context.library.find(name, context.language) for name in names]
    available = [page for page in pages if not page.withdrawn]
    return render(context.language, "blocks/links.html", pages=available)


def _campaigns(context: Context, _: str) -> Markup:
    return _links(context, [f"{row['page']}.md" for row in context.tables["campaigns"]])


def _stories(context: Context, _: str) -> Markup:
    return _links(context, [name for name in context.library.names if name.startswith("stories/")])


def _pages(context: Context, _: str) -> Markup:
    menu = [f"{name}.md" for name in context.menu]
    rest = [
        name
        for name in context.library.names
        if name not in menu and name != "pages.md" and not name.startswith("events/")
    ]
    return _links(context, [*menu, *rest])


def _desks(context: Context, style: str) -> Markup:
    desks = context.portal.readers("concern")
    clip = picture_blocks.short_clip(
        context, short_clips.WHO_READS, short_clips.who_reads_text(desks, context.language)
    )
    return render(context.language, "blocks/desks.html", desks=desks, small=style == "faces", clip=clip)


def _taluks(context: Context, _: str) -> Markup:
    return render(context.language, "blocks/places.html", places=context.portal.choices["places"])


BLOCKS: dict[str, Callable[[Context, str], Markup]] = {
    "home": picture_blocks.home,
    "helplines": picture_blocks.helplines,
    "signs": picture_blocks.signs,
    "self-check": picture_blocks.self_check,
    "search": _search,
    "services": _services,
    "events": draw_events,
    "event": draw_event,
    "form": _form,
    "campaigns": _campaigns,
    "stories": _stories,
    "pages": _pages,
    "desks": _desks,
    "taluks": _taluks,
    **feedback_blocks.BLOCKS,
}


def draw(context: Context, name: str, argument: str) -> Markup:
    """Return the HTML of one block. Raises KeyError for an unknown name, which the checks refuse."""
    return BLOCKS[name](context, argument)
