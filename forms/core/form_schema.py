"""Forms are data: a Table Schema (https://datapackage.org/standard/table-schema/) with some keys of our own.

Our keys of a form: `kind` (see Kind), `title`, `button`, `pad_to` (bytes, a size class), `any_of` (fields of which one
must be answered), `steps` (fields that are asked together: without a script the server asks one step at a time; the
script of a letter does that itself, and encrypts the answers in the browser), `page` (the site's page with this form,
which no browser caches), `followup` (the form that adds to the letter that this one looks up), `needed` (every district
must have a desk that reads it), `becomes_event` (the events desk can make an event of it), `short_for` (the form whose
questions this one asks in part, with pictures: its letters are letters of that form, and the same desks read them).
Our keys of a field: `draw` (the macro of templates/field.html), `choices` or `choices_from` (a table or list of the
portal), `file` (a kind of media/attachments.py), `beside` (shown beside it: numbers to call), `clear` (stays readable
beside the sealed letter), `errors` (message by constraint), `same_as` (form/field: the same question of another form;
it may have a title, a description and errors of its own).
English texts in a definition are gettext msgids.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forms.core import i18n
from forms.core.portal import Choice, Event, Portal, Text
from forms.core.problem import Problem
from forms.core.yaml_reader import read_yaml

if TYPE_CHECKING:
    from frictionless import Schema

FOLDER = Path(__file__).parent / "definitions"
DRAWN_AS = frozenset({"text", "textarea", "number", "people", "tel", "select", "radios", "checkboxes", "code", "file"})


class Kind(StrEnum):
    """The purpose of a form. It decides where its letters are stored, and by which rules (forms/server/services)."""

    CONCERN = "concern"
    REQUEST = "request"
    FOLLOWUP = "followup"
    LOOKUP = "lookup"
    SIGNUP = "signup"
    SIGNUP_LOOKUP = "signup-lookup"
    SIGNUP_CHANGE = "signup-change"

    @property
    def is_letter(self) -> bool:
        """Whether it sends the first letter of a case, which has a receipt of its own."""
        return self in {Kind.CONCERN, Kind.REQUEST}

    @property
    def is_about_events(self) -> bool:
        """Whether it concerns sign-ups: these depend on the event's day, and are stored without one."""
        return self in {Kind.SIGNUP, Kind.SIGNUP_LOOKUP, Kind.SIGNUP_CHANGE}

    @property
    def has_number(self) -> bool:
        """Whether the person needs a number that they were given before."""
        return self in {Kind.LOOKUP, Kind.FOLLOWUP, Kind.SIGNUP_LOOKUP, Kind.SIGNUP_CHANGE}

    @property
    def carries_number(self) -> bool:
        """Whether the page carries that number, so that nobody types it there."""
        return self in {Kind.FOLLOWUP, Kind.SIGNUP_CHANGE}


LETTER_KINDS = tuple(kind for kind in Kind if kind.is_letter)
"""Kinds of first letters, in the order in which a look-up tries a receipt. Each is the purpose of its receipts."""


