"""Try on a copy of a database how this version would change its schema. The service may be running meanwhile."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from forms.core.problem import Problem
from forms.server.store.connections.addresses import database_of
from forms.server.store.migrations import schema, schema_copies


@dataclass(frozen=True)
class Rehearsal:
    """current: the number of the database's schema, or None; newest: that of this program; rows: how many it has."""

    current: str | None
    newest: str
    rows: int


def rehearse(url: str) -> Rehearsal:
    """Carry out the steps that a database lacks on a copy of it: of an SQLite file, or in a schema of PostgreSQL.

    Raises Problem if a step fails or a row is lost. The database stays as it is.
    """
    with _copy(url) as copy_url:
        engine = sa.create_engine(copy_url, hide_parameters=True, isolation_level=_isolation_level(copy_url))
        try:
            with engine.connect() as connection:
                return _rehearse_steps(connection)
        except sa.exc.SQLAlchemyError as error:
            raise Problem("The database", f"cannot be read ({type(error).__name__}).", "Is it there?") from None
        finally:
            engine.dispose()


def _rehearse_steps(connection: sa.Connection) -> Rehearsal:
    """Carry out all steps in a transaction that is then rolled back, and with it PostgreSQL's copy.

    Raises Problem for a newer schema, and if rows would be lost.
    """
    current, before = schema.number_of(connection), _row_counts(connection)
    if current is not None and current not in schema.numbers():
        what = f"was made by a newer version of this program (its schema is {current})."
        raise Problem("The database", what, "Use the newer program.")
    if before and current != schema.newest():
        if connection.dialect.name == "postgresql":
            _use_copy(connection)
        schema.upgrade(connection)
        after = _row_counts(connection)
        if any(after.get(table) != count for table, count in before.items()):
            raise Problem("The database", "would lose rows.", "Do not start this version, and tell a developer.")
    connection.rollback()
    return Rehearsal(current, schema.newest(), sum(before.values()))


def _isolation_level(url: str) -> str:
    """Return the isolation level at which a transaction sees one snapshot."""
    return "REPEATABLE READ" if database_of(url)[0] == "postgresql" else "SERIALIZABLE"


def _use_copy(connection: sa.Connection) -> None:
    """Make the rest of this transaction use a copy of all tables. Raises NotOurSchema if they cannot be copied."""
    name = f"rehearsal_{secrets.token_hex(4)}"
    with schema_copies.raising_not_our_schema(connection, name):
        schema_copies.copy_tables(connection, name)
        connection.exec_driver_sql(f"SET LOCAL search_path TO {name}")


def _row_counts(connection: sa.Connection) -> dict[str, int]:
    """Return the number of rows of each table."""
    names = [name for name in sa.inspect(connection).get_table_names() if name != schema.VERSIONS.name]
    counts = {name: sa.select(sa.func.count()).select_from(sa.table(name)) for name in names}
    return {name: int(connection.execute(count).scalar_one()) for name, count in counts.items()}


@contextmanager
def _copy(url: str) -> Iterator[str]:
    """Yield the address of a copy of an SQLite file, or of the PostgreSQL database itself.

    Raises Problem if the file does not exist.
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
        for file in copy.parent.glob(f"{copy.name}*"):
            file.unlink(missing_ok=True)
