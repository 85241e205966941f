"""Who changed what: every save with before and after, and a way back for one file."""

from pathlib import Path

from flask import Blueprint, render_template, request
from sitegen.content.page_reader import DRAFTS_FOLDER, require_readable
from sitegen.content.spreadsheets.csv_files import parse_csv
from werkzeug.wrappers import Response

from editor.saving.commit_reader import FileChange, Revision
from editor.saving.store import text_of
from editor.translation import drafts
from editor.window.current import the_editor, writer
from editor.window.problem_pages import no_such_page
from editor.window.publishing.comparing import comparison_of, framed_page, may_see
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("history", __name__)

_MOST = 200


@pages.get("/history/")
def listed() -> str:
    """List the newest saves, of all files or of one."""
    editor, path = the_editor(), request.args.get("path", "")
    editor.store.record_external_changes()
    return render_template("history.html", entries=list(editor.store.history.revisions(_MOST, path)), path=path)


@pages.get("/history/<id>")
def show(id: str) -> str:
    """Show one save: each file before and after, word by word, and pages as readers see them."""
    entry = _entry(id)
    changes = [change for change in _changes(entry) if may_see(change)]
    shown = [(comparison_of(change), _can_go_back(change)) for change in changes]
    return render_template("entry.html", entry=entry, changes=shown)


@pages.get("/history/<id>/<any(before, after):side>/<language>/<path:name>")
def seen(id: str, side: str, language: str, name: str) -> Response:
    """Show a page before or after a save, in a frame. Raises Problem where there is none."""
    the_editor().store.page(language, name)
    return framed_page(next((one for one in _changes(_entry(id)) if one.path == f"{language}/{name}"), None), side)


def _entry(id: str) -> Revision:
    """Return a revision by its id. Raises Problem where there is none."""
    found = the_editor().store.history.revision(id)
    if found is None:
        raise no_such_page()
    return found


def _changes(entry: Revision) -> list[FileChange]:
    return the_editor().store.history.changes(entry.id)


def _can_go_back(change: FileChange) -> bool:
    """Return whether the editor may restore this file: pages and tables, never settings or consents."""
    own = change.path.endswith(".md") or (change.path.startswith("tables/") and change.path.endswith(".csv"))
    return own and change.path != "tables/consents.csv" and change.before is not None


def _file_of(folder: str, name: str) -> Path:
    """Return the file of a path in the history. Raises Problem for a file that the editor does not write."""
    store = the_editor().store
    if folder == DRAFTS_FOLDER:
        language, _, page = name.partition("/")
        return drafts.path_of(store, language, page)
    return store.table(name.removesuffix(".csv")) if folder == "tables" else store.page(folder, name)


@pages.post("/history/<id>/back")
def back(id: str) -> Response:
    """Restore one file as it was before a save. Later versions stay in the history.

    Raises Problem where the old version cannot be read.
    """
    editor, path = the_editor(), request.form.get("path", "")
    change = next((one for one in _changes(_entry(id)) if one.path == path and _can_go_back(one)), None)
    if change is None or change.before is None:
        raise Problem(path[:80], translate("This cannot be brought back here."), translate("Choose one from the list."))
    folder, _, name = path.partition("/")
    file = _file_of(folder, name)
    text = text_of(change.before, path)
    if folder == "tables":
        parse_csv(change.before, path)
    else:
        require_readable(text, path)
    with editor.store.lock:
        editor.store.record_external_changes()
        editor.store.write(file, text, writer(), f"Back: {path}")
    return redirect_to(f"/history/?path={path}")
