"""The blocks of the feedback loop: promises, problems, meetings held, numbers; honours, goods, the officers' check."""

from datetime import date
from typing import Any

from markupsafe import Markup

from forms.core import i18n
from forms.core.i18n import translator
from forms.core.portal import pick
from forms.core.statistics.counts import months_of
from sitegen.content import feedback
from sitegen.content.feedback import Commitment, LetterCount
from sitegen.content.tables import Row, in_order, text
from sitegen.media import charts
from sitegen.render.context import Context
from sitegen.render.templates import render


def you_said(context: Context, _: str) -> Markup:
    """Draw all commitments: first those for the whole district, then taluk by taluk."""
    commitments = _commitments(context)
    groups: list[tuple[Any, list[Commitment]]] = [({}, [each for each in commitments if not each.row["taluk"]])]
    groups += [
        (text(place, "name"), [each for each in commitments if each.row["taluk"] == place["id"]])
        for place in _places(context)
    ]
    return _draw(context, "you-said", groups=[group for group in groups if group[1]])


def problems(context: Context, _: str) -> Markup:
    """Draw all themes that have a page, with the number of promises of each."""
    commitments = _commitments(context)
    rows = [row for row in in_order(context.tables["themes"]) if row["page"]]
    promises = {row["id"]: sum(each.row["theme"] == row["id"] for each in commitments) for row in rows}
    return _draw(context, "problems", rows=rows, promises=promises)


def problem(context: Context, name: str) -> Markup:
    """Draw one theme: its signs, campaigns, counts, meetings and promises."""
    _ = translator(context.language)
    theme = _row(context, "themes", name)
    signs = [row for row in in_order(context.tables["signs"]) if row["id"] in feedback.signs_of(theme)]
    campaigns = [_page(context, row["page"]) for row in feedback.campaigns_of(context.tables, theme)]
    promises = [each for each in _commitments(context) if each.row["theme"] == name]
    meetings = [
        page for page in feedback.meetings(context.library, context.language) if name in page.meta.get("themes", ())
    ]
    quarter = feedback.latest_quarter(context.tables)
    theme_charts = []
    if quarter and feedback.letter_count(context.tables, quarter, theme=name):
        theme_charts = [_chart(context, part_of_district(context), _counts(context, quarter, "taluk", theme=name))]
    return _draw(
        context, "problem", signs=signs, campaigns=campaigns, promises=promises, meetings=meetings,
        charts=theme_charts,
        period=_period(context, quarter),
        total=feedback.letter_count(context.tables, quarter, theme=name) if quarter else None,
    )  # fmt: skip


def answers(context: Context, name: str) -> Markup:
    """Draw the problems that a campaign answers, on its page."""
    themes = feedback.themes_of(context.tables, _row(context, "campaigns", name))
    return _draw(context, "answers", rows=[theme for theme in themes if theme["page"]])


def meetings_held(context: Context, _: str) -> Markup:
    """Draw links to the pages of meetings held, newest first."""
    return _draw(context, "meetings-held", meetings=feedback.meetings(context.library, context.language))


def came_of_it(context: Context, name: str) -> Markup:
    """Draw the promises that followed from a meeting, on its page."""
    return _draw(context, "promises", promises=[each for each in _commitments(context) if each.row["meeting"] == name])


def numbers(context: Context, _argument: str) -> Markup:
    """Draw the letter counts of the last quarter: a chart and a table by problem, month, taluk and kind of work."""
    quarter = feedback.latest_quarter(context.tables)
    _ = translator(context.language)
    quarter_charts = []
    if quarter and feedback.letter_count(context.tables, quarter):
        quarter_charts = [
            _chart(context, _("By problem"), _counts(context, quarter, "theme")),
            _chart(context, _("By month"), _counts(context, quarter, "month")),
            _chart(context, part_of_district(context), _counts(context, quarter, "taluk")),
            _chart(context, _("By kind of work"), _counts(context, quarter, "work")),
        ]
    total = feedback.letter_count(context.tables, quarter) if quarter else None
    return _draw(context, "numbers", period=_period(context, quarter), charts=quarter_charts, total=total)


def honours(context: Context, _: str) -> Markup:
    """Draw who was honoured and for what, newest first."""
    rows = sorted(context.tables["honours"], key=lambda row: (row["day"], row["id"]), reverse=True)
    return _draw(context, "honours", rows=rows)


def goods(context: Context, _: str) -> Markup:
    """Draw what survivors' groups sell, with a link to ask about it where that page exists."""
    asks = "ask-about-goods.md" in context.library.names
    return _draw(context, "goods", rows=in_order(context.tables["goods"]), asks=asks, photo=_photo(context))


def officer_check(context: Context, _: str) -> Markup:
    """Draw how to spot and stop trafficking: an officer's self-check, which needs no script."""
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

_Counts = list[tuple[Any, LetterCount]]  # each with its name in all languages

TABLE_OF = {"problem": "themes", "answers": "campaigns"}
"""Blocks whose argument is an id, with the table that has it."""


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
    """Return a function that draws a photo of content/media, in every size that phones need."""

    def draw_photo(name: str, alt: str) -> Markup:
        html = Markup('<p><img alt="{}" src="/media/{}" /></p>').format(alt, name)
        embedded = context.image_pipeline.embed(str(html), context.language) if context.image_pipeline else html
        return Markup(embedded)  # noqa: S704 - escaped above

    return draw_photo


def _chart(context: Context, title: str, counts: _Counts) -> tuple[str, _Counts, Markup]:
    """Return the arguments of blocks/charts.html: the title, the counts for the table, and the drawing."""
    _ = translator(context.language)
    bars = [(pick(names, context.language), count.letters) for names, count in counts]
    description = f"{title}. {_('The numbers stand in the table below.')}"
    return title, counts, charts.bars(bars, description, context.charts)


def part_of_district(context: Context) -> str:
    """Return the word for a part of the district, like taluk or block; a general word where there are several kinds."""
    kinds = {row["kind"] for row in _places(context)}
    rows = [row for row in context.tables["kinds"] if row["of"] == "place" and row["id"] in kinds]
    word = text(rows[0], "name").get(context.language, "") if len(rows) == len(kinds) == 1 else ""
    return word or i18n.translator(context.language)("Place")


def _counts(context: Context, quarter: str | None, dimension: str, **where: str) -> _Counts:
    """Return the counts of one dimension with their names; letters that do not say it are counted last."""
    assert quarter  # noqa: S101 - callers check it
    if dimension == "month":
        names: dict[str, Any] = {
            month: {context.language: i18n.month(month, context.language)} for month in months_of(quarter)
        }
    else:
        table = {"theme": "themes", "taluk": "places", "work": "work"}[dimension]
        names = {row["id"]: text(row, "name") for row in context.tables[table]}
        if dimension != "theme":
            _ = translator(context.language)
            names[feedback.UNKNOWN] = {context.language: _("Not told")}
    counts = feedback.letter_counts(context.tables, quarter, dimension, names, **where)
    return [(names[count.id], count) for count in counts]


def _period(context: Context, quarter: str | None) -> str:
    """Return the months of a quarter in words, or "" without a quarter."""
    if not quarter:
        return ""
    first, _, last = (date.fromisoformat(f"{month}-01") for month in months_of(quarter))
    return i18n.months(first, last, context.language)
