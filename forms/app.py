"""create_app(settings): wiring only. What is asked is answered in routes.py, pickup.py and built_site.py."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

from forms import built_site, config, pages, pickup, portal, routes, sealed
from forms.delivery import Office, erase_old
from forms.headers import EVERYWHERE
from forms.quiet import QuietFlask
from forms.store.base import NotKept
from forms.store.concerns import ConcernStore
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
        salt=salt,
        cost=read.cost,
        budget=read.budget,
    )
    app.extensions["today"] = read.today
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
    """Erase what has been kept long enough, at the day's first request (the next, if the store is away)."""
    known, today = current_app.extensions, current_app.extensions["today"]()
    if request.blueprint == built_site.site.name or known.get("erased_on") == today:
        return
    with suppress(NotKept):
        erase_old(known["office"], today)
        known["erased_on"] = today


def _add_headers(response: Response) -> Response:
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    return response
