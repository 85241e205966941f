"""Publishing: what would change on the site, what is wrong, one button; and Undo."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from editor.office.build_signatures import Build, Commit
from editor.publishing import unpublished
from editor.remotes.file_merge import MergeConflict
from editor.saving.commit_reader import FileChange
from editor.window.current import office_or_none, the_editor, writer
from editor.window.problem_pages import no_such_page
from editor.window.publishing.comparing import comparison_of, framed_page, may_see, title_of
from editor.window.words import translate
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("publishing", __name__)

_MAX_TITLES = 100
"""Changes whose titles are read: before the first publishing, all files of the site are in the list."""


@pages.get("/publish/")
def show() -> str:
    """Show the unpublished changes, what prevents publishing, and how the last publishing ended."""
    editor = the_editor()
    editor.store.record_external_changes()
    state = editor.content_cache.current()
    changes = unpublished(editor.store.history, editor.memory)
    return render_template(
        "publish.html",
        changes=[(change, title_of(change) if at < _MAX_TITLES else "") for at, change in enumerate(changes)],
        problems=state.problems,
        publisher=editor.publisher,
        waiting=editor.approvals.waiting(),
        settings=editor.settings,
        remote=editor.remote,
        unsigned=waits_to_be_signed(),
    )


@pages.get("/publish/change/<path:path>")
def change(path: str) -> str:
    """Show what publishing would change in one file: rows or words, and a page before and after.

    Raises Problem where the file has no change.
    """
    found = _unpublished(path)
    if found is None or not may_see(found):
        raise no_such_page()
    return render_template("change.html", one=comparison_of(found), title=title_of(found))


@pages.get("/publish/seen/<any(before, after):side>/<language>/<path:name>")
def seen(side: str, language: str, name: str) -> Response:
    """Show a page as it is on the site, or as it would be. Raises Problem where there is none."""
    the_editor().store.page(language, name)
    found = _unpublished(f"{language}/{name}")
    return framed_page(found if found and may_see(found) else None, side)


def _unpublished(path: str) -> FileChange | None:
    editor = the_editor()
    return next(iter(unpublished(editor.store.history, editor.memory, path)), None)


def waits_to_be_signed() -> Build | Commit | None:
    """Return the build or commit that waits for a publisher's passkey; None outside an office."""
    office = office_or_none()
    return office.signatures.waiting if office else None


@pages.post("/publish/")
def publish() -> Response:
    """Start a publishing. Raises Problem where it cannot start."""
    editor, who = the_editor(), writer()
    with editor.store.lock:  # nothing is saved between the check and the start
        editor.store.record_external_changes()
        editor.require_approval()
        editor.publisher.start(editor.store.history.newest(), who, editor.today().isoformat())
    return redirect_to("/publish/")


@pages.post("/publish/undo")
def undo() -> Response:
    """Bring back the previous site, without what was withdrawn since. A second undo undoes the first."""
    editor = the_editor()
    needs_signature = editor.remote is not None and editor.remote.request_signature is not None
    undo = editor.publisher.start_undo if needs_signature else editor.publisher.undo
    undo(writer(), editor.today().isoformat())
    return redirect_to("/publish/" if needs_signature else "/publish/?undone=yes")


@pages.post("/publish/both")
def both() -> Response:
    """Merge what others published, with the conflicts as a person has resolved them.

    Raises Problem where either side has changed since the conflicts were shown.
    """
    editor, who, remote = the_editor(), writer(), the_editor().remote
    if (
        remote is None
        or remote.merge is None
        or request.form.get("tip") != remote.merge_tip
        or editor.publisher.is_running
    ):
        what = translate("It was changed, or somebody has published meanwhile.")
        raise Problem(translate("Publish"), what, translate("Press Publish again and look at it."))
    conflicts = remote.merge.conflicts
    resolved = {
        conflict.path: _resolution(
            conflict, request.form.getlist(f"part-{number}"), request.form.get(f"keep-{number}", "")
        )
        for number, conflict in enumerate(conflicts)
    }
    with editor.store.lock:
        for path, data in resolved.items():
            editor.store.refuse_secrets((data or b"").decode("utf-8", "replace"), editor.content / path)
        ours = editor.store.history.files()
        if any(ours.get(conflict.path, "") != _id_of(conflict.ours) for conflict in conflicts):
            what = translate("It was changed, or somebody has published meanwhile.")
            raise Problem(translate("Publish"), what, translate("Press Publish again and look at it."))
        try:
            remote.merge_in(remote.merge_tip, who, resolved)
        except OSError as error:
            todo = translate("Nothing is lost. Make room on the disk, then try again.")
            what = _("cannot be written (%(reason)s).", reason=str(error.strerror))
            raise Problem("content", what, todo) from None
        remote.merge = None
    return redirect_to("/publish/?joined=yes")


def _id_of(data: bytes | None) -> str:
    return "" if data is None else the_editor().store.history.id_of(data)


def _resolution(conflict: MergeConflict, parts: list[str], keep: str) -> bytes | None:
    """Return the file as a person resolved its conflict. Raises Problem where nothing was chosen."""
    if conflict.parts is not None and len(parts) == len(conflict.parts):
        texts = [part.replace("\r\n", "\n") for part in parts]
        return "".join(text if text.endswith("\n") or not text else f"{text}\n" for text in texts).encode()
    if keep not in {"ours", "theirs"}:
        what, todo = translate("Nothing was chosen."), translate("Choose yours or theirs, then go on.")
        raise Problem(conflict.path, what, todo)
    return conflict.ours if keep == "ours" else conflict.theirs
