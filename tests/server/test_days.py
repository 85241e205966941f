"""A clock that jumps is doubted: nothing is erased for its age, nothing is stamped too early, and it does not last for ever."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core import portal as portals
from forms.core.trusted_date import (
    DOUBT_DAYS,
    EARLIEST_DATE,
    MAX_STRIDE_DAYS,
    TrustedDate,
    confirm,
    machine_clock_warning,
    observe,
    server_clock_warning,
)
from forms.server.services.retention import LOOSE_PART_DAYS, DailyRetention, RetentionThread
from forms.server.store import erasures
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import Access, EntryRow
from forms.server.store.date_store import DateStore
from forms.server.store.faults import NotKept
from forms.server.web.current import state_of
from tests.patience import until

from .conftest import TODAY, dropped_after
from .deployed import gunicorn
from .test_store import SEALED, coming

NEVER = date(2999, 1, 1)


def after(days: int, start: date = TODAY) -> date:
    return start + timedelta(days=days)


def lived(known: TrustedDate | None, *days: date) -> TrustedDate:
    """What is known after the clock showed these days."""
    for day in days:
        known = observe(known, day)
    assert known
    return known


# The rule


def test_day_by_day_it_is_believed() -> None:
    known = lived(None, *(after(n) for n in range(400)))
    assert known == TrustedDate(after(399))
    assert known.earliest == known.latest == after(399)


@pytest.mark.parametrize("days", [MAX_STRIDE_DAYS, -MAX_STRIDE_DAYS])
def test_a_week_off_is_believed_at_once(days: int) -> None:
    assert lived(TrustedDate(TODAY), after(days)) == TrustedDate(after(days))


def test_a_jump_ahead_is_doubted_and_the_day_lies_between() -> None:
    known = lived(TrustedDate(TODAY), after(MAX_STRIDE_DAYS + 1))
    assert known.doubted
    assert (known.earliest, known.latest, known.shown) == (TODAY, after(8), after(8))


def test_a_clock_set_back_is_doubted_and_the_day_lies_between() -> None:
    known = lived(TrustedDate(TODAY), date(2001, 1, 1))
    assert known.doubted
    assert (known.earliest, known.latest) == (date(2001, 1, 1), TODAY)


def test_mended_soon_it_is_believed_at_once() -> None:
    for wrong in (date(2001, 1, 1), NEVER):
        assert lived(TrustedDate(TODAY), wrong, after(2)) == TrustedDate(after(2))


def test_a_second_clock_that_shows_the_same_day_ends_the_doubt() -> None:
    doubted = lived(TrustedDate(TODAY), after(60))
    for day in (after(59), after(60), after(61)):
        assert confirm(doubted, day) == TrustedDate(after(60))
    for day in (after(58), after(62), TODAY):
        assert confirm(doubted, day).doubted


def test_a_second_clock_has_no_say_where_nothing_is_in_doubt() -> None:
    assert confirm(TrustedDate(TODAY), NEVER) == TrustedDate(TODAY)


def test_without_a_second_clock_it_is_believed_after_fourteen_days() -> None:
    doubted = lived(TrustedDate(TODAY), *(after(60 + n) for n in range(DOUBT_DAYS)))
    assert doubted.doubted
    assert lived(doubted, after(60 + DOUBT_DAYS)) == TrustedDate(after(60 + DOUBT_DAYS))


def test_looking_often_on_one_day_is_one_day() -> None:
    assert lived(TrustedDate(TODAY), *[after(60)] * 100).doubted


def test_a_machine_that_is_on_once_a_month_is_not_stuck_for_ever() -> None:
    assert not lived(TrustedDate(TODAY), *(after(30 * n) for n in range(1, DOUBT_DAYS + 2))).doubted


def test_a_second_clock_that_shows_another_day_keeps_it_waiting() -> None:
    known = TrustedDate(TODAY)
    for n in range(500):
        known = observe(known, after(3650 + n))
        if n % DOUBT_DAYS == 0:
            known = confirm(known, after(n))
        assert known.doubted
        assert known.earliest == TODAY


@pytest.mark.parametrize(
    "wrong", [[after(60), after(61)] * 40, [after(n, date(2001, 1, 1)) for n in range(DOUBT_DAYS)] + [NEVER]]
)
def test_a_clock_that_starts_anew_or_jumps_from_behind_to_ahead_does_not_go_on(wrong: list[date]) -> None:
    assert lived(TrustedDate(TODAY), *wrong).doubted


def test_a_clock_of_before_this_was_written_is_never_believed() -> None:
    first = lived(None, date(2001, 1, 1))
    assert (first.doubted, first.latest) == (True, EARLIEST_DATE)
    assert lived(first, *(after(n, date(2001, 1, 1)) for n in range(400))).doubted
    assert confirm(first, date(2001, 1, 1)).doubted
    assert lived(None, after(-1, EARLIEST_DATE)).doubted


def test_a_first_start_ahead_is_mended_when_a_second_clock_agrees() -> None:
    known = lived(None, NEVER, TODAY)
    assert known.earliest == TODAY, "nothing goes by the wrong day any more"
    assert confirm(known, TODAY) == TrustedDate(TODAY)


@given(st.lists(st.dates(EARLIEST_DATE, date(2060, 1, 1)), max_size=60))
def test_no_few_days_of_any_clock_move_the_day_ahead_by_more_than_a_stride_each(shown: list[date]) -> None:
    """Whatever a clock shows: the day by which is erased is never later than steps of a week, until it went on for long."""
    known, furthest = TrustedDate(TODAY), TODAY
    for day in shown[:DOUBT_DAYS]:
        known = observe(known, day)
        furthest = max(furthest, after(MAX_STRIDE_DAYS, furthest) if not known.doubted else furthest)
        assert known.earliest <= furthest
        assert known.earliest <= day or known.doubted
        assert known.earliest <= known.latest


def test_what_is_told_names_both_days_and_what_to_do() -> None:
    assert server_clock_warning(TrustedDate(TODAY)) == machine_clock_warning(TrustedDate(TODAY)) == ""
    assert "This machine's clock" in machine_clock_warning(lived(TrustedDate(TODAY), NEVER))
    warning = server_clock_warning(lived(TrustedDate(TODAY), NEVER))
    for words in (
        "The server's clock",
        "2999-01-01",
        "2027-01-01",
        "nothing is erased",
        "set the clock right",
        "14 days",
    ):
        assert words in warning


# What is remembered


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/concerns.db" if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def store(url: str) -> Iterator[DateStore]:
    with dropped_after(DateStore(url)) as opened:
        yield opened


@pytest.fixture
def concerns(url: str) -> Iterator[ConcernStore]:
    with dropped_after(ConcernStore(url)) as opened:
        yield opened


def test_it_is_remembered_over_a_restart(store: DateStore, url: str) -> None:
    store.record_server_day(TODAY)
    again = DateStore(url)
    assert again.record_server_day(NEVER) == TrustedDate(TODAY, NEVER, 1)
    assert store.record_server_day(NEVER) == TrustedDate(TODAY, NEVER, 1)
    assert again.record_desk_day(NEVER, TODAY) == TrustedDate(TODAY, NEVER, 0)
    assert store.record_desk_day(NEVER, NEVER) == TrustedDate(NEVER)
    again.close()


def test_several_workers_at_once_count_a_day_once(store: DateStore) -> None:
    store.record_server_day(TODAY)
    with ThreadPoolExecutor(8) as pool:
        for day in (after(60), after(61)):
            assert {known.seen for known in pool.map(store.record_server_day, [day] * 24)} == {day}
    assert store.record_server_day(after(61)) == TrustedDate(TODAY, after(61), 2)


def test_a_look_that_changes_nothing_writes_nothing(store: DateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.record_server_day(TODAY)
    store.record_server_day(NEVER)
    monkeypatch.setattr(store, "writing", None)
    assert store.record_server_day(NEVER).doubted


def test_a_day_that_has_not_come_is_brought_back(concerns: ConcernStore) -> None:
    """A clock ten years ahead stamped them, was mended: they are kept no ten years too long."""
    ahead = date(2037, 1, 1)
    concerns.intake.save(coming("a", desks=("police",), day=ahead))
    concerns.intake.save(coming("b", desks=("police",), day=after(-5)))
    concerns.intake.save_part("p", ahead, ["police"], SEALED)
    concerns.desk_writing.add_answer("x", "a", "police", ahead, SEALED)
    concerns.desk_writing.add_entry(EntryRow("e", "a", ahead), "police", SEALED)
    for id, at in (("1", "2027-01-02T03:00"), ("2", "2037-01-01T10:00")):
        concerns.access_log.note_access(id, "police", Access(at, "police", "fetched", "a"))
    concerns.retention.correct_future_days(TODAY)
    assert concerns.receipts.progress(b"a" * 32).days == (TODAY,)
    assert [one.day for one in concerns.receipts.progress(b"a" * 32).answers] == [TODAY]
    assert [one.day for one in concerns.inbox.entries("police", date.min)] == [TODAY]
    assert concerns.receipts.progress(b"b" * 32).days == (after(-5),), "what has come stays as it is"
    assert [one.at for one in concerns.access_log.accesses("police")] == ["2027-01-01", "2027-01-02"]
    assert concerns.intake.has_parts(["p"], ["police"])
    concerns.retention.erase_loose_parts(after(1))
    assert not concerns.intake.has_parts(["p"], ["police"])


# By the server itself


class Clock:
    """A server's clock that is set by hand."""

    def __init__(self, day: date = TODAY) -> None:
        self.day = day

    def __call__(self) -> date:
        return self.day


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, make_endpoint: Callable[..., Any]) -> Iterator[tuple[Any, Clock]]:
    """An endpoint with a letter that all its desks have and an answer to it, a sign-up and a loose photo; its clock."""
    clock, urls = Clock(), {}
    if request.param == "postgresql":
        concerns = request.getfixturevalue("postgres")
        urls = {"concerns_url": concerns, "signups_url": concerns.replace("/postgres?", "/signups?")}
    own = make_endpoint(clock=clock, **urls)
    yield own, clock
    office = state_of(own.client.application).services
    for store in (office.concerns, office.signups, office.requests, office.days):
        store.metadata.drop_all(store.engine)


