"""Interface words that a district provides, for a language that the program does not ship or instead of the program's.

They come from content/words/<language>.po and travel to the server and the desks in the portal's file. Whoever writes
them is trusted with words, not with markup: what could act as HTML, or lacks what a sentence is filled with, is left
out and the English stands in.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

from forms.core.i18n import locales

LARGEST = 2_000_000
"""Characters of a .po file."""

_FILLED = re.compile(r"%(?:\((\w+)\))?([a-zA-Z%])")
_MARKUP = re.compile(r"[<>]|&[#\w]+;")
_TAG = re.compile(r"<[^>]*>?|&[#\w]+;|>")

Words = Mapping[str, str]
"""By language, the text of a .po file."""


class NotWords(Exception):
    """A text is no .po file. The message says why."""


@dataclass(frozen=True)
class Refused:
    """A translation that is left out: the English, and why."""

    english: str
    why: str


def catalog_of(text: str, language: str) -> Catalog:
    """Return the messages of a .po file. Raises NotWords."""
    if len(text) > LARGEST:
        raise NotWords("is too long")
    try:
        data = BytesIO(text.encode())
        return read_po(data, locale=locales.locale_of(language), abort_invalid=True, charset="utf-8")
    except (PoFileError, ValueError, TypeError, AttributeError, IndexError, KeyError, LookupError) as error:
        raise NotWords(str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def brought_up_to_date(text: str, language: str, words: Catalog) -> str:
    """Return a .po file in step with the English of the program: what is translated stays. Raises NotWords."""
    known = catalog_of(text, language)
    known.update(words, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    known.obsolete.clear()
    known.header_comment = "# Interface words of this district. The English stands in the program."
    known.project, known.version = "Safe Community Portal", "1"
    known.msgid_bugs_address = known.last_translator = known.language_team = "-"
    known.fuzzy = False
    written = BytesIO()
    write_po(written, known, sort_by_file=True, ignore_obsolete=True, width=0)
    return written.getvalue().decode()


def usable(text: str, language: str) -> dict[str, tuple[str, ...]]:
    """Return the translations that may be shown, by their English; several of what has a plural. Raises NotWords."""
    return {english: said for english, said, why in _looked_at(text, language) if not why}


def refused(text: str, language: str) -> Iterator[Refused]:
    """Yield the translations that are left out. Raises NotWords."""
    return (Refused(english, why) for english, _, why in _looked_at(text, language) if why)


def _looked_at(text: str, language: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for message in catalog_of(text, language):
        if message.id and not message.fuzzy:
            english, said = _several(message.id), _several(message.string)
            if all(said):
                yield english[0], said, _wrong(english, said)


def _several(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, (list, tuple)) else (str(text or ""),)


def _wrong(english: tuple[str, ...], said: tuple[str, ...]) -> str:
    """Return why a translation cannot be shown; "" where it can."""
    if any(_MARKUP.search(one) for one in said) and not any(_MARKUP.search(one) for one in english):
        return "holds markup, which stays out of words"
    if any(_TAG.findall(one) != _TAG.findall(english[-1]) for one in said):
        return "has other markup than the English"
    wanted = {match.groups() for one in english for match in _FILLED.finditer(one)}
    if any({match.groups() for match in _FILLED.finditer(one)} - wanted for one in said):
        return "is filled with something that the English does not have"
    if "%" in "".join(said) and any("%" in _FILLED.sub("", one) for one in said) and wanted:
        return "has a % that stands for nothing"
    if any(not {match.groups() for match in _FILLED.finditer(one)} >= _always(english) for one in said):
        return "lacks something that the English is filled with"
    return ""


def _always(english: tuple[str, ...]) -> set[tuple[str | None, str]]:
    """Return what every form of the English is filled with: of a plural, one form may leave its number out."""
    found = [{match.groups() for match in _FILLED.finditer(one)} for one in english]
    return set.intersection(*found)  # type: ignore[arg-type] # groups of a match
