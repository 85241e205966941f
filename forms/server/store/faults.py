"""What can be wrong with a database, in one word for the operator, and the errors that a store raises."""

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from forms.core.problem import Problem

FAULTS = (
    "full",
    "failing",
    "read-only",
    "damaged",
    "away",
    "connections",
    "memory",
    "busy",
    "salt",
    "schema",
    "closed",
    "moved",
    "unfinished",
    "other",
)
"""What can be wrong with a database, in one word for the operator."""


MEANINGS = {
    "full": "the disk is full, or takes no more. Free some room",
    "failing": "its disk gives errors, or takes no more of this user. See what the kernel says: journalctl -k -p err",
    "read-only": "it may not be written. Look at the owner and mount of the data folder",
    "closed": "its file cannot be opened. Look at the data folder: owner, mount, and whether the unit may write there",
    "moved": "its files were removed or replaced while it was open. Put them or a backup back, and restart the service",
    "damaged": "it is damaged. Stop the service and take it back from a backup, with its salt",
    "away": "it does not answer. Look whether it runs and can be reached",
    "connections": "it takes no more connections. Lower PORTAL_CONNECTIONS, or raise max_connections of PostgreSQL",
    "memory": "its server has no memory left. Look what else runs there, and lower shared_buffers or work_mem",
    "busy": "another program keeps it locked. Look what else has it open",
    "salt": "it belongs to another salt. Take back the salt that belongs to it (docs/deploy.md)",
    "schema": "it belongs to another version of this program. Restart the service, and see what it says",
    "unfinished": "only a part of a backup was brought back into it. Type the same `portal restore` again",
    "other": "it failed for a reason that is not known here. Look at the disk and at the database's own log",
}
"""Each fault in a clause, and what to do about it in a second sentence."""

CONFLICT, LOST = "conflict", "lost"
"""Why a retry of a transaction may succeed: it conflicted with another one, or its connection was lost."""


class NotKept(Problem):
    """The database is unreachable, full or broken: nothing was stored. `fault`: one of FAULTS, or empty.

    retry_reason: CONFLICT or LOST if a retry may help, else empty. may_be_committed: the connection was lost during the
    commit, so it is not known whether something was stored.
    """

    fault = ""
    retry_reason = ""
    may_be_committed = False


class DuplicateId(NotKept):
    """The id or look-up value is taken."""


class OtherSalt(NotKept):
    """The database belongs to another salt: with this one, none of its receipts would open an answer."""

    fault = "salt"

    def __init__(self) -> None:
        todo = (
            "With this salt no receipt opens its answer. Take back the salt that belongs to it: from the backup, or "
            "from the other machine before the same database (PORTAL_SALT_FILE). See docs/deploy.md."
        )
        super().__init__("The database", "belongs to another salt, or was taken from another portal.", todo)


class OtherSchema(NotKept):
    """The database was made by a newer version, or could not be brought to this one's schema; nothing was changed."""

    fault = "schema"


class HalfRestored(NotKept):
    """A restore into the database did not finish: letters are missing, and erased ones may be in it again."""

    fault = "unfinished"

    def __init__(self) -> None:
        todo = "Type the same `portal restore` again, with --in-place if the data folder is there. It ends what began."
        super().__init__("The database", "holds a part of a backup: a restore was cut short.", todo)


class NotOurSchema(Problem):
    """A database that this program must not touch, or could not bring up to date. Nothing in it was changed."""


def is_key_conflict(error: IntegrityError) -> bool:
    """Return whether a key is taken, or the row referred to was just erased: two requests ran at once.

    Any other violated constraint is a fault of the database, such as the schema of a newer version.
    """
    original = error.orig
    name, state = getattr(original, "sqlite_errorname", "") or "", getattr(original, "sqlstate", "") or ""
    return name.endswith(("_UNIQUE", "_PRIMARYKEY", "_FOREIGNKEY", "_ROWID")) or state in {"23505", "23503"}


