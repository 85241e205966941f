"""The command that shows the site and its forms on this machine."""

import os
import socket
import threading
from contextlib import suppress

import click

from commands.building import build_if_changed
from commands.following import follow
from commands.site import this_site
from commands.withdrawals import watch_consents
from forms.core.problem import Problem

HOST = "127.0.0.1"


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where to listen.")
def serve(port: int) -> None:
    """Show the site and its forms here, and follow what you edit."""
    site = this_site()
    with site.report_problems():
        require_port(port)
        threading.Thread(target=watch_consents, args=(site, threading.Event()), daemon=True).start()
        build_if_changed(site, site.public, speak=False, compress=False)
        from forms.core import portal  # noqa: PLC0415
        from forms.server import app, run  # noqa: PLC0415 - loads the stores: what is wrong with pages is said before
        from forms.server.web.current import state_of  # noqa: PLC0415

        built = app.create_app({"portal": site.handover, "public": site.public, "data": site.root / "var" / "server"})
        renew = (site, lambda: state_of(built).use_portal(portal.read(site.handover)))
        threading.Thread(target=follow, args=renew, daemon=True).start()
        click.echo(f"\nReady: http://{HOST}:{port}/   (stop with Ctrl+C)\n")
        click.echo("Send a concern there, then open it in a second window:  python3 build.py desk")
        with suppress(KeyboardInterrupt):
            run.serve(built, HOST, port)
        click.echo("Stopped.")


def require_port(port: int) -> None:
    """Raise Problem where another program listens on the port, naming the next free one."""
    free = next((number for number in range(port, min(port + 50, 65536)) if is_free(number)), None)
    if free != port:
        todo = f"Try: python3 build.py serve --port {free}" if free else "Choose another with --port."
        raise Problem(f"port {port}", "is taken by another program.", todo)


def is_free(port: int) -> bool:
    """Return whether nothing listens on this port of this machine."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
