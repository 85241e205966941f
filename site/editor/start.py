"""Starts the editor's window on this machine and opens the staff's browser on it."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sitegen.content.district import DeskKeys
from sitegen.content.pages import SOURCE
from sitegen.content.settings import read_settings
from sitegen.content.spreadsheets import table_reader

from editor import preview
from editor.editor import Editor
from editor.looking import Looking
from editor.publishing import Destination, Publisher
from editor.remotes.place import RemotePlace
from editor.remotes.remote import Remote
from editor.saving.history import History
from editor.saving.store import ContentStore
from editor.window.app import compile_templates, create_window
from forms.core.crypto.signing import PrivateKey
from forms.core.files.locks import AlreadyLocked, locked_if_possible
from forms.core.problem import Problem
from forms.web.local.entrance import entrance_of
from forms.web.local.running import run, show_until_interrupted


@dataclass(frozen=True)
class Push:
    """Where the site is published by a push, and the key of the person who signs; without one nothing is pushed.

    ask: of an office, gets a publisher's signature of a commit's bytes; `key` is then good for withdrawals alone.
    """

    remote: Remote
    key: PrivateKey | None
    ask: Callable[[bytes], bytes] | None = None


AGAIN = 30
"""Seconds after which a withdrawal that has not reached the server is tried again."""


def make(
    root: Path,
    memory: Path,
    place: Destination,
    *,
    keys: DeskKeys | None,
    today: Callable[[], date],
    withdraw: Callable[[str], object],
    unprotected: Collection[str] = (),
    push: Push | None = None,
    field: Callable[[], Path | None] = lambda: None,
) -> Editor:
    """Put an editor together. memory: its own folder on this machine; see Place and Editor for what is passed in.

    push: where the site goes by a push; `place` is then where it is built on this machine first. Raises Problem where
    portal.yml cannot be read.
    """
    content = (root / "content").resolve()
    known = read_settings(content)
    languages = tuple(str(row["code"]) for row in known["languages"])
    history = History(content, memory / "history")
    looking = Looking(root, keys, today, unprotected)
    store = ContentStore(content, history, languages, ())
    if push is not None:

        def require_read() -> None:
            editor.require_read()  # made below

        address = str(known["address"]).rstrip("/")
        place = RemotePlace(push.remote, place, store, memory, push.key, address, require_read, today, push.ask)
    publisher = Publisher(place, memory)
    editor = Editor(root, memory, store, looking, publisher, withdraw, today, field)
    editor.store.tables = tuple(editor.schemas)
    # What was not read by a second person must not slip into a build that has begun.
    editor.store.held = lambda name: publisher.running and editor.approvals.covers(name)
    return editor


def accompany(editor: Editor) -> threading.Event:
    """Begin what goes on beside the pages, in the process that shows them; the event that is returned ends it."""
    ended = threading.Event()
    threading.Thread(target=_keep_on, args=(editor, ended), daemon=True).start()
    threading.Thread(target=look_ahead, args=(editor,), daemon=True).start()
    return ended


def look_ahead(editor: Editor) -> None:
    """Read and check all of content/ once, so that the first page and the first save need not wait for it.

    Tables are checked though they are known to be right: what checks them takes a second to load. Never raises.
    """
    with suppress(Exception):  # whatever it is, the page that needs it says so
        table_reader.read_tables(editor.content / "tables", editor.root / "site" / "schemas")
        seen = editor.looking.look()
        _ = seen.problems
        if seen.context:  # the first preview compiles the site's templates
            preview.page(editor.root, seen.context, next(iter(seen.context.library.by_language[SOURCE].values())))


class AlreadyRuns(Problem):
    """Another program holds the editor's folder."""


@contextmanager
def alone(memory: Path) -> Iterator[None]:
    """Hold the editor's folder for this program alone. Raises Problem where another editor runs."""
    memory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_if_possible(memory / "lock"))
        except AlreadyLocked:
            todo = "Use the window that is open, or end that program first."
            raise AlreadyRuns("editor", "runs already on this machine.", todo) from None
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
        threading.Thread(target=compile_templates, args=(app,), daemon=True).start()
        window = run(app, entrance_of(app), port)
        opens = "The editor opens in your browser. If it does not, open" if browser else "To see the editor, open"
        ended = "The editor is ended. What was saved is saved."
        ended_at = accompany(editor)
        try:
            show_until_interrupted(window.enter, opens, ended, say, browser=browser)
        finally:
            ended_at.set()
            window.stop()
            editor.publisher.wait()
            editor.store.history.close()


def _keep_on(editor: Editor, ended: threading.Event) -> None:
    """Try again, as long as the window is open, to take to readers what was withdrawn; ask what the server has."""
    while not ended.wait(AGAIN):
        with suppress(OSError):  # a full disk is said where something is saved
            editor.publisher.keep_on(editor.settings.name or "?")
            if editor.pushes is not None:
                editor.pushes.ask_server()