def fill(own: Any) -> tuple[str, str]:
    """The receipt and the number of what lies there."""
    code = own.code(own.send("concern", what="read by all"))
    for desk in ("police", "legal", "partner"):
        for id in own.letter_ids(desk):
            assert own.pickup(f"letters/{id}/acknowledge", desk, "POST").status_code == 204
    state_of(own.client.application).services.concerns.intake.save_part("p" * 32, own_day(own), ["police"], SEALED)
    return code, own.code(own.send("signup", event="meeting", people="2"))


def own_day(own: Any) -> date:
    day: date = state_of(own.client.application).today
    return day


def is_there(own: Any, code: str, number: str) -> tuple[bool, bool, bool]:
    """Whether the letter, the sign-up and the loose photo are there."""
    letter = own.post("answer", code=code).status_code == 200
    signup = own.post("cancel", code=number).status_code == 200
    return letter, signup, state_of(own.client.application).services.concerns.intake.has_parts(["p" * 32], ["police"])


@pytest.mark.parametrize("wrong", [date(1970, 1, 1), date(2037, 6, 1), date(9999, 12, 31)])
def test_a_clock_that_jumps_erases_nothing_though_it_goes_on_for_days(served: Any, wrong: date) -> None:
    own, clock = served
    receipts = fill(own)
    for n in range(DOUBT_DAYS - 1):
        clock.day = wrong + timedelta(days=n) if wrong < NEVER else wrong
        assert is_there(own, *receipts) == (True, True, True)
    clock.day = after(2)
    assert is_there(own, *receipts) == (True, True, True), "mended"
    assert state_of(own.client.application).retention.known == TrustedDate(after(2))


