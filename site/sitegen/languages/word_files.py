"""The district's own words of the interface: content/words/<language>.po, updated when the English changes."""

from pathlib import Path

from babel.messages.catalog import Catalog

from forms.core.files.durable import write_durably
from forms.core.i18n import extraction, own_words
from forms.core.problem import Problem
from sitegen.content import settings

FOLDER = "words"


def path_of(content: Path, language: str) -> Path:
    """Return the path of the district's .po file for a language."""
    return content / FOLDER / f"{language}.po"


def new_file(language: str) -> bytes:
    """Return the bytes of a new .po file with the English of public pages. Words for staff may be added to it."""
    return own_words.update_po("", language, extraction.template()).encode()


def _template(language: str, text: str) -> Catalog:
    """Return the English for a language's file.

    That is what the file translates already, and all public words where the program has no translations of its own.
    """
    own = own_words.catalog_of(text, language)
    template = Catalog(charset="utf-8")
    for domain in extraction.OF_DISTRICTS:
        needs_all = domain is extraction.PUBLIC and language not in extraction.translated_languages()
        for message in extraction.template(domain):
            if message.id and (needs_all or message.id in own):
                template.add(message.id, locations=message.locations)
    return template


def bring_up_to_date(content: Path) -> None:
    """Add new English to the district's .po files, and remove what the program no longer uses.

    Raises Problem about a file that cannot be read.
    """
    for path in (path_of(content, code) for code in settings.language_codes(content)):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        try:
            updated = own_words.update_po(text, path.stem, _template(path.stem, text))
        except own_words.NotWords as error:
            raise Problem(
                f"content/{FOLDER}/{path.name}", f"cannot be read ({error}).", "Take an older copy."
            ) from None
        if updated != text:
            write_durably(path, updated.encode())
