"""A second pair of eyes: what waits for somebody who did not write it, with what changed."""

from flask import Blueprint, g, render_template, request
from werkzeug.wrappers import Response

from editor.window.current import the_editor
from editor.window.home import writer
from editor.window.publishing.comparing import compared, may_be_seen
from forms.web.local.secret_path import redirect_to

pages = Blueprint("approving", __name__)


@pages.get("/approve/")
def listed() -> str:
    """Each change that waits, word by word."""
    editor = the_editor()
    editor.store.record_external_changes()
    waiting = [one for one in editor.approvals.waiting() if may_be_seen(one.change)]
    found = [(one, compared(one.change), bool(g.who) and one.may_agree(g.who)) for one in waiting]
    return render_template("approve.html", waiting=found)


@pages.post("/approve/")
def agree() -> Response:
    """Remember that a person has read a change and agrees. Raises Problem where it was changed since, or is theirs."""
    editor, who = the_editor(), writer()
    with editor.store.lock:
        editor.store.record_external_changes()
        editor.approvals.agree(request.form.get("path", ""), request.form.get("id", ""), who)
    return redirect_to("/approve/")