@dataclass(frozen=True)
class Field:
    """A question. kind: its Table Schema type; drawn_as: the macro that renders it."""

    name: str
    kind: str
    label: str
    help: str
    drawn_as: str
    constraints: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    choices_from: str = ""
    clear: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
    autocomplete: str = "off"
    file: str = ""
    beside: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be answered."""
        return bool(self.constraints.get("required"))

    @property
    def many(self) -> bool:
        """Whether several answers may be given."""
        return self.kind == "array"

    @property
    def msgids(self) -> tuple[str, ...]:
        """The English texts that need a translation."""
        own_choices = (choice.label["en"] for choice in self.choices)
        return tuple(word for word in (self.label, self.help, *own_choices, *self.errors.values()) if word)


@dataclass(frozen=True)
class Definition:
    """A form."""

    name: str
    kind: Kind
    title: str
    button: str
    fields: tuple[Field, ...]
    pad_to: int = 4096
    intro: str = ""
    any_of: tuple[str, ...] = ()
    steps: tuple[tuple[str, ...], ...] = ()
    page: str = ""
    followup: str = ""
    needed: bool = False
    becomes_event: bool = False
    short_for: str = ""

    @property
    def letter_form(self) -> str:
        """The name of the form of its letters: its own, or that of the form that it shortens."""
        return self.short_for or self.name

    def field(self, name: str) -> Field:
        """Return the field of this name. Raises KeyError if there is none."""
        return {field.name: field for field in self.fields}[name]

    @property
    def is_encrypted_in_browser(self) -> bool:
        """Whether a script encrypts its answers before they are sent."""
        return bool(self.steps) and self.kind.is_letter

    @property
    def has_pictures(self) -> bool:
        """Whether it is shown with pictures, one short step a screen, instead of words."""
        return bool(self.short_for)

    @property
    def drawings(self) -> tuple[str, ...]:
        """Return the names of its drawings: one of its page, two of its receipt, one for each answer."""
        if not self.has_pictures:
            return ()
        answers = (drawing_of(field.name, choice.value) for field in self.fields for choice in field.choices)
        return (f"door-{self.page}", "receipt", "come-back", *answers)

    @property
    def hiding_field(self) -> str:
        """The name of the question "Who must not see this?", or empty."""
        return next((field.name for field in self.fields if field.choices_from == "desks"), "")

    @property
    def value_fields(self) -> tuple[Field, ...]:
        """The questions whose answers are values: all but files."""
        return tuple(field for field in self.fields if not field.file)

    @property
    def files(self) -> tuple[Field, ...]:
        """The questions that are answered with a file."""
        return tuple(field for field in self.fields if field.file)

    @property
    def pages(self) -> tuple[tuple[str, ...], ...]:
        """Return the names of the questions on each page of the server's steps.

        Files come last, since a page cannot carry a file on to the next one.
        """
        files = tuple(field.name for field in self.files)
        values = (tuple(name for name in step if name not in files) for step in self.steps)
        return (*(page for page in values if page), *([files] if files and self.steps else []))

    def page_of(self, name: str) -> int:
        """Return the index of the page with a question; 0 if no page has it."""
        return next((index for index, page in enumerate(self.pages) if name in page), 0)

    @property
    def msgids(self) -> tuple[str, ...]:
        """The English texts of the form that need a translation."""
        own = (word for word in (self.title, self.button, self.intro) if word)
        return (*own, *(word for field in self.fields for word in field.msgids))


def drawing_of(field: str, value: str) -> str:
    """Return the name of the drawing of an answer."""
    return f"{field}-{value}".replace("_", "-")


def names() -> tuple[str, ...]:
    """Return the names of all forms."""
    return _names_in(FOLDER)


def letter_forms() -> tuple[Definition, ...]:
    """Return the forms of letters: all but those that shorten another form."""
    return tuple(form for form in load_all() if not form.short_for)


@cache
def _names_in(folder: Path) -> tuple[str, ...]:
    """Return the names of a folder's forms. Cached, since each letter needs them many times."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load(name: str) -> Definition:
    """Return the form of this name. Raises Problem for an unknown name or an invalid definition."""
    if name not in names():
        raise Problem(f"form {name}", "There is no such form.", f"There are: {', '.join(names())}.")
    return _read(FOLDER / f"{name}.yaml")


def find(name: str) -> Definition | None:
    """Return the form of this name, or None if there is none. Raises Problem for an invalid definition."""
    return load(name) if name in names() else None


def load_all() -> tuple[Definition, ...]:
    """Return all forms, in the order of their names. Raises Problem for an invalid definition."""
    return _all_in(FOLDER)


@cache
def _all_in(folder: Path) -> tuple[Definition, ...]:
    return tuple(map(load, _names_in(folder)))


@cache
def _read(path: Path) -> Definition:
    return parse(read_yaml(path.read_text(encoding="utf-8")), where=str(path))


