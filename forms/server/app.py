"""create_app(settings): wiring only. Requests are answered in web/ and api/."""

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import frictionless  # noqa: F401 - loaded once, before workers fork; forms are checked with it
from flask import Flask, Response, current_app, g, request

from forms.core import i18n, portal
from forms.core.problem import Problem
from forms.server import config, first_start
from forms.server.api import browser_api
from forms.server.api import desk_api as pickup
from forms.server.in_use import InUse
from forms.server.services.flood_control import PLACES_A_LETTER, FloodControl, LeakyBucket, Rows, SharedBucket
from forms.server.services.mailbox import Full, Services
from forms.server.services.operator_log import WHERE, Leader, OperatorLog
from forms.server.services.portal_file import PortalFile
from forms.server.services.retention import DailyRetention
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import PRIORITY_QUEUE
from forms.server.store.database import Store
from forms.server.store.date_store import DayStore
from forms.server.store.faults import NotKept, OtherSalt, OtherSchema
from forms.server.store.signup_store import SignupStore
from forms.server.store.statement_store import StatementStore
from forms.server.web import concerns as routes
from forms.server.web import cross_site, static_site
from forms.server.web import requests as pages
from forms.server.web.health import health
from forms.web.headers import EVERYWHERE
from forms.web.no_trace import NoTraceFlask

_REWRITING = threading.Lock()
"""Of several districts in one process one rewrites its databases at a time."""


def create_app(settings: Mapping[str, Any]) -> Flask:
    """Return the endpoint for these settings (see config.Settings). Raises Problem for an unusable setting."""
    read = config.read(settings)
    in_use = _in_use(read)
    try:
        return _wired(read, in_use)
    except BaseException:
        in_use.close()
        raise


def _wired(read: config.Settings, in_use: InUse) -> Flask:
    app = NoTraceFlask("forms", static_folder=None, template_folder=None)
    app.extensions["in_use"] = in_use
    app.logger.setLevel(logging.ERROR)
    portal_file = PortalFile(read.portal)
    concerns = ConcernStore(read.concerns_url, limit=read.connections)
    signups = SignupStore(read.signups_url, limit=read.connections)
    requests = ConcernStore(read.signups_url, signups)  # beside the sign-ups: nothing of theirs lies with concerns
    gone = first_start.lost(read, (concerns, signups))
    salt = _salt(read, (concerns, signups, requests))
    app.extensions["services"] = Services(
        portal=portal_file.first,
        concerns=concerns,
        signups=signups,
        requests=requests,
        days=DayStore(read.concerns_url, concerns),
        statements=StatementStore(read.concerns_url, concerns),
        salt=salt,
        cost=read.cost,
        budget=read.budget,
        flood_control=FloodControl(read.flood_threshold, rows=_rows_of(app, concerns)),
        places=SharedBucket(PLACES_A_LETTER * read.flood_threshold, signups.people),
        unlike=LeakyBucket(read.flood_threshold),
    )
    app.extensions["portal_file"] = portal_file
    app.extensions["name"] = read.name
    app.extensions["operator_log"] = operator_log = OperatorLog(partial(tell, app))
    app.extensions["salt_problem"] = partial(first_start.salt_problem, read, salt)
    first_start.note(gone, (read.today or portal_file.first.today)())
    for lost in gone:
        lost.close()  # likewise before a fork
        tell(app, first_start.said_of(lost))
    services: Services = app.extensions["services"]
    beside_concerns = (concerns, services.days, services.statements)
    for where, some in zip(WHERE, (beside_concerns, (signups, requests)), strict=True):
        for store in some:
            store.on_fault = partial(operator_log.met, where)
    app.extensions["leader"] = Leader(read.data)
    clock = read.today or partial(_today_in_the_district, app)
    once_a_day = DailyRetention(lambda: app.extensions["services"], clock)
    app.extensions["erase"] = once_a_day
    app.extensions["clock"] = clock
    app.extensions["today"] = lambda: once_a_day.known.latest  # what is kept is stamped with it
    app.extensions["open_day"] = lambda: once_a_day.known.earliest  # nobody is refused for a clock that is ahead
    app.register_blueprint(cross_site.forget_pages)
    app.register_blueprint(health)
    app.register_blueprint(routes.pages)
    app.register_blueprint(browser_api.blueprint)
    app.register_blueprint(pickup.desk_api)
    if read.public:
        app.extensions["public"] = read.public
        app.register_blueprint(static_site.site)
    app.before_request(cross_site.refuse_other_sites)
    app.before_request(_use_newest_portal)
    app.teardown_request(_leave_words)
    app.before_request(_erase_once_a_day)
    app.after_request(_add_headers)
    app.after_request(cross_site.clear_browser_cache)
    pages.register_errors(app)
    return app


def tell(app: Flask, said: str) -> None:
    """Tell the operator something of this app: of several districts, of which."""
    name = app.extensions["name"]
    app.logger.error("%s", f"district {name}: {said}" if name else said)


