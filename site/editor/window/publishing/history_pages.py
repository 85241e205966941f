"""Who changed what: every save with before and after, and a way back for one file."""

from pathlib import Path

from flask import Blueprint, render_template, request
from sitegen.content.pages import UNFINISHED, readable
from sitegen.content.spreadsheets.csv_files import sheet_of
from werkzeug.wrappers import Response

from editor import differences
from editor.saving.history import FileChange, Revision
from editor.saving.store import text_of
from editor.translation import drafts
from editor.window.current import is_office, the_editor
from editor.window.home import translate, writer
from editor.window.office import gate
from editor.window.preview_pages import in_frame, page_of
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("history", __name__)

_MOST = 200


@pages.get("/history/")
def listed() -> str:
    """The newest saves, of all files or of one."""
    editor, path = the_editor(), request.args.get("path", "")
    editor.store.note_outside()
    return render_template("history.html", entries=list(editor.store.history.entries(_MOST, path)), path=path)


@pages.get("/history/<id>")
def show(id: str) -> str:
    """One save: each file before and after, word by word; pages as their readers see them too."""
    entry = _entry(id)
    changes = [change for change in _changes(entry) if _may_be_seen(change)]
    shown = [(change, compared(change), _can_go_back(change), _is_page(change)) for change in changes]
    return render_template("entry.html", entry=entry, changes=shown)


@pages.get("/history/<id>/<any(before, after):side>/<language>/<path:name>")
def seen(id: str, side: str, language: str, name: str) -> Response:
    """A page as it was before or after a save, in a frame, with all else as it is now.

    Raises Problem where there is none.
    """
    the_editor().store.page(language, name)
    change = next((one for one in _changes(_entry(id)) if one.path == f"{language}/{name}"), None)
    data = None if change is None else change.before if side == "before" else change.after
    if data is None:
        raise Problem(name, translate("There is no such page here."), translate("Choose one from the list."))
    return in_frame(page_of(language, name, text_of(data, name)))


def _may_be_seen(change: FileChange) -> bool:
    """Return whether who asks may see a change: in an office, not of a withdrawn story unless they can take it out."""
    return not is_office() or gate.shows_words_of(_page_name(change.path))


def _page_name(path: str) -> str:
    """Return the page of which a file of the history has the words, also as a draft."""
    folder, _, name = path.partition("/")
    return name.partition("/")[2] if folder == UNFINISHED else name


def _is_page(change: FileChange) -> bool:
    """Return whether a change is of a page of a language of this site."""
    try:
        language, _, name = change.path.partition("/")
        the_editor().store.page(language, name)
    except Problem:
        return False
    return True


def _entry(id: str) -> Revision:
    """Return a revision by its id. Raises Problem where there is none."""
    found = the_editor().store.history.entry(id)
    if found is None:
        raise Problem("", translate("There is no such page here."), translate("Choose one from the list."))
    return found


def _changes(entry: Revision) -> list[FileChange]:
    return the_editor().store.history.changes(entry.id)


def compared(change: FileChange) -> list[differences.Piece]:
    """Return both texts as one; nothing for a picture or a recording."""
    before, after = (change.before or b""), (change.after or b"")
    try:
        return differences.pieces(before.decode("utf-8-sig"), after.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return []


def _can_go_back(change: FileChange) -> bool:
    """Return whether the editor may bring this file back: pages and tables, never settings or consents."""
    own = change.path.endswith(".md") or (change.path.startswith("tables/") and change.path.endswith(".csv"))
    return own and change.path != "tables/consents.csv" and change.before is not None


def _file_of(folder: str, name: str) -> Path:
    """Return the file that a path of the history names. Raises Problem for none of the editor's."""
    store = the_editor().store
    if folder == UNFINISHED:
        language, _, page = name.partition("/")
        return drafts.path_of(store, language, page)
    return store.table(name.removesuffix(".csv")) if folder == "tables" else store.page(folder, name)


@pages.post("/history/<id>/back")
def back(id: str) -> Response:
    """Bring one file back as it was before a save. What came since stays in the history.

    Raises Problem where it could not be read, of which a form would show nothing.
    """
    editor, path = the_editor(), request.form.get("path", "")
    change = next((one for one in _changes(_entry(id)) if one.path == path and _can_go_back(one)), None)
    if change is None or change.before is None:
        raise Problem(path[:80], translate("This cannot be brought back here."), translate("Choose one from the list."))
    folder, _, name = path.partition("/")
    file = _file_of(folder, name)
    text = text_of(change.before, path)
    if folder == "tables":
        sheet_of(change.before, path)
    else:
        readable(text, path)
    with editor.store.busy:
        editor.store.note_outside()
        editor.store.write(file, text, writer(), f"Back: {path}")
    return redirect_to(f"/history/?path={path}")
