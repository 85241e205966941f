"""Names and texts on the desk's pages: questions and answers of letters, desks, languages, days, states."""

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
"""The heading of each section of the list."""

ELSEWHERE = {
    "elsewhere": lazy_gettext("Somewhere else"),
    "unknown": lazy_gettext("Not known"),
    "other": lazy_gettext("Other work"),
}
"""Answers that are not in the portal's lists."""

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
"""The actions in the server's access log."""

_SHORT_ID = 8


@dataclass(frozen=True)
class AnsweredQuestion:
    """One question of a letter, with its answer. free: whether the answer is in the person's own words.

    original: the question in the person's language; empty if it equals `label`.
    """

    label: str
    value: str
    free: bool
    original: str = ""


def answered_questions(letter: Letter, portal: Portal, today: date) -> list[AnsweredQuestion]:
    """Return the answered questions of a letter, in form order; answers to unknown questions come last."""
    form = load(letter.form) if letter.form in names() else load("concern")
    known = [field.name for field in form.fields if field.name in letter.answers]
    return [_answered_question(form, name, letter, portal, today) for name in (*known, *_unknown_names(form, letter))]


def _unknown_names(form: Definition, letter: Letter) -> list[str]:
    return sorted(set(letter.answers) - {field.name for field in form.fields})


def _answered_question(form: Definition, name: str, letter: Letter, portal: Portal, today: date) -> AnsweredQuestion:
    value = letter.answers[name]
    field = next((field for field in form.fields if field.name == name), None)
    if field is None:
        return AnsweredQuestion(name, _join(value, {}), free=isinstance(value, str))
    rows = {choice.value: in_reader_language(choice.label) for choice in choices(field, form, portal, today)}
    label, original = _(field.label), languages.translated(field.label, _known_language(portal, letter.language))
    is_free = not rows and isinstance(value, str)
    return AnsweredQuestion(label, _join(value, rows), free=is_free, original=original if original != label else "")


def _join(value: Any, names: Mapping[str, str]) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(names.get(str(each), str(each)) for each in values)


def _known_language(portal: Portal, language: str) -> str:
    """Return a letter's language; English if it claims one that the portal does not have."""
    return language if language in portal.language_codes() else languages.ENGLISH


def label(portal: Portal, table: str, value: Any) -> str:
    """Return the name of a value in one of the portal's tables, in the reader's language; the value if it has none."""
    known = {choice.value: in_reader_language(choice.label) for choice in portal.choices.get(table, ())}
    known |= {name: _(text) for name, text in ELSEWHERE.items()}
    return known.get(str(value), str(value)) if value else ""


def desk_name(portal: Portal, desk_id: str) -> str:
    """Return a desk's name in the reader's language, or its id if the portal has no such desk."""
    found = portal.desks_with_ids([desk_id])
    return in_reader_language(found[0].name) if found else desk_id


def language_name(portal: Portal, code: str) -> str:
    """Return a language's own name; the code if the portal does not have it."""
    return next((language.name for language in portal.languages if language.code == code), code)


def spoken(code: str) -> str:
    """Return a language's name in the reader's language; the code of an unknown one."""
    return str(Locale(reader()).languages.get(code, code))


def language_code(portal: Portal, code: str) -> str:
    """Return the language for a `lang` attribute; `und` (BCP 47: undetermined) if the portal does not have it."""
    return code if code in portal.language_codes() else "und"


def day(text: str | date | None) -> str:
    """Return a day in the reader's language, like 5 Jan 2027; a malformed text unchanged."""
    try:
        parsed = date.fromisoformat(str(text)[:10])
    except ValueError:
        return str(text or "")
    return languages.format_day(parsed, reader())


