"""Blocks for people who do not read: the home page's pictures, numbers to choose from, the self-check."""

from collections.abc import Callable

from markupsafe import Markup

from forms.core.portal import Clip, Event, pick
from sitegen.content.tables import Row, in_order, text
from sitegen.layers import lookup
from sitegen.media import short_clips
from sitegen.media.images import DRAWN, drawing
from sitegen.render.context import Context
from sitegen.render.templates import render

CALLS = 3
"""Numbers among home's pictures."""


def picture(context: Context, *names: str) -> Markup:
    """Return the first drawing that there is of these names; nothing where there is none."""
    if context.image_pipeline is None:
        return Markup()
    wanted = (f"{folder}/{name}.svg" for name in names if name for folder in DRAWN)
    media, may = context.image_pipeline.media, context.image_pipeline.may_show
    shown = (lookup.medium(media, name) for name in wanted if may(name, context.language))
    there = next((path for path in shown if path.is_file()), None)
    return Markup(drawing(there, "") if there else "")  # noqa: S704 - looked at by the checks


def heard(context: Context, key: str, words: str, language: str = "") -> Clip | None:
    """Return the clip of a short text, recorded or spoken; None where nothing can be heard."""
    pipeline = context.audio_pipeline
    return pipeline.clip(language or context.language, key, words) if pipeline and words else None


def _number_clip(context: Context) -> Callable[[Row], Clip | None]:
    language = context.language
    return lambda row: heard(context, f"number/{row['id']}", short_clips.number_text(row, language))


def _number_picture(context: Context) -> Callable[[Row], Markup]:
    return lambda row: picture(context, f"call-{row['id']}", f"call-{row['group']}", "call")


def home(context: Context, _: str) -> Markup:
    """Return home's pictures: the first numbers that stand everywhere, and the doors, each called as its page is."""
    calls = [row for row in in_order(context.tables["helplines"]) if row["everywhere"]][:CALLS]
    there = [next((one for one in (name, short_clips.INSTEAD.get(name)) if f"{one}.md" in context.library.names), "")
             for name in short_clips.DOORS]  # fmt: skip
    pages = [context.library.find(f"{name}.md", context.language) for name in there if name]
    return render(
        context.language, "blocks/home.html", portal=context.portal, calls=calls, pages=pages, text=text,
        picture=lambda *names: picture(context, *names), number_picture=_number_picture(context),
        number_clip=_number_clip(context),
        name_clip=lambda page: heard(context, f"name/{page.name.removesuffix('.md')}", page.title, page.language),
    )  # fmt: skip


def helplines(context: Context, group: str) -> Markup:
    """Return the numbers of a group; of all, those that stand everywhere come first and the rest opens below them."""
    rows = [row for row in in_order(context.tables["helplines"]) if group in {"", row["group"]}]
    most = [row for row in rows if group or row["everywhere"]] or rows
    names = {language.code: language.name for language in context.portal.languages}
    return render(
        context.language, "blocks/helplines.html", rows=most, more=[row for row in rows if row not in most], text=text,
        speaks=lambda row: [names[code] for code in (row["speaks"] or "").split() if code in names],
        number_picture=_number_picture(context), number_clip=_number_clip(context), say_it=_sentence_in_tamil(context),
    )  # fmt: skip


def _sentence_in_tamil(context: Context) -> tuple[str, Clip | None]:
    """Return the sentence by which this page's reader asks in Tamil for somebody who speaks the page's language."""
    words = short_clips.SENTENCE_IN_TAMIL.get(context.language, "")
    there = "ta" in context.portal.language_codes()
    return words, heard(context, f"tamil/{context.language}", words, "ta") if there else None


def signs(context: Context, _: str) -> Markup:
    """Return the signs, each with its picture and its own clip."""
    return render(
        context.language, "blocks/signs.html", rows=in_order(context.tables["signs"]), text=text,
        picture=lambda name: picture(context, name), clip=_sign_clip(context),
    )  # fmt: skip


def _sign_clip(context: Context) -> Callable[[Row], Clip | None]:
    language = context.language
    return lambda row: heard(context, f"sign/{row['id']}", pick(text(row, "name"), language))


def self_check(context: Context, _: str) -> Markup:
    """Return the signs one by one: a picture, a sentence, yes and no as links inside the page."""
    return render(
        context.language, "blocks/self-check.html", rows=in_order(context.tables["signs"]), text=text,
        portal=context.portal, picture=lambda *names: picture(context, *names), clip=_sign_clip(context),
        say=lambda key, words: heard(context, key, words),
    )  # fmt: skip


def event_clip(context: Context) -> Callable[[Event], Clip | None]:
    """Return what speaks of an event: what it is, the day and the place."""
    language = context.language
    return lambda event: heard(context, f"event/{event.id}", short_clips.event_text(event, language))
