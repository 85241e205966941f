"""The short form with pictures: its letters are concerns, to the same desks; without a script it keeps what others keep."""

import re
from dataclasses import replace
from typing import Any

import pytest

from forms.core import form_schema
from forms.core.rendering.form import draw_form
from forms.server.services import sending

from .conftest import TODAY, District
from .test_attachments import recording

VOICE, CONCERN = form_schema.load("voice"), form_schema.load("concern")


def test_it_asks_only_what_the_long_form_asks_too() -> None:
    """A desk, the statistics and an older program know each answer."""
    for field in VOICE.fields:
        long = CONCERN.field(field.name)
        own = {"label": long.label, "help": long.help, "errors": long.errors}
        assert replace(field, **own) == long
    assert VOICE.letter_form == "concern"
    assert VOICE.pad_to == CONCERN.pad_to
    assert VOICE not in form_schema.letter_forms()


def test_it_changes_neither_readers_nor_sizes(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = sending.hideable(district.portal)
    monkeypatch.setattr(sending, "load_all", form_schema.letter_forms)
    assert sending.hideable(district.portal) == with_it
    assert sending.readers(district.portal, VOICE, ()) == sending.readers(district.portal, CONCERN, ())


def test_a_recording_without_a_script_is_a_concern_at_its_desks(endpoint: Any) -> None:
    answers = {"children": "yes", "can_leave": "no", "hide_from": ["police"]}
    seen = endpoint.post("voice", "ta", voice=[(recording(), "a.wav")], do="check", **answers)
    html = seen.get_data(as_text=True)
    carried = dict(re.findall(r'<input type="hidden" name="(part|once)" value="([^"]+)"', html))
    sent = endpoint.post("voice", "ta", do="send", once=carried["once"], part=carried["part"], **answers)
    assert endpoint.code(sent)
    [letter] = endpoint.open_letters("legal")
    assert letter["form"] == "concern"
    assert letter["answers"] == {"children": "yes", "can_leave": "no", "hide_from": ["police"]}
    assert [part["kind"] for part in letter["parts"]] == ["voice"]
    assert endpoint.letter_ids("police") == []
    again = endpoint.post("voice", "ta", do="send", once=carried["once"], part=carried["part"], **answers)
    assert endpoint.code(again) == endpoint.code(sent), "a second tap sends no second letter"
    assert html.index('value="send"') < html.index('class="summary"'), "what is to be tapped comes first"


def test_what_is_wrong_shows_all_of_the_form_and_what_was_chosen(endpoint: Any) -> None:
    answer = endpoint.post("voice", children="yes", hide_from=["legal", "police", "partner"])
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "told--whole" in html
    assert 'href="#voice"' in html
    assert 'href="#hide_from"' in html
    assert re.search(r'name="children" value="yes" checked', html)


def test_more_can_be_said_once_the_letter_is_safe(endpoint: Any) -> None:
    seen = endpoint.post("voice", voice=[(recording(), "a.wav")]).get_data(as_text=True)
    carried = dict(re.findall(r'<input type="hidden" name="(part|once)" value="([^"]+)"', seen))
    html = endpoint.post("voice", do="send", **carried).get_data(as_text=True)
    assert html.index('class="code"') < html.index('/followup"')
    code = re.search(r'name="code" value="([0-9]+)"', html)
    assert code
    more = endpoint.post("followup", code=code[1], do="write")
    assert more.status_code == 200
    assert 'name="once"' in more.get_data(as_text=True)


@pytest.mark.parametrize("name", form_schema.names())
def test_no_form_takes_a_choice_away_from_a_phone(name: str, district: District) -> None:
    """`capture` forbids files that are there, a list of image types alone forbids the camera (Android 14)."""
    html = draw_form(form_schema.load(name), district.portal, "en", TODAY)
    assert "capture" not in html
    for accept in re.findall(r'accept="([^"]*)"', html):
        assert accept == "audio/*" or "android/force-camera-workaround" in accept


def test_without_drawings_words_are_left(district: District) -> None:
    html = draw_form(VOICE, district.portal, "en", TODAY)
    assert html.count('class="opt"') == 3 + 3 + 3
    portal = replace(district.portal, drawings={"children-yes": "<svg>1</svg>", "children-no": "<svg>2</svg>"})
    drawn = draw_form(VOICE, portal, "en", TODAY)
    assert "<svg>1</svg>" in drawn
    assert 'name="children" value="unknown"' not in drawn, "leaving it out says that"
