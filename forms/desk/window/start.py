"""Starts the window on this machine and opens the staff's browser on it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forms.desk.services.place import DeskPlace
from forms.desk.window.access.authentication import Authenticator
from forms.desk.window.app import IDLE_SECONDS, create_window
from forms.desk.window.current import authenticator_of
from forms.web.local.running import run, show_until_interrupted

LOOK_EVERY = 5
"""Seconds between two looks whether the desk was left alone."""


@dataclass
class Window:
    """A running window: `enter` is the one-time address; `stop()` locks the desk and ends it."""

    enter: str
    authenticator: Authenticator
    stop: Callable[[], None]

    @property
    def pages(self) -> str:
        """Return the address below which the pages lie, for a browser that has come in."""
        return f"{self.enter.rpartition('/enter/')[0]}{self.authenticator.root}/"


def start(place: DeskPlace, port: int = 0, **settings: Any) -> Window:
    """Serve the window in threads of its own; port 0 takes any free one. Raises Problem where the port is taken."""
    app = create_window(place, **settings)
    authenticator = authenticator_of(app)
    running = run(app, authenticator, port)
    ended = threading.Event()
    watching = threading.Thread(target=_lock_when_left, args=(authenticator, ended), daemon=True)
    watching.start()

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
    """Open the desk's window and serve it until interrupted (Ctrl-C). Raises Problem where the port is taken."""
    window = start(place, port, idle_seconds=idle_seconds)
    opens = "The desk opens in your browser. If it does not, open" if open_browser else "To see the desk, open"
    try:
        show_until_interrupted(window.enter, opens, "The desk is locked and ended.", say, browser=open_browser)
    finally:
        window.stop()


def _lock_when_left(authenticator: Authenticator, ended: threading.Event) -> None:
    while not ended.wait(LOOK_EVERY):
        authenticator.lock_if_idle()