def test_really_away_for_two_years_it_erases_when_a_desk_comes_by(served: Any) -> None:
    own, clock = served
    receipts = fill(own)
    clock.day = after(730)
    assert is_there(own, *receipts) == (True, True, True)
    assert own.desk_agrees(TODAY) == {"shown": after(730).isoformat(), "believed": TODAY.isoformat()}
    assert is_there(own, *receipts) == (True, True, True), "another day is no yes"
    assert own.desk_agrees(after(731)) == {"shown": after(730).isoformat(), "believed": after(730).isoformat()}
    assert is_there(own, *receipts) == (False, False, False)


def test_really_away_for_two_years_and_no_desk_comes_it_erases_fourteen_days_later(served: Any) -> None:
    own, clock = served
    receipts = fill(own)
    for n in range(DOUBT_DAYS):
        clock.day = after(730 + n)
        assert is_there(own, *receipts) == (True, True, True)
    clock.day = after(730 + DOUBT_DAYS)
    assert is_there(own, *receipts) == (False, False, False)


def test_what_came_while_the_clock_was_behind_is_not_erased_when_it_is_mended(served: Any) -> None:
    own, clock = served
    own.client.get("/forms/en/concern")
    clock.day = date(2001, 1, 1)
    receipts = fill(own)
    assert own_day(own) == TODAY, "no earlier than the last day that was believed"
    clock.day = after(1)
    assert is_there(own, *receipts) == (True, True, True)


def test_what_came_while_the_clock_was_ahead_goes_in_time_after_it_is_mended(served: Any) -> None:
    own, clock = served
    own.client.get("/forms/en/concern")
    clock.day = date(2037, 1, 1)
    receipts = fill(own)
    clock.day = after(1)
    assert is_there(own, *receipts) == (True, True, True)
    clock.day = after(1 + 365)
    own.desk_agrees()
    assert is_there(own, *receipts)[0], "kept for as long as promised"
    clock.day = after(2 + 365)
    assert is_there(own, *receipts) == (False, False, False)


