"""Regular tasks of a running endpoint: load a new portal.json, check that letters can be kept, rewrite databases."""

import threading
from contextlib import suppress

from forms.server.services.mailbox import Full
from forms.server.services.operator_log import WHERE
from forms.server.state import ServerState
from forms.server.store.faults import NotKept

_REWRITING = threading.Lock()
"""One district of a process rewrites its databases at a time."""


def refresh_portal(state: ServerState) -> None:
    """Read portal.json again if it has changed; a broken one is reported and changes nothing."""
    state.portal_file.refresh(state.use_portal)
    if not state.operator_log.watched:
        state.operator_log.log_portal(state.portal_file.problem)


def watch(state: ServerState) -> None:
    """Check whether letters can be kept, and log what is wrong; of several processes only one does so."""
    refresh_portal(state)
    for store in state.services.stores:
        store.forget_remaining_traces()
    state.operator_log.watched = True
    if not state.leader():
        return
    state.services.flood_control.update()
    state.services.places.update()
    _report_faults(state)
    _rewrite_once_a_day(state)


def _report_faults(state: ServerState) -> None:
    """Log a portal.json, a salt or a store that does not work, or works again."""
    services, log = state.services, state.operator_log
    log.log_portal(state.portal_file.problem)
    log.log_salt(state.salt_problem())
    for where, store in zip(WHERE, (services.concerns, services.requests), strict=True):
        try:
            store.probe()
            services.require_room(1, store)
        except Full:
            log.record_check_fault(where, "budget")
        except NotKept as problem:
            log.record_check_fault(where, problem.fault or "other")
        else:
            log.record_success(where)
    log.log_faults()


def _rewrite_once_a_day(state: ServerState) -> None:
    """Rewrite the databases once a day, so that no file reveals in which order letters came on earlier days."""
    today = state.retention.clock()
    if state.rewritten == today or not _REWRITING.acquire(blocking=False):
        return  # another district is rewriting: the next check tries again
    try:
        with suppress(NotKept):  # unreachable: the next check tries again
            for store in state.services.stores:
                store.rewrite_in_random_order()
                store.remove_old_copies()
            state.rewritten = today
    finally:
        _REWRITING.release()