def moment(at: str, portal: Portal) -> str:
    """Return an entry's time (UTC) in the district's time zone, like 5 Jan 2027, 15:50; in UTC if there is none."""
    try:
        utc = datetime.strptime(at[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        local = utc.astimezone(ZoneInfo(portal.timezone))
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return day(at)
    zone = " UTC" if portal.timezone == "UTC" else ""
    return f"{languages.format_day(local.date(), reader())}, {local:%H:%M}{zone}"


def hours(count: int) -> str:
    """Return a number of hours in words: "1 hour", "14 hours", and from three days on "4 days"."""
    if count >= _MIN_HOURS_AS_DAYS:
        return ngettext("%(count)s day", "%(count)s days", -(-count // 24))
    return ngettext("%(count)s hour", "%(count)s hours", count)


_MIN_HOURS_AS_DAYS = 72


def length(part: PartName) -> str:
    """Return the length of a recording, like 0:43; "a recording" if it is unknown."""
    return f"{part.seconds // 60}:{part.seconds % 60:02}" if part.seconds else _("a recording")


def short(case_id: str) -> str:
    """Return the short number of a case: its first eight digits."""
    return case_id[:_SHORT_ID]


def sentence(entry: Entry, portal: Portal) -> str:
    """Return an entry in a few words, without the text of a note or answer."""
    if entry.kind == "theme":
        return _theme(entry, portal)
    values = {name: str(value) for name, value in entry.value.items() if value}
    state, desk = values.get("state", ""), values.get("desk", "")
    return {
        "state": _("State: %(state)s", state=STATE_NAMES.get(state, state)),
        "assign": _("In the hands of %(who)s", who=values["member"]) if "member" in values else _("In nobody's hands"),
        "due": _("Due on %(day)s", day=day(values["day"])) if "day" in values else _("No day set"),
        "flag": _flag(values),
        "answer": _("Answered the person"),
        "handover": _("Handed over to %(desk)s", desk=desk_name(portal, desk)),
        "merge": _("Put together with %(case)s", case=short(values["into"]))
        if "into" in values
        else _("Stands by itself again"),
        "read": _("Opened"),
    }.get(entry.kind, _("Note"))


_FLAGS = {"urgent": lazy_gettext("urgent"), "child": lazy_gettext("a child is spoken of")}


def _flag(values: Mapping[str, str]) -> str:
    mark = _FLAGS.get(values.get("flag", ""), "?")
    return _("Marked: %(mark)s", mark=mark) if "on" in values else _("No longer marked: %(mark)s", mark=mark)


def _theme(entry: Entry, portal: Portal) -> str:
    if not entry.value.get("theme"):
        return _("Not counted in public")
    parts = (label(portal, table, entry.value.get(key)) for key, table in _THEME_TABLES)
    return _("Counted in public as: %(names)s", names=", ".join(part for part in parts if part))


_THEME_TABLES = (("theme", "themes"), ("place", "places"), ("work", "work"))


def need(value: str) -> str:
    """Return what somebody needs at an event, in the reader's language."""
    return _(NEEDS.get(value, value.replace("-", " ")))


def state_of_event(value: str) -> str:
    """Return an event's state in the reader's language."""
    return _(EVENT_STATES.get(value, value))


def kind_of_event(portal: Portal, value: str) -> str:
    """Return an event's kind (kinds.csv) in the reader's language."""
    named = label(portal, EVENT_KINDS, value)
    return named if named != value else value.replace("-", " ")


def access_action(what: str) -> str:
    """Return the action in a row of the access log, in the reader's language."""
    return _(ACCESSES.get(what, what))


def text_of(entry: Entry) -> str:
    """Return the text that somebody wrote in an entry, or empty."""
    return str(entry.value.get("text") or entry.value.get("outcome") or "")


def letters_of(case: Case) -> Iterator[Letter]:
    """Yield the letters of a case that could be decrypted."""
    return (letter for letter in case.letters if isinstance(letter, Letter))


def parts_of(case: Case, kind: str) -> int:
    """Return the number of photos, or of recordings, in a case."""
    return sum(part.kind == kind for letter in letters_of(case) for part in letter.parts)


def truncate(items: Sequence[Any], max_length: int) -> tuple[Sequence[Any], int]:
    """Return the first items, and the number of the others."""
    return items[:max_length], max(0, len(items) - max_length)
