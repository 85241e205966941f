"""create_app(settings): wiring only. What is asked is answered in routes.py, pickup.py and built_site.py."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

from forms.core import portal
from forms.core.problem import Problem
from forms.server import config
from forms.server.api import browser_api
from forms.server.api import desk_api as pickup
from forms.server.services.flood_control import Letters
from forms.server.services.mailbox import Office
from forms.server.services.retention import OnceADay
from forms.server.store.concern_store import ConcernStore
from forms.server.store.database import NotKept, OtherSalt, Store
from forms.server.store.date_store import DayStore
from forms.server.store.signup_store import SignupStore
from forms.server.web import concerns as routes
from forms.server.web import cross_site, static_site
from forms.server.web import requests as pages
from forms.web.headers import EVERYWHERE
from forms.web.no_trace import QuietFlask


def create_app(settings: Mapping[str, Any]) -> Flask:
    """The endpoint for these settings (see config.Settings). Raises Problem where a setting will not do."""
    read = config.read(settings)
    app = QuietFlask("forms", static_folder=None, template_folder=None)
    app.logger.setLevel(logging.ERROR)
    concerns, signups = ConcernStore(read.concerns_url), SignupStore(read.signups_url)
    requests = ConcernStore(read.signups_url)  # beside the sign-ups: nothing of theirs lies with concerns
    app.extensions["office"] = Office(
        portal=portal.read(read.portal),
        concerns=concerns,
        signups=signups,
        requests=requests,
        days=DayStore(read.concerns_url),
        salt=_salt(read, (concerns, signups, requests)),
        cost=read.cost,
        budget=read.budget,
        pressure=Letters(read.calm),
    )
    once_a_day = OnceADay(lambda: app.extensions["office"], read.today)
    app.extensions["erase"] = once_a_day
    app.extensions["clock"] = read.today
    app.extensions["today"] = lambda: once_a_day.known.latest  # what is kept is stamped with it
    app.extensions["open_day"] = lambda: once_a_day.known.earliest  # nobody is refused for a clock that is ahead
    app.register_blueprint(cross_site.forget_pages)
    app.register_blueprint(routes.pages)
    app.register_blueprint(browser_api.sealed_road)
    app.register_blueprint(pickup.desk_api)
    if read.public:
        app.extensions["public"] = read.public
        app.register_blueprint(static_site.site)
    app.before_request(cross_site.refuse_other_sites)
    app.before_request(_erase_once_a_day)
    app.after_request(_add_headers)
    app.after_request(cross_site.clear_browser_cache)
    pages.register_errors(app)
    return app


def _salt(read: config.Settings, stores: Sequence[Store]) -> bytes:
    """The salt for receipts, which fits these databases. Raises Problem where it is lost, or is another's.

    A new one is made only where nothing was ever kept. A database that is away is looked at when it is first used.
    """
    try:
        salt = config.salt(read) or _first_salt(read, stores)
        for store in stores:
            _claim(store, config.salt_mark(salt))
    finally:
        for store in stores:
            store.close()  # no connection goes along when this process is forked
    return salt


def _first_salt(read: config.Settings, stores: Sequence[Store]) -> bytes:
    """A new salt, where nothing was ever kept, or that of another process that was first. Raises Problem."""
    if any(store.is_in_use() for store in stores):
        found = config.salt(read)  # another process may have made both in between
        if found is None:
            todo = (
                "Without it no receipt opens its answer. Take it back from a backup; on a second machine, share that "
                "of the first (PORTAL_SALT_FILE). See docs/deploy.md."
            )
            raise Problem(str(read.data / "salt"), "is not there, and the database holds letters or sign-ups.", todo)
        return found
    return config.make_salt(read.data)


def _claim(store: Store, salt_mark: str) -> None:
    try:
        store.claim(salt_mark)
    except OtherSalt:
        raise
    except NotKept:
        pass  # away: it is looked at when it is first used


def take_new_portal(app: Flask, path: Path) -> None:
    """Use what the press has handed over anew, without a restart."""
    app.extensions["office"] = replace(app.extensions["office"], portal=portal.read(path))


def _erase_once_a_day() -> None:
    """Erase what has been kept long enough, at the day's first request, should no clock-work have done it."""
    if request.blueprint != static_site.site.name:
        current_app.extensions["erase"]()


def _add_headers(response: Response) -> Response:
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    return response
