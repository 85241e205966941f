"""The district's own words of the interface: content/words/<language>.po, kept in step with the English."""

from pathlib import Path

from babel.messages.catalog import Catalog

from forms.core.files.durable import write_durably
from forms.core.i18n import extraction, own_words
from forms.core.problem import Problem
from sitegen.content import settings

FOLDER = "words"


def path_of(content: Path, language: str) -> Path:
    """Return where the district's own words in a language stand."""
    return content / FOLDER / f"{language}.po"


def fresh(language: str) -> bytes:
    """Return a new file with all the English that is to be translated."""
    return own_words.update_po("", language, extraction.template()).encode()


def _needed(language: str, text: str) -> Catalog:
    """Return the English that a file is to have: all of it, or what it corrects where the program brings the rest."""
    words = extraction.template()
    if language not in extraction.translated_languages():
        return words
    own = own_words.catalog_of(text, language)
    kept = Catalog(charset="utf-8")
    for message in words:
        if message.id and message.id in own:
            kept.add(message.id, locations=message.locations)
    return kept


def bring_up_to_date(content: Path) -> None:
    """Add new English to the district's own files, and take out what the program no longer says. Raises Problem."""
    for path in (path_of(content, code) for code in settings.language_codes(content)):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        try:
            fresh = own_words.update_po(text, path.stem, _needed(path.stem, text))
        except own_words.NotWords as error:
            raise Problem(
                f"content/{FOLDER}/{path.name}", f"cannot be read ({error}).", "Take an older copy."
            ) from None
        if fresh != text:
            write_durably(path, fresh.encode())
