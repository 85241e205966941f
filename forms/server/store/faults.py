"""What can be wrong with a database, in one word for the operator, and the errors that say so."""

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from forms.core.problem import Problem

FAULTS = ("full", "read-only", "damaged", "away", "busy", "salt", "schema", "closed", "other")
"""What can be wrong with a database, in one word for whoever runs the server."""


class NotKept(Problem):
    """The database is unreachable, full or broken: nothing was stored. `fault`: one of FAULTS, or empty."""

    fault = ""


class AlreadyThere(NotKept):
    """The id or look-up value is taken."""


class OtherSalt(NotKept):
    """The database belongs to another salt: with this one, no receipt of it would open anything."""

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


def is_taken(error: IntegrityError) -> bool:
    """Return whether a key is taken, or the row referred to was just erased: two requests ran at once.

    Any other rule that was broken is a fault of the database, as one of a newer version, and no letter can be kept.
    """
    original = error.orig
    name, state = getattr(original, "sqlite_errorname", "") or "", getattr(original, "sqlstate", "") or ""
    return name.endswith(("_UNIQUE", "_PRIMARYKEY", "_FOREIGNKEY", "_ROWID")) or state in {"23505", "23503"}


def not_kept(fault: str, error: str = "no answer") -> NotKept:
    problem = NotKept("store", f"The database did not answer ({error}).")
    problem.fault = fault
    return problem


_SQLITE_FAULTS = {
    "SQLITE_FULL": "full", "SQLITE_IOERR": "full", "SQLITE_READONLY": "read-only", "SQLITE_PERM": "read-only",
    "SQLITE_CANTOPEN": "closed", "SQLITE_CORRUPT": "damaged", "SQLITE_NOTADB": "damaged", "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
}  # fmt: skip
_POSTGRESQL_FAULTS = {
    "53": "full", "25": "read-only", "42501": "read-only", "XX": "damaged", "08": "away", "57P": "away", "28": "away",
    "55P": "busy", "40": "busy", "3D": "away",
}  # fmt: skip


def fault_of(error: SQLAlchemyError) -> str:
    """Return what is wrong, by the code of the database's error; its text may contain anything and is not read."""
    original = getattr(error, "orig", None)
    if original is None:
        return "busy" if isinstance(error, PoolTimeout) else "other"
    name = getattr(original, "sqlite_errorname", "") or ""
    for begin, fault in _SQLITE_FAULTS.items():
        if name.startswith(begin):
            return fault
    state = getattr(original, "sqlstate", "") or ""
    known = (fault for begin, fault in _POSTGRESQL_FAULTS.items() if state.startswith(begin))
    return next(known, "other" if name or state else "away")
