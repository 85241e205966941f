"""Pages for the approval of changes by a second person."""

from flask import Blueprint, g, render_template, request
from werkzeug.wrappers import Response

from editor.window.current import the_editor, writer
from editor.window.publishing.comparing import comparison_of, may_see
from forms.web.local.secret_path import redirect_to

pages = Blueprint("approving", __name__)


@pages.get("/approve/")
def listed() -> str:
    """List each change that waits, word by word."""
    editor = the_editor()
    editor.store.record_external_changes()
    waiting = [one for one in editor.approvals.waiting() if may_see(one.change)]
    found = [(one, comparison_of(one.change), bool(g.who) and one.may_agree(g.who)) for one in waiting]
    return render_template("approve.html", waiting=found)


@pages.post("/approve/")
def agree() -> Response:
    """Record a person's approval of a change. Raises Problem where it has changed since, or is their own."""
    editor, who = the_editor(), writer()
    with editor.store.lock:
        editor.store.record_external_changes()
        editor.approvals.agree(request.form.get("path", ""), request.form.get("id", ""), who)
    return redirect_to("/approve/")
