"""Start the window on this machine, and open it in the browser."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forms.desk.services.place import DeskPlace
from forms.desk.window.access.authentication import Authenticator
from forms.desk.window.app import IDLE_SECONDS, create_window
from forms.desk.window.current import authenticator_of
from forms.web.local.running import run, show_until_interrupted

IDLE_CHECK_SECONDS = 5
"""Seconds between two checks whether the desk is idle."""


@dataclass
class Window:
    """A running window. enter: the one-time address; stop: locks the desk and stops the server."""

    enter: str
    authenticator: Authenticator
    stop: Callable[[], None]

    @property
    def pages(self) -> str:
        """The base address of the pages, for an authenticated browser."""
        return f"{self.enter.rpartition('/enter/')[0]}{self.authenticator.root}/"


def start(place: DeskPlace, port: int = 0, **settings: Any) -> Window:
    """Serve the window in its own threads; port 0 takes any free one. Raises Problem if the port is taken."""
    app = create_window(place, **settings)
    authenticator = authenticator_of(app)
    running = run(app, authenticator, port)
    ended = threading.Event()
    watcher = threading.Thread(target=_lock_when_idle, args=(authenticator, ended), daemon=True)
    watcher.start()

    def stop() -> None:
        ended.set()
        running.stop()
        authenticator.lock()

    return Window(running.enter, authenticator, stop)


def open_window(
    place: DeskPlace,
    port: int = 0,
    open_browser: bool = True,
    say: Callable[[str], object] = print,
    idle_seconds: float = IDLE_SECONDS,
) -> None:
    """Open the desk's window and serve it until interrupted (Ctrl-C). Raises Problem if the port is taken."""
    window = start(place, port, idle_seconds=idle_seconds)
    opens = "The desk opens in your browser. If it does not, open" if open_browser else "To see the desk, open"
    try:
        show_until_interrupted(window.enter, opens, "The desk is locked and ended.", say, browser=open_browser)
    finally:
        window.stop()


def _lock_when_idle(authenticator: Authenticator, ended: threading.Event) -> None:
    while not ended.wait(IDLE_CHECK_SECONDS):
        authenticator.lock_if_idle()
