"""Try on a copy what starting this version would do to a database, and report it; letters are accepted meanwhile."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from forms.core.problem import Problem
from forms.server.store.connections.engines import database_of
from forms.server.store.migrations import schema, schema_copies


@dataclass(frozen=True)
class Rehearsal:
    """found: the number a database carries, or None; newest: that of this program; rows: how many it holds."""

    found: str | None
    newest: str
    rows: int


def rehearse(url: str) -> Rehearsal:
    """Carry out the steps that a database lacks on a copy of it: of an SQLite file, or in a schema of PostgreSQL.

    Raises Problem where a step fails or a row is lost. The database stays as it is.
    """
    with _copy(url) as copied:
        engine = sa.create_engine(copied, hide_parameters=True, isolation_level=_isolation(copied))
        try:
            with engine.connect() as connection:
                return _tried(connection)
        except sa.exc.SQLAlchemyError as error:
            raise Problem("The database", f"cannot be read ({type(error).__name__}).", "Is it there?") from None
        finally:
            engine.dispose()


def _tried(connection: sa.Connection) -> Rehearsal:
    """Carry out all steps in a transaction that is then taken back, and with it PostgreSQL's copy.

    Raises Problem for a newer schema, and where rows would be lost.
    """
    found, before = schema.number_of(connection), _rows(connection)
    if found is not None and found not in schema.numbers():
        what = f"was made by a newer version of this program (its schema is {found})."
        raise Problem("The database", what, "Use the newer program.")
    if before and found != schema.newest():
        if connection.dialect.name == "postgresql":
            _use_copy(connection)
        schema.upgrade(connection)
        after = _rows(connection)
        if any(after.get(table) != count for table, count in before.items()):
            raise Problem("The database", "would lose rows.", "Do not start this version, and tell a developer.")
    connection.rollback()
    return Rehearsal(found, schema.newest(), sum(before.values()))


def _isolation(url: str) -> str:
    """Return how a transaction sees one moment, whatever is written meanwhile."""
    return "REPEATABLE READ" if database_of(url)[0] == "postgresql" else "SERIALIZABLE"


def _use_copy(connection: sa.Connection) -> None:
    """Let the rest of this transaction see a copy of all tables instead of them. Raises NotOurSchema."""
    name = f"rehearsal_{secrets.token_hex(4)}"
    with schema_copies.complaining(connection, name):
        schema_copies.copy_tables(connection, name)
        connection.exec_driver_sql(f"SET LOCAL search_path TO {name}")


def _rows(connection: sa.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    names = [name for name in sa.inspect(connection).get_table_names() if name != schema.VERSIONS.name]
    counts = {name: sa.select(sa.func.count()).select_from(sa.table(name)) for name in names}
    return {name: int(connection.execute(count).scalar_one()) for name, count in counts.items()}


@contextmanager
def _copy(url: str) -> Iterator[str]:
    """Yield the address of a copy of a SQLite file, or of the PostgreSQL database itself.

    Raises Problem without a file.
    """
    kind, *names = database_of(url)
    if kind != "sqlite":
        yield url
        return
    file = Path(names[0])
    if not file.exists():
        raise Problem(str(file), "is not there.", "Name the folder of the service's data: PORTAL_DATA.")
    copy = file.with_name(f"{file.name}.rehearsal-{secrets.token_hex(4)}")
    try:
        schema_copies.copy_file(file, copy)
        yield f"sqlite:///{copy}"
    finally:
        for left in copy.parent.glob(f"{copy.name}*"):
            left.unlink(missing_ok=True)
