"""Creates the Flask app of the editor's window or of an office: wiring only. start.py binds it to 127.0.0.1."""

import logging
from contextlib import ExitStack, suppress
from datetime import date
from typing import Any

from flask import Flask, g, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from editor import differences
from editor.editor import Editor
from editor.incoming import pictures, recordings
from editor.office.office import Office
from editor.request_cache import request_cache
from editor.translation import staff_words
from editor.window import (
    helpline_pages,
    home,
    page_pages,
    paste_pages,
    picture_pages,
    preview_pages,
    problem_pages,
    recording_pages,
    story_pages,
    words,
)
from editor.window.current import EditorWindow, is_office, keep_window, the_editor
from editor.window.home import NAMES
from editor.window.office import gate, own_pages, signing_pages
from editor.window.publishing import approve_pages, history_pages, publish_pages, saved_words
from editor.window.tables import row_pages
from editor.window.translation import review_pages, text_pages, translate_pages
from forms.core import i18n
from forms.core.i18n.characters import without_surrogates
from forms.core.problem import Problem, Problems
from forms.web.local import request_guard
from forms.web.local.entrance import Entrance
from forms.web.no_trace import NoTraceFlask

MAX_REQUEST_SIZE = 4 * 1024 * 1024
"""Bytes of a request: a table of 5,000 rows."""

_MAX_UPLOAD_SIZES = {
    "pictures.add": pictures.MAX_PHOTO_SIZE + MAX_REQUEST_SIZE,
    "recordings.add": recordings.MAX_RECORDING_SIZE + MAX_REQUEST_SIZE,
}
"""Bytes of a request with a photo or a recording."""

POLICY = request_guard.HEADERS["Content-Security-Policy"] + "; frame-src 'self'"


def create_window(editor: Editor, office: Office | None = None) -> Flask:
    """Return the window of an editor: for the person at this machine, or as an office for accounts."""
    app = NoTraceFlask("editor.window")
    app.logger.setLevel(logging.ERROR)
    keep_window(app, EditorWindow(editor, office))
    _prepare_templates(app)
    app.context_processor(_template_context)
    app.before_request(_prepare)
    app.before_request(_open_request_cache)
    app.teardown_request(_close_request_cache)
    if office:
        gate.protect(app)
        editor.store.is_frozen = office.signatures.unfrozen_while_waiting(editor.store.is_frozen)
        app.register_blueprint(own_pages.all_pages())
        app.register_blueprint(signing_pages.pages)
    else:
        request_guard.protect(app, Entrance(program="editor"))
    app.after_request(_allow_frames)
    app.teardown_request(lambda _: request.close())  # closes the temporary files of large uploads
    for module in (
        home,
        page_pages,
        paste_pages,
        picture_pages,
        recording_pages,
        preview_pages,
        story_pages,
        row_pages,  # with table_pages
        helpline_pages,
        translate_pages,
        text_pages,
        review_pages,
        publish_pages,
        approve_pages,
        history_pages,
    ):
        app.register_blueprint(module.pages)
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(Problems, _problems)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _prepare_templates(app: Flask) -> None:
    """Make templates raise for unknown names, and set up their translations and filters."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.finalize = _without_surrogates
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters["translated"] = words.translated
    app.jinja_env.filters["localized"] = words.localized
    app.jinja_env.filters["saved"] = lambda what: words.localized(saved_words.words_of(what))
    app.jinja_env.filters["shortened"] = differences.shortened
    app.jinja_env.filters["day"] = _day


def compile_templates(app: Flask) -> None:
    """Compile all templates, so that the first visit of a page does not wait for it."""
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)


def _without_surrogates(value: Any) -> Any:
    """Return a value without surrogates: file names may have invalid bytes, which no page can contain."""
    if isinstance(value, str) and not value.isascii():
        readable = without_surrogates(value)
        return value if readable == value else type(value)(readable)
    return value


def _gettext(text: str) -> str:
    return staff_words.translations(g.language).gettext(text)


def _ngettext(one: str, many: str, count: int) -> str:
    return staff_words.translations(g.language).ngettext(one, many, count)


def _prepare() -> None:
    editor = the_editor()
    g.settings = editor.settings
    g.who, g.language, g.keep_language = (
        g.settings.name,
        g.settings.language,
        lambda code: editor.remember(language=code),
    )
    if is_office():
        g.who, g.language = "", request.args.get("lang") or request.accept_languages.best_match(NAMES) or "en"
    g.language = g.language if g.language in NAMES else "en"
    request.max_form_memory_size = MAX_REQUEST_SIZE
    request.max_content_length = _MAX_UPLOAD_SIZES.get(request.endpoint or "", MAX_REQUEST_SIZE)
    request.max_form_parts = 2000


def _open_request_cache() -> None:
    if request.method == "GET":
        g.request_cache = ExitStack()
        g.request_cache.enter_context(request_cache())


def _close_request_cache(_: BaseException | None) -> None:
    if "request_cache" in g:
        g.request_cache.close()


def _allow_frames(response: Any) -> Any:
    """Allow our pages to frame the preview, which keeps its own policy (preview_pages.py)."""
    if response.headers.get("Content-Security-Policy") in {None, request_guard.HEADERS["Content-Security-Policy"]}:
        nonce = f" 'nonce-{g.style_nonce}'" if "style_nonce" in g else ""  # CodeMirror inserts a style
        response.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'", f"style-src 'self'{nonce}")
    return response


def _template_context() -> dict[str, Any]:
    inside = bool(g.get("inside"))  # before signing in, a page shows no content
    office = is_office()
    script = the_editor().field() if inside else None
    return {
        "field": script.name if script else "",
        "inside": inside,
        "office": office,
        "may": gate.may_here if inside and office else lambda *_: True,
        "lacks_signature": gate.lacks_signature if inside and office else lambda: False,
        "form_token": g.form_token if inside else "",
        "root": request.script_root,
        "lang": g.language,
        "names": NAMES,
        "who": g.who if inside else "",
        "here": (request.endpoint or "").partition(".")[0],
        "content_problems": problem_pages.content_problems if inside else lambda: (),
        "site_languages": the_editor().store.languages if inside else (),
    }


def _problem(problem: Problem) -> tuple[str, int]:
    return problem_pages.problem_page([words.translated(problem)], 400)


def _problems(error: Problems) -> tuple[str, int]:
    return problem_pages.problem_page(error.problems, 400)


def _http_error(error: HTTPException) -> tuple[str, int]:
    return problem_pages.problem_page([problem_pages.http_problem(error.code or 500)], error.code or 500)


def _day(day: date | str) -> str:
    """Return a day in the format of the window's language. Settings have days as text; an invalid one is unchanged."""
    with suppress(ValueError):
        return i18n.day(date.fromisoformat(day) if isinstance(day, str) else day, g.language)
    return str(day)
