"""The state of a Flask app, and what of it belongs to the current request."""

from flask import Flask, current_app, g

from forms.server.services.services import Services
from forms.server.state import ServerState

_KEY = "portal"


def keep_state(app: Flask, state: ServerState) -> None:
    """Store an app's state, for `state_of`."""
    app.extensions[_KEY] = state


def state_of(app: Flask) -> ServerState:
    """Return the state of an app that create_app has made."""
    state: ServerState = app.extensions[_KEY]
    return state


def current_state() -> ServerState:
    """Return the state of the app that answers the current request."""
    return state_of(current_app)


def current_services() -> Services:
    """Return the stores and the portal of this request, which has the same version of portal.json from start to end."""
    services: Services = g.get("services") or current_state().services
    return services
