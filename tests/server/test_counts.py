"""Counts for the public: whoever adds, subtracts and solves cannot work out a small one."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forms.core.problem import Problem
from forms.core.statistics import counts, suppression
from forms.core.statistics.counts import ALL, Cell, Heard, publishable, write_heard

AFTER = date(2027, 4, 1)
MIN_PUBLISHED = 5
TALUKS, WORKS, THEMES = ("north", "south", "east"), ("kiln", "mill"), ("debt", "pay", "leave")
MONTHS = ("2027-01", "2027-02", "2027-03")


def letters(
    month: str = "2027-01", taluk: str = "north", work: str = "kiln", theme: str = "debt", n: int = 1
) -> list[Heard]:
    return [Heard(month, taluk, work, theme)] * n


def numbers(cells: Iterable[Cell]) -> dict[tuple[str, str, str, str], int | None]:
    return {(cell.month, cell.taluk, cell.work, cell.theme): cell.letters for cell in cells}


class Attacker:
    """Knows the rule, all names of months, taluks, kinds of work and themes, and everything that is published."""

    def __init__(self, heard: list[Heard], cells: Iterable[Cell]) -> None:
        self.heard = heard
        names = {
            "month": sorted({*MONTHS, *(one.month for one in heard)}),
            "taluk": sorted({one.taluk or counts.UNKNOWN for one in heard}),
            "work": sorted({one.work or counts.UNKNOWN for one in heard}),
        }
        themes = sorted({one.theme for one in heard})
        self.unknown = [(kind, name, theme) for kind in names for name in names[kind] for theme in themes]
        shown = numbers(cells)
        rows, sums = [], []
        for kind, listed in names.items():
            for name in [*listed, ALL]:
                for theme in [*themes, ALL]:
                    letters_ = shown.get((*(name if at == kind else ALL for at in names), theme))
                    if letters_ is not None:
                        rows.append(self.line({kind}, name, theme))
                        sums.append(letters_)
        for theme in themes:  # the three tables count the same letters
            for kind in ("taluk", "work"):
                rows.append(self.line({"month"}, ALL, theme) - self.line({kind}, ALL, theme))
                sums.append(0)
        from scipy.optimize import LinearConstraint  # noqa: PLC0415 - a second of each worker's start

        self.published = LinearConstraint(np.array(rows), sums, sums)

    def line(self, kinds: set[str], name: str, theme: str) -> Any:
        return np.array(
            [float(k in kinds and name in {n, ALL} and theme in {t, ALL}) for k, n, t in self.unknown], dtype=float
        )

    def range(self, kind: str, name: str, theme: str) -> tuple[int, int]:
        """The least and the most letters this count can have, for all that is published. Whole numbers only."""
        from scipy.optimize import milp  # noqa: PLC0415

        aim = self.line({kind}, name, theme)
        found = [milp(sign * aim, constraints=self.published, integrality=np.ones(len(aim))) for sign in (1, -1)]
        assert all(one.success for one in found), "what is published fits the truth"
        return round(found[0].fun), round(-found[1].fun)

    def truth(self, kind: str, name: str, theme: str) -> int:
        return sum(
            name in {getattr(one, kind) or counts.UNKNOWN, ALL} and theme in {one.theme, ALL} for one in self.heard
        )

    def wins(self, cells: Iterable[Cell]) -> list[str]:
        """The withheld counts that are too well known: inner ones and totals."""
        shown = numbers(cells)
        lost = []
        wanted = {
            *self.unknown,
            *((k, n, ALL) for k, n, _ in self.unknown),
            *(("month", ALL, t) for *_, t in self.unknown),
        }
        for kind, name, theme in sorted(wanted):
            place = tuple(name if at == kind else ALL for at in ("month", "taluk", "work"))
            if (*place, theme) in shown:
                continue
            truth, (low, high) = self.truth(kind, name, theme), self.range(kind, name, theme)
            safe = (low == 0 and high >= MIN_PUBLISHED) if truth < MIN_PUBLISHED else high - low >= MIN_PUBLISHED
            if not safe:
                lost.append(f"{kind} {name} {theme}: {truth} is within {low}..{high}")
        return lost


def one_of(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


groups = st.lists(
    st.tuples(one_of(MONTHS), one_of((*TALUKS, "")), one_of(WORKS), one_of(THEMES), st.integers(1, 12)), max_size=14
)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(groups)
def test_an_attacker_pins_no_withheld_count(drawn: list[tuple[str, str, str, str, int]]) -> None:
    heard = [one for month, taluk, work, theme, n in drawn for one in letters(month, taluk, work, theme, n)]
    cells = publishable(heard, AFTER)
    assert all(cell.letters is None or cell.letters >= MIN_PUBLISHED for cell in cells)
    if len(heard) >= MIN_PUBLISHED:
        assert Attacker(heard, cells).wins(cells) == []


EXAMPLE = [
    *letters("2027-01", "north", "kiln", "debt", 9),
    *letters("2027-01", "south", "kiln", "pay", 7),
    *letters("2027-02", "north", "mill", "debt", 8),
    *letters("2027-02", "south", "mill", "pay", 2),
    *letters("2027-03", "east", "kiln", "debt", 6),
    *letters("2027-03", "east", "mill", "pay", 6),
]


def test_the_attacker_wins_where_only_small_counts_are_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above has teeth: without complementary suppression it fails."""

    def small_only(grids: Any) -> frozenset[Any]:
        return frozenset(suppression.Quarter(grids).hidden)

    monkeypatch.setattr(counts, "hidden_cells", small_only)
    cells = publishable(EXAMPLE, AFTER)
    assert "month 2027-02 pay: 2 is within 2..2" in Attacker(EXAMPLE, cells).wins(cells)


