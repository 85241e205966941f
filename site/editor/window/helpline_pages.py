"""Help numbers that somebody must call again: one tap after the call."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from editor import overview
from editor.tables import lines
from editor.window.current import the_editor
from editor.window.home import translate, writer
from editor.window.table_pages import row_now, sheet_now
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("helplines", __name__)


@pages.get("/helplines/")
def listed() -> str:
    """Every help number, when and by whom it was checked; those that are due first."""
    look = the_editor().content_cache.current()
    found = look.context.tables["helplines"] if look.context else []
    due = {row["id"] for row in overview.due_helplines(found, the_editor().today())}
    ordered = sorted(found, key=lambda row: (row["id"] not in due, row["checked_on"]))
    return render_template("helplines.html", rows=ordered, due=due, done=request.args.get("done", ""))


@pages.post("/helplines/called")
def called() -> Response:
    """Write that the number was called today and is right. Raises Problem where there is no such row."""
    editor, id, who = the_editor(), request.form.get("id", ""), writer()
    with editor.store.lock:
        sheet, text, now = sheet_now("helplines")
        row = row_now("helplines", sheet, id)
        if row is None:
            raise Problem(id[:80], translate("There is no such row here."), translate("Choose one from the list."))
        checked = {"checked_on": editor.today().isoformat(), "checked_by": f"{who}, called"}
        cells = {**row, **checked}
        fresh = lines.with_row(text, ("id",), id, cells, "content/tables/helplines.csv")
        editor.store.replace(editor.store.table("helplines"), fresh, now, who, f"Helpline {id} called")
    return redirect_to(f"/helplines/?done={id}")
