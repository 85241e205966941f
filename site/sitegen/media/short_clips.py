"""The short clips, of two to six seconds each: a number, an entry of the home page, a sign, an answer, an event."""

import re
from collections.abc import Iterable

from forms.core import i18n
from forms.core.portal import Desk, Event, pick
from sitegen.content.pages import AllPages
from sitegen.content.tables import Row, Tables, in_order, text
from sitegen.media.spoken_texts import DIGITS
from sitegen.media.staff_recordings import Recordings

HOME_PAGES = ("is-this-me", "voice", "answer", "events")
"""The pages to which the home page links, in the order of their keys on a telephone."""

FALLBACK_PAGES = {"voice": "tell"}
"""The page to which the home page links where a district does not have the first one."""

LANGUAGE, NOT_ALONE = "language", "answer/not-alone"

WHO_READS = "tell/who"
"""The clip that names who reads letters, on the pages where people tell something or come back."""

FIRST_QUESTIONS = ("voice/voice", "concern/children", "concern/can_leave", "voice/hide_from", "concern/danger")

MAX_LENGTH = 42
"""Of a number's clip: a unit for each letter of its purpose, six for each digit. More takes over four seconds."""


def number_text(row: Row, language: str) -> str:
    """Return the spoken text for a number: its purpose, and the digits if it is short enough to remember by ear.

    People dial a long one by a tap, and the page's long clip reads its digits.
    """
    for_ = pick(text(row, "for"), language).partition(":")[0]
    digits = re.sub(r"(?<=\d)(?=\d)", " ", str(row["number"]).replace(" ", ", "))
    is_short = len(for_) + 6 * sum(map(str.isdigit, digits)) <= MAX_LENGTH
    return f"{for_}, {digits}." if is_short else f"{for_}."


def who_reads_text(desks: Iterable[Desk], language: str) -> str:
    """Return the spoken text about who reads letters: the names of the desks."""
    _ = i18n.translator(language)
    return f"{_('Who can read it')}: {', '.join(pick(desk.name, language) for desk in desks)}."


def event_text(event: Event, language: str) -> str:
    """Return the spoken text for an event: its title, day, hour and place."""
    day = i18n.day(event.day, language)
    parts = (pick(event.title, language), f"{day}, {event.time}" if event.time else day, pick(event.where, language))
    return " ".join(f"{part}." for part in parts if part)


def clip_keys(tables: Tables, events: Iterable[str]) -> list[str]:
    """Return the keys of all short clips, under which staff may record them. events: ids."""
    rows_by_kind = {"number": tables["helplines"], "sign": tables["signs"], "phrase": tables["phrases"]}
    return [
        *(f"{kind}/{row['id']}" for kind, rows in rows_by_kind.items() for row in rows),
        *(f"name/{page}" for page in (*HOME_PAGES, *FALLBACK_PAGES.values())),
        *(f"event/{event}" for event in events),
        *(LANGUAGE, NOT_ALONE, WHO_READS),
        *(f"tamil/{code}" for code in SENTENCE_IN_TAMIL),
    ]


def first_clips(tables: Tables) -> list[str]:
    """Return the keys of the clips to record first: people who do not read need these to call, tell and come back."""
    numbers = [f"number/{row['id']}" for row in in_order(tables["helplines"]) if row["everywhere"]]
    home_pages = [f"name/{page}" for page in HOME_PAGES]
    return [*numbers, *home_pages, LANGUAGE, NOT_ALONE, *FIRST_QUESTIONS, *DIGITS]


def missing_first_clips(tables: Tables, library: AllPages, recordings: Recordings) -> list[str]:
    """Return a line for each language with the clips to record first that are not recorded yet."""
    keys = first_clips(tables)
    lines = []
    for language in library.by_language:
        missing = [f"{language}/{key}" for key in keys if (language, key) not in recordings]
        lines.append(f"  {language}: {len(missing)} of {len(keys)} to record: {', '.join(missing) or 'none'}")
    return lines


SENTENCE_IN_TAMIL = {
    "te": "நான் தெலுங்கு பேசுகிறேன். தெலுங்கு தெரிந்தவரிடம் பேச வேண்டும்.",
    "hi": "நான் ஹிந்தி பேசுகிறேன். ஹிந்தி தெரிந்தவரிடம் பேச வேண்டும்.",
    "or": "நான் ஒடியா பேசுகிறேன். ஒடியா தெரிந்தவரிடம் பேச வேண்டும்.",
    "en": "நான் ஆங்கிலம் பேசுகிறேன். ஆங்கிலம் தெரிந்தவரிடம் பேச வேண்டும்.",
}
"""A sentence to learn by ear, by language: "I speak ... I need to talk to somebody who knows ...", in Tamil."""