@pytest.mark.parametrize(
    ("step", "heard", "known"),
    [
        ("_hide_margins", [*letters(theme="leave", n=2), *letters("2027-02", "south", theme="leave", n=12)], "month all leave: 14 is within 14..14"),
        ("_hide_lines", [*letters("2027-02", theme="leave", n=2), *letters(n=12), *letters("2027-01", work="mill", theme="leave", n=12)], "work kiln leave: 2 is within 2..14"),
        ("_partners", EXAMPLE, "month 2027-02 pay: 2 is within 2..2"),
    ],
)  # fmt: skip
def test_each_step_of_the_suppression_is_needed(
    monkeypatch: pytest.MonkeyPatch, step: str, heard: list[Heard], known: str
) -> None:
    assert Attacker(heard, cells := publishable(heard, AFTER)).wins(cells) == []
    monkeypatch.setattr(suppression, step, lambda *_: [])
    assert known in Attacker(heard, cells := publishable(heard, AFTER)).wins(cells)


def test_with_all_steps_those_examples_are_safe_and_something_is_still_said() -> None:
    cells = publishable(EXAMPLE, AFTER)
    assert Attacker(EXAMPLE, cells).wins(cells) == []
    assert numbers(cells)[ALL, ALL, ALL, ALL] == 38
    assert numbers(cells)[ALL, ALL, ALL, "debt"] == 23


def test_nothing_is_withheld_where_nothing_is_small() -> None:
    heard = [one for month in MONTHS for theme in THEMES for one in letters(month, theme=theme, n=6)]
    cells = numbers(publishable(heard, AFTER))
    assert all(cells[month, ALL, ALL, theme] == 6 for month in MONTHS for theme in THEMES)
    assert cells[ALL, "north", ALL, ALL] == 54


def test_fewer_than_five_letters_in_a_quarter_tell_no_number() -> None:
    assert publishable(letters(n=4), AFTER) == (Cell("2027-q1", ALL, ALL, ALL, ALL, None),)


def test_a_quarter_without_letters_looks_like_one_with_four() -> None:
    heard = [*letters("2027-01", n=6), *letters("2027-08", n=6)]
    cells = publishable(heard, date(2027, 10, 1))
    assert Cell("2027-q2", ALL, ALL, ALL, ALL, None) in cells


