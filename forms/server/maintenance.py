"""What a running endpoint looks after by itself: a new portal.json, whether letters can be kept, its databases."""

import threading
from contextlib import suppress

from forms.server.services.mailbox import Full
from forms.server.services.operator_log import WHERE
from forms.server.state import ServerState
from forms.server.store.faults import NotKept

_REWRITING = threading.Lock()
"""Of several districts in one process one rewrites its databases at a time."""


def refresh_portal(state: ServerState) -> None:
    """Read portal.json again if it has changed; a broken one is reported and changes nothing."""
    state.portal_file.refresh(state.use_portal)
    if not state.operator_log.watched:
        state.operator_log.say_of_portal(state.portal_file.problem)


def watch(state: ServerState) -> None:
    """Check whether letters can be stored, and notify the operator; of several processes one does so."""
    refresh_portal(state)
    for store in state.services.stores:
        store.forget_remaining_traces()
    state.operator_log.watched = True
    if not state.leader():
        return
    state.services.flood_control.update()
    state.services.places.is_high()
    _report_faults(state)
    _rewrite_once_a_day(state)


def _report_faults(state: ServerState) -> None:
    """Tell the operator of a portal.json, a salt or a store that does not work, and of one that works again."""
    services, log = state.services, state.operator_log
    log.say_of_portal(state.portal_file.problem)
    log.say_of_salt(state.salt_problem())
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


def _rewrite_once_a_day(state: ServerState) -> None:
    """Rewrite the databases once a day, so that no file reveals in which order letters came on earlier days."""
    today = state.retention.clock()
    if state.rewritten == today or not _REWRITING.acquire(blocking=False):
        return  # one district after the other: the next look tries again
    try:
        with suppress(NotKept):  # likewise
            for store in state.services.stores:
                store.rewrite_in_random_order()
                store.remove_old_copies()
            state.rewritten = today
    finally:
        _REWRITING.release()
