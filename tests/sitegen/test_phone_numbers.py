"""Phone numbers are filled in from helplines.csv, and any other number in content/ is found."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sitegen.checks.number_search import unknown_numbers
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.phone_numbers import fill_library, fill_numbers

from forms.core import i18n
from forms.core.i18n import written_digits

ROOT = Path(__file__).parents[2]
KNOWN = frozenset({"112", "1098", "15100", "18004252650", "1930"})
NUMBERS = {"112": ("112", "112"), "bonded-labour": ("1800 4252 650", "18004252650")}

STRAY = [
    "[15101](tel:15101)", "[112](tel:113)", "tel:+919840012345", "[x](sms:15101)", "[x](TEL:15101)", "https://wa.me/919840012345",
    "Call 113.", "Call **1099** now.", "Dial 911", "1099 is free.", "Legal aid: 15101", "155214", "14567-ஐ அழையுங்கள்",
    "1800 4252 651", "1800-425-2651", "18004252651", "+91 98400 12345", "98400 12345", "9840012345", "098400-12345", "044 2766 1234",
    "044-27661234", "(044) 2766 1234", "2766 1234", "27661234", "1800\u00a04252\u00a0651", "1800.4252.651", "15 101", "10-99", "1 8 1",
    "10\u200b99", "போன் ௧௦௯௯", "१०९९ पर फोन करें", "౧౫౧౦౧", "୧୫୧୦୧କୁ ଫୋନ କରନ୍ତୁ", "Call 1931.", "1931 पर फोन करें", "1931-ஐ அழையுங்கள்",
    "ফোন 15101", "112 or 113: call 113", "Call 1098 or 1099", "phone no. 1099", "Helpline 56070", "number 1933", "１５１０１", "1860 266 1234",
    "1\ufe0f\u20e31\ufe0f\u20e33\ufe0f\u20e3", "1&nbsp;0&nbsp;9&nbsp;9", "1·0·9·9", "1*0*9*9", "1\t1\t3", "☎ 113", "📞1099",
    "https://api.whatsapp.com/send?phone=919840012345", "https://t.me/+919840012345", "[x](tel:%2B919840012345)",
    "| 181 | women |", "Women's line (181)", "108", "Police: 100",
    "1_0_9_9", "1/0/9/9", "1,0,9,9", "1, 0, 9, 9", "1~0~9~9", "1\\_0\\_9\\_9", "10\\-99", "1|0|9|9", "1-0-9-9", "1...0...9...9",
    "\u2460\u24ea\u2468\u2468", "\u2776\u24ff\u277e\u277e", "\u2469\u2468\u2468", "\u2474\u247b\u2474", "\u2488\u248f\u2488", "\U0001d7cf\U0001d7ce\U0001d7d7\U0001d7d7",
    "\u00b9\u2070\u2079\u2079", "\u2081\u2080\u2089\u2089", "\u24f5\u2467\u2460", "\u2780\u2787\u2780", "\u0be7\u0be6\u0bef\u0bef", "\u0661\u0660\u0669\u0669",
    "&#49;&#48;&#57;&#57;", "&#x31;&#x30;99", "1<b>0</b>99", "1<!-- x -->099", "10<wbr>99", "1<span class=\"a\">0</span>9<i>9</i>",
    "Dial one zero nine nine.", "one-zero-nine-nine", "ONE ZERO NINE NINE", "one, zero, nine, nine", "one\nzero nine nine", "1 zero 9 nine",
    "one oh nine nine", "double one three is the number", "nine eight four zero zero one two three four five", "call one one three",
    "ஒன்று பூஜ்யம் ஒன்பது ஒன்பதுக்கு அழையுங்கள்", "ஒன் ஜீரோ நைன் நைன்", "ఒకటి సున్నా తొమ్మిది తొమ్మిదికి", "వన్ జీరో నైన్ నైన్", "एक शून्य नौ नौ पर फोन करें।",
    "वन ज़ीरो नाइन नाइन", "ଏକ ଶୂନ୍ୟ ନଅ ନଅକୁ ଫୋନ କରନ୍ତୁ", "ୱାନ ଜିରୋ ନାଇନ ନାଇନ", "![Call 1099](/media/x.svg)", '[x](help.md "Call 1099")',
    '![x](/media/x.svg "one zero nine nine")',
    "1800 425\n2651", "_1099_", "__1099__", "98400_12345", "1\u00ad099", "1\u034f099", "1\ufeff099", "1\u2066099\u2069", "1\u2019099", "98400:12345",
    "1098/1099", "Call 112/113", "Call 112, 113", "Call 112, 1098 or 113", "டயல் 113", "113 டயல் செய்யுங்கள்", "113 पर डायल करें",
    "113కి డయల్ చేయండి", "Text 113", "Reach us on 113", "Contact: 113", "Help line – 113", "Toll-free: 113", "Ph. 113", "Control room 113",
    "9840O12345", "984OO12345", "l099", "1o99", "ek shunya nau nau", "00914427661234",
]  # fmt: skip
FINE = [
    "112", "Call [112](tel:112).", "1\ufe0f\u20e30\ufe0f\u20e39\ufe0f\u20e38\ufe0f\u20e3", "☎ 112", "5 * 3", "**112** **1098**", "1·5 km", "1098", "1800 4252 650", "1800-4252-650", "1800-425-2650", "18004252650", "1 0 9 8", "௧௦௯௮", "१०९८ पर फोन करें",
    "+91 1800 4252 650", "112 1098", "112/1098", "Call 1930", "(112)", "112କୁ ଫୋନ କରନ୍ତୁ",
    "In 2019 six families left.", "2019-2020", "2019 and 2020", "26 February 2020", "2020-02-26", "18.11.2019", "18/11/2019",
    "1976 Act", "The Act of 1976", "Act 1976, section 2", "Section 198", "section 107", "sections 107 and 143", "BNS 143", "BNSS section 173",
    "BNS 2023, section 143: trafficking", "§ 198", "IPC 370", "ଧାରା 107", "धारा 107", "பிரிவு 107", "సెక్షన్ 107", "107-வது பிரிவு",
    "₹ 20,000", "₹1098", "Rs. 1500", "100 to 200 rupees", "14,000 to 35,000 rupees", "100ରୁ 200 ଟଙ୍କା", "1500 rupees", "1500/-",
    "100 ரூபாய்", "108 families", "100 women", "365 days", "1,269 women", "640 of these women", "5,000", "10-12 years", "10:30", "10.30",
    "150/2023", "100%", "12.5", "1.5 km", "1 2 3", "10 11 12", "https://example.org/2025/15101", "a@b15101.example", "kiln-15101x",
    "[[ event: 15101 ]]", "1234 5678 9012 3456 7890", "20 digits", "24 hours", "0", "u/s 198 BNS", "Room 104", "SH 104", "100-200", "139 bonded labourers", "2766", "600 seats",
    "one, two, three", "one two three four five", "three, two, one", "No one, two or three", "one or two", "1, 3, 5", "1/2/3", "250 m\u00b2", "112\u00b9",
    "one zero nine eight", "ஒன்று பூஜ்யம் ஒன்பது எட்டு", "एक शून्य नौ आठ", "\u2460\u24ea\u2468\u2467", "1_0_9_8", "1/0/9/8", "1<b>0</b>98", "Section 1(1)(2)",
    "\u00bd", "\u2167", "\u2460 First. \u2461 Second. \u2462 Third.", "<td>300</td><td>400</td>", "zero five", "एक दो", "8/10", "A4, A5", "12/5/26",
    "112/2023", "10:30-11:45", "2019\n2020", "kiln_15101", "1000l", "100l of water", "ward 12\n14 houses", "contact 25 families", "It's 1976's Act", "112/1098",
    "1930 or 112", "do do do", "33 58\n27 79\n63", "ek do teen", "text of 113 pages", "between 300\n500 and more", "Room 113",
]  # fmt: skip


@pytest.mark.parametrize("text", STRAY)
def test_what_looks_like_a_helpline_is_found(text: str) -> None:
    assert [*unknown_numbers(text, KNOWN)]


@pytest.mark.parametrize("text", FINE)
def test_what_is_known_or_is_no_phone_number_is_left_alone(text: str) -> None:
    assert [*unknown_numbers(text, KNOWN)] == []


@pytest.mark.parametrize(
    ("text", "link", "plain"),
    [
        ("Call [[ number: bonded-labour ]]-ஐ.", "Call [1800 4252 650](tel:18004252650)-ஐ.", "Call 1800 4252 650-ஐ."),
        ("[[number:112]]", "[112](tel:112)", "112"),
        ("[[ Number : 112 ]] [[ number: 112 ]]", "[112](tel:112) [112](tel:112)", "112 112"),
        ("![Sign: [[ number: 112 ]]](/media/x.svg)", "![Sign: 112](/media/x.svg)", "![Sign: 112](/media/x.svg)"),
        ("[Help](tel:[[ number: 112 ]])", "[Help](tel:112)", "[Help](tel:112)"),
        ("[Help]([[ number: 112 ]])", "[Help](tel:112)", "[Help](tel:112)"),
        ("[[ number: 113 ]] [[ helplines ]]", "[[ number: 113 ]] [[ helplines ]]", "[[ number: 113 ]] [[ helplines ]]"),
    ],
)
def test_a_number_is_drawn_as_a_link_or_plain(text: str, link: str, plain: str) -> None:
    assert fill_numbers(text, NUMBERS, link=True) == link
    assert fill_numbers(text, NUMBERS, link=False) == plain


def test_a_number_is_drawn_wherever_staff_write(folder: Any) -> None:
    text = (
        '## Now: [[ number: 112 ]]\n\n!!! note "Call [[ number: 112 ]]"\n    Or [[ number: 112 ]].\n\n[[ number: 112 ]]'
    )
    folder.page("page", text, title='"Call [[ number: 112 ]]"', description='"Or [[ number: 112 ]]"')
    folder.row("events", what_en="Call [[ number: 112 ]] first.")
    folder.page("list", "[[ pages ]]")
    site = folder.build()
    html = (site / "en" / "page" / "index.html").read_text(encoding="utf-8")
    assert "[[" not in html
    assert 'content="Or 112"' in html
    assert "Call 112" in (site / "en" / "list" / "index.html").read_text(encoding="utf-8")
    assert html[html.index("<h1") :].count('href="tel:112"') >= 4
    for path in site.rglob("*.html"):
        assert "[[" not in path.read_text(encoding="utf-8")
    assert "Call 112 first." in (site / "en" / "events" / "meeting" / "index.html").read_text(encoding="utf-8")
    assert "Call 112 first." in (folder.root / ".build" / "portal.json").read_text(encoding="utf-8")


def test_a_number_that_changes_changes_everywhere_and_leaves_none_behind(folder: Any) -> None:
    folder.page("page", "Call [[ number: 112 ]].", language="ta")
    folder.page("old", "Call [112](tel:112).")
    assert folder.problems() == []
    folder.row("helplines", number="113", tel="113")
    assert {problem.partition(":")[0] for problem in folder.problems()} == {"content/en/old.md, line 8"}


@pytest.mark.parametrize("language", ["en", "ta", "or"])
def test_a_number_of_nobody_is_an_error_in_pages_tables_and_settings(folder: Any, language: str) -> None:
    folder.page("page", "A.\n\n[15101](tel:15101)", language, description="15101")
    source = (folder.root / "content" / language / "page.md").read_text(encoding="utf-8")
    line = source[: source.index("[15101]")].count("\n") + 1
    folder.row("signs", **{f"more_{language}": "15101"})
    settings = folder.root / "content" / "portal.yml"
    settings.write_text(settings.read_text("utf-8").replace("Nobody yet", "Call 15101"), "utf-8")
    found = [
        problem for problem in folder.problems() if "looks like a phone number and is not in helplines.csv." in problem
    ]
    places = [problem.partition(": ")[0] for problem in found]
    assert places[:2] == [f"content/{language}/page.md, description", f"content/{language}/page.md, line {line}"]
    assert f"content/tables/signs.csv, row 2 (debt), column more_{language}" in places
    assert places[-1].startswith("content/portal.yml, line ")


@pytest.mark.parametrize(("letters", "right"), [
    ("<text>1099</text>", False), ("<text><tspan>10</tspan><tspan>99</tspan></text>", False), ("<title>Call 1099</title>", False),
    ('<g aria-label="one zero nine nine"/>', False), ("<text>112</text>", True), ("", True),
])  # fmt: skip
def test_a_number_in_the_letters_of_a_drawing_is_found(folder: Any, letters: str, right: bool) -> None:
    media = folder.root / "content" / "media" / "drawings"
    media.mkdir(parents=True)
    frame = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1099 1099"><path d="M1099 1099"/>{}</svg>'
    (media / "sign.svg").write_text(frame.format(letters), encoding="utf-8")
    found = [problem for problem in folder.problems() if "looks like a phone number" in problem]
    assert (found == []) is right
    assert all(problem.startswith("content/media/drawings/sign.svg: ") for problem in found)


@pytest.mark.parametrize(("text", "sentence"), [
    ("Call [[ number: 1112 ]].", '[[ number ]] has nothing that is called "1112". Did you mean "112"?'),
    ("[[ number: ]]", '[[ number ]] has nothing that is called "".'),
    ("[[ number: 112", "[[ number"),
])  # fmt: skip
def test_a_number_that_is_not_in_the_table_is_said(folder: Any, text: str, sentence: str) -> None:
    folder.page("page", text)
    (problem,) = folder.problems()
    assert sentence in problem
    assert problem.startswith("content/en/page.md, line 8: ")


@pytest.mark.parametrize(
    "text", ["12345678 " * 5000, "1 " * 20000, "x" * 60000, "₹" + "1 " * 20000, "1," * 20000, "1-" * 20000]
)
def test_a_long_text_is_read_in_one_go(text: str) -> None:
    """Within half a second here; a rule that looks at all that follows each sign takes minutes."""
    begun = time.process_time()
    list(unknown_numbers(text, KNOWN))
    assert time.process_time() - begun < 20


def test_a_postal_address_has_a_pin_code(folder: Any) -> None:
    office = {"id": "a", "kind": "police", "place": "north", "name_en": "A", "source": "x", "checked_on": "2026-12-01",
              "checked_by": "me", "what_en": "x", "address_en": "Tiruvallur 155214"}  # fmt: skip
    folder.table("services", office)
    assert not any("phone number" in problem for problem in folder.problems())
    folder.table("services", {**office, "what_en": "Call 155214"})
    assert any("phone number" in problem for problem in folder.problems())


def test_a_number_keeps_its_groups_in_order_in_a_language_from_right_to_left() -> None:
    page = PageSource("a.md", "ur", {"title": "x"}, "[[ number: line ]] 18004252650", 1)
    library = fill_library(AllPages({"ur": {"a.md": page}}), {"line": ("1800 4252 650", "18004252650")})
    text = library.by_language["ur"]["a.md"].text
    assert "[1800\N{NO-BREAK SPACE}4252\N{NO-BREAK SPACE}650](tel:18004252650)" in text
    assert [*unknown_numbers(text, {"18004252650"})] == []
    assert [
        number.shown for number in unknown_numbers("1800\N{NO-BREAK SPACE}4252\N{NO-BREAK SPACE}651", {"18004252650"})
    ]


def test_the_content_names_its_numbers_by_their_rows() -> None:
    for path in (path for name in ("content", "library", "districts") for path in (ROOT / name).glob("*/**/*.md")):
        assert "tel:" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("language", ["ta", "te", "hi", "or"])
def test_words_of_the_interface_name_no_number(language: str) -> None:
    for message in i18n.catalog(language):
        text = message.string if isinstance(message.string, str) else " ".join(message.string or ())
        assert [*unknown_numbers(text, KNOWN)] == []


def test_numbers_of_sms_templates_and_remarks_are_no_numbers_to_call(folder: Any) -> None:
    settings = folder.root / "content" / "portal.yml"
    before = settings.read_text(encoding="utf-8")
    more = '\n# sms:\n#   templates: {reminder: {en: "1107..."}}\nsms:\n  templates: {reminder: {en: "110712"}}\n'
    settings.write_text(before + more, encoding="utf-8")
    assert not [problem for problem in folder.problems() if "looks like a phone number" in problem]


_SPOKEN_PIECES = (
    "one",
    "ONE",
    "oh",
    "do",
    "double",
    "triple",
    "7",
    "૭",
    "ஒன்பது",
    "ஒன்பதுக்கு",
    "नौ",
    "zeros",
    "word",
    "\u0130",
    "-",
    ", ",
    " ",
    "\n",
    "_",
)


@given(st.lists(st.sampled_from(_SPOKEN_PIECES), max_size=15).map("".join))
def test_no_number_that_is_read_out_is_overlooked(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = written_digits.as_digits(text)
        patch.setattr(written_digits, "may_be_spoken", lambda _text: True)
        assert written_digits.as_digits(text) == found
