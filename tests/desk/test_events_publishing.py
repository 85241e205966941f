"""From cases to public counts: only what is closed or answered, with a theme, without a word of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from forms.core.problem import Problem
from forms.core.statistics.counts import Heard
from forms.desk.cases.case import Case
from forms.desk.cases.log.case_log import Entry
from forms.desk.cases.publishing import heard, publish
from forms.desk.cli.main import desk as desk_command
from forms.desk.crypto.decryption import Letter
from tests.desk.event_helpers import portal
from tests.desk.window_helpers import running

SECRET = "marked-words-துயரம்"
NUMBERS: Iterator[int] = iter(range(100_000))


def entry(kind: str, at: str = "2027-01-20T10:00", after: tuple[str, ...] = (), **value: Any) -> Entry:
    return Entry(f"{next(NUMBERS):032x}", "t", "police", at, after, kind, value)


def theme(at: str = "2027-01-20T10:00", **value: Any) -> Entry:
    return entry("theme", at, **{"theme": "wages", "place": "northtown", "work": "kiln"} | value)


def closing_entry(at: str = "2027-01-21T10:00") -> Entry:
    return entry("state", at, state="closed", outcome=SECRET)


def case(*entries: Entry) -> Case:
    letter = Letter(
        "ab" * 16, "concern", "ta", "2026-12-30", ("police",), {"what": SECRET, "place": "hillside"}, None, "", 0
    )
    return Case(f"{next(NUMBERS):032x}", 1, (letter,), entries)


def heard_rows(*entries: Entry) -> list[Heard]:
    return list(heard([case(*entries)], portal()))


@dataclass
class Desk:
    cases: tuple[Case, ...]
    portal: Any


def test_a_closed_case_with_a_theme_counts_by_what_staff_gave_it() -> None:
    assert heard_rows(theme(), closing_entry()) == [Heard("2027-01", "northtown", "kiln", "wages")]


def test_an_answered_case_counts_too() -> None:
    assert heard_rows(theme(), entry("answer", text="We come.", state="")) == [
        Heard("2027-01", "northtown", "kiln", "wages")
    ]


@pytest.mark.parametrize(
    "entries",
    [
        (theme(),),
        (closing_entry(),),
        (theme(theme=""), closing_entry()),
        (theme(theme="unknown-theme"), closing_entry()),
        (theme(), closing_entry(), entry("merge", into="x")),
        (theme(), entry("state", state="looking")),
        (theme(), entry("answer", text="", state="looking")),
    ],
)
def test_what_is_open_without_theme_or_merged_does_not_count(entries: tuple[Entry, ...]) -> None:
    assert heard_rows(*entries) == []


def test_a_theme_taken_back_does_not_count() -> None:
    first = theme()
    assert heard_rows(first, replace(theme(theme=""), after=(first.id,)), closing_entry()) == []


def test_strange_places_and_work_are_unknown() -> None:
    assert heard_rows(theme(place="=evil", work=None), closing_entry()) == [Heard("2027-01", "", "", "wages")]


def test_nothing_comes_late_and_nothing_moves_once_it_counted() -> None:
    assert heard_rows(theme("2027-01-20T10:00"), closing_entry("2027-04-02T10:00"))[0].month == "2027-04"
    first = theme("2027-01-20T10:00")
    later = replace(theme("2027-05-01T10:00", place="hillside"), after=(first.id,))
    assert heard_rows(first, closing_entry("2027-01-21T10:00"), later) == [
        Heard("2027-01", "hillside", "kiln", "wages")
    ]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    return tmp_path


def test_a_quarter_is_written_once_and_no_word_of_a_letter_is_in_it(content: Path) -> None:
    desk = Desk(tuple(case(theme(), closing_entry()) for _ in range(12)), portal())
    message = publish(desk.cases, desk.portal, content, date(2027, 4, 1))
    assert "2027-q1" in message
    text = (content / "tables" / "heard.csv").read_text(encoding="utf-8")
    assert "2027-q1,all,all,all,all,12,false" in text
    assert SECRET not in text
    assert not [one.id for one in desk.cases if one.id in text]
    assert "Nothing new to publish: 12 cases have" in publish(desk.cases, desk.portal, content, date(2027, 4, 2))


def test_a_quarter_that_is_not_over_waits(content: Path) -> None:
    assert "once, when it is over" in publish((case(theme(), closing_entry()),), portal(), content, date(2027, 3, 31))
    assert not (content / "tables" / "heard.csv").exists()


def test_few_cases_are_no_number(content: Path) -> None:
    publish(tuple(case(theme(), closing_entry()) for _ in range(4)), portal(), content, date(2027, 4, 1))
    assert "2027-q1,all,all,all,all,,false" in (content / "tables" / "heard.csv").read_text(encoding="utf-8")


def test_a_demonstration_says_so(content: Path) -> None:
    desk = Desk(tuple(case(theme(), closing_entry()) for _ in range(12)), portal(demonstration=True))
    assert "do not publish it as real" in publish(desk.cases, desk.portal, content, date(2027, 4, 1))


def test_a_folder_that_is_none_and_a_disk_that_is_full_are_sentences(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tuple(case(theme(), closing_entry()) for _ in range(12)), portal())
    with pytest.raises(Problem, match="not the content folder"):
        publish(desk.cases, desk.portal, content / "nowhere", date(2027, 4, 1))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Problem, match="Nothing was changed"):
        publish(desk.cases, desk.portal, content, date(2027, 4, 1))


def test_from_concerns_to_a_published_count_by_one_command(tmp_path: Path, content: Path) -> None:
    """Sealed letters, a real desk, its own command; the quarter is over when the desk publishes."""
    with running(tmp_path / "services") as office:
        for number in range(7):
            office.letter(f"{SECRET} {number}")
        session = office.session()
        session.sync.run()
        for one in session.cases.all():
            session.log.write(one.id, "theme", theme="wages", place="northtown", work="kiln")
            session.log.write(one.id, "state", state="closed", outcome=SECRET)
        words = ["--home", str(office.home / "desk"), "--server", office.address, "publish", "--content", str(content)]
        later = date.today() + timedelta(days=100)  # noqa: DTZ011
        result, again = (CliRunner().invoke(desk_command, words, obj=lambda: later) for _ in range(2))
    assert result.output.startswith(f"Written to {content / 'tables' / 'heard.csv'}"), result.output
    assert again.output.startswith("Nothing new to publish: 7 cases")
    text = (content / "tables" / "heard.csv").read_text(encoding="utf-8")
    assert ",all,all,all,all,7,false" in text
    assert SECRET not in text
