"""Pages for the help numbers that somebody must call again."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from editor import overview
from editor.tables import lines
from editor.window.current import the_editor, writer
from editor.window.tables.table_access import row_now, sheet_now
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("helplines", __name__)


@pages.get("/helplines/")
def listed() -> str:
    """List every help number with its last check, those that are due first."""
    state = the_editor().content_cache.current()
    helplines = state.context.tables["helplines"] if state.context else []
    due = {row["id"] for row in overview.due_helplines(helplines, the_editor().today())}
    ordered = sorted(helplines, key=lambda row: (row["id"] not in due, row["checked_on"]))
    return render_template("helplines.html", rows=ordered, due=due, done=request.args.get("done", ""))


@pages.post("/helplines/called")
def called() -> Response:
    """Record that a number was called today and is right. Raises Problem where there is no such row."""
    editor, id, who = the_editor(), request.form.get("id", ""), writer()
    with editor.store.lock:
        sheet, text, base = sheet_now("helplines")
        row = row_now("helplines", sheet, id)
        if row is None:
            raise Problem(id[:80], translate("There is no such row here."), translate("Choose one from the list."))
        checked = {"checked_on": editor.today().isoformat(), "checked_by": f"{who}, called"}
        cells = {**row, **checked}
        updated = lines.with_row(text, ("id",), id, cells, "content/tables/helplines.csv")
        editor.store.replace(editor.store.table("helplines"), updated, base, who, f"Helpline {id} called")
    return redirect_to(f"/helplines/?done={id}")
