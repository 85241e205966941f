"""create_app(settings): wiring only. Requests are answered in web/ and api/."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import frictionless  # noqa: F401 - loaded once, before workers fork; forms are checked with it
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
from forms.server.services.mailbox import Services
from forms.server.services.operator_log import WHERE, Leader, OperatorLog
from forms.server.services.portal_file import PortalFile
from forms.server.services.retention import DailyRetention
from forms.server.state import ServerState
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.letters import PRIORITY_QUEUE
from forms.server.store.database import Store
from forms.server.store.date_store import DayStore
from forms.server.store.faults import HalfRestored, NotKept, OtherSalt, OtherSchema
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.statement_store import StatementStore
from forms.server.web import concerns as routes
from forms.server.web import cross_site, error_pages, static_site
from forms.server.web.current import current_state, keep_state
from forms.server.web.health import health
from forms.web.headers import EVERYWHERE
from forms.web.no_trace import NoTraceFlask


def create_app(settings: Mapping[str, Any]) -> Flask:
    """Return the endpoint for these settings (see config.Settings). Raises Problem for an unusable setting."""
    read = config.read(settings)
    in_use = _in_use(read)
    try:
        return _wired(read, in_use)
    except BaseException:
        in_use.close()
        raise


def _wired(read: config.ServerSettings, in_use: InUse) -> Flask:
    app = NoTraceFlask("forms", static_folder=None, template_folder=None)
    app.logger.setLevel(logging.ERROR)
    state = _state(read, in_use, partial(_tell, app.logger, read.name))
    keep_state(app, state)
    app.register_blueprint(cross_site.forget_pages)
    app.register_blueprint(health)
    app.register_blueprint(routes.pages)
    app.register_blueprint(browser_api.blueprint)
    app.register_blueprint(desk_api)
    if read.public:
        app.register_blueprint(static_site.site)
    app.before_request(cross_site.refuse_other_sites)
    app.before_request(_use_newest_portal)
    app.teardown_request(_leave_words)
    app.before_request(_erase_once_a_day)
    app.after_request(_add_headers)
    app.after_request(cross_site.clear_browser_cache)
    error_pages.register_errors(app)
    return app


def _state(read: config.ServerSettings, in_use: InUse, tell: Callable[[str], None]) -> ServerState:
    """Return the state of an endpoint with these settings; log what was lost since the last start."""

    def clock() -> date:
        """Return the day by the newest portal's time zone: sign-ups close by it, not by the server's setting."""
        return read.today() if read.today else state.services.portal.today()

    portal_file = PortalFile(read.portal)
    services = _services(read, portal_file.first, lambda: state.today)
    stores = (services.concerns, services.signups)
    gone = first_start.lost(read, stores)
    services = replace(services, salt=_salt(read, (*stores, services.requests)))
    first_start.note(gone, (read.today or portal_file.first.today)())
    for lost in gone:
        lost.close()  # likewise before a fork
        tell(first_start.said_of(lost))
    state = ServerState(
        name=read.name,
        services=services,
        portal_file=portal_file,
        operator_log=_operator_log(services, tell),
        retention=DailyRetention(lambda: state.services, clock),
        tell=tell,
        salt_problem=partial(first_start.salt_problem, read, services.salt),
        leader=Leader(read.data),
        in_use=in_use,
        public=read.public,
    )
    return state


def _services(read: config.ServerSettings, first: portal.Portal, today: Callable[[], date]) -> Services:
    """Return the stores and limits for these settings; the salt is still to be found out."""
    concerns = ConcernStore(read.concerns_url, limit=read.connections)
    signups = SignupStore(read.signups_url, limit=read.connections)
    return Services(
        portal=first,
        concerns=concerns,
        signups=signups,
        requests=ConcernStore(read.signups_url, signups),  # apart from concerns
        days=DayStore(read.concerns_url, concerns),
        statements=StatementStore(read.concerns_url, concerns),
        salt=b"",
        cost=read.cost,
        budget=read.budget,
        flood_control=FloodControl(read.flood_threshold, counts=_letter_counts(concerns.intake, today)),
        places=SharedBucket(PLACES_PER_LETTER * read.flood_threshold, signups.count_people),
        unlike_letters=LeakyBucket(read.flood_threshold),
    )


def _operator_log(services: Services, tell: Callable[[str], None]) -> OperatorLog:
    """Return the log that all stores report their faults to."""
    log = OperatorLog(tell)
    beside_concerns = (services.concerns, services.days, services.statements)
    for where, some in zip(WHERE, (beside_concerns, (services.signups, services.requests)), strict=True):
        for store in some:
            store.on_fault = partial(log.met, where)
    return log


def _tell(logger: logging.Logger, name: str, said: str) -> None:
    """Log a sentence for the operator, with the district's name where there are several."""
    logger.error("%s", f"district {name}: {said}" if name else said)


def _letter_counts(intake: Intake, today: Callable[[], date]) -> LetterCounts:
    """Return functions that count the letters that came to all machines before one database."""
    priority = partial(intake.count, PRIORITY_QUEUE)
    return LetterCounts(intake.count, priority, lambda: intake.count(since=today()))


def _in_use(read: config.ServerSettings) -> InUse:
    """Hold the data folder, which nobody else may look into. Raises Problem while it is brought back from a backup."""
    with suppress(OSError):  # whoever needs the folder says what is wrong with it
        read.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return InUse(read.data)


def _salt(read: config.ServerSettings, stores: Sequence[Store]) -> bytes:
    """Return the salt for receipts that belongs to these databases. Raises Problem if it is lost, or belongs to others.

    A new one is made only where nothing was ever kept. A database that is away is looked at when it is first used.
    """
    try:
        first_start.require_as_before(read)
        salt = config.salt(read) or _first_salt(read, stores)
        for store in stores:
            claim_store(store, config.salt_mark(salt))
        first_start.ended(read.data)
        first_start.note_begun(read, salt)
    finally:
        for store in stores:
            store.close()  # no connection goes along when this process is forked
    return salt


def _first_salt(read: config.ServerSettings, stores: Sequence[Store]) -> bytes:
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


def claim_store(store: Store, salt_mark: str) -> None:
    """Bind a store to this salt; one that is away is bound when it is first used.

    Raises OtherSalt, OtherSchema, HalfRestored.
    """
    try:
        store.claim(salt_mark)
    except (OtherSalt, OtherSchema, HalfRestored):
        raise
    except NotKept:
        pass  # away: it is looked at when it is first used


def _use_newest_portal() -> None:
    """Let this request use the newest portal.json from here to its end, whatever is handed over meanwhile."""
    state = current_state()
    refresh_portal(state)
    g.services = state.services
    i18n.set_request_words(g.services.portal.words)


def _leave_words(_error: BaseException | None) -> None:
    """Stop using the district's own words at the end of its request."""
    i18n.set_request_words(None)


def _erase_once_a_day() -> None:
    """Erase what has been kept long enough at the day's first request, in case the daily thread has not done it."""
    if request.blueprint != static_site.site.name:
        current_state().retention()


def _add_headers(response: Response) -> Response:
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    return response
