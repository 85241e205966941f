"""The parts of a page around its text: notes, other languages, title, the button to listen."""

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
    """Return the page that the base template draws. body: the HTML of its Markdown."""
    source = context.library.find(name, context.language)
    is_untranslated = source.language != context.language
    return Page(
        title=source.title,
        lang=context.language,
        body=body,
        path=source.path,
        alternates=alternates(context.portal, context.language, source.path),
        description=str(source.meta.get("description", "")),
        sensitive=bool(source.meta.get("sensitive")),
        body_lang=source.language if is_untranslated else None,
        index=not is_untranslated and not source.withdrawn,
        form=any(block.name == "form" for block in source.blocks),
        notes=tuple(_notes(context, source)),
    )


def with_clip(context: Context, name: str, body: Markup, aloud: str) -> Markup:
    """Return the body with a button to listen to it, where there is a voice or a recording. aloud: its spoken text."""
    source = context.library.find(name, context.language)
    key = name.removesuffix(".md")
    pipeline = context.audio_pipeline if source.meta.get("voice", True) else None
    recording_key = "" if source.meta.get(QUOTE_REMOVED) else key  # a recording still holds the withdrawn quote
    clip = pipeline and pipeline.clip(source.language, recording_key, aloud)
    button = render(context.language, "blocks/listen.html", clip=clip, title=source.title) if clip else ""
    anchor = CLIP_HERE if CLIP_HERE in body else "</h1>"
    html = _with_picture(context, source, str(body)).replace(anchor, f"{anchor}{button}", 1).replace(CLIP_HERE, "")
    return Markup(html)  # noqa: S704 - both are HTML already


def _with_picture(context: Context, source: PageSource, body: str) -> str:
    """Return the body with the page's drawing in its heading, by which people who do not read know the page.

    Front matter names the drawing; where a translation names none, the English page's does.
    """
    english = context.library.source(source.name) or source
    drawing = picture(context, str(source.meta.get("picture") or english.meta.get("picture") or ""))
    return re.sub(r"<h1[^>]*>", lambda heading: f"{heading[0]}{drawing}", body, count=1)


def alternates(portal: Portal, language: str, path: str) -> tuple[Alternate, ...]:
    """Return the same page in every language of the site."""
    return tuple(
        Alternate(item.code, item.name, f"/{item.code}/{path}", item.code == language) for item in portal.languages
    )


def _notes(context: Context, source: PageSource) -> list[PageNote]:
    """Return the notes above a page's text: on its language, translation and source."""
    _ = i18n.translator(context.language)
    notes = []
    if source.language != context.language:
        text = _("This page is not in your language yet. You see it in English.")
        notes.append(PageNote("missing", text, "" if i18n.has_words(context.language) else source.language))
    elif context.library.is_stale(source):
        notes.append(PageNote("stale", _("The English page is newer than this one. A number may have changed.")))
    if source.meta.get("composite"):
        text = _("This is not one person’s story. It is an example, put together from public reports.")
        notes.append(PageNote("composite", text))
    if source.language == context.language and not source.reviewed:
        text = _("This translation has not been checked by a native reader yet.")
        notes.append(PageNote("translation", text))
    return notes
