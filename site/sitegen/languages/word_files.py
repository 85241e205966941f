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
    """Return a new file with all the English of public pages. The editor's words may be added to it."""
    return own_words.update_po("", language, extraction.template()).encode()


def _needed(language: str, text: str) -> Catalog:
    """Return the English that a file is to have: what it translates already, and of a new language all public words."""
    own = own_words.catalog_of(text, language)
    needed = Catalog(charset="utf-8")
    for domain in extraction.OF_DISTRICTS:
        every = domain is extraction.PUBLIC and language not in extraction.translated_languages()
        for message in extraction.template(domain):
            if message.id and (every or message.id in own):
                needed.add(message.id, locations=message.locations)
    return needed


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
