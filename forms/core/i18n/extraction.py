"""Collect the English words of all programs and keep the .po files in step with them.

Words stand in templates, in Python as `_("...")` (with ngettext for plurals), in definitions/*.yaml, and in the schemas
of tables (site/schemas/*.yaml), as titles and descriptions. The desk and the editor have .po files of their own, so
that no public program reads them and nobody who adds a language must translate them first. Words that public pages have
too stand in the public files alone.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from forms.core import form_schema
from forms.core.files.durable import atomic_replacement
from forms.core.i18n import FOLDER, catalog, schema_words
from forms.core.i18n.marked_words import python_msgids
from forms.core.i18n.own_words import EDITOR_FOLDER

ROOT = FOLDER.parents[2]
DESK_FOLDER = ROOT / "forms" / "desk" / "i18n"
KEYWORDS = {"_": None, "gettext": None, "translate": None, "ngettext": (1, 2), "with_markup": None}
SOURCES = (
    ("forms", "*.html", "jinja2.ext:babel_extract"),
    ("site", "*.html", "jinja2.ext:babel_extract"),
    ("forms", "*.py", "python"),
    ("site", "*.py", "python"),
)
SCHEMAS = "site/schemas"
DESK_WINDOW = "forms/desk/window/"
"""What lies below is said at the desk alone."""

EDITOR_CODE = "site/editor/"
"""What lies below is said in the editor alone."""

STAFF_IMPORTS = frozenset({"forms.core.i18n", "forms.core.i18n.lazy_text"})
"""Where site/sitegen takes its marks from for what it says to staff; what it says on pages goes through `i18n.say`."""

Msgid = str | tuple[str, ...]
Found = Iterator[tuple[Msgid, str]]


@dataclass(frozen=True)
class Domain:
    """A set of .po files. folder: where they lie; collected: its English words, each with the file that has it."""

    folder: Path
    collected: Callable[[], Found]


def template(domain: "Domain | None" = None) -> Catalog:
    """Return all English words of a domain that need a translation, with the files in which they stand."""
    collected = Catalog(charset="utf-8")
    for msgid, where in sorted((domain or PUBLIC).collected(), key=lambda item: item[1]):
        collected.add(msgid, locations=[(where, None)])  # type: ignore[list-item] # no line numbers: less churn
    return collected


def _public() -> Found:
    for method, path, where in _files():
        if not where.startswith((DESK_WINDOW, EDITOR_CODE)):
            for msgid in _file_msgids(method, path, path.stat().st_mtime_ns, _public_marks(path)):
                yield msgid, where
    for name in form_schema.names():
        for msgid in form_schema.load(name).msgids:
            yield msgid, f"forms/core/definitions/{name}.yaml"


def _files() -> Iterator[tuple[str, Path, str]]:
    """Yield each file that may hold words: Babel's method, the path, and the path from the project's folder."""
    for folder, pattern, method in SOURCES:
        for path in sorted((ROOT / folder).rglob(pattern)):
            yield method, path, path.relative_to(ROOT).as_posix()


def _public_marks(path: Path) -> frozenset[str]:
    return frozenset(KEYWORDS) - _staff_marks(path)


def _staff_marks(path: Path) -> frozenset[str]:
    """Return the names that mark words for staff in a file of site/: those that it imports for that."""
    if path.suffix != ".py" or not path.is_relative_to(ROOT / "site"):
        return frozenset()
    imports = (node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.ImportFrom))
    names = (name for node in imports if node.module in STAFF_IMPORTS for name in node.names)
    return frozenset(name.asname or name.name for name in names) & frozenset(KEYWORDS)


def _editor() -> Found:
    known = {_singular(msgid) for msgid, _ in _public()}
    return ((msgid, where) for msgid, where in _editor_msgids() if _singular(msgid) not in known)


def _editor_msgids() -> Found:
    """Yield what the editor says, what `check` says to staff, and the schemas' titles and descriptions."""
    for method, path, where in _files():
        if where.startswith("site/"):
            marks = frozenset(KEYWORDS) if where.startswith(EDITOR_CODE) else _staff_marks(path)
            for msgid in _file_msgids(method, path, path.stat().st_mtime_ns, marks) if marks else ():
                yield msgid, where
    for path in sorted((ROOT / SCHEMAS).glob("*.yaml")):
        for msgid in schema_words.of_schema(path):
            yield msgid, f"{SCHEMAS}/{path.name}"


def _desk() -> Found:
    known = {_singular(msgid) for msgid, _ in _public()}
    return ((msgid, where) for msgid, where in _desk_msgids() if _singular(msgid) not in known)


