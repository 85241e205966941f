"""What things are called on the desk's pages: questions and answers of letters, desks, people, days, states."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale

from forms.core.form_schema import Definition, choices, load, names
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Portal
from forms.desk import language as languages
from forms.desk.cases.case import Case
from forms.desk.cases.log.case_log import Entry
from forms.desk.crypto.decryption import Letter, PartName
from forms.desk.events.visits import EVENT_KINDS
from forms.desk.window.reader import gettext as _
from forms.desk.window.reader import in_reader_language, ngettext, reader

STATE_NAMES = {
    "new": lazy_gettext("New"),
    "read": lazy_gettext("Read"),
    "looking": lazy_gettext("Being looked into"),
    "closed": lazy_gettext("Closed"),
}

SECTIONS = {
    "open": lazy_gettext("To work on"),
    "spam": lazy_gettext("Perhaps spam"),
    "closed": lazy_gettext("Closed"),
}
"""What stands above each part of the list."""

ELSEWHERE = {
    "elsewhere": lazy_gettext("Somewhere else"),
    "unknown": lazy_gettext("Not known"),
    "other": lazy_gettext("Other work"),
}
"""Answers that stand in no list of the portal."""

NEEDS = {
    "interpreter": lazy_gettext("interpreter"),
    "child-care": lazy_gettext("child care"),
    "transport": lazy_gettext("transport"),
    "step-free": lazy_gettext("no steps"),
    "woman-officer": lazy_gettext("a woman officer"),
}

EVENT_STATES = {
    "planned": lazy_gettext("planned"),
    "moved": lazy_gettext("moved"),
    "cancelled": lazy_gettext("cancelled"),
    "held": lazy_gettext("held"),
}

ACCESSES = {
    "fetched": lazy_gettext("fetched"),
    "erased": lazy_gettext("erased"),
    "acknowledged": lazy_gettext("acknowledged"),
    "answered": lazy_gettext("answered"),
    "wrote": lazy_gettext("wrote"),
    "sealed anew": lazy_gettext("sealed anew"),
    "handed over": lazy_gettext("handed over"),
}
"""What the server writes down of a letter."""

_SHORT_ID = 8


@dataclass(frozen=True)
class AnsweredQuestion:
    """One question of a letter and what was answered; `free`: in the person's own words.

    asked: the question as the person read it; empty where the reader reads it in the same language.
    """

    label: str
    value: str
    free: bool
    asked: str = ""


def told(letter: Letter, portal: Portal, today: date) -> list[AnsweredQuestion]:
    """Return a letter question by question, in the order of its form; what is no question of the form comes last."""
    form = load(letter.form) if letter.form in names() else load("concern")
    asked = [field.name for field in form.fields if field.name in letter.answers]
    return [_told(form, name, letter, portal, today) for name in (*asked, *_others(form, letter))]


def _others(form: Definition, letter: Letter) -> list[str]:
    return sorted(set(letter.answers) - {field.name for field in form.fields})


def _told(form: Definition, name: str, letter: Letter, portal: Portal, today: date) -> AnsweredQuestion:
    value = letter.answers[name]
    field = next((field for field in form.fields if field.name == name), None)
    if field is None:
        return AnsweredQuestion(name, _listed(value, {}), free=isinstance(value, str))
    rows = {choice.value: in_reader_language(choice.label) for choice in choices(field, form, portal, today)}
    label, asked = _(field.label), languages.translated(field.label, _known(portal, letter.language))
    return AnsweredQuestion(
        label, _listed(value, rows), free=not rows and isinstance(value, str), asked=asked if asked != label else ""
    )


def _listed(value: Any, names: Mapping[str, str]) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(names.get(str(one), str(one)) for one in values)


def _known(portal: Portal, language: str) -> str:
    """Return a letter's language; English where it claims one that the portal has not."""
    return language if language in portal.language_codes() else languages.ENGLISH


def label(portal: Portal, table: str, value: Any) -> str:
    """Return how the reader calls a value of one of the portal's tables; the value itself where it has no name."""
    known = {choice.value: in_reader_language(choice.label) for choice in portal.choices.get(table, ())}
    known |= {name: _(text) for name, text in ELSEWHERE.items()}
    return known.get(str(value), str(value)) if value else ""


