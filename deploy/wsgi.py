"""The endpoint for a server like gunicorn: settings from the environment, what is wrong said in a sentence."""

import os
import sys
from pathlib import Path

from flask import Flask

from forms.core.problem import Problem
from forms.server.app import create_app
from forms.server.config import from_environment
from forms.server.districts.dispatch import Districts
from forms.server.run import log_missing_confinement


def make() -> Flask | Districts:
    """Return the endpoint of one district, or of all in the folder PORTAL_DISTRICTS."""
    folder = os.environ.get("PORTAL_DISTRICTS")
    return Districts(Path(folder)) if folder else create_app(from_environment(os.environ))


try:
    app = make()
except Problem as told:
    sys.exit(f"The portal does not start. {told}")

for one in app.apps[:1] if isinstance(app, Districts) else [app]:
    log_missing_confinement(one)
