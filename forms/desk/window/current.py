"""The state of the desk's window, and access to it in the current request."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flask import Flask, current_app

from forms.desk.session import Session
from forms.desk.window.access.authentication import Authenticator, Locked

_KEY = "desk"


@dataclass(frozen=True)
class DeskWindow:
    """The state of a window. today: returns the day by this machine's clock."""

    authenticator: Authenticator
    today: Callable[[], date]


def store_window(app: Flask, window: DeskWindow) -> None:
    """Store the state of an app for the functions below."""
    app.extensions[_KEY] = window


def authenticator_of(app: Flask) -> Authenticator:
    """Return the authenticator of an app that create_window has made."""
    window: DeskWindow = app.extensions[_KEY]
    return window.authenticator


def _current() -> DeskWindow:
    window: DeskWindow = current_app.extensions[_KEY]
    return window


def current_authenticator() -> Authenticator:
    """Return the authenticator of the current request's window."""
    return _current().authenticator


def current_session() -> Session:
    """Return the unlocked session. Raises Locked, which redirects to the page that asks for the passphrase."""
    authenticator = current_authenticator()
    authenticator.lock_if_idle()
    if authenticator.session is None:
        raise Locked
    authenticator.last_used = authenticator.clock()
    return authenticator.session


def today() -> date:
    """Return the day by this machine's clock."""
    return _current().today()


def clock() -> Callable[[], date]:
    """Return the function that returns the day."""
    return _current().today