def _desk_msgids() -> Found:
    for path in sorted((ROOT / DESK_WINDOW).rglob("*.html")):
        for msgid in _file_msgids("jinja2.ext:babel_extract", path, path.stat().st_mtime_ns, frozenset(KEYWORDS)):
            yield msgid, path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "forms").rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        for msgid in _marked(path, path.stat().st_mtime_ns, where.startswith(DESK_WINDOW)):
            yield msgid, where


PUBLIC = Domain(FOLDER, _public)
DESK = Domain(DESK_FOLDER, _desk)
EDITOR = Domain(EDITOR_FOLDER, _editor)
DOMAINS = (PUBLIC, DESK, EDITOR)
OF_DISTRICTS = (PUBLIC, EDITOR)
"""What a district may say in words of its own."""


@cache
def _file_msgids(method: str, path: Path, _changed: int, marks: frozenset[str]) -> tuple[Msgid, ...]:
    """Return the words with these marks in one file, read once until it changes (nanoseconds of its last change)."""
    keywords = {name: spec for name, spec in KEYWORDS.items() if name in marks}
    return tuple(msgid for _, msgid, _, _ in extract_from_file(method, path, keywords))


@cache
def _marked(path: Path, _changed: int, is_window: bool) -> tuple[Msgid, ...]:
    return tuple(
        python_msgids(path.read_text(encoding="utf-8"), is_desk=_is_read_in_the_window(path), is_window=is_window)
    )


def _is_read_in_the_window(path: Path) -> bool:
    """Return whether a module's Problems are shown by the window: the terminal speaks English."""
    return path.is_relative_to(ROOT / "forms" / "desk") and not path.is_relative_to(ROOT / "forms" / "desk" / "cli")


def update(languages: Sequence[str], domain: "Domain | None" = None) -> dict[str, int]:
    """Bring each language's .po of a domain up to date; how many of its messages are missing or fuzzy."""
    place = domain or PUBLIC
    words = template(place)
    for language in languages:
        known = catalog(language, place.folder)
        known.update(words, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
        known.obsolete.clear()
        _set_header(known)
        _write(known, place.folder / f"{language}.po")
    return {language: len(unfinished(language, place)) for language in languages}


def _set_header(known: Catalog) -> None:
    """Write our own header, the same each time: a file changes only when its words do."""
    known.header_comment = "# Interface words. The English stands in forms/ and site/; see CONTRIBUTING.md."
    known.project, known.version = "Safe Community Portal", "1"
    known.msgid_bugs_address = known.last_translator = known.language_team = "-"
    known.fuzzy = False


def translated_languages(domain: "Domain | None" = None) -> tuple[str, ...]:
    """Return the languages that have a .po file."""
    return tuple(sorted(path.stem for path in (domain or PUBLIC).folder.glob("*.po")))


def unfinished(language: str, domain: "Domain | None" = None) -> list[str]:
    """Return English words that this language lacks, or whose translation is marked fuzzy."""
    known = catalog(language, (domain or PUBLIC).folder)
    wanted = [message.id for message in template(domain) if message.id]
    return [_singular(msgid) for msgid in wanted if not _is_done(known, msgid)]


def untranslated(language: str) -> list[str]:
    """English words that this language's .po lacks, of all that any .po knows. Reads no program: `words` does that."""
    versions = tuple((code, (FOLDER / f"{code}.po").stat().st_mtime_ns) for code in translated_languages())
    return list(_untranslated(language, versions))


@lru_cache(maxsize=64)
def _untranslated(language: str, _versions: tuple[tuple[str, int], ...]) -> list[str]:
    known = {_singular(message.id): message for message in _of_po(language) if message.id}
    every = dict.fromkeys(
        _singular(message.id) for code in translated_languages() for message in _of_po(code) if message.id
    )
    return [msgid for msgid in every if not _is_whole(known.get(msgid))]


def _of_po(language: str) -> Catalog:
    path = FOLDER / f"{language}.po"
    return _read_po(language, path.stat().st_mtime_ns if path.exists() else 0)


@cache
def _read_po(language: str, _changed: int) -> Catalog:
    return catalog(language)


def _is_done(known: Catalog, msgid: str | Sequence[str]) -> bool:
    return _is_whole(known.get(_singular(msgid)))


def _is_whole(message: Message | None) -> bool:
    """Return whether a message has all its translations, looked at by a person."""
    if message is None or message.fuzzy:
        return False
    texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return bool(texts) and all(texts)


def _singular(msgid: str | Sequence[str]) -> str:
    return msgid if isinstance(msgid, str) else msgid[0]


def _write(known: Catalog, path: Path) -> None:
    with atomic_replacement(path) as fresh, fresh.open("wb") as file:
        write_po(file, known, sort_by_file=True, ignore_obsolete=True, include_previous=False, width=0)
