"""create_app(settings): wiring only. What is asked is answered in routes.py, pickup.py and built_site.py."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

from forms import built_site, config, pages, pickup, portal, routes, sealed
from forms.delivery import Office
from forms.erasing import OnceADay
from forms.headers import EVERYWHERE
from forms.pressure import Letters
from forms.quiet import QuietFlask
from forms.store.concerns import ConcernStore
from forms.store.days import DayStore
from forms.store.signups import SignupStore


def create_app(settings: Mapping[str, Any]) -> Flask:
    """The endpoint for these settings (see config.Settings). Raises Problem where a setting will not do."""
    read = config.read(settings)
    app = QuietFlask("forms", static_folder=None, template_folder=None)
    app.logger.setLevel(logging.ERROR)
    salt = config.salt(read.data)
    app.extensions["office"] = Office(
        portal=portal.read(read.portal),
        concerns=ConcernStore(read.concerns_url),
        signups=SignupStore(read.signups_url),
        requests=ConcernStore(read.signups_url),  # beside the sign-ups: nothing of theirs lies with concerns
        days=DayStore(read.concerns_url),
        salt=salt,
        cost=read.cost,
        budget=read.budget,
        pressure=Letters(read.calm),
    )
    once_a_day = OnceADay(lambda: app.extensions["office"], read.today)
    app.extensions["erase"] = once_a_day
    app.extensions["clock"] = read.today
    app.extensions["today"] = lambda: once_a_day.known.latest  # what is kept is stamped with it
    app.extensions["open_day"] = lambda: once_a_day.known.earliest  # nobody is refused for a clock that is ahead
    app.register_blueprint(routes.pages)
    app.register_blueprint(sealed.sealed_road)
    app.register_blueprint(pickup.desk_api)
    if read.public:
        app.extensions["public"] = read.public
        app.register_blueprint(built_site.site)
    app.before_request(_erase_once_a_day)
    app.after_request(_add_headers)
    pages.register_errors(app)
    return app


def take_new_portal(app: Flask, path: Path) -> None:
    """Use what the press has handed over anew, without a restart."""
    app.extensions["office"] = replace(app.extensions["office"], portal=portal.read(path))


def _erase_once_a_day() -> None:
    """Erase what has been kept long enough, at the day's first request, should no clock-work have done it."""
    if request.blueprint != built_site.site.name:
        current_app.extensions["erase"]()


def _add_headers(response: Response) -> Response:
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    return response
