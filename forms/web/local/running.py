"""Serve a window on this machine, in threads of its own."""

import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from forms.core.problem import Problem
from forms.web.local.entrance import Entrance
from forms.web.serving import make

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class RunningWindow:
    """A window that is served: `enter` is the one-time address; `stop()` ends it."""

    enter: str
    stop: Callable[[], None]


def run(app: Flask, by: Entrance, port: int = 0) -> RunningWindow:
    """Serve a window on 127.0.0.1; port 0 takes any free one. Raises Problem where the port is taken."""
    try:
        server = make(app, LOOPBACK, port)
    except (OSError, SystemExit):  # Werkzeug ends the program where a port is taken
        raise Problem(f"port {port}", "is taken by another program.", "Give another, or none.") from None
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()

    def stop() -> None:
        server.shutdown()
        serving.join()
        server.server_close()

    return RunningWindow(f"http://{LOOPBACK}:{server.server_port}/enter/{by.token}", stop)


def show_until_interrupted(enter: str, opens: str, ended: str, say: Callable[[str], object], *, browser: bool) -> None:
    """Print the one-time address of a window that is served, and wait until Ctrl-C.

    opens, ended: how the first and the last sentence begin and read; browser: open the address in the browser too.
    """
    say(f"{opens} this address, which works once:\n\n    {enter}\n")
    say("End it here with Ctrl-C.")
    if browser:
        webbrowser.open(enter)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say(ended)
