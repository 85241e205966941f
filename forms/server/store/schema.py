"""The number of a database's schema: what is older is brought up to date after a copy, what is newer is refused.

The steps lie in migrations/versions, one file each, and are carried out by Alembic, which is loaded only where a
database is older (docs/decisions/0058).
"""

import glob
import logging
import os
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from forms.core.files.durable import replaced
from forms.core.problem import Problem

FOLDER = Path(__file__).parent / "migrations"
COPY = ".before-"
"""Stands between the name of a database and the number of the schema to which it was brought."""

COPIES_STAY = 2 * 86_400
"""Seconds for which a copy stays that was made before a change."""

VERSIONS = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


class NotOurSchema(Problem):
    """A database that this program must not touch, or could not bring up to date. Nothing in it was changed."""


def numbers() -> list[str]:
    """Return the numbers of all schemas that this program knows, oldest first."""
    names = (entry.name for entry in os.scandir(FOLDER / "versions"))
    return sorted(name[1:].partition("_")[0] for name in names if name.startswith("v") and name.endswith(".py"))


def newest() -> str:
    """Return the number of this program's schema."""
    return numbers()[-1]


def tables_of(connection: sa.Connection) -> frozenset[str]:
    """Return the names of a database's tables."""
    return frozenset(sa.inspect(connection).get_table_names())


def number_of(connection: sa.Connection, there: Collection[str] | None = None) -> str | None:
    """Return the number that a database carries; None for a new one, and for one made before 1.0.

    there: the names of its tables, where they are known.
    """
    if VERSIONS.name not in (tables_of(connection) if there is None else there):
        return None
    return connection.execute(sa.select(VERSIONS.c.version_num)).scalar()


def bring_up_to_date(connection: sa.Connection, ours: frozenset[str]) -> frozenset[str]:
    """Bring a database to this program's schema, in the transaction of this connection, after making a copy of a file.

    ours: the names of tables that tell a database in use from a new one. Returns the names of the tables that are there
    then. Raises NotOurSchema.
    """
    there = tables_of(connection)
    found = number_of(connection, there)
    if found == newest():
        return there
    require_known(found)
    if ours & there:
        _copy(connection)
        upgrade(connection)
    else:
        VERSIONS.create(connection, checkfirst=VERSIONS.name in there)
        connection.execute(VERSIONS.insert().values(version_num=newest()))
    return tables_of(connection)


def require_known(found: str | None) -> None:
    """Raise NotOurSchema for the number of a schema that only a newer program knows."""
    if found is not None and found not in numbers():
        what = f"was made by a newer version of this program (its schema is {found}, known here is {newest()})."
        todo = "Start the newer program, or take back the backup that was made before it (docs/deploy.md)."
        raise NotOurSchema("The database", what, todo)


def upgrade(connection: sa.Connection) -> None:
    """Carry out the steps that a database lacks. Raises NotOurSchema where one fails: then the transaction ends."""
    from alembic import command  # noqa: PLC0415 - needed once in years
    from alembic.config import Config  # noqa: PLC0415

    logging.getLogger("alembic").setLevel(logging.ERROR)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except Exception as error:  # noqa: BLE001 - whatever a step meets, the transaction is taken back
        what = f"could not be brought to schema {newest()} ({type(error).__name__}); it is as it was."
        todo = "Start the program of before, and tell a developer (docs/decisions/0058)."
        raise NotOurSchema("The database", what, todo) from None


def _copy(connection: sa.Connection) -> None:
    """Copy the file of an SQLite database as it is now. PostgreSQL takes the whole change back where it fails."""
    name = connection.engine.url.database if connection.dialect.name == "sqlite" else None
    if name:
        copy_file(Path(name), Path(f"{name}{COPY}{newest()}"))


def copy_file(file: Path, to: Path) -> None:
    """Copy an SQLite database while others write, whole and on the disk, for this user only. Raises NotOurSchema."""
    try:
        with replaced(to) as fresh:
            fresh.touch(0o600)
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(fresh)) as target:
                source.backup(target)
    except (OSError, sqlite3.Error) as error:
        what = f"could not be copied before its schema was to be changed ({type(error).__name__}); it is as it was."
        todo = f"Make room beside {file}: {file.stat().st_size // 1_000_000 + 1} MB."
        raise NotOurSchema("The database", what, todo) from None


def remove_copies(file: Path, before: float) -> None:
    """Remove copies that were made before this time (seconds since 1970): they hold what was erased since."""
    for copy in file.parent.glob(f"{glob.escape(file.name)}{COPY}*"):
        if copy.stat().st_mtime < before:
            copy.unlink(missing_ok=True)
