"""Publishing: what would change on the site, what is wrong, one button; and Undo."""

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from editor.publishing import unpublished
from editor.window.home import the_editor, translate, writer
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("publishing", __name__)


@pages.get("/publish/")
def show() -> str:
    """What was saved and is not on the site, what stops it, and how the last publishing ended."""
    editor = the_editor()
    editor.store.note_outside()
    look = editor.looking.look()
    return render_template(
        "publish.html",
        changes=unpublished(editor.store.history, editor.memory),
        problems=look.problems,
        publisher=editor.publisher,
        waiting=editor.approvals.waiting(),
        settings=editor.settings,
    )


@pages.post("/publish/")
def publish() -> Response:
    """Check, build, and put it on the site."""
    editor, who = the_editor(), writer()
    with editor.store.busy:  # nothing is saved between the look and the start
        editor.store.note_outside()
        if waiting := editor.approvals.waiting():
            what = translate("A second person must read this before it is published.")
            raise Problem(waiting[0].change.path, what, translate("Ask a colleague to read it."))
        editor.publisher.start(editor.store.history.newest(), who, editor.today().isoformat())
    return redirect_to("/publish/")


@pages.post("/publish/undo")
def undo() -> Response:
    """Bring back the site before the last publishing, without what was withdrawn since."""
    editor = the_editor()
    editor.publisher.undo(writer(), editor.today().isoformat())
    return redirect_to("/publish/")
