"""Charts: bars that anybody can read, and nothing in them that a page may not hold."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from sitegen.media import charts

COUNTS = [("A debt that never ends", 26), ("தராமல் வைத்திருக்கும் கூலி", 13), ("ଅଟକା ମଜୁରୀ", None)]


def draw_chart(*counts: tuple[str, int | None]) -> ET.Element:
    return ET.fromstring(charts.bars(counts, "By problem."))


def group(chart: ET.Element, name: str) -> ET.Element:
    return next(one for one in chart.iter("g") if f"{name}_marks" in one.get("class", "").split())


def texts_of(chart: ET.Element, name: str) -> list[str]:
    return ["".join(text.itertext()) for text in group(chart, name)]


def test_each_count_has_its_name_and_its_number_as_text_and_a_bar() -> None:
    chart = draw_chart(*COUNTS)
    assert texts_of(chart, "name") == [name for name, _ in COUNTS]
    assert texts_of(chart, "number") == ["26", "13", "–"]
    assert len(group(chart, "bar")) == 2


def test_nothing_that_the_policy_forbids_and_nothing_that_fixes_a_colour_or_a_font() -> None:
    chart = draw_chart(*COUNTS)
    assert {one.tag for one in chart.iter()} <= {"svg", "g", "path", "text", "tspan"}
    allowed = {"viewBox", "role", "aria-label", "class", "transform", "d", "x", "dy"}
    assert {name for one in chart.iter() for name in one.attrib} <= allowed


def test_it_is_small_and_says_what_it_shows() -> None:
    chart = charts.bars([(f"A problem with quite a name {row}", row + 5) for row in range(7)], "By problem.")
    assert len(chart.encode()) < 1600
    assert chart.startswith("<svg ")
    assert 'role="img" aria-label="By problem."' in chart


def test_what_staff_wrote_stays_text() -> None:
    chart = charts.bars([('<script>1</script> & "more"', 5)], 'Who "told" <us>')
    assert "<script" not in chart
    assert texts_of(ET.fromstring(chart), "name") == ['<script>1</script> & "more"']
    assert ET.fromstring(chart).get("aria-label") == 'Who "told" <us>'


def test_two_places_of_one_name_keep_their_own_bars() -> None:
    chart = draw_chart(("North", 5), ("North", 10))
    assert texts_of(chart, "number") == ["5", "10"]
    assert len({one.get("d") for one in group(chart, "bar")}) == 2


def test_a_long_name_goes_on_in_a_second_line_and_makes_room_for_it() -> None:
    short, long = (
        draw_chart(("Kilns", 5), ("Farms", 6)),
        draw_chart(("Looking after goats, sheep and other animals", 5), ("Farms", 6)),
    )
    assert [len(list(text)) for text in group(long, "name")] == [2, 0]
    assert texts_of(long, "name")[0].replace(" ", "") == "Lookingaftergoats,sheepandotheranimals"
    tall = [int(chart.get("viewBox", "").split()[-1]) for chart in (short, long)]
    assert tall == [88, 106]


@pytest.mark.parametrize("counts", [[("North", None), ("South", None)], [("North", None)]])
def test_where_all_is_kept_back_no_bar_hints_at_it(counts: list[tuple[str, int | None]]) -> None:
    chart = draw_chart(*counts)
    assert len(group(chart, "bar")) == 0
    assert set(texts_of(chart, "number")) == {"–"}


def test_same_counts_same_bytes_in_another_process() -> None:
    program = f"from sitegen.media import charts; print(charts.bars({COUNTS!r}, 'By problem.'))"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert process.stdout.strip() == charts.bars(COUNTS, "By problem.")


def test_a_drawing_is_kept_and_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = charts.bars(COUNTS, "By problem.", tmp_path / "charts")
    assert [re.fullmatch(r"[0-9a-f]{16}\.svg", one.name) is not None for one in (tmp_path / "charts").iterdir()] == [
        True
    ]
    monkeypatch.delattr("vl_convert.vegalite_to_svg")
    assert charts.bars(COUNTS, "By problem.", tmp_path / "charts") == first
    with pytest.raises(AttributeError):
        charts.bars([("Other", 7)], "By problem.", tmp_path / "charts")


def test_one_drawing_serves_all_languages(tmp_path: Path) -> None:
    names = ["A debt that never ends", "தராமல் வைத்த கூலி", "0.0", "<b> & more"]
    charts_of = [charts.bars([(name, 7), ("Other", 5)], "By problem.", tmp_path) for name in names]
    assert len(list(tmp_path.iterdir())) == 1
    assert [texts_of(ET.fromstring(chart), "name")[0] for chart in charts_of] == names
    assert charts_of[0] == charts.bars([(names[0], 7), ("Other", 5)], "By problem.")
