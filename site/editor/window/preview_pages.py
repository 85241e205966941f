"""The preview of a page at phone size beside its form, and its problems, while somebody writes."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from flask import Blueprint, Response, abort, jsonify, make_response, request

from editor import front_matter, preview
from editor.content_state import parse_page
from editor.window.current import the_editor
from editor.window.page_pages import page_text, problems_of, submitted_form
from editor.window.words import translate, translated
from forms.core.problem import Problem, Problems

pages = Blueprint("preview", __name__)

_MAX_PREVIEWS = 8
_LINE = re.compile(r", line (\d+)\b")
_previews: OrderedDict[str, str] = OrderedDict()
_lock = Lock()


@pages.post("/preview/<language>/<path:name>")
def show(language: str, name: str) -> Response:
    """Return the page as it was sent, for the frame beside the form. Works without JavaScript."""
    return in_frame(_preview_of(language, name)[0])


@pages.post("/look/<language>/<path:name>")
def look(language: str, name: str) -> Response:
    """Return the problems of the page as it was sent, and the key of its preview, for the script."""
    html, text = _preview_of(language, name)
    problems = problems_of(language, name, text)
    lines = lines_in_text([one.where for one in problems], text, submitted_form().text)
    messages = [
        {"where": one.where, "what": one.what, "todo": one.todo, "line": line}
        for one, line in zip(map(translated, problems), lines, strict=True)
    ]
    return jsonify({"problems": messages, "page": _keep(html)})


def lines_in_text(places: Sequence[str], whole: str, text: str) -> list[int]:
    """Return the line of each place in the text as it was typed, without the front matter above it in the file.

    0 for problems of the whole page or of its front matter.
    """
    above = len(whole) - len(front_matter.split(whole)[1].lstrip("\n"))
    shift = whole[:above].count("\n") - (len(text) - len(text.lstrip("\n")))
    numbers = [int(match[1]) if (match := _LINE.search(place)) else 0 for place in places]
    return [max(0, number - shift) for number in numbers]


@pages.get("/seen/<key>")
def seen(key: str) -> Response:
    """Return a preview that was made a moment ago."""
    with _lock:
        html = _previews.get(key)
    if html is None:
        abort(404)
    return in_frame(html)


def _preview_of(language: str, name: str) -> tuple[str, str]:
    """Return the preview of the page as it was sent, or a message why there is none; and the text of its file."""
    editor = the_editor()
    editor.store.page(language, name)
    text = page_text(language, name, submitted_form())
    shown_in = request.form.get("shown_in", "")
    shown_in = shown_in if shown_in in editor.store.languages else ""
    return page_of(language, name, text, shown_in, is_dark="dark" in request.form), text


def page_of(language: str, name: str, text: str, shown_in: str = "", *, is_dark: bool = False) -> str:
    """Return the page of a text as its readers would see it today, or a message why there is none.

    shown_in: the language in which it is shown, if not its own.
    """
    editor = the_editor()
    try:
        context = editor.content_cache.current_except(editor.store.page(language, name)).context
        if context is None:
            return _message_page(translate("The page cannot be shown before what is wrong is mended."))
        return preview.page(editor.root, context, parse_page(language, name, text), shown_in, is_dark=is_dark)
    except (Problem, Problems) as error:  # the problems of the page explain it better
        problems = problems_of(language, name, text)
        return _message_page(" ".join(str(translated(one)) for one in problems) or str(error))


def _message_page(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<!doctype html><meta charset="utf-8"><p role="alert">{escaped}</p>'


def _keep(html: str) -> str:
    key = secrets.token_urlsafe(16)
    with _lock:
        _previews[key] = html
        while len(_previews) > _MAX_PREVIEWS:
            _previews.popitem(last=False)
    return key


def in_frame(html: str) -> Response:
    """Return a response for a frame of the window: it loads nothing, runs nothing and sends nothing."""
    response = make_response(html)
    response.headers["Content-Security-Policy"] = preview.POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