@pytest.mark.parametrize(("day", "quarters"), [(date(2027, 3, 31), set()), (date(2027, 4, 1), {"2027-q1"})])
def test_a_quarter_is_counted_when_it_is_over(day: date, quarters: set[str]) -> None:
    heard = [*letters("2027-01", n=20), *letters("2027-04", n=20)]
    assert {cell.quarter for cell in publishable(heard, day)} == quarters


def test_no_letters_no_counts() -> None:
    assert publishable([], AFTER) == ()


def test_what_the_letter_does_not_tell_is_counted_as_unknown() -> None:
    assert numbers(publishable(letters(taluk="", n=7), AFTER))[ALL, "unknown", ALL, ALL] == 7


@pytest.mark.parametrize("month", ["2027-13", "2027-1", "January", ""])
def test_a_month_that_is_none(month: str) -> None:
    with pytest.raises(Problem, match=r"is not a month\. Write it like 2027-01"):
        publishable(letters(month), AFTER)


def test_the_order_of_letters_changes_nothing() -> None:
    assert publishable(EXAMPLE, AFTER) == publishable(EXAMPLE[::-1], AFTER)


def test_a_year_of_a_busy_district_is_counted_quickly() -> None:
    rng = np.random.default_rng(1)
    pick = lambda names, share: str(rng.choice(names, p=share))  # noqa: E731 - a die
    nine, skew = [f"t{n}" for n in range(9)], np.array([40, 20, 10, 10, 8, 5, 4, 2, 1]) / 100
    heard = [
        Heard(f"2027-0{rng.integers(1, 4)}", pick(nine, skew), pick(nine, skew), pick(nine, skew)) for _ in range(400)
    ]
    cells = publishable(heard, AFTER)
    assert Counter(cell.letters is None for cell in cells)[False] > 20
    assert Attacker(heard, cells).wins(cells)[:3] == []


def test_the_file_is_written_whole_sorted_and_the_same_each_time(tmp_path: Path) -> None:
    path = tmp_path / "heard.csv"
    cells = publishable(EXAMPLE, AFTER)
    assert write_heard(reversed(cells), path) == ("2027-q1",)
    first = path.read_bytes()
    lines = first.decode().splitlines()
    assert lines[0] == "quarter,month,taluk,work,theme,letters,example"
    assert "2027-q1,all,all,all,all,38,false" in lines
    assert lines[1:] == sorted(lines[1:])
    assert write_heard(cells, path) == ()
    assert path.read_bytes() == first
    assert [one.name for one in tmp_path.iterdir()] == ["heard.csv"]


def test_a_published_quarter_is_never_counted_again(tmp_path: Path) -> None:
    """One letter more in an old quarter would show by the difference which one it is."""
    path = tmp_path / "heard.csv"
    write_heard(publishable(letters(n=7), AFTER), path)
    before = path.read_text().splitlines()
    heard = [*letters(n=8), *letters("2027-04", n=9)]
    assert write_heard(publishable(heard, date(2027, 7, 1)), path) == ("2027-q2",)
    after = path.read_text().splitlines()
    assert [line for line in after if "q1" in line] == before[1:]
    assert "2027-q2,all,all,all,all,9,false" in after


def test_a_quarter_with_too_few_is_final_too(tmp_path: Path) -> None:
    path = tmp_path / "heard.csv"
    write_heard(publishable(letters(n=4), AFTER), path)
    assert write_heard(publishable(letters(n=5), AFTER), path) == ()
    assert "2027-q1,all,all,all,all,,false" in path.read_text()


def test_examples_go_when_there_is_something_real(tmp_path: Path) -> None:
    path = tmp_path / "heard.csv"
    path.write_text("quarter,month,taluk,work,theme,letters,example\n2026-q1,all,all,all,all,50,true\n")
    write_heard(publishable(letters(n=7), AFTER), path)
    assert "2026-q1" not in path.read_text()


@pytest.mark.parametrize(
    "text", ["quarter,month\n2027-q1,all\n", "", "\udcff", 'quarter,month,taluk,work,theme,letters,example\na,"b']
)
def test_a_file_that_somebody_changed_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "heard.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Problem, match="is not as the desk wrote it"):
        write_heard(publishable(letters(n=7), AFTER), path)
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")
