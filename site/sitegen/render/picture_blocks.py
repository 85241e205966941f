"""Blocks for people who do not read: the home page's pictures, numbers to choose from, the self-check."""

from collections.abc import Callable

from markupsafe import Markup

from forms.core.portal import Clip, Event, pick
from sitegen.content.pages import PageSource
from sitegen.content.tables import Row, in_order, text
from sitegen.layers import lookup
from sitegen.media import short_clips, svg_drawings
from sitegen.render.context import Context
from sitegen.render.templates import render

CALLS = 3
"""Numbers to call on the home page."""


def picture(context: Context, *names: str) -> Markup:
    """Return the first existing drawing of these names, "" where there is none."""
    if context.image_pipeline is None:
        return Markup()
    files = (f"{folder}/{name}.svg" for name in names if name for folder in svg_drawings.FOLDERS)
    media, may_show = context.image_pipeline.media, context.image_pipeline.may_show
    paths = (lookup.medium(media, file) for file in files if may_show(file, context.language))
    drawing = next((path for path in paths if path.is_file()), None)
    return Markup(svg_drawings.inline(drawing, "") if drawing else "")  # noqa: S704 - validated by the checks


def short_clip(context: Context, key: str, words: str, language: str = "") -> Clip | None:
    """Return the clip of a short text, recorded or spoken; None where there is no sound.

    language: the one of the page, unless given.
    """
    pipeline = context.audio_pipeline
    return pipeline.clip(language or context.language, key, words) if pipeline and words else None


def _number_clip(context: Context) -> Callable[[Row], Clip | None]:
    language = context.language
    return lambda row: short_clip(context, f"number/{row['id']}", short_clips.number_text(row, language))


def _number_picture(context: Context) -> Callable[[Row], Markup]:
    return lambda row: picture(context, f"call-{row['id']}", f"call-{row['group']}", "call")


def home(context: Context, _: str) -> Markup:
    """Draw the pictures of the home page: the first numbers to call, and the pages to which it links."""
    calls = [row for row in in_order(context.tables["helplines"]) if row["everywhere"]][:CALLS]
    return render(
        context.language, "blocks/home.html", portal=context.portal, calls=calls, pages=_home_pages(context),
        text=text, picture=lambda *names: picture(context, *names), number_picture=_number_picture(context),
        number_clip=_number_clip(context),
        name_clip=lambda page: short_clip(context, f"name/{page.name.removesuffix('.md')}", page.title, page.language),
    )  # fmt: skip


def _home_pages(context: Context) -> list[PageSource]:
    """Return the pages to which the home page links: of each, the fallback where this district does not have it."""
    names = ((name, short_clips.FALLBACK_PAGES.get(name)) for name in short_clips.HOME_PAGES)
    existing = (next((name for name in pair if f"{name}.md" in context.library.names), None) for pair in names)
    return [context.library.find(f"{name}.md", context.language) for name in existing if name]


def helplines(context: Context, group: str) -> Markup:
    """Draw the numbers of a group; without a group, those of every page first and the others folded below them."""
    rows = [row for row in in_order(context.tables["helplines"]) if group in {"", row["group"]}]
    first = [row for row in rows if group or row["everywhere"]] or rows
    names = {language.code: language.name for language in context.portal.languages}
    return render(
        context.language, "blocks/helplines.html", text=text,
        rows=first, more=[row for row in rows if row not in first],
        speaks=lambda row: [names[code] for code in (row["speaks"] or "").split() if code in names],
        number_picture=_number_picture(context), number_clip=_number_clip(context), say_it=_sentence_in_tamil(context),
    )  # fmt: skip


def _sentence_in_tamil(context: Context) -> tuple[str, Clip | None]:
    """Return the Tamil sentence that asks for somebody who speaks the page's language, and its clip."""
    words = short_clips.SENTENCE_IN_TAMIL.get(context.language, "")
    has_tamil = "ta" in context.portal.language_codes()
    return words, short_clip(context, f"tamil/{context.language}", words, "ta") if has_tamil else None


def signs(context: Context, _: str) -> Markup:
    """Draw the signs, each with its picture and its own clip."""
    return render(
        context.language, "blocks/signs.html", rows=in_order(context.tables["signs"]), text=text,
        picture=lambda name: picture(context, name), clip=_sign_clip(context),
    )  # fmt: skip


def _sign_clip(context: Context) -> Callable[[Row], Clip | None]:
    language = context.language
    return lambda row: short_clip(context, f"sign/{row['id']}", pick(text(row, "name"), language))


def self_check(context: Context, _: str) -> Markup:
    """Draw the signs one by one: a picture, a sentence, yes and no as links inside the page."""
    return render(
        context.language, "blocks/self-check.html", rows=in_order(context.tables["signs"]), text=text,
        portal=context.portal, picture=lambda *names: picture(context, *names), clip=_sign_clip(context),
        say=lambda key, words: short_clip(context, key, words),
    )  # fmt: skip


def event_clip(context: Context) -> Callable[[Event], Clip | None]:
    """Return a function that returns the clip of an event: its title, day and place."""
    language = context.language
    return lambda event: short_clip(context, f"event/{event.id}", short_clips.event_text(event, language))
