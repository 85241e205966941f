"""Interface words that a district provides, for a language that the program does not ship or instead of the program's.

They come from content/words/<language>.po and travel to the server and the desks in the portal's file. Whoever writes
them is trusted with words, not with markup: what could act as HTML, or lacks what a sentence is filled with, is left
out and the English is used instead.
"""

# ruff: noqa: PLC0415 - Babel is imported where a .po file is read: few districts have words of their own

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from forms.core.i18n import locales
from forms.core.i18n.characters import is_newer

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

MAX_LENGTH = 2_000_000
"""Characters of a .po file."""

EDITOR_FOLDER = Path(__file__).parents[3] / "site" / "editor" / "i18n"
"""The editor's .po files; a server or a desk without the editor has none."""

_FILLED = re.compile(r"%(?:\((\w+)\))?([a-zA-Z%])")
_MARKUP = re.compile(r"[<>]|&[#\w]+;")
_TAG = re.compile(r"<[^>]*>?|&[#\w]+;|>")

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Categories of signs that no reader sees: they turn the words behind them round, or end a line of a file."""

_JOINERS, _DIRECTIONS = "\u200c\u200d", "\u061c\u200e\u200f"
"""Signs that scripts of India are spelled with; and those that only a language from right to left needs."""

_BLANK = "\u115f\u1160\u3164\uffa0"
"""Letters that show nothing."""

_LONGER, _LONGEST = 4, 120
"""How many times as long as the English a translation may be, and how many characters more."""

Words = Mapping[str, str]
"""By language, the text of a .po file."""

Forms = tuple[str, ...]
"""The forms of one sentence: of its English one or two, of its translation as many as numbers have there."""


class NotWords(Exception):
    """A text is no .po file. The message says why."""


@dataclass(frozen=True)
class RefusedWord:
    """A translation that is left out: the English, and why."""

    english: str
    why: str


def catalog_of(text: str, language: str) -> "Catalog":
    """Return the messages of a .po file. Raises NotWords."""
    from babel.messages.pofile import PoFileError, read_po

    if len(text) > MAX_LENGTH:
        raise NotWords("is too long")
    try:
        data = BytesIO(text.encode())
        return read_po(data, locale=locales.locale_of(language), abort_invalid=True, charset="utf-8")
    except (PoFileError, ValueError, TypeError, AttributeError, IndexError, KeyError, LookupError) as error:
        raise NotWords(str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def update_po(text: str, language: str, words: "Catalog") -> str:
    """Return a .po file in step with the English of the program: what is translated stays. Raises NotWords."""
    known = catalog_of(text, language)
    known.update(words, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    known.obsolete.clear()
    return _written(known)


def _written(known: "Catalog") -> str:
    from babel.messages.pofile import write_po

    known.header_comment = "# Interface words of this district. The English stands in the program."
    known.project, known.version = "Safe Community Portal", "1"
    known.msgid_bugs_address = known.last_translator = known.language_team = "-"
    known.fuzzy = False
    written = BytesIO()
    write_po(written, known, sort_by_file=True, ignore_obsolete=True, width=0)
    return written.getvalue().decode()


def with_words(text: str, language: str, words: Mapping[Forms, Forms]) -> str:
    """Return a .po file in which sentences are said so; without a sentence whose words are all empty, ours counts.

    words: by the forms of the English (two where it has a plural) the forms in this language. Raises NotWords.
    """
    known = catalog_of(text, language)
    for english, said in words.items():
        known.delete(english[0])
        if any(said):
            known.add(english if len(english) > 1 else english[0], said if len(english) > 1 else said[0])
    return _written(known)


def plural_count(language: str) -> int:
    """Return how many forms a sentence with a number has in a language."""
    from babel.messages.catalog import Catalog

    return int(Catalog(locale=locales.locale_of(language)).num_plurals)


def reason_unusable(english: Forms, said: Forms, language: str) -> str:
    """Return why a translation cannot be shown, or ""."""
    if len(english) > 1 and len(said) != plural_count(language):
        return "has not as many forms as numbers have in this language"
    if any(map(_unseen, said, [_allowed(english, language)] * len(said))):
        return "holds a sign that no reader sees"
    return next(_faults(english, said), "")


def _allowed(english: Forms, language: str) -> str:
    """Return the signs that nobody sees and that may stand in a translation."""
    return _JOINERS + (_DIRECTIONS if locales.direction(language) == "rtl" else "") + "".join(english)


def _unseen(text: str, allowed: str) -> bool:
    return any(unicodedata.category(char) in _UNSEEN and char not in allowed for char in text)


@cache
def _with_plurals() -> Mapping[str, Forms]:
    """Return the sentences of the program that have a plural, by their first form."""
    from babel.messages.pofile import read_po

    found: dict[str, Forms] = {}
    for folder in (Path(__file__).parent, EDITOR_FOLDER):
        for shipped in sorted(folder.glob("*.po"))[:1]:
            with shipped.open("rb") as file:
                found |= {one.id[0]: _several(one.id) for one in read_po(file) if one.pluralizable}
    return found


def usable_words(text: str, language: str) -> dict[str, Forms]:
    """Return the translations that may be shown, by their English; several of what has a plural. Raises NotWords."""
    return {english: said for english, said, why in _looked_at(text, language) if not why}


def refused_words(text: str, language: str) -> Iterator[RefusedWord]:
    """Yield the translations that are left out. Raises NotWords."""
    return (RefusedWord(english, why) for english, _, why in _looked_at(text, language) if why)


def _looked_at(text: str, language: str) -> Iterator[tuple[str, Forms, str]]:
    for message in catalog_of(text, language):
        if message.id and not message.fuzzy:
            english, said = _several(message.id), _several(message.string)
            if all(said):
                yield english[0], said, _strange_plural(english) or reason_unusable(english, said, language)


def _strange_plural(english: Forms) -> str:
    """Return what is wrong with the English of a plural sentence in a .po file, or ""."""
    ours = len(english) == 1 or _with_plurals().get(english[0]) == english
    return "" if ours else "has another plural in English than the program"


def _several(text: object) -> Forms:
    return tuple(map(str, text)) if isinstance(text, (list, tuple)) else (str(text or ""),)


def _faults(english: Forms, said: Forms) -> Iterator[str]:
    """Yield why a translation cannot be shown."""
    yield from _markup_faults(english, said)
    if any(len(one) > _LONGER * max(map(len, english)) + _LONGEST for one in said):
        yield "is far longer than the English"
    yield from _filling_faults(english, said)
    if _says(english[0]) and not all(map(_says, said)):
        yield "says nothing that a reader sees"


def _markup_faults(english: Forms, said: Forms) -> Iterator[str]:
    """Yield what a translation would change in the markup of a page."""
    if any(_MARKUP.search(one) for one in said) and not any(_MARKUP.search(one) for one in english):
        yield "holds markup, which stays out of words"
    if any(_TAG.findall(one) != _TAG.findall(english[-1]) for one in said):
        yield "has other markup than the English"
    if not any('"' in _TAG.sub("", one) for one in english) and any('"' in _TAG.sub("", one) for one in said):
        yield 'holds a ", which would end a part of a page; write “ and ”'


def _filling_faults(english: Forms, said: Forms) -> Iterator[str]:
    """Yield what is wrong with the values that a translation is filled with, like %(number)s."""
    wanted = {match.groups() for one in english for match in _FILLED.finditer(one)}
    if any({match.groups() for match in _FILLED.finditer(one)} - wanted for one in said):
        yield "is filled with something that the English does not have"
    lone = any("%" in _FILLED.sub("", one) for one in english)
    if not lone and any("%" in _FILLED.sub("", one) for one in said):
        yield "has a % that stands for nothing"
    if any(not {match.groups() for match in _FILLED.finditer(one)} >= _always(english) for one in said):
        yield "lacks something that the English is filled with"


def _says(text: str) -> bool:
    """Return whether a reader sees a word in a text, beside what it is filled with."""
    return any(
        (char.isalpha() and char not in _BLANK) or is_newer(char) for char in _FILLED.sub("", _TAG.sub("", text))
    )


def _always(english: Forms) -> set[tuple[str | None, str]]:
    """Return what every form of the English is filled with: of a plural, one form may leave its number out."""
    found = [{match.groups() for match in _FILLED.finditer(one)} for one in english]
    return set.intersection(*found)  # type: ignore[arg-type] # groups of a match
