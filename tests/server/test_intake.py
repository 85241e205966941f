"""Raw values in, accepted or rejected out."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core import form_schema, validation
from forms.core.form_schema import load
from forms.core.i18n import digits
from forms.core.validation import Accepted, Rejected

TODAY = date(2027, 1, 1)


def accept(district: Any, form: str = "concern", **raw: Any) -> Accepted | Rejected:
    lists = {name: value if isinstance(value, list) else [value] for name, value in raw.items()}
    return validation.accept(form_schema.load(form), district.portal, TODAY, lists)


def test_one_thing_to_say_is_enough(district: Any) -> None:
    assert accept(district, what="உதவி") == Accepted({"what": "உதவி"})


def test_numbers_may_be_typed_in_ones_own_numerals(district: Any) -> None:
    assert accept(district, what="x", people="௧௨") == Accepted({"what": "x", "people": 12})


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"what": ""}, ("what", "required")),
        ({"what": " \u200b\n "}, ("what", "required")),
        ({"what": "x" * 5001}, ("what", "maxLength")),
        ({"what": "caf\ufffd"}, ("what", "encoding")),
        ({"what": "x", "people": "many"}, ("people", "type")),
        ({"what": "x", "people": "9" * 5000}, ("people", "type")),
        ({"what": "x", "people": "0"}, ("people", "minimum")),
        ({"what": "x", "people": "10000"}, ("people", "maximum")),
        ({"what": "x", "place": "atlantis"}, ("place", "enum")),
        ({"what": "x", "children": "perhaps"}, ("children", "enum")),
        ({"what": "x", "hide_from": ["police", "legal", "partner"]}, ("hide_from", "all")),
        ({"what": "x", "hide_from": ["mayor"]}, ("hide_from", "enum")),
    ],
)
def test_what_does_not_fit_is_named_by_field_and_rule(
    district: Any, answers: dict[str, Any], problem: tuple[str, str]
) -> None:
    rejected = accept(district, **answers)
    assert isinstance(rejected, Rejected)
    assert [(item.field, item.code) for item in rejected.problems] == [problem]


def test_all_problems_are_told_at_once_in_the_order_of_the_form(district: Any) -> None:
    rejected = accept(district, what="", people="x", place="atlantis")
    assert isinstance(rejected, Rejected)
    assert [problem.field for problem in rejected.problems] == ["what", "place", "people"]


def test_four_thousand_tamil_letters_are_as_welcome_as_english_ones(district: Any) -> None:
    assert isinstance(accept(district, what="கொ" * 2000), Accepted)


@pytest.mark.parametrize(
    ("event", "fits"),
    [("meeting", True), ("past", False), ("called-off", False), ("open-air", False), ("?", False)],
)
def test_only_events_that_still_take_people_can_be_chosen(district: Any, event: str, fits: bool) -> None:
    assert isinstance(accept(district, "signup", event=event, people="2", adult="yes"), Accepted) is fits


@pytest.mark.parametrize(
    ("phone", "fits"),
    [
        ("98400 00000", True),
        ("+91 (44) 1234-567", True),
        ("call me", False),
        ("1" * 31, False),
        ("12345x", False),
        ("९८४०० ०००००", True),
        ("௯௮௪௦௦௦௦௦௦௦", True),
        ("98400\u00a000000", True),
        ("98400\u201300000", True),
        ("\u202a+91 98400 00000\u202c", True),
    ],
)
def test_phone_numbers(district: Any, phone: str, fits: bool) -> None:
    assert (
        isinstance(accept(district, "signup", event="meeting", people="2", adult="yes", phone=phone), Accepted) is fits
    )


@given(
    what=st.text(max_size=6000),
    people=st.text(max_size=10),
    place=st.text(max_size=10),
    many=st.lists(st.text(), max_size=4),
)
def test_no_input_breaks_the_intake(district: Any, what: str, people: str, place: str, many: list[str]) -> None:
    result = accept(district, what=what, people=people, place=place, hide_from=many)
    if isinstance(result, Accepted):
        assert result.values["what"].encode(), "what is kept can be written as UTF-8"
        assert "\x00" not in result.values["what"]


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
def test_marks_that_shape_letters_stay(joiner: str) -> None:
    assert validation.clean(f"क्{joiner}ष") == f"क्{joiner}ष"


@pytest.mark.parametrize(
    "phone", ["98765 43210 / 91234 56789", "9876543210,9123456789", "9876543210 9123456789", "९८७६५४३२१० / ९१२३४५६७८९"]
)
def test_trial_10_two_numbers_in_one_field_get_a_sentence_of_their_own(district: Any, phone: str) -> None:
    checked = accept(district, "signup", event="meeting", people="2", adult="yes", phone=phone)
    assert isinstance(checked, Rejected)
    assert [(one.field, one.code) for one in checked.problems] == [("phone", "two")]
    assert load("signup").field("phone").errors["two"] == "Please write one number only."


@pytest.mark.parametrize("phone", ["९८४०० ०००००", "98400\u00a000000", "98400\u201300000"])
def test_trial_10_a_number_in_any_script_is_kept_as_a_phone_dials_it(district: Any, phone: str) -> None:
    checked = accept(district, "signup", event="meeting", people="२", adult="yes", phone=phone)
    assert isinstance(checked, Accepted)
    assert digits.digits_of(checked.values["phone"]) == "9840000000"
    assert checked.values["phone"].isascii()
    assert checked.values["people"] == 2


@pytest.mark.parametrize("people", ["2_0", "_2", "2_", "२_०", "2e1", "0x2", "2 0", "1,000", "½", "Ⅻ"])
def test_trial_10_what_is_no_whole_number_is_refused(district: Any, people: str) -> None:
    checked = accept(district, what="x", people=people)
    assert isinstance(checked, Rejected)
    assert [(one.field, one.code) for one in checked.problems] == [("people", "type")]
