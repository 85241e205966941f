"""The first page, and the name and language of the writer."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from flask import Blueprint, g, render_template, request
from werkzeug.wrappers import Response

from editor import overview
from editor.editor import Editor
from editor.publishing import unpublished
from editor.window.current import is_office, last_writer, the_editor
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("home", __name__)

NAMES = {"en": "English", "ta": "தமிழ்", "te": "తెలుగు", "hi": "हिन्दी", "or": "ଓଡ଼ିଆ"}
"""The languages of the window itself. Those of the site are in portal.yml."""

MAX_NAME_LENGTH = 80


@pages.get("/")
def show() -> str:
    """Show what waits for a person. After a save, a script loads the problems later (see `wrong`).

    Checking all of content/ takes ten times as long as the rest of the page.
    """
    editor = the_editor()
    with suppress(Problem):  # a full disk is reported by the next save
        editor.store.record_external_changes()
    state = editor.content_cache.current()
    later = not state.is_checked and "script" in request.cookies and "all" not in request.args
    wrong = [] if later else overview.problem_items(state)
    return render_template(
        "home.html",
        waiting=[*_to_read(editor), *wrong, *_with_own_drafts(editor, overview.waiting_items(state, editor.content))],
        later=later,
        pages=overview.written_pages(state),
        tables=[(name, translate(title)) for name, title in editor.titles],
        settings=editor.settings,
        changes=len(unpublished(editor.store.history, editor.memory)),
        server_state=editor.remote.server_state() if editor.remote else "",
        withdrawal=editor.publisher.withdrawal,
    )


@pages.get("/wrong")
def wrong() -> str:
    """Return the problems of content/, for the script of the first page."""
    return render_template("wrong.html", waiting=overview.problem_items(the_editor().content_cache.current()))


def _to_read(editor: Editor) -> list[overview.WaitingItems]:
    """Return what a second person must read before it is published; none where nothing waits."""
    names = tuple(waiting.change.path for waiting in editor.approvals.waiting())
    return [overview.WaitingItems("approve", "approve/", names)] if names else []


def _with_own_drafts(editor: Editor, waiting: Sequence[overview.WaitingItems]) -> Iterator[overview.WaitingItems]:
    """Yield the waiting items. In an office, one's own drafts come first, and others' with the name of their writer."""
    for item in waiting:
        if item.kind != "drafts" or not is_office():
            yield item
            continue
        writers = {name: last_writer(editor, name) for name in item.names}
        own = tuple(name for name in item.names if writers[name] == g.who)
        others = tuple(f"{name} ({writers[name]})" for name in item.names if writers[name] != g.who)
        yield from (
            part for part in (replace(item, names=own), replace(item, kind="others", names=others)) if part.names
        )


@pages.post("/who")
def who() -> Response:
    """Remember the writer's name, for the history. Raises Problem where it is empty."""
    name = " ".join(request.form.get("name", "").split())[:MAX_NAME_LENGTH]
    if not any(map(str.isalpha, name)):  # "?" in the history means another program
        raise Problem(translate("Your name"), translate("This is empty."), translate("Write it, then go on."))
    the_editor().remember(name=name)
    return redirect_to("/")


@pages.post("/language")
def language() -> Response:
    """Show the window in another language from now on."""
    code = request.form.get("language", "")
    g.keep_language(code if code in NAMES else "en")
    return redirect_to("/")
