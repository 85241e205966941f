"""The endpoint for a server like gunicorn: settings from the environment, what is wrong said in a sentence."""

import os

from forms.server import held_socket
from forms.server.app import create_app
from forms.server.config import from_environment
from forms.server.run import log_missing_confinement

app = held_socket.start(lambda: create_app(from_environment(os.environ)), held_socket.handed_over(os.environ))

log_missing_confinement(app)
