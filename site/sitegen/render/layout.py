"""The parts around a page's text: its notes, its other languages, its title."""

import re

from markupsafe import Markup

from forms.core import i18n
from forms.core.portal import Portal
from forms.core.rendering.page import Alternate, Page, PageNote
from sitegen.content.consent.quotes import QUOTE_REMOVED
from sitegen.content.pages import PageSource
from sitegen.render.blocks import Context
from sitegen.render.context import CLIP_HERE
from sitegen.render.picture_blocks import picture
from sitegen.render.templates import render


def page_of(context: Context, name: str, body: Markup) -> Page:
    """Return a page as the shell draws it, from its Markdown already turned to HTML."""
    source = context.library.find(name, context.language)
    foreign = source.language != context.language
    return Page(
        title=source.title,
        lang=context.language,
        body=body,
        path=source.path,
        alternates=alternates(context.portal, context.language, source.path),
        description=str(source.meta.get("description", "")),
        sensitive=bool(source.meta.get("sensitive")),
        body_lang=source.language if foreign else None,
        index=not foreign and not source.withdrawn,
        form=any(block.name == "form" for block in source.blocks),
        notes=tuple(_notes(context, source)),
    )


def with_clip(context: Context, name: str, body: Markup, aloud: str) -> Markup:
    """Return the body with a way to listen to all of it, where there is a voice or a recording. aloud: what it says."""
    source = context.library.find(name, context.language)
    key = name.removesuffix(".md")
    heard = context.audio_pipeline if source.meta.get("voice", True) else None
    recorded = "" if source.meta.get(QUOTE_REMOVED) else key  # a recording would still say the quote that left
    clip = heard and heard.clip(source.language, recorded, aloud)
    drawn = render(context.language, "blocks/listen.html", clip=clip, title=source.title) if clip else ""
    place = CLIP_HERE if CLIP_HERE in body else "</h1>"
    put = _with_picture(context, source, str(body)).replace(place, f"{place}{drawn}", 1).replace(CLIP_HERE, "")
    return Markup(put)  # noqa: S704 - both are HTML already


def _with_picture(context: Context, source: PageSource, body: str) -> str:
    """Return the body with its page's drawing in the heading, so that its first screen is known without reading.

    Front matter names it, that of the English page for all languages that name none.
    """
    english = context.library.source(source.name) or source
    drawn = picture(context, str(source.meta.get("picture") or english.meta.get("picture") or ""))
    return re.sub(r"<h1[^>]*>", lambda heading: f"{heading[0]}{drawn}", body, count=1)


def alternates(portal: Portal, language: str, path: str) -> tuple[Alternate, ...]:
    """Return the same page in every language of the site."""
    return tuple(
        Alternate(item.code, item.name, f"/{item.code}/{path}", item.code == language) for item in portal.languages
    )


def _notes(context: Context, source: PageSource) -> list[PageNote]:
    _ = i18n.say(context.language)
    notes = []
    if source.language != context.language:
        said = _("This page is not in your language yet. You see it in English.")
        notes.append(PageNote("missing", said, "" if i18n.has_words(context.language) else source.language))
    elif context.library.is_stale(source):
        notes.append(PageNote("stale", _("The English page is newer than this one. A number may have changed.")))
    if source.meta.get("composite"):
        said = _("This is not one person’s story. It is an example, put together from public reports.")
        notes.append(PageNote("composite", said))
    if source.language == context.language and not source.reviewed:
        said = _("This translation has not been checked by a native reader yet.")
        notes.append(PageNote("translation", said))
    return notes
