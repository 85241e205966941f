"""Starts the editor's window on this machine and opens the staff's browser on it."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from sitegen.content.district import DeskKeys
from sitegen.content.settings import read_settings

from editor.editor import Editor
from editor.history import History
from editor.looking import Looking
from editor.publishing import Place, Publisher
from editor.store import Store
from editor.window.app import create_window
from forms.core.files.locks import AlreadyLocked, locked
from forms.core.problem import Problem
from forms.web.local.running import run, show_until_interrupted


def make(
    root: Path,
    memory: Path,
    place: Place,
    *,
    keys: DeskKeys | None,
    today: Callable[[], date],
    withdraw: Callable[[str], object],
    unprotected: Collection[str] = (),
    field: Callable[[], Path | None] = lambda: None,
) -> Editor:
    """Put an editor together. memory: its own folder on this machine; see Place and Editor for what is passed in.

    Raises Problem where portal.yml cannot be read.
    """
    content = (root / "content").resolve()
    languages = tuple(str(row["code"]) for row in read_settings(content)["languages"])
    history = History(content, memory / "history")
    looking = Looking(root, keys, today, unprotected)
    publisher = Publisher(place, memory)
    editor = Editor(root, memory, Store(content, history, languages, ()), looking, publisher, withdraw, today, field)
    editor.store.tables = tuple(editor.schemas)
    # What was not read by a second person must not slip into a build that has begun.
    editor.store.held = lambda name: publisher.running and editor.approvals.covers(name)
    return editor


@contextmanager
def alone(memory: Path) -> Iterator[None]:
    """Hold the editor's folder for this program alone. Raises Problem where another editor runs."""
    memory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(memory / "lock"))
        except AlreadyLocked:
            todo = "Use the window that is open, or end that program first."
            raise Problem("editor", "runs already on this machine.", todo) from None
        yield


def open_window(
    memory: Path, made: Callable[[], Editor], port: int, say: Callable[[str], object], *, browser: bool = True
) -> None:
    """Open the window and serve it until interrupted (Ctrl-C). Raises Problem where the port is taken.

    made: puts the editor together, once no other one runs.
    """
    with alone(memory):
        editor = made()
        app = create_window(editor)
        window = run(app, app.extensions["entrance"], port)
        opens = "The editor opens in your browser. If it does not, open" if browser else "To see the editor, open"
        ended = "The editor is ended. What was saved is saved."
        try:
            show_until_interrupted(window.enter, opens, ended, say, browser=browser)
        finally:
            window.stop()
            editor.publisher.wait()
            editor.store.history.close()
