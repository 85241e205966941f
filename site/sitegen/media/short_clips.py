"""The short clips: a number, an entry of the home page, a sign, an answer, an event, each of two to six seconds."""

import re
from collections.abc import Iterable

from forms.core import i18n
from forms.core.portal import Desk, Event, pick
from sitegen.content.pages import AllPages
from sitegen.content.tables import Row, Tables, in_order, text
from sitegen.media.audio_clips import DIGITS, Recordings

DOORS = ("is-this-me", "voice", "answer", "events")
"""The pages that home leads to, in the order of their keys on a telephone."""

INSTEAD = {"voice": "tell"}
"""The page that a door leads to where a district does not have the first one."""

LANGUAGE, NOT_ALONE = "language", "answer/not-alone"

WHO = "tell/who"
"""Who listens: said where somebody tells, and where they come back."""

FIRST_QUESTIONS = ("voice/voice", "concern/children", "concern/can_leave", "voice/hide_from", "concern/danger")


LONGEST_SAID = 42
"""Letters of what a number is for, and six for each digit: with more, it takes over four seconds to hear."""


def number_text(row: Row, language: str) -> str:
    """Return what is said of a number: what it is for, and the digits of one short enough to be remembered by ear.

    A long one is dialled by a tap, and the page's long clip says its digits.
    """
    for_ = pick(text(row, "for"), language).partition(":")[0]
    digits = re.sub(r"(?<=\d)(?=\d)", " ", str(row["number"]).replace(" ", ", "))
    short = len(for_) + 6 * sum(map(str.isdigit, digits)) <= LONGEST_SAID
    return f"{for_}, {digits}." if short else f"{for_}."


def who_text(desks: Iterable[Desk], language: str) -> str:
    """Return what is said of who reads letters: their names."""
    _ = i18n.translator(language)
    return f"{_('Who can read it')}: {', '.join(pick(desk.name, language) for desk in desks)}."


def event_text(event: Event, language: str) -> str:
    """Return what is said of an event: what it is, the day, the hour and where."""
    day = i18n.day(event.day, language)
    parts = (pick(event.title, language), f"{day}, {event.time}" if event.time else day, pick(event.where, language))
    return " ".join(f"{part}." for part in parts if part)


def keys(tables: Tables, events: Iterable[str]) -> list[str]:
    """Return what a recording of a short clip may be called, without its language. events: ids."""
    rows = {"number": tables["helplines"], "sign": tables["signs"], "phrase": tables["phrases"]}
    return [
        *(f"{kind}/{row['id']}" for kind, found in rows.items() for row in found),
        *(f"name/{page}" for page in (*DOORS, *INSTEAD.values())),
        *(f"event/{event}" for event in events),
        *(LANGUAGE, NOT_ALONE, WHO),
        *(f"tamil/{code}" for code in SENTENCE_IN_TAMIL),
    ]


def first(tables: Tables) -> list[str]:
    """Return the clips to record first: with them somebody who does not read can call, tell and come back."""
    numbers = [f"number/{row['id']}" for row in in_order(tables["helplines"]) if row["everywhere"]]
    doors = [f"name/{page}" for page in DOORS]
    return [*numbers, *doors, LANGUAGE, NOT_ALONE, *FIRST_QUESTIONS, *DIGITS]


def record_first(tables: Tables, library: AllPages, recordings: Recordings) -> list[str]:
    """Return a line for each language: which of the first clips nobody has recorded yet, by the files' names."""
    wanted = first(tables)
    lines = []
    for language in library.by_language:
        missing = [f"{language}/{key}" for key in wanted if (language, key) not in recordings]
        lines.append(f"  {language}: {len(missing)} of {len(wanted)} to record: {', '.join(missing) or 'none'}")
    return lines


SENTENCE_IN_TAMIL = {
    "te": "நான் தெலுங்கு பேசுகிறேன். தெலுங்கு தெரிந்தவரிடம் பேச வேண்டும்.",
    "hi": "நான் ஹிந்தி பேசுகிறேன். ஹிந்தி தெரிந்தவரிடம் பேச வேண்டும்.",
    "or": "நான் ஒடியா பேசுகிறேன். ஒடியா தெரிந்தவரிடம் பேச வேண்டும்.",
    "en": "நான் ஆங்கிலம் பேசுகிறேன். ஆங்கிலம் தெரிந்தவரிடம் பேச வேண்டும்.",
}
"""One sentence to learn by ear, by the language it asks for: I speak it, and need somebody who knows it."""
