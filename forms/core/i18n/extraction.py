"""Collect the English words of all programs and keep the .po files in step with them.

Texts are in templates, in Python as `_("...")` (with ngettext for plurals), in definitions/*.yaml, and in the schemas
of tables (site/schemas/*.yaml), as titles and descriptions. The desk and the editor have .po files of their own: public
programs do not read them, and a new language does not need them first. Texts of public pages too are in the public
files only.
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
"""Texts in this folder are shown at the desk only."""

EDITOR_CODE = "site/editor/"
"""Texts in this folder are shown in the editor only."""

STAFF_IMPORTS = frozenset({"forms.core.i18n", "forms.core.i18n.lazy_text"})
"""Modules from which site/sitegen imports the marks of texts for staff. Texts of pages use `i18n.translator`."""

Msgid = str | tuple[str, ...]
LocatedMessages = Iterator[tuple[Msgid, str]]


@dataclass(frozen=True)
class Domain:
    """A set of .po files. folder: their place; messages: yields the English texts, each with the file that has it."""

    folder: Path
    messages: Callable[[], LocatedMessages]


def template(domain: "Domain | None" = None) -> Catalog:
    """Return all English texts of a domain that need a translation, with the files that have them."""
    messages = Catalog(charset="utf-8")
    for msgid, where in sorted((domain or PUBLIC).messages(), key=lambda item: item[1]):
        messages.add(msgid, locations=[(where, None)])  # type: ignore[list-item] # no line numbers: less churn
    return messages


def _public_messages() -> LocatedMessages:
    for method, path, where in _files():
        if not where.startswith((DESK_WINDOW, EDITOR_CODE)):
            for msgid in _file_msgids(method, path, path.stat().st_mtime_ns, _public_marks(path)):
                yield msgid, where
    for name in form_schema.names():
        for msgid in form_schema.load(name).msgids:
            yield msgid, f"forms/core/definitions/{name}.yaml"


def _files() -> Iterator[tuple[str, Path, str]]:
    """Yield each file that may hold english: Babel's method, the path, and the path from the project's folder."""
    for folder, pattern, method in SOURCES:
        for path in sorted((ROOT / folder).rglob(pattern)):
            yield method, path, path.relative_to(ROOT).as_posix()


def _public_marks(path: Path) -> frozenset[str]:
    return frozenset(KEYWORDS) - _staff_marks(path)


def _staff_marks(path: Path) -> frozenset[str]:
    """Return the names that mark texts for staff in a file of site/: those that it imports for this."""
    if path.suffix != ".py" or not path.is_relative_to(ROOT / "site"):
        return frozenset()
    imports = (node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.ImportFrom))
    names = (name for node in imports if node.module in STAFF_IMPORTS for name in node.names)
    return frozenset(name.asname or name.name for name in names) & frozenset(KEYWORDS)


def _editor_messages() -> LocatedMessages:
    catalogue = {_singular(msgid) for msgid, _ in _public_messages()}
    return ((msgid, where) for msgid, where in _editor_msgids() if _singular(msgid) not in catalogue)


def _editor_msgids() -> LocatedMessages:
    """Yield the texts of the editor, those of `check` for staff, and the schemas' titles and descriptions."""
    for method, path, where in _files():
        if where.startswith("site/"):
            marks = frozenset(KEYWORDS) if where.startswith(EDITOR_CODE) else _staff_marks(path)
            for msgid in _file_msgids(method, path, path.stat().st_mtime_ns, marks) if marks else ():
                yield msgid, where
    for path in sorted((ROOT / SCHEMAS).glob("*.yaml")):
        for msgid in schema_words.of_schema(path):
            yield msgid, f"{SCHEMAS}/{path.name}"


def _desk_messages() -> LocatedMessages:
    catalogue = {_singular(msgid) for msgid, _ in _public_messages()}
    return ((msgid, where) for msgid, where in _desk_msgids() if _singular(msgid) not in catalogue)


def _desk_msgids() -> LocatedMessages:
    for path in sorted((ROOT / DESK_WINDOW).rglob("*.html")):
        for msgid in _file_msgids("jinja2.ext:babel_extract", path, path.stat().st_mtime_ns, frozenset(KEYWORDS)):
            yield msgid, path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "forms").rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        for msgid in _python_msgids(path, path.stat().st_mtime_ns, where.startswith(DESK_WINDOW)):
            yield msgid, where


