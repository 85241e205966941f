"""The printed sheet: 25 lines a page, five scripts, hostile names, no phone numbers."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
import typst
from PIL import Image

from forms.core.i18n import event_times, fonts
from forms.core.i18n.event_times import when
from forms.core.problem import Problem
from forms.desk.events.attendance_sheet import (
    LINES_PER_PAGE,
    MAX_NEEDS_LENGTH,
    MIN_EMPTY_LINES,
    TEMPLATE,
    SheetData,
    file_name,
    inputs,
    pdf,
    rows,
)
from tests.desk.event_helpers import LANGUAGES, TODAY, event, party, portal

NAMES = ("கவிதா குடும்பம்", "లక్ష్మి కుటుంబం", "सीता देवी का परिवार", "ସୁଶାନ୍ତି ପରିବାର", "A family")


def pages_as_pictures(sheet: SheetData, language: str) -> list[bytes]:
    pictures = typst.compile(TEMPLATE.read_bytes(), format="png", sys_inputs=inputs(sheet, language))
    return list(pictures) if isinstance(pictures, list) else [bytes(pictures)]


def paper(count: int) -> SheetData:
    parties = [party(number, name=NAMES[number % 5], help_with=("child-care",)) for number in range(count)]
    return SheetData(portal(), event(), "a title", parties)


def pages(data: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", data))


@pytest.mark.parametrize(("count", "expected"), [(0, 1), (15, 1), (16, 2), (25, 2), (40, 2), (41, 3)])
def test_a_page_has_25_lines_and_room_for_walk_ins(count: int, expected: int) -> None:
    lines = rows(paper(count), "en")
    assert len(lines) == expected * LINES_PER_PAGE
    assert sum(row["kind"] == "empty" for row in lines) >= MIN_EMPTY_LINES
    assert pages(pdf(paper(count), "en")) == expected


@pytest.mark.parametrize("language", [code for code, _ in LANGUAGES])
def test_every_language_is_set_in_its_own_typeface(language: str) -> None:
    content = pdf(paper(5), language)
    assert fonts.font_of(language).replace(" ", "").encode() in content
    for own in ("NotoSansTamil", "NotoSansTelugu", "NotoSansDevanagari", "NotoSansOriya"):
        assert own.encode() in content, "names may be in any script"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("கவிதா", "கவிதா"), ("Zoë Ångström", "Zoë Ångström"), ("রহিমা", "रहिमा"), ("ಲಕ್ಷ್ಮಿ", "लक्ष्मि"), ("മീന", "मीन"),
        ("سارا", "[Arabic letters]"), ("李 明", "[Chinese letters] [Chinese letters]"), ("Meena 😀😀", "Meena [sign]"),
        ("𝓜𝓮𝓮𝓷𝓪", "Meena"), ("Ｍｅｅｎａ", "Meena"),
    ],
)  # fmt: skip
def test_what_the_typefaces_lack_is_shown_as_something_readable(name: str, expected: str) -> None:
    [row] = [row for row in rows(replace(paper(0), parties=[party(1, name=name)]), "en") if row["kind"] == "coming"]
    assert row["name"] == expected


def test_a_name_that_does_not_fit_is_shown_to_be_cut() -> None:
    """The dots lie over the end of what is cut, so a page with them differs from one with the same name cut unseen."""
    long = "ଅନୁରାଧା " * 60
    [cut] = pages_as_pictures(replace(paper(0), parties=[party(1, name=long)]), "en")
    [uncut] = pages_as_pictures(replace(paper(0), parties=[party(1, name="A")]), "en")
    assert teal(cut) > teal(uncut), "the dots are drawn in a colour of their own"


def teal(picture: bytes) -> int:
    """How many points of the first column of lines have the colour of the dots."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    width, height = image.size
    names = image.crop((int(width * 0.12), int(height * 0.165), int(width * 0.45), int(height * 0.205)))
    return sum(
        1
        for red, green, blue in zip(*[iter(names.tobytes())] * 3, strict=True)
        if red < 60 and 60 < green < 110 and 60 < blue < 110
    )