def _today_in_the_district(app: Flask) -> date:
    """Return the day by the newest portal's time zone: sign-ups close by it, not by the server's clock setting."""
    portal_now: portal.Portal = app.extensions["services"].portal
    return portal_now.today()


def _rows_of(app: Flask, concerns: ConcernStore) -> Rows:
    """Return what tells how many letters came to all machines before one database."""
    first, today = partial(concerns.number, PRIORITY_QUEUE), lambda: concerns.number(day=app.extensions["today"]())
    return Rows(concerns.number, first, today)


def _in_use(read: config.Settings) -> InUse:
    """Hold the data folder, which nobody else may look into. Raises Problem while it is brought back from a backup."""
    with suppress(OSError):  # whoever needs the folder says what is wrong with it
        read.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return InUse(read.data)


def _salt(read: config.Settings, stores: Sequence[Store]) -> bytes:
    """Return the salt for receipts that belongs to these databases. Raises Problem if it is lost, or belongs to others.

    A new one is made only where nothing was ever kept. A database that is away is looked at when it is first used.
    """
    try:
        salt = config.salt(read) or _first_salt(read, stores)
        for store in stores:
            _claim(store, config.salt_mark(salt))
        first_start.ended(read.data)
    finally:
        for store in stores:
            store.close()  # no connection goes along when this process is forked
    return salt


def _first_salt(read: config.Settings, stores: Sequence[Store]) -> bytes:
    """Return a new salt if nothing was ever stored, or that of another process that was first. Raises Problem."""
    if any(store.is_in_use() for store in stores):
        found = config.salt(read)  # another process may have made both in between
        if found is None:
            todo = (
                "Without it no receipt opens its answer. Take it back from a backup; on a second machine, share that "
                "of the first (PORTAL_SALT_FILE). See docs/deploy.md."
            )
            raise Problem(str(read.data / "salt"), "is not there, and the database holds letters or sign-ups.", todo)
        return found
    first_start.begun(read.data)
    return config.make_salt(read.data)


def _claim(store: Store, salt_mark: str) -> None:
    try:
        store.claim(salt_mark)
    except (OtherSalt, OtherSchema):
        raise
    except NotKept:
        pass  # away: it is looked at when it is first used


def take_new_portal(app: Flask, path: Path) -> None:
    """Use the portal.json that the site generator has handed over, at once."""
    app.extensions["services"] = replace(app.extensions["services"], portal=portal.read(path))


def _use_newest_portal() -> None:
    """Let this request use the newest portal.json from here to its end, whatever is handed over meanwhile."""
    refresh_portal(current_app._get_current_object())  # type: ignore[attr-defined]
    g.services = current_app.extensions["services"]
    i18n.use_words(g.services.portal.words)


def _leave_words(_error: BaseException | None) -> None:
    """Stop using the district's own words at the end of its request."""
    i18n.use_words(None)


def _use_portal(app: Flask, found: portal.Portal) -> None:
    app.extensions["services"] = replace(app.extensions["services"], portal=found)


def refresh_portal(app: Flask) -> None:
    """Read portal.json again if it has changed; a broken one is reported and changes nothing."""
    file: PortalFile = app.extensions["portal_file"]
    file.refresh(partial(_use_portal, app))
    log: OperatorLog = app.extensions["operator_log"]
    if not log.watched:
        log.say_of_portal(file.problem)


def watch(app: Flask) -> None:
    """Check whether letters can be stored, and notify the operator; of several processes one does so."""
    refresh_portal(app)
    services: Services = app.extensions["services"]
    for store in services.stores:
        store.forget_remaining_traces()
    log: OperatorLog = app.extensions["operator_log"]
    log.watched = True
    if not app.extensions["leader"]():
        return
    services.flood_control.look()
    services.places.is_high()
    log.say_of_portal(app.extensions["portal_file"].problem)
    log.say_of_salt(app.extensions["salt_problem"]())
    for where, store in zip(WHERE, (services.concerns, services.requests), strict=True):
        try:
            store.probe()
            services.require_room(1, store)
        except Full:
            log.found(where, "budget")
        except NotKept as problem:
            log.found(where, problem.fault or "other")
        else:
            log.works(where)
    log.say()
    _rewrite_once_a_day(app, services)


def _rewrite_once_a_day(app: Flask, services: Services) -> None:
    """Rewrite the databases once a day, so that no file reveals in which order letters came on earlier days."""
    today = app.extensions["clock"]()
    if app.extensions.get("rewritten") == today or not _REWRITING.acquire(blocking=False):
        return  # one district after the other: the next look tries again
    try:
        with suppress(NotKept):  # likewise
            for store in services.stores:
                store.rewrite_in_random_order()
                store.remove_old_copies()
            app.extensions["rewritten"] = today
    finally:
        _REWRITING.release()


def _erase_once_a_day() -> None:
    """Erase what has been kept long enough at the day's first request, in case the daily thread has not done it."""
    if request.blueprint != static_site.site.name:
        current_app.extensions["erase"]()


def _add_headers(response: Response) -> Response:
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    return response
