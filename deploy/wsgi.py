"""The endpoint for a server like gunicorn: settings from the environment, what is wrong said in a sentence."""

import os
import sys

from forms.core.problem import Problem
from forms.server.app import create_app
from forms.server.config import from_environment
from forms.server.run import log_missing_confinement

try:
    app = create_app(from_environment(os.environ))
except Problem as told:
    sys.exit(f"The portal does not start. {told}")

log_missing_confinement(app)
