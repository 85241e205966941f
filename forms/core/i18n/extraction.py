"""Collect the English words of all programs and keep the .po files in step with them.

Words stand in templates, in Python as `_("...")` (with ngettext for plurals), and in definitions/*.yaml.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from forms.core import form_schema
from forms.core.files.durable import replaced
from forms.core.i18n import FOLDER, catalog

ROOT = FOLDER.parents[2]
KEYWORDS = {"_": None, "gettext": None, "translate": None, "ngettext": (1, 2)}
SOURCES = (
    ("forms", "*.html", "jinja2.ext:babel_extract"),
    ("site", "*.html", "jinja2.ext:babel_extract"),
    ("forms", "*.py", "python"),
    ("site", "*.py", "python"),
)


def template() -> Catalog:
    """Return all English words that need a translation, with the files in which they stand."""
    collected = Catalog(charset="utf-8")
    for msgid, where in sorted(_found(), key=lambda item: item[1]):
        collected.add(msgid, locations=[(where, None)])  # type: ignore[list-item] # no line numbers: less churn
    return collected


def _found() -> Iterator[tuple[str | tuple[str, ...], str]]:
    for folder, pattern, method in SOURCES:
        for path in sorted((ROOT / folder).rglob(pattern)):
            where = path.relative_to(ROOT).as_posix()
            for msgid in _of_file(method, path, path.stat().st_mtime_ns):
                yield msgid, where
    for name in form_schema.names():
        for msgid in form_schema.load(name).msgids:
            yield msgid, f"forms/core/definitions/{name}.yaml"


@cache
def _of_file(method: str, path: Path, _changed: int) -> tuple[str | tuple[str, ...], ...]:
    """Return the English words of one file, read once until it changes (nanoseconds of its last change)."""
    return tuple(msgid for _, msgid, _, _ in extract_from_file(method, path, KEYWORDS))


def update(languages: Sequence[str]) -> dict[str, int]:
    """Bring each language's .po up to date; how many of its messages are missing or fuzzy."""
    words = template()
    for language in languages:
        known = catalog(language)
        known.update(words, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
        known.obsolete.clear()
        _head(known)
        _write(known, FOLDER / f"{language}.po")
    return {language: len(unfinished(language)) for language in languages}


def _head(known: Catalog) -> None:
    """Write our own header, the same each time: a file changes only when its words do."""
    known.header_comment = "# Interface words. The English stands in forms/ and site/; see CONTRIBUTING.md."
    known.project, known.version = "Safe Community Portal", "1"
    known.msgid_bugs_address = known.last_translator = known.language_team = "-"
    known.fuzzy = False


def translated() -> tuple[str, ...]:
    """Return the languages that have a .po file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.po")))


def unfinished(language: str) -> list[str]:
    """Return English words that this language lacks, or whose translation is marked fuzzy."""
    known = catalog(language)
    wanted = [message.id for message in template() if message.id]
    return [_first(msgid) for msgid in wanted if not _is_done(known, msgid)]


def untranslated(language: str) -> list[str]:
    """English words that this language's .po lacks, of all that any .po knows. Reads no program: `words` does that."""
    known = {_first(message.id): message for message in _of_po(language) if message.id}
    every = dict.fromkeys(_first(message.id) for code in translated() for message in _of_po(code) if message.id)
    return [msgid for msgid in every if not _is_whole(known.get(msgid))]


def _of_po(language: str) -> Catalog:
    path = FOLDER / f"{language}.po"
    return _read_po(language, path.stat().st_mtime_ns if path.exists() else 0)


@cache
def _read_po(language: str, _changed: int) -> Catalog:
    return catalog(language)


def _is_done(known: Catalog, msgid: str | Sequence[str]) -> bool:
    return _is_whole(known.get(_first(msgid)))


def _is_whole(message: Message | None) -> bool:
    """Return whether a message has all its translations, looked at by a person."""
    if message is None or message.fuzzy:
        return False
    texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return bool(texts) and all(texts)


def _first(msgid: str | Sequence[str]) -> str:
    return msgid if isinstance(msgid, str) else msgid[0]


def _write(known: Catalog, path: Path) -> None:
    with replaced(path) as fresh, fresh.open("wb") as file:
        write_po(file, known, sort_by_file=True, ignore_obsolete=True, include_previous=False, width=0)
