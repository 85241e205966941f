"""The number of a database's schema: what is older is brought up to date after a copy, what is newer is refused.

The steps lie in migrations/versions, one file each, and are carried out by Alembic, which is loaded only where a
database is older (docs/decisions/0058).
"""

import logging
from pathlib import Path

import sqlalchemy as sa

from forms.server.store import schema_copies
from forms.server.store.faults import NotOurSchema

FOLDER = Path(__file__).parent / "migrations"
VERSIONS = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


def numbers() -> list[str]:
    """Return the numbers of all schemas that this program knows, oldest first."""
    return sorted(path.name[1:].partition("_")[0] for path in (FOLDER / "versions").glob("v*.py"))


def newest() -> str:
    """Return the number of this program's schema."""
    return numbers()[-1]


def number_of(connection: sa.Connection) -> str | None:
    """Return the number that a database carries; None for a new one, and for one made before 1.0."""
    if not sa.inspect(connection).has_table(VERSIONS.name):
        return None
    return connection.execute(sa.select(VERSIONS.c.version_num)).scalar()


def bring_up_to_date(connection: sa.Connection, ours: frozenset[str]) -> None:
    """Bring a database to this program's schema, in the transaction of this connection, after making a copy of it.

    ours: the names of tables that tell a database in use from a new one. Raises NotOurSchema.
    """
    found = number_of(connection)
    if found == newest():
        return
    require_known(found)
    if ours & set(sa.inspect(connection).get_table_names()):
        schema_copies.copy(connection, newest())
        upgrade(connection)
    else:
        VERSIONS.create(connection, checkfirst=True)
        connection.execute(VERSIONS.insert().values(version_num=newest()))


def require_known(found: str | None) -> None:
    """Raise NotOurSchema for the number of a schema that only a newer program knows."""
    if found is not None and found not in numbers():
        what = f"was made by a newer version of this program (its schema is {found}, known here is {newest()})."
        todo = "Start the newer program, or take back the copy that was made before its change (docs/deploy.md)."
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
