"""The endpoint for a server like gunicorn: settings from the environment, what is wrong said in a sentence."""

import os
import sys

from forms.app import create_app
from forms.config import from_environment
from forms.problem import Problem

try:
    app = create_app(from_environment(os.environ))
except Problem as told:
    sys.exit(f"The portal does not start. {told}")
