"""Validate answers: raw values in, Accepted or Rejected out. Plain data only: no request, no HTML, no messages."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from forms.core.form_schema import Definition, Field, choices, schema
from forms.core.i18n import digits
from forms.core.i18n.characters import category
from forms.core.portal import Portal

Raw = Mapping[str, Sequence[str]]
"""The input: for each field the texts that were typed or chosen."""

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_KEPT_CONTROLS = "\n\t"
_LINE_END = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")  # Word's Shift+Enter is a \v: without it two words become one
_JOINERS = "\u200c\u200d"  # ZWNJ and ZWJ shape Indic letters; all other invisible marks are dropped
_OBJECT_REPLACEMENT = "\ufffc"  # for a picture, or speech that an iPhone still recognises; the content never arrives
_BLANK_CHARACTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs without a visible shape


@dataclass(frozen=True)
class FieldProblem:
    """A fault of an answer: the field and the constraint that it breaks."""

    field: str
    code: str


@dataclass(frozen=True)
class Accepted:
    """Answers that fit the form: typed values by field, without unanswered questions."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Rejected:
    """Answers that do not fit: at most one problem a field, in the order of the form."""

    problems: tuple[FieldProblem, ...]


def accept(
    definition: Definition, portal: Portal, today: date, raw: Raw, files: frozenset[str] = frozenset()
) -> Accepted | Rejected:
    """Validate the input against the form's Table Schema and a few rules of our own.

    files: the questions that were answered with a file.
    """
    cells = [_cell(field, raw) for field in definition.value_fields]
    values, all_errors = schema(definition, portal, today).read_cells(cells)
    problems = []
    for field, cell, value, errors in zip(definition.value_fields, cells, values, all_errors, strict=True):
        allowed = {choice.value for choice in choices(field, definition, portal, today)}
        code = (
            _unreadable(cell)
            or _number_problem(field, cell)
            or next(iter(errors or ()), None)
            or _many_problem(field, value, allowed)
        )
        if code:
            problems.append(FieldProblem(field.name, code))
    answered = files | {field.name for field, cell in zip(definition.value_fields, cells, strict=True) if cell}
    if definition.any_of and not answered & set(definition.any_of):
        problems.insert(0, FieldProblem(definition.any_of[0], "required"))
    if problems:
        return Rejected(tuple(problems))
    typed_values = zip(definition.value_fields, values, strict=True)
    return Accepted({field.name: value for field, value in typed_values if value not in (None, [])})


def clean(text: str) -> str:
    """Return a text as it is stored: NFC, line feeds, no control or invisible characters but those that shape letters.

    Returns "" for a text without visible characters: its sender would get a receipt for an empty letter.
    """
    unified = unicodedata.normalize("NFC", _LINE_END.sub("\n", text))
    cleaned = "".join(char for char in unified if _is_kept(char)).strip()
    return cleaned if any(map(_is_visible, cleaned)) else ""


def _is_visible(char: str) -> bool:
    return category(char)[0] in "LNPS" and char not in _BLANK_CHARACTERS


def _is_kept(char: str) -> bool:
    if char == _OBJECT_REPLACEMENT:
        return False
    return char in _KEPT_CONTROLS or char in _JOINERS or category(char)[0] != "C"


def _cell(field: Field, raw: Raw) -> str:
    texts = [clean(text) for text in raw.get(field.name, ())]
    if field.kind == "integer" or field.drawn_as == "tel":
        texts = [digits.plain_number(text) for text in texts]
    if field.many:
        return json.dumps([text for text in texts if text])
    return texts[0] if texts else ""


def _unreadable(cell: str) -> str | None:
    return "encoding" if UNREADABLE in cell else None


def _number_problem(field: Field, cell: str) -> str | None:
    """Return the fault of a number that the schema's own check would accept, or report less precisely."""
    if field.kind == "integer" and cell and not digits.is_whole_number(cell):
        return "type"
    return "two" if field.drawn_as == "tel" and digits.has_two_numbers(cell) else None


def _many_problem(field: Field, value: Any, allowed: set[str]) -> str | None:
    if not field.many or not value:
        return None
    if not set(value) <= allowed:
        return "enum"
    # "Who must not see this?" may leave out all desks but one.
    return "all" if field.choices_from == "desks" and set(value) == allowed else None
