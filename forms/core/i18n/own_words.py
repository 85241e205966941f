"""Interface texts of a district, for a language that the program does not ship or instead of the program's own.

They come from content/words/<language>.po, and reach the server and the desks in the portal's file. Their authors are
trusted with words, not with markup: a translation that could act as HTML, or lacks a placeholder, is left out, and the
English text is shown instead.
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

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?([a-zA-Z%])")
_MARKUP = re.compile(r"[<>]|&[#\w]+;")
_TAG = re.compile(r"<[^>]*>?|&[#\w]+;|>")

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Categories of invisible characters: they can reverse the text after them, or end a line of a file."""

_JOINERS, _DIRECTION_MARKS = "\u200c\u200d", "\u061c\u200e\u200f"
"""Invisible characters that scripts of India are spelled with; those that only a right-to-left language needs."""

_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"
"""Letters without a visible shape."""

_MAX_LENGTH_FACTOR, _MAX_EXTRA_LENGTH = 4, 120
"""A translation may be so many times as long as the English, and so many characters longer."""

Words = Mapping[str, str]
"""By language, the text of a .po file."""

Forms = tuple[str, ...]
"""The plural forms of a message: one or two in English; in a translation as many as its language has."""


class NotWords(Exception):
    """A text is not a valid .po file. The message gives the reason."""


