"""Pictures: their list, and adding one with its row of consents."""

from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from editor.incoming import pictures
from editor.tables import lines, rows
from editor.window.current import the_editor, writer
from editor.window.tables.table_access import sheet_now
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("pictures", __name__)


@pages.get("/pictures/")
def listed() -> str:
    """List every picture with its consents and pages, those without a consent first."""
    editor = the_editor()
    found = pictures.all_pictures(editor.content, editor.content_cache.current().context)
    return render_template("pictures.html", pictures=found)


@pages.post("/pictures/add")
def add() -> Response:
    """Add a picture and an incomplete row of consents, whose form is shown next. Raises Problem.

    The row is written first: a demonstration site shows pictures without one.
    """
    editor, who = the_editor(), writer()
    name, file = request.form.get("name", "").strip().removesuffix(".jpg"), request.files.get("file")
    if file is None or not file.filename:
        raise Problem("", translate("No file was chosen."), translate("Choose one, then go on."))
    path = pictures.path_of(editor.content, name)
    data = pictures.without_metadata(file.filename[:80], file.read())
    with editor.store.lock:
        pictures.path_of(editor.content, name)  # another window may have taken the name meanwhile
        id = _add_consent_row(name, who)
        editor.store.write_file(path, data, who, f"New picture: {name}")
    return redirect_to(f"/tables/consents/row?{urlencode({'key': id})}")


def _add_consent_row(name: str, who: str) -> str:
    """Write a row of consents for a picture, and return its id. Raises Problem, and then writes nothing."""
    sheet, text, base = sheet_now("consents")
    id, kind = f"picture-{name}", "nobody" if request.form.get("people") == "no" else "survivor"
    if rows.find(sheet, ("id",), id):
        what, todo = translate("There is a row of this name already."), translate("Choose another name.")
        raise Problem(id, what, todo)
    row = {"id": id, "kind": kind, "media": f"{pictures.FOLDER}/{name}.jpg"}
    updated = lines.with_row(text, ("id",), id, row, "content/tables/consents.csv")
    store = the_editor().store
    store.replace(store.table("consents"), updated, base, who, f"Row {id} of consents")
    return id
