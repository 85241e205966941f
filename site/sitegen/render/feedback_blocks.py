"""The blocks of the feedback loop: promises, problems, meetings held, numbers; honours, goods, the officers' check."""

from datetime import date
from typing import Any

from markupsafe import Markup

from forms.core import i18n
from forms.core.i18n import say
from forms.core.portal import pick
from forms.core.statistics.counts import months_of
from sitegen.content import feedback
from sitegen.content.feedback import Commitment, LetterCount
from sitegen.content.tables import Row, in_order, text
from sitegen.media import charts
from sitegen.render.context import Context
from sitegen.render.templates import render


def you_said(context: Context, _: str) -> Markup:
    """Return everything asked and promised: first for the whole district, then taluk by taluk."""
    every = _commitments(context)
    groups: list[tuple[Any, list[Commitment]]] = [({}, [one for one in every if not one.row["taluk"]])]
    groups += [(text(row, "name"), [one for one in every if one.row["taluk"] == row["id"]]) for row in _places(context)]
    return _draw(context, "you-said", groups=[group for group in groups if group[1]])


def problems(context: Context, _: str) -> Markup:
    """Return all themes that have a page, with how many promises there are."""
    every = _commitments(context)
    rows = [row for row in in_order(context.tables["themes"]) if row["page"]]
    promises = {row["id"]: sum(one.row["theme"] == row["id"] for one in every) for row in rows}
    return _draw(context, "problems", rows=rows, promises=promises)


def problem(context: Context, name: str) -> Markup:
    """Return one theme: its signs, campaigns, counts, meetings and promises."""
    _ = say(context.language)
    theme = _row(context, "themes", name)
    signs = [row for row in in_order(context.tables["signs"]) if row["id"] in feedback.signs_of(theme)]
    campaigns = [_page(context, row["page"]) for row in feedback.campaigns_of(context.tables, theme)]
    promises = [one for one in _commitments(context) if one.row["theme"] == name]
    held = [
        page for page in feedback.meetings(context.library, context.language) if name in page.meta.get("themes", ())
    ]
    quarter = feedback.latest_quarter(context.tables)
    shown = []
    if quarter and feedback.letter_count(context.tables, quarter, theme=name):
        shown = [_chart(context, part_of_district(context), _counts(context, quarter, "taluk", theme=name))]
    return _draw(
        context, "problem", signs=signs, campaigns=campaigns, promises=promises, held=held, charts=shown,
        period=_period(context, quarter),
        total=feedback.letter_count(context.tables, quarter, theme=name) if quarter else None,
    )  # fmt: skip


def answers(context: Context, name: str) -> Markup:
    """Draw the problems that a campaign answers, on its page."""
    themes = feedback.themes_of(context.tables, _row(context, "campaigns", name))
    return _draw(context, "answers", rows=[theme for theme in themes if theme["page"]])


def meetings_held(context: Context, _: str) -> Markup:
    """Return the pages of meetings held, newest first."""
    return _draw(context, "meetings-held", held=feedback.meetings(context.library, context.language))


def came_of_it(context: Context, name: str) -> Markup:
    """Draw the promises that followed from a meeting, on its page."""
    return _draw(context, "promises", promises=[one for one in _commitments(context) if one.row["meeting"] == name])


def numbers(context: Context, _argument: str) -> Markup:
    """Return what was heard in the last quarter: a chart and a table for problems, months, taluks and kinds of work."""
    quarter = feedback.latest_quarter(context.tables)
    _ = say(context.language)
    shown = []
    if quarter and feedback.letter_count(context.tables, quarter):
        shown = [
            _chart(context, _("By problem"), _counts(context, quarter, "theme")),
            _chart(context, _("By month"), _counts(context, quarter, "month")),
            _chart(context, part_of_district(context), _counts(context, quarter, "taluk")),
            _chart(context, _("By kind of work"), _counts(context, quarter, "work")),
        ]
    total = feedback.letter_count(context.tables, quarter) if quarter else None
    return _draw(context, "numbers", period=_period(context, quarter), charts=shown, total=total)


def honours(context: Context, _: str) -> Markup:
    """Return who was honoured and for what, newest first."""
    rows = sorted(context.tables["honours"], key=lambda row: (row["day"], row["id"]), reverse=True)
    return _draw(context, "honours", rows=rows)