def parse(data: Mapping[str, Any], where: str) -> Definition:
    """Return a definition from its YAML. Raises Problem naming the file and the field."""
    if data.get("kind") not in set(Kind):
        raise Problem(where, f"kind: {data.get('kind')!r} is unknown.", f"Use one of: {', '.join(Kind)}.")
    fields = tuple(_field(row, f"{where}, field {row.get('name', '?')}") for row in data["fields"])
    keys = ("pad_to", "intro", "page", "followup", "needed", "becomes_event", "short_for")
    options = {key: data[key] for key in keys if key in data}
    options["any_of"] = tuple(data.get("any_of", ()))
    options["steps"] = tuple(tuple(step) for step in data.get("steps", ()))
    field_names = {field.name for field in fields}
    unknown = {*options["any_of"], *(name for step in options["steps"] for name in step)} - field_names
    if unknown:
        raise Problem(where, f"{sorted(unknown)[0]} is no field.", f"There are: {', '.join(sorted(field_names))}.")
    return Definition(
        name=data["name"], kind=Kind(data["kind"]), title=data["title"], button=data["button"], fields=fields, **options
    )


def _field(row: Mapping[str, Any], where: str) -> Field:
    """Return a field from its row of YAML. Raises Problem for an unknown value of `draw`."""
    if "same_as" in row:
        form, _, name = row["same_as"].partition("/")
        original = load(form).field(name)
        return replace(
            original,
            label=row.get("title", original.label),
            help=row.get("description", original.help),
            errors=row.get("errors", original.errors),
        )
    if row.get("draw") not in DRAWN_AS:
        raise Problem(where, f"draw: {row.get('draw')!r} is unknown.", f"Use one of {sorted(DRAWN_AS)}.")
    return Field(
        name=row["name"],
        kind=row.get("type", "string"),
        label=row["title"],
        help=row.get("description", ""),
        drawn_as=row["draw"],
        constraints=row.get("constraints", {}),
        choices=tuple(Choice(str(c["value"]), {"en": c["label"]}) for c in row.get("choices", ())),
        choices_from=row.get("choices_from", ""),
        clear=bool(row.get("clear", False)),
        errors=row.get("errors", {}),
        autocomplete=row.get("autocomplete", "off"),
        file=row.get("file", ""),
        beside=row.get("beside", ""),
    )


def choices(field: Field, definition: Definition, portal: Portal, today: date) -> tuple[Choice, ...]:
    """Return the choices of a field on a day: those of the table that it names, then its own."""
    match field.choices_from:
        case "":
            listed: tuple[Choice, ...] = ()
        case "desks":
            listed = tuple(Choice(desk.id, desk.name, desk.picture) for desk in portal.readers(definition.letter_form))
        case "languages":
            listed = tuple(Choice(item.code, {"en": item.name}) for item in portal.languages)
        case "events":
            listed = tuple(
                Choice(event.id, _dated_title(event)) for event in portal.events if event.takes_signups(today)
            )
        case table:
            listed = tuple(portal.choices.get(table, ()))
    return (*listed, *field.choices)


def _dated_title(event: Event) -> Text:
    """Return day and title of an event. The day comes first: repeated meetings share a title, and phones cut it off."""
    return {language: f"{i18n.day(event.day, language)} · {title}" for language, title in event.title.items()}


def schema(definition: Definition, portal: Portal, today: date) -> "Schema":
    """Return the Table Schema of a form, with enumerations from the portal's tables."""
    return _read_schema(
        json.dumps([_descriptor(field, choices(field, definition, portal, today)) for field in definition.value_fields])
    )


@lru_cache(maxsize=64)
def _read_schema(fields: str) -> "Schema":
    """Return the schema of these fields (JSON). Cached: reading one takes longer than checking an answer with it."""
    from frictionless import Schema  # noqa: PLC0415 - large, and needed only to check answers

    return Schema.from_descriptor({"fields": json.loads(fields)})


def _descriptor(field: Field, options: tuple[Choice, ...]) -> dict[str, Any]:
    constraints = dict(field.constraints)
    values = [choice.value for choice in options]
    if field.many:
        return {"name": field.name, "type": "array", "constraints": constraints}
    if field.drawn_as in {"select", "radios"}:
        constraints["enum"] = values
    return {"name": field.name, "type": field.kind, "constraints": constraints}