def not_kept(fault: str, error: str = "", where: str = "The database") -> NotKept:
    """Return the problem for one of FAULTS. error: the class of the database's error; where: the database's name."""
    what, _, todo = MEANINGS[fault].partition(". ")
    problem = NotKept(where, f"{what}{f' ({error})' if error else ''}.", f"{todo}.")
    problem.fault = fault
    return problem


def not_kept_from_error(
    error: SQLAlchemyError, *, at_commit: bool = False, where: str = "The database", has_room: bool = True
) -> NotKept:
    """Return the problem for an error of the database. at_commit: the error came with the commit.

    has_room: whether the database's disk has room.
    """
    fault = fault_of(error)
    problem = not_kept("full" if fault == "failing" and not has_room else fault, type(error).__name__, where)
    problem.retry_reason = _retry_reason(error)
    problem.may_be_committed = at_commit and problem.retry_reason == LOST
    return problem


_CONFLICTS = frozenset({"40001", "40P01"})
_LOST_STATES = ("08", "57P01", "57P02", "57P03", "25006", "40003")  # 40003: statement completion unknown
READ_ONLY_SERVER = "25006"
"""SQLSTATE of a server that is not the primary, or not any more."""


def sqlstate(error: SQLAlchemyError) -> str:
    """Return the SQLSTATE of an error of PostgreSQL, or an empty text."""
    return getattr(getattr(error, "orig", None), "sqlstate", "") or ""


def _retry_reason(error: SQLAlchemyError) -> str:
    """Return CONFLICT or LOST if a retry may help, else an empty text."""
    state = sqlstate(error)
    if state.startswith(_LOST_STATES):
        return LOST
    if state in _CONFLICTS:
        return CONFLICT
    # psycopg gives no SQLSTATE for a connection that could not be made, or that ended.
    is_remote = getattr(error, "orig", None) is not None and hasattr(error.orig, "sqlstate")  # type: ignore[attr-defined]
    is_unreachable = is_remote and not state and fault_of(error) in {"away", "connections"}
    is_lost = is_remote and isinstance(error, DBAPIError) and error.connection_invalidated
    return LOST if is_unreachable or is_lost else ""


_SQLITE_FAULTS = {
    "SQLITE_FULL": "full", "SQLITE_IOERR": "failing", "SQLITE_READONLY": "read-only", "SQLITE_PERM": "read-only",
    "SQLITE_CANTOPEN": "closed", "SQLITE_CORRUPT": "damaged", "SQLITE_NOTADB": "damaged", "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
}  # fmt: skip
_POSTGRESQL_FAULTS = {
    "53200": "memory", "53300": "connections", "53": "full", "25": "read-only", "42501": "read-only", "XX": "damaged",
    "08": "away", "57P": "away", "28": "away", "55P": "busy", "40": "busy", "3D": "away",
}  # fmt: skip
"""By the beginning of the SQLSTATE; the first that fits counts."""

_NO_CONNECTION_LEFT = (
    "too many clients already", "too many connections for", "connection slots are reserved",
    "no more connections allowed",
)  # fmt: skip
"""How PostgreSQL and PgBouncer refuse a connection, which libpq gives without its SQLSTATE. In another lc_messages than
English it counts as "away".
"""


def fault_of(error: SQLAlchemyError) -> str:
    """Return one of FAULTS by the code of the database's error.

    Its text may contain what people wrote: it is never passed on, and only compared if there is no code.
    """
    original = getattr(error, "orig", None)
    if original is None:
        return "busy" if isinstance(error, PoolTimeout) else "other"
    name = getattr(original, "sqlite_errorname", "") or ""
    for prefix, fault in _SQLITE_FAULTS.items():
        if name.startswith(prefix):
            return fault
    state = getattr(original, "sqlstate", "") or ""
    if not name and not state:
        return "connections" if any(text in str(original) for text in _NO_CONNECTION_LEFT) else "away"
    matches = (fault for prefix, fault in _POSTGRESQL_FAULTS.items() if state.startswith(prefix))
    return next(matches, "other")
