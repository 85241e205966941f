"""What only one database feels is said where staff write: SQLite takes what PostgreSQL refuses letter by letter."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sitegen.checks import settings_checks

from forms.core.form_schema import load, names
from forms.core.portal import COLUMN_WIDTHS, MAX_PLACES
from forms.core.yaml_reader import read_yaml
from forms.server.store.concerns import concern_tables
from forms.server.store.signups import signup_tables
from tests.conftest import ROOT

FIELDS = {field["name"]: field for field in read_yaml((ROOT / "site/schemas/events.yaml").read_text())["fields"]}

WIDTH_OF_COLUMN = {
    "event": "event",
    "desk": "desk",
    "member": "member",
    "maker": "member",
    "reader": "member",
    "desks": "desks",
}
"""Columns that hold what staff name, by the key of COLUMN_WIDTHS."""

OWN_WIDTHS = {
    "id": 64,
    "thread": 32,
    "letter": 32,
    "item": 32,
    "digest": 64,
    "form": 40,
    "state": 10,
    "what": 20,
    "at": 16,
}
"""Columns that hold ids and words of our own: the widest value that is written."""


def text_columns() -> list[sa.Column[Any]]:
    tables = [*concern_tables.METADATA.tables.values(), *signup_tables.METADATA.tables.values()]
    return [column for table in tables for column in table.columns if isinstance(column.type, sa.String)]


@pytest.mark.parametrize("column", text_columns(), ids=str)
def test_every_column_is_as_wide_as_what_may_be_written_into_it(column: sa.Column[Any]) -> None:
    width = getattr(column.type, "length", None)
    if column.foreign_keys:
        [key] = column.foreign_keys
        width = getattr(key.column.type, "length", None)
    assert width is not None
    if column.name in WIDTH_OF_COLUMN:
        assert width == COLUMN_WIDTHS[WIDTH_OF_COLUMN[column.name]]
    else:
        assert width <= OWN_WIDTHS[column.name], "say here what the widest value is"


def test_the_schemas_allow_what_the_columns_hold_and_no_more() -> None:
    assert FIELDS["id"]["constraints"]["maxLength"] == COLUMN_WIDTHS["event"]
    assert FIELDS["capacity"]["constraints"]["maximum"] == MAX_PLACES < 2**31
    form_column = concern_tables.METADATA.tables["letters"].c.form
    state_column = signup_tables.METADATA.tables["signups"].c.state
    assert max(map(len, names())) <= (form_column.type.length or 0)
    states = (signup_tables.COMING, signup_tables.WAITING, signup_tables.CANCELLED)
    assert max(map(len, states)) <= (state_column.type.length or 0)
    people = next(field for field in load("signup").fields if field.name == "people")
    assert people.constraints["maximum"] * MAX_PLACES < 2**31


def test_an_event_id_of_eighty_letters_is_taken_and_no_longer_one(folder: Any, refusal: Callable[[], str]) -> None:
    folder.row("events", id="e" * 80)
    assert folder.problems() == []
    folder.row("events", id="e" * 81)
    assert f'row 2, column id: "{"e" * 40}..." has 81 letters. Write at most 80.' in refusal()


def test_a_repeating_event_leaves_room_for_the_day_in_its_id(folder: Any) -> None:
    weekly = {"repeats": "weekly", "repeats_until": "2027-02-22"}
    folder.row("events", id="e" * 69, **weekly)
    assert folder.problems() == []
    folder.row("events", id="e" * 70, **weekly)
    assert [problem.partition("column ")[2] for problem in folder.problems()] == [
        "id: it has 70 letters, and each day of the event gets its own id from it. Write at most 69."
    ]


def test_more_places_than_the_database_counts_are_said(folder: Any, refusal: Callable[[], str]) -> None:
    folder.row("events", capacity="100001")
    assert "row 2, column capacity: " in refusal()


def with_desks(change: Callable[[list[Any]], None]) -> str:
    settings = dict(read_yaml((ROOT / "content" / "portal.yml").read_text(encoding="utf-8")))
    assert not list(settings_checks.problems(settings))
    change(settings["desks"])
    return "\n".join(map(str, settings_checks.problems(settings)))


def test_a_person_of_a_desk_whose_two_ids_are_too_long_together_is_said() -> None:
    def lengthen(desks: list[Any]) -> None:
        desks[0] |= {"id": "d" * 40, "people": [{"id": "p" * 40}]}

    assert "Desk and person together have at most 79 letters" in with_desks(lengthen)


def test_ids_of_all_desks_that_are_too_long_together_are_said() -> None:
    def many(desks: list[Any]) -> None:
        desks += [{**desks[0], "id": f"{'d' * 36}-{number:02}"} for number in range(10, 20)]

    assert "content/portal.yml, desks: the ids of all desks have" in with_desks(many)
