"""The page at phone size beside the form, and what check says of it, while somebody writes."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from flask import Blueprint, Response, abort, jsonify, make_response, request

from editor import front_matter, preview
from editor.content_state import parse_page
from editor.window.current import the_editor
from editor.window.home import translate, translated
from editor.window.page_pages import problems_of, typed, whole_text
from forms.core.problem import Problem, Problems

pages = Blueprint("preview", __name__)

_KEPT = 8
_LINE = re.compile(r", line (\d+)\b")
_drawn: OrderedDict[str, str] = OrderedDict()
_busy = Lock()


@pages.post("/preview/<language>/<path:name>")
def show(language: str, name: str) -> Response:
    """The page of what was sent, for the frame beside the form: works without a script."""
    return in_frame(_draw(language, name)[0])


@pages.post("/look/<language>/<path:name>")
def look(language: str, name: str) -> Response:
    """What is wrong with what was sent, and where the frame finds its page: for the script."""
    html, text = _draw(language, name)
    found = problems_of(language, name, text)
    lines = lines_in_text([one.where for one in found], text, typed().text)
    told = [
        {"where": one.where, "what": one.what, "todo": one.todo, "line": line}
        for one, line in zip(map(translated, found), lines, strict=True)
    ]
    return jsonify({"problems": told, "page": _keep(html)})


def lines_in_text(places: Sequence[str], whole: str, text: str) -> list[int]:
    """Return the line of each place in the text as it was typed: in the file, front matter stands above it.

    0 for what is said of the whole page or of its front matter.
    """
    above = len(whole) - len(front_matter.split(whole)[1].lstrip("\n"))
    shift = whole[:above].count("\n") - (len(text) - len(text.lstrip("\n")))
    numbers = [int(match[1]) if (match := _LINE.search(place)) else 0 for place in places]
    return [max(0, number - shift) for number in numbers]


@pages.get("/seen/<key>")
def seen(key: str) -> Response:
    """A page that was drawn a moment ago."""
    with _busy:
        html = _drawn.get(key)
    if html is None:
        abort(404)
    return in_frame(html)


def _draw(language: str, name: str) -> tuple[str, str]:
    """Return the page as it would be, or a sentence why it is not; and the file's text."""
    editor = the_editor()
    editor.store.page(language, name)
    text = whole_text(language, name, typed())
    shown_in = request.form.get("shown_in", "")
    shown_in = shown_in if shown_in in editor.store.languages else ""
    return page_of(language, name, text, shown_in, is_dark="dark" in request.form), text


def page_of(language: str, name: str, text: str, shown_in: str = "", *, is_dark: bool = False) -> str:
    """Return the page of a text as its readers would see it today, or a sentence why it is not shown.

    shown_in: the language in which it is shown, if not its own.
    """
    editor = the_editor()
    try:
        context = editor.content_cache.current_except(editor.store.page(language, name)).context
        if context is None:
            return _sentence(translate("The page cannot be shown before what is wrong is mended."))
        return preview.page(editor.root, context, parse_page(language, name, text), shown_in, is_dark=is_dark)
    except (Problem, Problems) as told:  # what check says of the page is why, where it says anything
        found = problems_of(language, name, text)
        return _sentence(" ".join(str(translated(one)) for one in found) or str(told))


def _sentence(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<!doctype html><meta charset="utf-8"><p role="alert">{escaped}</p>'


def _keep(html: str) -> str:
    key = secrets.token_urlsafe(16)
    with _busy:
        _drawn[key] = html
        while len(_drawn) > _KEPT:
            _drawn.popitem(last=False)
    return key


def in_frame(html: str) -> Response:
    """Return a page for a frame of the window: it loads nothing, runs nothing and sends nothing."""
    response = make_response(html)
    response.headers["Content-Security-Policy"] = preview.POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