def desk_name(portal: Portal, desk_id: str) -> str:
    """Return a desk's name as the reader reads it, or its id where the portal has no such desk."""
    found = portal.desks_with_ids([desk_id])
    return in_reader_language(found[0].name) if found else desk_id


def language_name(portal: Portal, code: str) -> str:
    """Return a language in its own script; the code where the portal has none such."""
    return next((language.name for language in portal.languages if language.code == code), code)


def spoken(code: str) -> str:
    """Return a language as the reader calls it; the code of an unknown one."""
    return str(Locale(reader()).languages.get(code, code))


def language_code(portal: Portal, code: str) -> str:
    """Return the language for a `lang` attribute; `und` (BCP 47: undetermined) where a letter claims a strange one."""
    return code if code in portal.language_codes() else "und"


def day(text: str | date | None) -> str:
    """Return a day as the reader writes it, 5 Jan 2027; a strange text as it is."""
    try:
        found = date.fromisoformat(str(text)[:10])
    except ValueError:
        return str(text or "")
    return languages.format_day(found, reader())


def moment(at: str, portal: Portal) -> str:
    """Return an entry's moment (UTC) by the district's clock, 5 Jan 2027, 15:50; in UTC where no zone is known."""
    try:
        told = datetime.strptime(at[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        here = told.astimezone(ZoneInfo(portal.timezone))
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return day(at)
    zone = " UTC" if portal.timezone == "UTC" else ""
    return f"{languages.format_day(here.date(), reader())}, {here:%H:%M}{zone}"


def hours(count: int) -> str:
    """Return a number of hours as people say it: "1 hour", "14 hours", from three days on "4 days"."""
    if count >= _HOURS_SAID_IN_DAYS:
        return ngettext("%(count)s day", "%(count)s days", -(-count // 24))
    return ngettext("%(count)s hour", "%(count)s hours", count)


_HOURS_SAID_IN_DAYS = 72


def length(part: PartName) -> str:
    """Return how long a recording is, 0:43; "a recording" where nobody says it."""
    return f"{part.seconds // 60}:{part.seconds % 60:02}" if part.seconds else _("a recording")


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
        "state": _("State: %(state)s", state=STATE_NAMES.get(state, state)),
        "assign": _("In the hands of %(who)s", who=said["member"]) if "member" in said else _("In nobody's hands"),
        "due": _("Due on %(day)s", day=day(said["day"])) if "day" in said else _("No day set"),
        "flag": _flag(said),
        "answer": _("Answered the person"),
        "handover": _("Handed over to %(desk)s", desk=desk_name(portal, desk)),
        "merge": _("Put together with %(case)s", case=short(said["into"]))
        if "into" in said
        else _("Stands by itself again"),
        "read": _("Opened"),
    }.get(entry.kind, _("Note"))


_FLAGS = {"urgent": lazy_gettext("urgent"), "child": lazy_gettext("a child is spoken of")}


def _flag(said: Mapping[str, str]) -> str:
    mark = _FLAGS.get(said.get("flag", ""), "?")
    return _("Marked: %(mark)s", mark=mark) if "on" in said else _("No longer marked: %(mark)s", mark=mark)


def _theme(entry: Entry, portal: Portal) -> str:
    if not entry.value.get("theme"):
        return _("Not counted in public")
    parts = (label(portal, table, entry.value.get(key)) for key, table in _THEME_TABLES)
    return _("Counted in public as: %(names)s", names=", ".join(part for part in parts if part))


_THEME_TABLES = (("theme", "themes"), ("place", "places"), ("work", "work"))


def need(value: str) -> str:
    """Return what somebody needs at an event, as the reader says it."""
    return _(NEEDS.get(value, value.replace("-", " ")))


def state_of_event(value: str) -> str:
    """Return an event's state as the reader says it."""
    return _(EVENT_STATES.get(value, value))


def kind_of_event(portal: Portal, value: str) -> str:
    """Return an event's kind as the district calls it (kinds.csv), in the reader's language."""
    named = label(portal, EVENT_KINDS, value)
    return named if named != value else value.replace("-", " ")


def done_by(what: str) -> str:
    """Return what a row of the access log says that was done, as the reader says it."""
    return _(ACCESSES.get(what, what))


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