PUBLIC = Domain(FOLDER, _public_messages)
DESK = Domain(DESK_FOLDER, _desk_messages)
EDITOR = Domain(EDITOR_FOLDER, _editor_messages)
DOMAINS = (PUBLIC, DESK, EDITOR)
OF_DISTRICTS = (PUBLIC, EDITOR)
"""Domains whose texts a district may replace with its own."""


@cache
def _file_msgids(method: str, path: Path, _changed: int, marks: frozenset[str]) -> tuple[Msgid, ...]:
    """Return the texts with these marks in a file. Cached until it changes (time of its last change in nanoseconds)."""
    keywords = {name: spec for name, spec in KEYWORDS.items() if name in marks}
    return tuple(msgid for _, msgid, _, _ in extract_from_file(method, path, keywords))


@cache
def _python_msgids(path: Path, _changed: int, is_window: bool) -> tuple[Msgid, ...]:
    return tuple(
        python_msgids(path.read_text(encoding="utf-8"), is_desk=_is_shown_in_window(path), is_window=is_window)
    )


def _is_shown_in_window(path: Path) -> bool:
    """Return whether the window shows a module's Problems. The terminal shows them in English only."""
    return path.is_relative_to(ROOT / "forms" / "desk") and not path.is_relative_to(ROOT / "forms" / "desk" / "cli")


def update(languages: Sequence[str], domain: "Domain | None" = None) -> dict[str, int]:
    """Update each language's .po file of a domain. Return how many of its messages are missing or fuzzy."""
    target = domain or PUBLIC
    english = template(target)
    for language in languages:
        catalogue = catalog(language, target.folder)
        catalogue.update(english, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
        catalogue.obsolete.clear()
        _set_header(catalogue)
        _write(catalogue, target.folder / f"{language}.po")
    return {language: len(unfinished(language, target)) for language in languages}


def _set_header(catalogue: Catalog) -> None:
    """Set a constant header, so that a file changes only with its texts."""
    catalogue.header_comment = "# Interface words. The English stands in forms/ and site/; see CONTRIBUTING.md."
    catalogue.project, catalogue.version = "Safe Community Portal", "1"
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = "-"
    catalogue.fuzzy = False


def translated_languages(domain: "Domain | None" = None) -> tuple[str, ...]:
    """Return the languages that have a .po file."""
    return tuple(sorted(path.stem for path in (domain or PUBLIC).folder.glob("*.po")))


def unfinished(language: str, domain: "Domain | None" = None) -> list[str]:
    """Return the English texts whose translation is missing or fuzzy in this language."""
    catalogue = catalog(language, (domain or PUBLIC).folder)
    msgids = [message.id for message in template(domain) if message.id]
    return [_singular(msgid) for msgid in msgids if not _is_done(catalogue, msgid)]


def untranslated(language: str) -> list[str]:
    """Return the English texts of any .po file that this language's lacks. Reads no source code; `words` does that."""
    versions = tuple((code, (FOLDER / f"{code}.po").stat().st_mtime_ns) for code in translated_languages())
    return list(_untranslated(language, versions))


@lru_cache(maxsize=64)
def _untranslated(language: str, _versions: tuple[tuple[str, int], ...]) -> list[str]:
    catalogue = {_singular(message.id): message for message in _read_current_po(language) if message.id}
    all_msgids = dict.fromkeys(
        _singular(message.id) for code in translated_languages() for message in _read_current_po(code) if message.id
    )
    return [msgid for msgid in all_msgids if not _is_complete(catalogue.get(msgid))]


def _read_current_po(language: str) -> Catalog:
    path = FOLDER / f"{language}.po"
    return _read_po(language, path.stat().st_mtime_ns if path.exists() else 0)


@cache
def _read_po(language: str, _changed: int) -> Catalog:
    return catalog(language)


def _is_done(catalogue: Catalog, msgid: str | Sequence[str]) -> bool:
    return _is_complete(catalogue.get(_singular(msgid)))


def _is_complete(message: Message | None) -> bool:
    """Return whether a message has all its translations, and none is fuzzy."""
    if message is None or message.fuzzy:
        return False
    texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return bool(texts) and all(texts)


def _singular(msgid: str | Sequence[str]) -> str:
    return msgid if isinstance(msgid, str) else msgid[0]


def _write(catalogue: Catalog, path: Path) -> None:
    with atomic_replacement(path) as new_file, new_file.open("wb") as file:
        write_po(file, catalogue, sort_by_file=True, ignore_obsolete=True, include_previous=False, width=0)