def test_a_clock_wrong_on_the_first_start_loses_nothing_either(served: Any) -> None:
    own, clock = served
    for wrong in (date(2001, 1, 1), EARLIEST_DATE):
        clock.day = wrong
        receipts = fill(own)
        clock.day = TODAY
        own.desk_agrees()
        assert is_there(own, *receipts)[:2] == (True, True)


def test_nobody_is_told_that_an_event_is_over_by_a_clock_that_is_ahead(served: Any) -> None:
    own, clock = served
    own.client.get("/forms/en/concern")
    clock.day = after(30)
    number = own.code(own.send("signup", event="meeting", people="2"))
    assert "over" not in own.post("cancel", code=number).get_data(as_text=True)
    own.desk_agrees()
    assert "This event is over" in own.post("cancel", code=number).get_data(as_text=True)


def test_a_photo_sent_before_a_jump_that_is_believed_is_asked_for_again(served: Any) -> None:
    """The bound of the rule, said in docs/decisions/0014: within a week nothing is doubted, and a photo waits two days."""
    own, clock = served
    receipts = fill(own)
    clock.day = after(LOOSE_PART_DAYS)
    assert is_there(own, *receipts) == (True, True, True)
    clock.day = after(MAX_STRIDE_DAYS)
    assert is_there(own, *receipts) == (True, True, False)


def test_where_the_store_is_away_the_day_is_still_told(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    office = state_of(endpoint.client.application).services
    office.days.record_server_day(TODAY)

    def away(*_: Any) -> TrustedDate:
        raise NotKept("store", "away")

    clock = Clock()
    once = DailyRetention(lambda: office, clock)
    once()
    monkeypatch.setattr(office.days, "record_server_day", away)
    clock.day = NEVER
    assert "2999-01-01" in once()
    assert (once.known.earliest, once.known.latest) == (TODAY, NEVER)


# Who runs the server is told


def test_the_retention_thread_tells_it_once_and_no_request_does(
    make_endpoint: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    make_endpoint().client.get("/forms/en/concern")
    wrong = make_endpoint(today=NEVER)
    wrong.client.get("/forms/en/concern")
    assert caplog.records == []
    logged: list[str] = []
    looks = iter(range(5))

    def erase() -> str:
        if next(looks) == 4:
            work.end.set()
            return ""
        return str(state_of(wrong.client.application).retention())

    work = RetentionThread(erase, logged.append, interval=0)
    work.run()
    [warning] = logged
    assert warning.startswith("The server's clock: It shows 2999-01-01")
    assert "a desk that fetches" in warning


def test_serving_logs_it_without_anything_of_a_request(
    make_endpoint: Callable[..., Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forms.server.run import start_retention  # noqa: PLC0415

    make_endpoint().client.get("/forms/en/concern")
    work = start_retention(make_endpoint(today=NEVER).client.application)
    work.stop()
    [record] = caplog.records
    assert "2999-01-01" in record.getMessage()


def test_a_day_that_is_none_is_refused(endpoint: Any) -> None:
    answer = endpoint.pickup("day", method="POST", environ_overrides={"HTTP_PORTAL_DAY": "soon"})
    assert (answer.status_code, answer.get_json()["problem"]) == (400, "Portal-Day is no day like 2027-01-31.")
    response = endpoint.pickup("day", method="POST").get_json()
    assert response == {"shown": TODAY.isoformat(), "believed": TODAY.isoformat()}


def test_gunicorns_workers_erase_and_tell_it_while_nobody_asks(tmp_path: Path, district: Any) -> None:
    portals.write(district.portal, tmp_path / "portal.json")
    (tmp_path / "made" / "data").mkdir(parents=True)
    before = DateStore(f"sqlite:///{tmp_path}/made/data/concerns.db")
    before.record_server_day(EARLIEST_DATE)
    before.close()
    served = gunicorn(tmp_path / "made", tmp_path / "portal.json")
    try:
        until(lambda: "The server's clock" in (tmp_path / "made" / "gunicorn.log").read_text())
    finally:
        served.stop()
    assert f"the last day that it surely had was {EARLIEST_DATE}" in (tmp_path / "made" / "gunicorn.log").read_text()


def test_what_was_erased_while_the_clock_was_behind_is_not_forgotten(
    concerns: ConcernStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark keeps a backup from bringing it back; with a day of 2019 it went as soon as the clock was right again."""

    class Behind(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Behind":
            return cls(2019, 5, 4, tzinfo=tz)

    monkeypatch.setattr(erasures, "datetime", Behind)
    with concerns.writing() as connection:
        erasures.mark_erased(concerns, connection, "a letter")
    erasures.delete_old_marks(concerns, erased_before=EARLIEST_DATE - timedelta(days=erasures.MARKS_KEPT_DAYS))
    assert erasures.erasure_check(concerns)("a letter")