@pytest.mark.parametrize(
    "name", ["#panic()", "$x^2$ @a <b> \\ *", "a" * 100, "\u202e\x00\x07 back", "ଅ" * 100, '```\n#read("/etc/passwd")']
)
def test_no_name_is_taken_for_markup_or_breaks_the_page(name: str) -> None:
    assert pages(pdf(replace(paper(0), parties=[party(1, name=name, needs=name * 3)]), "or")) == 1


def test_control_characters_become_dots_and_long_needs_are_cut() -> None:
    row = rows(replace(paper(0), parties=[party(1, name="\u202eevil", needs="x" * 300)]), "en")[0]
    assert row["name"] == "·evil"
    assert (len(row["needs"]), row["needs"][-1]) == (MAX_NEEDS_LENGTH, "…")


def test_no_phone_number_stands_on_a_paper_that_lies_on_a_table() -> None:
    parties = [party(1, phone="9876543210", state="coming"), party(2, phone="9876543210", state="waiting")]
    assert "98765" not in str(rows(replace(paper(0), parties=parties), "en"))


def test_those_who_wait_stand_after_those_who_come_in_their_order_and_nobody_else() -> None:
    parties = [
        party(1, state="waiting", turn=2, name="Last"), party(2, state="cancelled", name="Gone"),
        party(3, state="waiting", turn=1, name="First"), party(4, name="b"), party(5, name="A"),
    ]  # fmt: skip
    names = [(row["kind"], row["name"]) for row in rows(replace(paper(0), parties=parties), "en") if row["name"]]
    assert names == [("coming", "A"), ("coming", "b"), ("waiting", "First"), ("waiting", "Last")]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Sunday, 24 January 2027, 10:00–12:00"),
        ("ta", "ஞாயிறு, 24 ஜனவரி, 2027, 10:00–12:00"),
        ("te", "24, జనవరి 2027, ఆదివారం, 10:00–12:00"),
        ("hi", "रविवार, 24 जनवरी 2027, 10:00–12:00"),
        ("or", "ରବିବାର, 24 ଜାନୁଆରୀ 2027, 10:00–12:00"),
    ],
)
def test_day_and_hours_are_written_as_the_readers_write_them(language: str, expected: str) -> None:
    assert when(event(), language) == expected


def test_days_without_hours_midnight_and_several_days_are_written_right() -> None:
    assert when(replace(event(), starts="2027-01-24", ends=""), "ta") == "ஞாயிறு, 24 ஜனவரி, 2027"
    assert when(replace(event(), ends=""), "en").endswith("2027, 10:00")
    assert when(replace(event(), starts="2027-01-24T20:00", ends="2027-01-25T00:00"), "en").endswith("20:00–24:00")
    assert when(replace(event(), starts="2027-01-24T00:00", ends="2027-01-24T04:00"), "en").endswith("00:00–04:00")
    two = when(replace(event(), starts="2027-01-24T20:00", ends="2027-01-25T10:00"), "en")
    assert two == "Sunday, 24 January 2027 – Monday, 25 January 2027"
    assert event_times.format_time("2027-01-24T10:00", "or") == "24 ଜାନୁଆରୀ 2027, 10:00"
    assert event_times.format_time("", "en") == ""


def test_an_event_that_vanished_still_has_its_sheet() -> None:
    lost = SheetData(portal(), None, "2027-01-meeting", [party(1)])
    assert pages(pdf(lost, "hi")) == 1


def test_a_language_that_is_none_and_a_missing_typeface_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match="Choose one of: en, ta, te, hi, or"):
        pdf(paper(1), "fr")

    class NoFonts:
        def families(self) -> list[str]:
            return ["Noto Sans"]

    monkeypatch.setattr(typst, "Fonts", NoFonts)
    with pytest.raises(Problem, match="fonts-noto-core"):
        pdf(paper(1), "ta")


def ink(picture: bytes) -> float:
    histogram = Image.open(BytesIO(picture)).convert("L").histogram()
    return sum(histogram[:128]) / sum(histogram)


def test_a_sheet_with_names_has_more_ink_than_an_empty_one() -> None:
    full, rest = pages_as_pictures(paper(LINES_PER_PAGE), "te")
    assert ink(full) > 1.3 * ink(rest) > 0


def test_the_file_is_named_after_event_language_and_day() -> None:
    assert file_name("m", "ta", TODAY) == "attendance-m-ta-2027-01-12.pdf"