def goods(context: Context, _: str) -> Markup:
    """Return what survivors' groups sell, with a way to ask where there is one."""
    asks = "ask-about-goods.md" in context.library.names
    return _draw(context, "goods", rows=in_order(context.tables["goods"]), asks=asks, photo=_photo(context))


def officer_check(context: Context, _: str) -> Markup:
    """How to spot and stop trafficking: an officer's self-check that works with no script."""
    return _draw(context, "officer-check", rows=in_order(context.tables["signs"]))


BLOCKS = {
    "you-said": you_said,
    "problems": problems,
    "problem": problem,
    "answers": answers,
    "meetings-held": meetings_held,
    "came-of-it": came_of_it,
    "numbers": numbers,
    "honours": honours,
    "goods": goods,
    "officer-check": officer_check,
}

_Counts = list[tuple[Any, LetterCount]]  # what each is called in all languages, and how many letters

TABLE_OF = {"problem": "themes", "answers": "campaigns"}
"""Blocks whose argument is an id of a table."""


def _draw(context: Context, name: str, **more: Any) -> Markup:
    places = {row["id"]: text(row, "name") for row in context.tables["places"]}
    example = any(row["example"] for row in context.tables["heard"])
    return render(
        context.language, f"blocks/{name}.html", text=text, places=places, example_counts=example, **more
    )  # fmt: skip


def _commitments(context: Context) -> list[Commitment]:
    return feedback.commitments(context.tables, context.library, context.language, context.today)


def _places(context: Context) -> list[Row]:
    return context.tables["places"]


def _row(context: Context, table: str, name: str) -> Row:
    return next(row for row in context.tables[table] if row["id"] == name)


def _page(context: Context, name: str) -> Any:
    return context.library.find(f"{name}.md", context.language)


def _photo(context: Context) -> Any:
    """Return the picture of a file in media, in every size that a phone may take."""

    def draw_one(name: str, alt: str) -> Markup:
        html = Markup('<p><img alt="{}" src="/media/{}" /></p>').format(alt, name)
        drawn = context.image_pipeline.shown(str(html), context.language) if context.image_pipeline else html
        return Markup(drawn)  # noqa: S704 - escaped above

    return draw_one


def _chart(context: Context, title: str, counts: _Counts) -> tuple[str, _Counts, Markup]:
    """Return what blocks/charts.html shows: the title, the counts for the table, and the drawing."""
    _ = say(context.language)
    bars = [(pick(names, context.language), one.letters) for names, one in counts]
    said = f"{title}. {_('The numbers stand in the table below.')}"
    return title, counts, charts.bars(bars, said, context.charts)


def part_of_district(context: Context) -> str:
    """Return what people call a part of the district, like taluk or block; a general word where there are several."""
    kinds = {row["kind"] for row in _places(context)}
    names = [row for row in context.tables["kinds"] if row["of"] == "place" and row["id"] in kinds]
    own = text(names[0], "name").get(context.language, "") if len(names) == len(kinds) == 1 else ""
    return own or i18n.say(context.language)("Place")


def _counts(context: Context, quarter: str | None, dimension: str, **where: str) -> _Counts:
    """Return counts of one dimension with what each is called; what nobody told comes last."""
    assert quarter  # noqa: S101 - asked only where something was counted
    if dimension == "month":
        names: dict[str, Any] = {
            one: {context.language: i18n.month(one, context.language)} for one in months_of(quarter)
        }
    else:
        table = {"theme": "themes", "taluk": "places", "work": "work"}[dimension]
        names = {row["id"]: text(row, "name") for row in context.tables[table]}
        if dimension != "theme":
            _ = say(context.language)
            names[feedback.UNKNOWN] = {context.language: _("Not told")}
    return [(names[one.id], one) for one in feedback.letter_counts(context.tables, quarter, dimension, names, **where)]


def _period(context: Context, quarter: str | None) -> str:
    """Return the months of a quarter, as people say them; empty where nothing has been counted."""
    if not quarter:
        return ""
    first, _, last = (date.fromisoformat(f"{month}-01") for month in months_of(quarter))
    return i18n.months(first, last, context.language)
