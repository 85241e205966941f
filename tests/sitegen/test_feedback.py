"""The feedback loop on the site: promises that grow late, problems, meetings, numbers, goods; and what staff get wrong."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from frictionless import Package
from PIL import Image
from sitegen.checks.personal_details import find_private

ROOT = Path(__file__).parents[2]
PROMISE = {
    "id": "hour", "taluk": "north", "theme": "debt", "asked_on": "2026-12-01", "asked_en": "An hour to speak.",
    "promised_en": "Every Tuesday.", "who_en": "The police cell", "due": "2027-01-15", "state": "promised",
    "example": "false",
}  # fmt: skip
THEME = {"id": "debt", "order": 1, "name_en": "Debt that never ends", "signs": "debt", "page": "problems/debt"}
GOODS = {
    "id": "basket", "order": 1, "name_en": "Basket", "group_en": "The group", "price": "120", "where_en": "At the stall",
    "state": "available", "example": "false",
}  # fmt: skip
TOTAL = {
    "quarter": "2026-q3",
    "month": "all",
    "taluk": "all",
    "work": "all",
    "theme": "all",
    "letters": 20,
    "example": "false",
}


@pytest.fixture
def loop(folder: Any) -> Any:
    """A district with one problem, one promise, one campaign."""
    folder.table("themes", THEME)
    folder.table("commitments", PROMISE)
    folder.page("problems/debt", "[[ problem: debt ]]")
    return folder


def meeting(folder: Any, text: str = "We heard much.", name: str = "meeting", **changes: Any) -> None:
    meta = {"held": "2026-12-01", "taluk": "north", "themes": "[debt]", "example": "true", **changes}
    folder.page(f"heard/{name}", f"{text}\n\n[[ came-of-it: {name} ]]", **meta)


def html(public: Path, page: str, language: str = "en") -> str:
    text = (public / language / page / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", text[text.index("<main") : text.index("</main>")])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"who_en": ""}, "column who_en: nobody says who promised it. A promise says who, what and by when."),
        ({"promised_en": ""}, "column promised_en: nobody says what was promised."),
        ({"due": ""}, "column due: nobody says by when."),
        ({"due": "2026-11-01"}, "column due: it was promised for a day before it was asked."),
        ({"asked_on": "2027-01-02"}, "column asked_on: this day is still to come."),
        ({"state": "not-possible"}, "column why_en: it is not possible, and nobody says why. People asked: tell them why."),
        ({"state": "done"}, "column done_on: it is done, and nobody says when."),
        ({"state": "done", "done_on": "2027-05-01"}, "column done_on: this day does not fit."),
        ({"done_on": "2026-12-20"}, "column done_on: this day does not fit."),
        ({"evidence": "proof"}, "column evidence: the page proof is not there."),
        ({"meeting": "none"}, "column meeting: the page heard/none is not there."),
        ({"who_en": "Mrs Kumar"}, "column who_en: this looks like the name of a person. Take it out."),
        ({"asked_en": "Call 98765 43210"}, "column asked_en: this looks like a number of ten or more digits"),
    ],
)  # fmt: skip
def test_a_promise_that_does_not_hold_together(loop: Any, changes: dict[str, str], sentence: str) -> None:
    loop.table("commitments", {**PROMISE, **changes})
    assert [problem for problem in loop.problems() if sentence in problem and "commitments.csv, hour" in problem]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"state": "late"}, '"late" is not one of the words used here'),
        ({"theme": "dept"}, 'column theme: "dept" is not in content/tables/themes.csv. Did you mean "debt"?'),
        ({"taluk": "nort"}, 'column taluk: "nort" is not in content/tables/places.csv. Did you mean "north"?'),
    ],
)  # fmt: skip
def test_a_promise_with_words_that_nobody_knows(
    loop: Any, refusal: Any, changes: dict[str, str], sentence: str
) -> None:
    loop.table("commitments", {**PROMISE, **changes})
    assert sentence in refusal()


def test_a_promise_grows_late_by_itself(loop: Any) -> None:
    loop.page("you-said", "[[ you-said ]]")
    page = html(loop.build(date(2027, 1, 15)), "you-said")
    assert "state--promised" in page
    assert "An hour to speak." in page
    assert "<h2>North</h2>" in page
    assert "state--late" in html(loop.build(date(2027, 1, 16)), "you-said")
    assert any("hour: late since 2027-01-15; the site says so" in one for one in loop.check(date(2027, 1, 16)).warnings)


def test_what_is_done_or_not_possible_is_never_late(loop: Any) -> None:
    finished = {**PROMISE, "state": "done", "done_on": "2026-12-30", "evidence": "problems/debt", "taluk": ""}
    no = {**PROMISE, "id": "bus", "state": "not-possible", "why_en": "There is no bus.", "due": "2026-12-02"}
    loop.table("commitments", finished, no)
    loop.page("you-said", "[[ you-said ]]")
    page = html(loop.build(), "you-said")
    assert "state--late" not in page
    assert "There is no bus." in page
    assert "<h2>Whole district</h2>" in page
    assert 'href="/en/problems/debt/">What shows it' in page


def test_a_problem_gathers_all_that_belongs_to_it(loop: Any) -> None:
    loop.page("campaigns/chain", "[[ answers: chain ]]")
    loop.table(
        "campaigns",
        {"id": "chain", "problem": "debt", "page": "campaigns/chain", "title_en": "Chain", "starts": "2026-01-01"},
    )
    loop.table("heard", TOTAL, {**TOTAL, "theme": "debt", "letters": 20}, {**TOTAL, "taluk": "north", "theme": "debt"})
    loop.table("commitments", {**PROMISE, "meeting": "meeting"})
    meeting(loop, held="2026-12-01")
    loop.table("events")
    loop.page("problems", "[[ problems ]]")
    loop.page("meetings-held", "[[ meetings-held ]]")
    public = loop.build()
    page = html(public, "problems/debt")
    for part in (
        "A debt that never ends",
        'href="/en/campaigns/chain/"',
        "Letters about this: 20",
        'href="/en/heard/meeting/"',
        "Every Tuesday.",
    ):
        assert part in page
    assert 'href="/en/problems/debt/">Debt that never ends' in html(public, "campaigns/chain")
    assert "Every Tuesday." in html(public, "heard/meeting")
    assert "1 promise" in html(public, "problems")
    assert "1 December 2026 · North" in html(public, "meetings-held")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"theme": "debt", "letters": 4}, "this count is under 5 and could show who wrote. Nobody writes this table by hand"),
        ({"letters": "", "theme": "debt"}, "this count is empty."),
        ({"taluk": "south"}, 'column taluk: "south" is not in content/tables/places.csv.'),
        ({"theme": "rain"}, 'column theme: "rain" is not in content/tables/themes.csv.'),
        ({"taluk": "north", "work": "kiln"}, "this counts by taluk and work at once, which is never published."),
        ({"month": "2026-10"}, "this month is not of this quarter."),
        ({"quarter": "2027-q1"}, "this quarter is not over."),
        ({"theme": "debt", "letters": 21}, "the parts are more than the whole."),
        ({"theme": "debt", "letters": 17}, "the rest of 3 can be worked out."),
        ({"month": "2026-07", "letters": 16}, "the rest of 4 can be worked out."),
    ],
)  # fmt: skip
def test_counts_that_somebody_changed_by_hand(loop: Any, changes: dict[str, Any], sentence: str) -> None:
    loop.table("heard", TOTAL, {**TOTAL, **changes})
    assert [problem for problem in loop.problems() if sentence in problem]


def test_a_quarter_without_its_whole_number(loop: Any) -> None:
    loop.table("heard", {**TOTAL, "taluk": "north"})
    assert "2026-q3: the number of all letters is missing." in loop.problems()[0]


def test_a_quarter_with_too_few_letters_is_right(loop: Any) -> None:
    loop.table("heard", {**TOTAL, "letters": ""})
    assert loop.problems() == []


def test_numbers_as_charts_tables_and_an_open_data_package(loop: Any, tmp_path: Path) -> None:
    loop.page("numbers", "[[ numbers ]]")
    loop.page("numbers", "[[ numbers ]]", "ta")
    example = {**TOTAL, "example": "true"}
    loop.table(
        "heard", example, {**example, "taluk": "north", "letters": 12}, {**example, "month": "2026-07", "letters": 9}
    )
    public = loop.build()
    page = html(public, "numbers")
    assert "These numbers are invented" in page
    assert "<td>12</td>" in page
    assert "<td>fewer than 5, or kept back</td>" in page
    assert "July 2026" in page
    charts = re.findall(r'<figure class="chart"> (<svg.*?</svg>)', html(public, "numbers", "ta"))
    assert len(charts) == 4
    assert ">வடக்கு</text>" in "".join(charts)
    assert all('role="img" aria-label="' in chart for chart in charts)
    assert all(len(chart.encode()) < 2000 for chart in charts)
    assert html(public, "numbers", "ta").count("<details>") == 4
    packed = public / "open-data" / "open-data.zip"
    process = subprocess.run(
        [sys.executable, "-m", "frictionless", "validate", str(packed)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert Package(str(packed)).validate().valid


def test_the_package_names_its_licence_and_is_the_same_each_time(loop: Any) -> None:
    first = (loop.build() / "open-data" / "open-data.zip").read_bytes()
    assert (loop.build() / "open-data" / "open-data.zip").read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        assert "Licence: not named yet" in packed.read("README.md").decode()
        assert "`letters` (integer): How many letters" in packed.read("README.md").decode()
        rows = list(csv.DictReader(io.StringIO(packed.read("data/commitments.csv").decode())))
        assert (rows[0]["due"], rows[0]["example"]) == ("2027-01-15", "false")
        assert "licenses" not in json.loads(packed.read("datapackage.json"))
    settings = loop.root / "content" / "portal.yml"
    settings.write_text(settings.read_text() + "\nopen_data: {name: CC-BY-4.0, title: By, path: 'https://a.example'}\n")
    with zipfile.ZipFile(loop.build() / "open-data" / "open-data.zip") as packed:
        assert json.loads(packed.read("datapackage.json"))["licenses"][0]["name"] == "CC-BY-4.0"


def test_nothing_counted_yet(loop: Any) -> None:
    loop.page("numbers", "[[ numbers ]]")
    assert "Nothing has been counted yet." in html(loop.build(), "numbers")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"held": "soon"}, "meeting.md, held: nobody says when the meeting was."),
        ({"held": "2027-02-01"}, "held: this day is still to come."),
        ({"held": "2026-12-02"}, "held: events.csv says 2027-02-01. Write the same day in both."),
        ({"taluk": "nowhere"}, "taluk: there is no such taluk."),
        ({"themes": "debt"}, "themes: these are not all in themes.csv. Write them like themes: [debt-bondage]."),
        ({"name": "fair", "example": "false"}, "name: there is no event fair. Name the page as the event in events.csv."),
        ({"text": "Shri Kumar spoke."}, "line 12: this looks like the name of a person."),
        ({"text": "In Palur village they wait."}, "this looks like a place smaller than the taluk."),
        ({"text": "Aadhaar 1234 5678 9012"}, "this looks like a number of ten or more digits (a phone, an Aadhaar)."),
    ],
)  # fmt: skip
def test_a_meeting_that_does_not_keep_to_the_template(loop: Any, changes: dict[str, Any], sentence: str) -> None:
    meeting(loop, **changes)
    assert [problem for problem in loop.problems() if sentence in problem], loop.problems()


def test_a_meeting_shows_what_came_of_it(loop: Any) -> None:
    loop.page("heard/fair", "Text.", held="2026-12-01", taluk="north", themes="[debt]", example="true")
    assert loop.problems() == [
        "content/en/heard/fair.md: it does not show what came of the meeting. Write [[ came-of-it: fair ]] at its end."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "திருமதி லட்சுமி",
        "శ్రీమతి లక్ష్మి",
        "श्रीमती लक्ष्मी",
        "ଶ୍ରୀମତୀ ଲକ୍ଷ୍ମୀ",
        "பாலூர் கிராமத்தில்",
        "పాలూరు గ్రామంలో",
        "पालूर गाँव में",
        "ପାଲୁର ଗାଁରେ",
    ],
)
def test_names_and_villages_are_seen_in_every_script(text: str) -> None:
    assert find_private(f"x {text}")


@pytest.mark.parametrize(
    "text", ["The police listened.", "On 2026-10-10, 43 people.", "அழகிய தெரு நாடகம்", "स्त्री और बच्चे", "Call 1800 425"]
)
def test_plain_sentences_pass(text: str) -> None:
    assert find_private(text) == []


def test_blocks_that_name_what_is_not_there(loop: Any) -> None:
    loop.page("problems/debt", "[[ problem: dept ]]\n\n[[ answers: none ]]\n\n[[ came-of-it: none ]]")
    problems = "\n".join(loop.problems())
    assert '"dept" is not in content/tables/themes.csv' in problems
    assert '"none" is not in content/tables/campaigns.csv' in problems
    assert "there is no page heard/none" in problems


def test_a_problem_with_a_sign_or_page_that_is_not_there(loop: Any) -> None:
    loop.table("themes", {**THEME, "signs": "debt rain", "page": "problems/rain"})
    problems = "\n".join(loop.problems())
    assert 'themes.csv, debt, column signs: "rain" is not in content/tables/signs.csv' in problems
    assert "the page problems/rain is not there" in problems


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"picture": "no.jpg", "no_person": "true"}, "column picture: no.jpg is not there."),
        ({"picture": "basket.jpg"}, "column no_person: nobody says that the picture shows no person."),
        ({"group_en": "Mrs Kumar"}, "column group_en: this looks like the name of a person. Name the group only."),
        ({"where_en": "Ring 9876543210"}, "column where_en: this looks like a number of ten or more digits"),
    ],
)  # fmt: skip
def test_goods_that_show_a_person(loop: Any, changes: dict[str, str], sentence: str) -> None:
    (loop.root / "content" / "media").mkdir()
    Image.new("RGB", (40, 40), "red").save(loop.root / "content" / "media" / "basket.jpg")
    loop.table("goods", {**GOODS, **changes})
    assert [problem for problem in loop.problems() if sentence in problem], loop.problems()


def test_goods_in_the_catalogue_and_for_the_enquiry_form(loop: Any) -> None:
    (loop.root / "content" / "media").mkdir()
    Image.new("RGB", (40, 40), "red").save(loop.root / "content" / "media" / "basket.jpg")
    loop.table(
        "goods",
        {**GOODS, "picture": "basket.jpg", "no_person": "true"},
        {**GOODS, "id": "bag", "order": 2, "example": "true"},
    )
    loop.page("goods", "[[ goods ]]")
    page = html(loop.build(), "goods")
    for part in (
        "<strong>Basket</strong>",
        "120 rupees",
        "Made by: The group",
        "At the stall",
        "<img",
        "It cannot be bought.",
    ):
        assert part in page
    assert "ask-about-goods" not in page
    portal = json.loads((loop.root / ".build" / "portal.json").read_text(encoding="utf-8"))
    assert [choice["value"] for choice in portal["choices"]["goods"]] == ["basket", "bag"]
    loop.page("ask-about-goods")
    assert 'href="/en/ask-about-goods/"' in html(loop.build(), "goods")


def test_honours_come_with_their_source_and_never_too_early(loop: Any) -> None:
    row = {
        "id": "one",
        "day": "2020-02-26",
        "who_en": "Officers",
        "what_en": "For help.",
        "source": "https://a.example",
        "example": "false",
    }
    loop.table("honours", row)
    loop.page("honours", "[[ honours ]]")
    assert '<a href="https://a.example">Where this comes from</a>' in html(loop.build(), "honours")
    loop.table("honours", {**row, "day": "2027-01-02"})
    assert "honours.csv, one, column day: this day is still to come." in loop.problems()[0]


def test_the_officers_check_sends_nothing_and_needs_no_script(loop: Any) -> None:
    loop.page("officer-training", "[[ officer-check ]]")
    page = html(loop.build(), "officer-training")
    form = page[page.index('<form class="self-check"') : page.index("</form>")]
    assert 'method="dialog"' in form
    assert "name=" not in form
    assert "<button" not in form
    assert "outcome--some" in form


@pytest.mark.parametrize("name", ["commitments", "goods", "heard"])
def test_what_the_demonstration_shows_is_labelled_as_an_example(name: str) -> None:
    with (ROOT / "content" / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(row["example"] == "true" for row in rows)