@dataclass(frozen=True)
class RefusedWord:
    """A translation that is left out: its English text, and the reason."""

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
    """Return a .po file updated with the program's English texts; translations stay. Raises NotWords."""
    catalogue = catalog_of(text, language)
    catalogue.update(words, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    catalogue.obsolete.clear()
    return _po_text(catalogue)


def _po_text(catalogue: "Catalog") -> str:
    from babel.messages.pofile import write_po

    catalogue.header_comment = "# Interface words of this district. The English stands in the program."
    catalogue.project, catalogue.version = "Safe Community Portal", "1"
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = "-"
    catalogue.fuzzy = False
    file = BytesIO()
    write_po(file, catalogue, sort_by_file=True, ignore_obsolete=True, width=0)
    return file.getvalue().decode()


def with_words(text: str, language: str, words: Mapping[Forms, Forms]) -> str:
    """Return a .po file with these translations. An empty one is removed: then the program's own is shown.

    words: forms in this language by those in English (two for a message with a plural). Raises NotWords.
    """
    catalogue = catalog_of(text, language)
    for english, translation in words.items():
        catalogue.delete(english[0])
        if any(translation):
            catalogue.add(
                english if len(english) > 1 else english[0], translation if len(english) > 1 else translation[0]
            )
    return _po_text(catalogue)


def plural_count(language: str) -> int:
    """Return the number of plural forms of a language."""
    from babel.messages.catalog import Catalog

    return int(Catalog(locale=locales.locale_of(language)).num_plurals)


def reason_unusable(english: Forms, translation: Forms, language: str) -> str:
    """Return the reason why a translation cannot be shown, or ""."""
    if len(english) > 1 and len(translation) != plural_count(language):
        return "has not as many forms as numbers have in this language"
    if any(map(_has_invisible, translation, [_allowed_invisible(english, language)] * len(translation))):
        return "holds a sign that no reader sees"
    return next(_faults(english, translation), "")


def _allowed_invisible(english: Forms, language: str) -> str:
    """Return the invisible characters that a translation may contain."""
    return _JOINERS + (_DIRECTION_MARKS if locales.direction(language) == "rtl" else "") + "".join(english)


def _has_invisible(text: str, allowed: str) -> bool:
    return any(unicodedata.category(char) in _INVISIBLE_CATEGORIES and char not in allowed for char in text)


@cache
def _with_plurals() -> Mapping[str, Forms]:
    """Return the program's messages with a plural, by their first form."""
    from babel.messages.pofile import read_po

    messages: dict[str, Forms] = {}
    for folder in (Path(__file__).parent, EDITOR_FOLDER):
        for po_file in sorted(folder.glob("*.po"))[:1]:
            with po_file.open("rb") as file:
                messages |= {message.id[0]: _as_forms(message.id) for message in read_po(file) if message.pluralizable}
    return messages


def usable_words(text: str, language: str) -> dict[str, Forms]:
    """Return the forms of each translation that can be shown, by the first form of its English. Raises NotWords."""
    return {english: translation for english, translation, why in _checked_messages(text, language) if not why}


def refused_words(text: str, language: str) -> Iterator[RefusedWord]:
    """Yield the translations that are left out. Raises NotWords."""
    return (RefusedWord(english, why) for english, _, why in _checked_messages(text, language) if why)


def _checked_messages(text: str, language: str) -> Iterator[tuple[str, Forms, str]]:
    for message in catalog_of(text, language):
        if message.id and not message.fuzzy:
            english, translation = _as_forms(message.id), _as_forms(message.string)
            if all(translation):
                yield english[0], translation, _plural_fault(english) or reason_unusable(english, translation, language)


def _plural_fault(english: Forms) -> str:
    """Return what is wrong with the English plural of a message in a .po file, or ""."""
    is_known = len(english) == 1 or _with_plurals().get(english[0]) == english
    return "" if is_known else "has another plural in English than the program"


def _as_forms(text: object) -> Forms:
    return tuple(map(str, text)) if isinstance(text, (list, tuple)) else (str(text or ""),)


def _faults(english: Forms, translation: Forms) -> Iterator[str]:
    """Yield the reasons why a translation cannot be shown."""
    yield from _markup_faults(english, translation)
    if any(len(one) > _MAX_LENGTH_FACTOR * max(map(len, english)) + _MAX_EXTRA_LENGTH for one in translation):
        yield "is far longer than the English"
    yield from _placeholder_faults(english, translation)
    if _has_visible_word(english[0]) and not all(map(_has_visible_word, translation)):
        yield "says nothing that a reader sees"


def _markup_faults(english: Forms, translation: Forms) -> Iterator[str]:
    """Yield the reasons why a translation would change the markup of a page."""
    if any(_MARKUP.search(one) for one in translation) and not any(_MARKUP.search(one) for one in english):
        yield "holds markup, which stays out of words"
    if any(_TAG.findall(one) != _TAG.findall(english[-1]) for one in translation):
        yield "has other markup than the English"
    if not any('"' in _TAG.sub("", one) for one in english) and any('"' in _TAG.sub("", one) for one in translation):
        yield 'holds a ", which would end a part of a page; write “ and ”'


def _placeholder_faults(english: Forms, translation: Forms) -> Iterator[str]:
    """Yield what is wrong with the placeholders of a translation, like %(number)s."""
    english_placeholders = {match.groups() for one in english for match in _PLACEHOLDER.finditer(one)}
    if any({match.groups() for match in _PLACEHOLDER.finditer(one)} - english_placeholders for one in translation):
        yield "is filled with something that the English does not have"
    has_percent = any("%" in _PLACEHOLDER.sub("", one) for one in english)
    if not has_percent and any("%" in _PLACEHOLDER.sub("", one) for one in translation):
        yield "has a % that stands for nothing"
    if any(
        not {match.groups() for match in _PLACEHOLDER.finditer(one)} >= _required_placeholders(english)
        for one in translation
    ):
        yield "lacks something that the English is filled with"


def _has_visible_word(text: str) -> bool:
    """Return whether a text has a visible letter besides its placeholders."""
    return any(
        (char.isalpha() and char not in _BLANK_LETTERS) or is_newer(char)
        for char in _PLACEHOLDER.sub("", _TAG.sub("", text))
    )


def _required_placeholders(english: Forms) -> set[tuple[str | None, str]]:
    """Return the placeholders of every English form: one form of a plural may leave its number out."""
    placeholders = [{match.groups() for match in _PLACEHOLDER.finditer(one)} for one in english]
    return set.intersection(*placeholders)  # type: ignore[arg-type] # groups of a match
