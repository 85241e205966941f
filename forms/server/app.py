"""Create the Flask app of the forms server: wiring only. Requests are handled in web/ and api/."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import frictionless  # noqa: F401 - checks forms; loaded once, before workers fork
from flask import Flask, Response, g, request

from forms.core import i18n, portal
from forms.core.problem import Problem
from forms.server import config, first_start
from forms.server.api import browser_api
from forms.server.api.desk_api import desk_api
from forms.server.in_use import InUse
from forms.server.maintenance import refresh_portal
from forms.server.services.flood.flood_control import PLACES_PER_LETTER, FloodControl, LetterCounts
from forms.server.services.flood.leaky_bucket import LeakyBucket, SharedBucket
from forms.server.services.operator_log import WHERE, Leader, OperatorLog
from forms.server.services.portal_file import PortalFile
from forms.server.services.retention import DailyRetention
from forms.server.services.services import Services
from forms.server.state import ServerState
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.letters import PRIORITY_QUEUE
from forms.server.store.database import Store
from forms.server.store.date_store import DateStore
from forms.server.store.faults import HalfRestored, NotKept, OtherSalt, OtherSchema
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.statement_store import StatementStore
from forms.server.web import cross_site, error_pages, static_site
from forms.server.web.current import current_state, keep_state
from forms.server.web.forms import routes
from forms.server.web.health import health
from forms.web.headers import EVERYWHERE
from forms.web.no_trace import NoTraceFlask


def create_app(settings: Mapping[str, Any]) -> Flask:
    """Return the endpoint for these settings (see config.ServerSettings). Raises Problem for an unusable setting."""
    server_settings = config.read(settings)
    in_use = _lock_data_folder(server_settings)
    try:
        return _wire(server_settings, in_use)
    except BaseException:
        in_use.close()
        raise


def _wire(settings: config.ServerSettings, in_use: InUse) -> Flask:
    app = NoTraceFlask("forms", static_folder=None, template_folder=None)
    app.logger.setLevel(logging.ERROR)
    state = _make_state(settings, in_use, partial(_log, app.logger, settings.name))
    keep_state(app, state)
    app.register_blueprint(cross_site.forget_pages)
    app.register_blueprint(health)
    app.register_blueprint(routes.pages)
    app.register_blueprint(browser_api.blueprint)
    app.register_blueprint(desk_api)
    if settings.public:
        app.register_blueprint(static_site.site)
    app.before_request(cross_site.refuse_other_sites)
    app.before_request(_use_newest_portal)
    app.teardown_request(_reset_words)
    app.before_request(_erase_once_a_day)
    app.after_request(_add_headers)
    app.after_request(cross_site.clear_browser_cache)
    error_pages.register_errors(app)
    return app


def _make_state(settings: config.ServerSettings, in_use: InUse, tell: Callable[[str], None]) -> ServerState:
    """Return the state of an endpoint with these settings; log which databases were lost since the last start."""

    def clock() -> date:
        """Return the day in the time zone of the newest portal, by which sign-ups close."""
        return settings.today() if settings.today else state.services.portal.today()

    portal_file = PortalFile(settings.portal)
    services = _make_services(settings, portal_file.first, lambda: state.today)
    stores = (services.concerns, services.signups)
    lost = first_start.lost_databases(settings, stores)
    services = replace(services, salt=_require_salt(settings, (*stores, services.requests)))
    first_start.note_lost_databases(lost, (settings.today or portal_file.first.today)())
    for store in lost:
        store.close()  # a forked process must not inherit a connection
        tell(first_start.lost_message(store))
    state = ServerState(
        name=settings.name,
        services=services,
        portal_file=portal_file,
        operator_log=_make_operator_log(services, tell),
        retention=DailyRetention(lambda: state.services, clock),
        tell=tell,
        salt_problem=partial(first_start.salt_problem, settings, services.salt),
        leader=Leader(settings.data),
        in_use=in_use,
        public=settings.public,
    )
    return state


def _make_services(settings: config.ServerSettings, first: portal.Portal, today: Callable[[], date]) -> Services:
    """Return the stores and limits for these settings, without the salt."""
    concerns = ConcernStore(settings.concerns_url, limit=settings.connections)
    signups = SignupStore(settings.signups_url, limit=settings.connections)
    return Services(
        portal=first,
        concerns=concerns,
        signups=signups,
        requests=ConcernStore(settings.signups_url, signups),  # apart from concerns
        days=DateStore(settings.concerns_url, concerns),
        statements=StatementStore(settings.concerns_url, concerns),
        salt=b"",
        cost=settings.cost,
        budget=settings.budget,
        flood_control=FloodControl(settings.flood_threshold, counts=_letter_counts(concerns.intake, today)),
        places=SharedBucket(PLACES_PER_LETTER * settings.flood_threshold, signups.count_people),
        unlike_letters=LeakyBucket(settings.flood_threshold),
    )


def _make_operator_log(services: Services, tell: Callable[[str], None]) -> OperatorLog:
    """Return a log to which all stores report their faults."""
    log = OperatorLog(tell)
    with_concerns = (services.concerns, services.days, services.statements)
    for where, stores in zip(WHERE, (with_concerns, (services.signups, services.requests)), strict=True):
        for store in stores:
            store.on_fault = partial(log.record_request_fault, where)
    return log


def _log(logger: logging.Logger, name: str, message: str) -> None:
    """Log a sentence for the operator, with the district's name if there are several."""
    logger.error("%s", f"district {name}: {message}" if name else message)


