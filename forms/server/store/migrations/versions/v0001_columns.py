"""Add the columns and indexes that tables made before 1.0 may lack. From this step on databases have a number."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAMES: dict[str, tuple[str, ...]] = {"recipients": ("maker",)}
NUMBERS: dict[str, tuple[str, ...]] = {"places": ("turns", "held"), "signups": ("turn", "version")}
INDEXES = (
    ("access", "at"), ("answers", "letter"), ("copies", "letter"), ("entries", "desk"), ("entries", "letter"),
    ("letters", "thread"), ("parts", "letter"), ("shared_copies", "letter"), ("voices", "letter"),
)  # fmt: skip
LINE = ("event", "state", "turn", "id", "people", "version")


def upgrade() -> None:
    """Change the tables without changing what a row contains. Runs on both databases, of concerns and of sign-ups."""
    for table, columns in NAMES.items():
        _add(table, [sa.Column(name, sa.String(80), nullable=True) for name in columns])
    for table, columns in NUMBERS.items():
        _add(table, [sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in columns])
    for table, column in INDEXES:
        _index(f"ix_{table}_{column}", table, (column,))
    _index("signups_line", "signups", LINE)


def _add(table: str, columns: list[sa.Column[object]]) -> None:
    inspector = sa.inspect(op.get_bind())
    if not inspector.has_table(table):
        return
    existing = {column["name"] for column in inspector.get_columns(table)}
    for column in columns:
        if column.name not in existing:
            op.add_column(table, column)


def _index(name: str, table: str, columns: tuple[str, ...]) -> None:
    inspector = sa.inspect(op.get_bind())
    if inspector.has_table(table) and name not in {index["name"] for index in inspector.get_indexes(table)}:
        op.create_index(name, table, columns)
