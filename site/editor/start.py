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
from editor.content_state import ContentCache
from editor.editor import Editor
from editor.publishing import Destination, Publisher
from editor.remotes.destination import RemoteDestination
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
    """The branch to which the site is pushed, and the key that signs; without a key nothing is pushed.

    request_signature: in an office, gets a publisher's signature of a commit's bytes; `key` is then valid for
    withdrawals only.
    """

    remote: Remote
    key: PrivateKey | None
    request_signature: Callable[[bytes], bytes] | None = None


RETRY_SECONDS = 30
"""Seconds between two tries of a withdrawal that has not reached the server."""


def create_editor(
    root: Path,
    memory: Path,
    destination: Destination,
    *,
    keys: DeskKeys | None,
    today: Callable[[], date],
    withdraw: Callable[[str], object],
    unprotected: Collection[str] = (),
    push: Push | None = None,
    field: Callable[[], Path | None] = lambda: None,
) -> Editor:
    """Return an editor with all its parts. memory: the editor's own folder on this machine; see Editor for the others.

    push: the branch to which the site is pushed; it is built in `destination` first. Raises Problem where portal.yml
    cannot be read.
    """
    content = (root / "content").resolve()
    portal = read_settings(content)
    languages = tuple(str(row["code"]) for row in portal["languages"])
    history = History(content, memory / "history")
    content_cache = ContentCache(root, keys, today, unprotected)
    store = ContentStore(content, history, languages, ())
    if push is not None:

        def require_approval() -> None:
            editor.require_approval()  # created below

        address = str(portal["address"]).rstrip("/")
        destination = RemoteDestination(
            remote=push.remote, store=store, memory=memory, key=push.key, site=address, today=today,
            request_signature=push.request_signature, local=destination, require_approval=require_approval,
        )  # fmt: skip
    publisher = Publisher(destination, memory)
    editor = Editor(root, memory, store, content_cache, publisher, withdraw, today, field)
    editor.store.tables = tuple(editor.schemas)
    # A build that has begun must not include changes that no second person has read.
    editor.store.is_frozen = lambda name: publisher.is_running and editor.approvals.covers(name)
    return editor


def start_background_work(editor: Editor) -> threading.Event:
    """Start the background threads of a window's process; the returned event ends them."""
    ended = threading.Event()
    threading.Thread(target=_retry_and_ask, args=(editor, ended), daemon=True).start()
    threading.Thread(target=warm_up, args=(editor,), daemon=True).start()
    return ended


def warm_up(editor: Editor) -> None:
    """Read and check all of content/ once, so that the first page and the first save need not wait for it.

    Also loads the library that checks tables, which takes a second. Never raises.
    """
    with suppress(Exception):  # the page that needs it reports any problem
        table_reader.read_tables(editor.content / "tables", editor.root / "site" / "schemas")
        state = editor.content_cache.current()
        _ = state.problems
        if state.context:  # the first preview compiles the site's templates
            preview.page(editor.root, state.context, next(iter(state.context.library.by_language[SOURCE].values())))


class AlreadyRuns(Problem):
    """Another process has the lock of the editor's folder."""


@contextmanager
def exclusive(memory: Path) -> Iterator[None]:
    """Lock the editor's folder for this process. Raises AlreadyRuns where another editor runs."""
    memory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_if_possible(memory / "lock"))
        except AlreadyLocked:
            todo = "Use the window that is open, or end that program first."
            raise AlreadyRuns("editor", "runs already on this machine.", todo) from None
        yield


def open_window(
    memory: Path, create: Callable[[], Editor], port: int, say: Callable[[str], object], *, browser: bool = True
) -> None:
    """Open the window and serve it until interrupted (Ctrl-C). Raises Problem where the port is taken.

    create: returns the editor; called once the folder is locked.
    """
    with exclusive(memory):
        editor = create()
        app = create_window(editor)
        threading.Thread(target=compile_templates, args=(app,), daemon=True).start()
        window = run(app, entrance_of(app), port)
        opens = "The editor opens in your browser. If it does not, open" if browser else "To see the editor, open"
        ended = "The editor is ended. What was saved is saved."
        background = start_background_work(editor)
        try:
            show_until_interrupted(window.enter, opens, ended, say, browser=browser)
        finally:
            background.set()
            window.stop()
            editor.publisher.wait()
            editor.store.history.close()


def _retry_and_ask(editor: Editor, ended: threading.Event) -> None:
    """Retry withdrawals that wait, and ask which commit the server has, until the window ends."""
    while not ended.wait(RETRY_SECONDS):
        with suppress(OSError):  # a full disk is reported by the next save
            editor.publisher.retry_withdrawal(editor.settings.name or "?")
            if editor.remote is not None:
                editor.remote.ask_server()