def _letter_counts(intake: Intake, today: Callable[[], date]) -> LetterCounts:
    """Return functions that count the letters that came to all machines before one database."""
    priority = partial(intake.count, PRIORITY_QUEUE)
    return LetterCounts(intake.count, priority, lambda: intake.count(since=today()))


def _lock_data_folder(settings: config.ServerSettings) -> InUse:
    """Create the data folder, private to this user, and lock it. Raises Problem while a restore uses it."""
    with suppress(OSError):  # what needs the folder reports what is wrong with it
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return InUse(settings.data)


def _require_salt(settings: config.ServerSettings, stores: Sequence[Store]) -> bytes:
    """Return the salt for receipts that belongs to these databases. Raises Problem if it is lost, or another one.

    A new salt is made only if nothing was ever stored. An unreachable database is checked on first use.
    """
    try:
        first_start.require_same_folder(settings)
        salt = config.salt(settings) or _first_salt(settings, stores)
        for store in stores:
            claim_store(store, config.salt_mark(salt))
        first_start.end_first_start(settings.data)
        first_start.note_salt(settings, salt)
    finally:
        for store in stores:
            store.close()  # a forked process must not inherit a connection
    return salt


def _first_salt(settings: config.ServerSettings, stores: Sequence[Store]) -> bytes:
    """Return a new salt if nothing was ever stored, or that of another process that was first. Raises Problem."""
    if any(store.is_in_use() for store in stores):
        salt = config.salt(settings)  # another process may have made the salt and the databases meanwhile
        if salt is None:
            todo = (
                "Without it no receipt opens its answer. Take it back from a backup; on a second machine, share that "
                "of the first (PORTAL_SALT_FILE). See docs/deploy.md."
            )
            where = str(settings.data / "salt")
            raise Problem(where, "is not there, and the database holds letters or sign-ups.", todo)
        return salt
    first_start.begin_first_start(settings.data)
    return config.make_salt(settings.data)


def claim_store(store: Store, salt_mark: str) -> None:
    """Bind a store to this salt; an unreachable one is bound on first use.

    Raises OtherSalt, OtherSchema, HalfRestored.
    """
    try:
        store.claim(salt_mark)
    except (OtherSalt, OtherSchema, HalfRestored):
        raise
    except NotKept:
        pass  # unreachable: the salt is checked on first use


def _use_newest_portal() -> None:
    """Let this request use the newest portal.json until its end, also if it is replaced meanwhile."""
    state = current_state()
    refresh_portal(state)
    g.services = state.services
    i18n.set_request_words(g.services.portal.words)


def _reset_words(_error: BaseException | None) -> None:
    """Stop using the district's own words at the end of a request."""
    i18n.set_request_words(None)


def _erase_once_a_day() -> None:
    """Erase what was kept long enough at the day's first request, if the daily thread has not done it."""
    if request.blueprint != static_site.site.name:
        current_state().retention()


def _add_headers(response: Response) -> Response:
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    return response
