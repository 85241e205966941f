"""Opened letters as plain lines for a terminal. Letters are hostile input: no control character gets through."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from forms.definition import load
from forms.desk.opening import Letter
from forms.problem import Problem

_FIRST_WORDS = 90


def plain(text: object) -> str:
    """A text with every control and formatting character but line feeds and joiners shown as a dot."""
    return "".join(char if _is_harmless(char) else "\N{MIDDLE DOT}" for char in str(text))


def _is_harmless(char: str) -> bool:
    return char in "\n\u200c\u200d" or unicodedata.category(char)[0] != "C"


def ordered(letters: Sequence[tuple[str, Letter | Problem]]) -> list[tuple[str, Letter | Problem]]:
    """Newest day first; letters that do not open come last."""
    readable = [item for item in letters if isinstance(item[1], Letter)]
    broken = [item for item in letters if not isinstance(item[1], Letter)]
    return [*sorted(readable, key=_newest, reverse=True), *broken]


def _newest(item: tuple[str, Letter | Problem]) -> tuple[str, str]:
    return (item[1].day if isinstance(item[1], Letter) else "", item[0])


def one_line(number: int, letter: Letter | Problem) -> str:
    """A letter in the list: its number, day, place, language and first words."""
    if isinstance(letter, Problem):
        return f"{number:>4}  (does not open) {letter}"
    first = plain(letter.answers.get("what", "")).replace("\n", " ")[:_FIRST_WORDS]
    where = plain(letter.answers.get("place", "-"))
    return f"{number:>4}  {plain(letter.day)}  {where:<14} {plain(letter.language):<3} {first}"


def whole(letter: Letter) -> Iterator[str]:
    """A whole letter, question by question in the order of the form."""
    yield f"Day: {plain(letter.day)}   Language: {plain(letter.language)}   Id: {plain(letter.id)}"
    yield f"Can be read by: {', '.join(plain(desk) for desk in letter.desks)}"
    yield f"Answer possible: {'yes' if letter.reply_to else 'no, the person took no receipt'}"
    labels = {field.name: field.label for field in load("concern").fields}
    known = [name for name in labels if name in letter.answers]
    for name in [*known, *sorted(set(letter.answers) - set(labels))]:
        yield ""
        yield plain(labels.get(name, name))
        yield from (f"  {line}" for line in _value(letter.answers[name]).splitlines())


def _value(value: Any) -> str:
    return ", ".join(plain(item) for item in value) if isinstance(value, list) else plain(value)
