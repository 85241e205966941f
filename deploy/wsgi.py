"""The endpoint for a server like gunicorn: settings from the environment, what is wrong said in a sentence."""

import os
from pathlib import Path

from flask import Flask

from forms.server import held_socket
from forms.server.app import create_app
from forms.server.config import MARKS, connections_of_a_process, from_environment
from forms.server.districts.dispatch import Districts
from forms.server.run import log_missing_confinement


def make() -> Flask | Districts:
    """Return the endpoint of one district, or of all in the folder PORTAL_DISTRICTS."""
    folder = os.environ.get("PORTAL_DISTRICTS")
    if not folder:
        return create_app(from_environment(os.environ))
    marks = {"marks": os.environ.get(MARKS)}
    return Districts(Path(folder), connections=connections_of_a_process(os.environ), overrides=marks)


app = held_socket.start(make, held_socket.handed_over(os.environ))

for one in app.apps[:1] if isinstance(app, Districts) else [app]:
    log_missing_confinement(one)
