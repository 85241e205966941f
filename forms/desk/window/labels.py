"""What things are called on the desk's pages: questions and answers of letters, desks, people, days, states."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel import Locale

from forms.core.form_schema import Definition, choices, load, names
from forms.core.portal import Portal, pick
from forms.desk.cases.case import Case
from forms.desk.cases.case_log import Entry
from forms.desk.crypto.decryption import Letter, PartName

STATE_NAMES = {"new": "New", "read": "Read", "looking": "Being looked into", "closed": "Closed"}

_SHORT_ID = 8


@dataclass(frozen=True)
class AnsweredQuestion:
    """One question of a letter and what was answered; `free`: in the person's own words."""

    label: str
    value: str
    free: bool


def told(letter: Letter, portal: Portal, today: date) -> list[AnsweredQuestion]:
    """Return a letter question by question, in the order of its form; what is no question of the form comes last."""
    form = load(letter.form) if letter.form in names() else load("concern")
    asked = [field.name for field in form.fields if field.name in letter.answers]
    return [_told(form, name, letter.answers[name], portal, today) for name in (*asked, *_others(form, letter))]


def _others(form: Definition, letter: Letter) -> list[str]:
    return sorted(set(letter.answers) - {field.name for field in form.fields})


def _told(form: Definition, name: str, value: Any, portal: Portal, today: date) -> AnsweredQuestion:
    field = next((field for field in form.fields if field.name == name), None)
    listed = {choice.value: pick(choice.label, "en") for choice in choices(field, form, portal, today)} if field else {}
    values = value if isinstance(value, list) else [value]
    said = ", ".join(listed.get(str(one), str(one)) for one in values)
    return AnsweredQuestion(field.label if field else name, said, free=not listed and isinstance(value, str))


def label(portal: Portal, table: str, value: Any) -> str:
    """Return the English label of a value of one of the portal's tables; the value itself where there is none."""
    known = {choice.value: pick(choice.label, "en") for choice in portal.choices.get(table, ())}
    known |= {"elsewhere": "Somewhere else", "unknown": "Not known", "other": "Other work"}
    return known.get(str(value), str(value)) if value else ""


def desk_name(portal: Portal, desk_id: str) -> str:
    """Return a desk's English name, or its id where the portal has no such desk."""
    found = portal.named([desk_id])
    return pick(found[0].name, "en") if found else desk_id


def language_name(portal: Portal, code: str) -> str:
    """Return a language in its own script; the code where the portal has none such."""
    return next((language.name for language in portal.languages if language.code == code), code)


def english_language(code: str) -> str:
    """Return a language as an officer calls it, in English; the code where nobody knows it."""
    return str(Locale("en").languages.get(code, code))


def language_code(portal: Portal, code: str) -> str:
    """Return the language for a `lang` attribute; `und` (BCP 47: undetermined) where a letter claims a strange one."""
    return code if code in portal.language_codes() else "und"


def day(text: str | date | None) -> str:
    """Return a day as people write it, 5 Jan 2027; a strange text as it is."""
    try:
        found = date.fromisoformat(str(text)[:10])
    except ValueError:
        return str(text or "")
    return f"{found.day} {found:%b %Y}"


def moment(at: str) -> str:
    """Return an entry's moment, 5 Jan 2027, 10:20 UTC."""
    return f"{day(at)}, {at[11:16]} UTC" if len(at) > len("2027-01-05T") else day(at)


def hours(count: int) -> str:
    """Return a number of hours as people say it: "1 hour", "14 hours", from three days on "4 days"."""
    if count >= _HOURS_SAID_IN_DAYS:
        return f"{-(-count // 24)} days"
    return "1 hour" if count == 1 else f"{count} hours"


_HOURS_SAID_IN_DAYS = 72


def length(part: PartName) -> str:
    """Return how long a recording is, 0:43; "a recording" where nobody says it."""
    return f"{part.seconds // 60}:{part.seconds % 60:02}" if part.seconds else "a recording"


def short(case_id: str) -> str:
    """Return what a case is called aloud: its first eight digits."""
    return case_id[:_SHORT_ID]


def sentence(entry: Entry, portal: Portal) -> str:
    """Return an entry in a few words; the text of a note or answer stands below it."""
    if entry.kind == "theme":
        return _theme(entry, portal)
    said = {name: str(value) for name, value in entry.value.items() if value}
    state, desk = said.get("state", ""), said.get("desk", "")
    return {
        "state": f"State: {STATE_NAMES.get(state, state)}",
        "assign": f"In the hands of {said['member']}" if "member" in said else "In nobody's hands",
        "due": f"Due on {day(said['day'])}" if "day" in said else "No day set",
        "flag": f"{'Marked' if 'on' in said else 'No longer marked'}: {_FLAGS.get(said.get('flag', ''), '?')}",
        "answer": "Answered the person",
        "handover": f"Handed over to {desk_name(portal, desk)}",
        "merge": f"Put together with {short(said['into'])}" if "into" in said else "Stands by itself again",
        "read": "Opened",
    }.get(entry.kind, "Note")


_FLAGS = {"urgent": "urgent", "child": "a child is spoken of"}


def _theme(entry: Entry, portal: Portal) -> str:
    if not entry.value.get("theme"):
        return "Not counted in public"
    parts = (label(portal, table, entry.value.get(key)) for key, table in _THEME_TABLES)
    return f"Counted in public as: {', '.join(part for part in parts if part)}"


_THEME_TABLES = (("theme", "themes"), ("place", "places"), ("work", "work"))


def text_of(entry: Entry) -> str:
    """Return the words that somebody wrote in an entry, or empty."""
    return str(entry.value.get("text") or entry.value.get("outcome") or "")


def letters_of(case: Case) -> Iterator[Letter]:
    """Yield the letters of a case that open."""
    return (letter for letter in case.letters if isinstance(letter, Letter))


def parts_of(case: Case, kind: str) -> int:
    """Return how many photos, or recordings, a case has."""
    return sum(part.kind == kind for letter in letters_of(case) for part in letter.parts)


def fewer(items: Sequence[Any], most: int) -> tuple[Sequence[Any], int]:
    """Return the first of many, and how many are left out."""
    return items[:most], max(0, len(items) - most)
