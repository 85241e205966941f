"""Add a language to a district's content: its line in portal.yml, its folder, its words, its columns in the tables.

Adding it again makes what is still missing, and changes nothing else.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from forms.core.files import spreadsheet_csv
from forms.core.files.durable import write_durably
from forms.core.i18n import extraction, locales, own_words
from forms.core.i18n.characters import is_newer
from forms.core.problem import Problem
from forms.core.yaml_reader import YAMLError, read_yaml
from sitegen.content import pages, settings
from sitegen.content.spreadsheets import csv_files
from sitegen.content.tables import every_cell
from sitegen.languages import table_schemas, word_files
from sitegen.layers import lookup
from sitegen.media import speech

_CODE = re.compile(locales.CODE)
LONGEST_NAME = 60
_JOINERS = re.compile("[\u200c\u200d]")
"""Zero-width signs that names in scripts of India need."""

_TAKEN = frozenset({"tables", "media", "words"})


def add(content: Path, schemas: Path, code: str, name: str = "") -> list[str]:
    """Add a language and return what was done, in sentences. Raises Problem, and then changes nothing.

    name: what its readers call it; without one the name in CLDR, else its code.
    """
    if not _CODE.fullmatch(code) or code in _TAKEN:
        raise Problem(code, "is no code of a language.", "Take its code of BCP 47, like bn, sat or sck.")
    odd = any(not (char.isprintable() or is_newer(char)) for char in _JOINERS.sub("", name))
    if name and (odd or not name.strip() or len(name) > LONGEST_NAME):
        raise Problem(
            "--name", "is no name that people could read.", f"Write up to {LONGEST_NAME} letters, on one line."
        )
    known = settings.language_codes(content)
    if not known:
        settings.read_settings(content)  # says what is wrong with it
    several = {path.stem: table_schemas.several(table_schemas.written(path)) for path in sorted(schemas.glob("*.yaml"))}
    parts = [
        _columns(content, code, known, several),
        _words(content, code),
        _folder(content, code),
        _line(content, code, name) if code not in known else _Part(),
    ]
    _write(content, {path: data for part in parts for path, data in part.files.items()})
    done = [part.said for part in reversed(parts) if part.said]
    return done or [f"{code} has all its files already."]


@dataclass(frozen=True)
class _Part:
    """What belongs to a language and is missing: files with their bytes, and how it is said."""

    said: str = ""
    files: dict[Path, bytes] = field(default_factory=dict)


def _write(content: Path, files: dict[Path, bytes]) -> None:
    """Write all files, portal.yml last; where one cannot be written, all are as before. Raises Problem."""
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    folders = [folder for folder in dict.fromkeys(path.parent for path in files) if not folder.exists()]
    try:
        for folder in folders:
            folder.mkdir()
        for path, data in files.items():
            write_durably(path, data)
    except OSError as error:
        _put_back(before, folders)
        where = f"content/{Path(error.filename or content).name}"
        raise Problem(
            where, f"cannot be written ({error.strerror}), so nothing was changed.", "Mend that, and say it again."
        ) from None


def _put_back(before: dict[Path, bytes | None], folders: Sequence[Path]) -> None:
    for path, data in before.items():
        with suppress(OSError):
            if data is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != data:
                write_durably(path, data)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _line(content: Path, code: str, name: str) -> _Part:
    """Return portal.yml with the language as a line after the others; everything else stays unchanged.

    Raises Problem where the list is written in another way.
    """
    path = content / "portal.yml"
    data = path.read_bytes()
    text = data.decode("utf-8-sig")
    own = name or locales.own_name(code) or code
    voice = {"voice": code} if speech.knows(code) else {}
    row = {"code": code, **voice, "name": own}
    cells = (f"{key}: {_quoted(value, always=key == 'name')}" for key, value in row.items())
    line = f"{{{', '.join(cells)}}}"
    fresh = _with_line(text, line)
    if fresh is None or not _adds(text, fresh, row):
        todo = f"Add to it by hand: - {line}"
        raise Problem(settings.WHERE, "its list of languages is written in another way than this program knows.", todo)
    bom = spreadsheet_csv.BOM if data.startswith(spreadsheet_csv.BOM) else b""
    return _Part(f"content/portal.yml names {own} ({code}).", {path: bom + fresh.encode()})


def _quoted(value: str, *, always: bool) -> str:
    """Return a text as YAML: JSON's strings are YAML too. A code like no would else be read as false."""
    return json.dumps(value, ensure_ascii=False) if always or read_yaml(value) != value else value


def _adds(text: str, fresh: str, row: dict[str, str]) -> bool:
    """Return whether settings say the same as before, and this language besides."""
    try:
        before, after = read_yaml(text), read_yaml(fresh)
        return bool(after == {**before, "languages": [*before["languages"], row]})
    except (YAMLError, KeyError, TypeError):
        return False


def _with_line(text: str, line: str) -> str | None:
    found = re.search(r"^languages:[^\n]*\n((?:[ \t]*(?:-[^\n]*|#[^\n]*)?\n|[ \t]+[^\n]*\n)+)", text, re.M)
    last = [*re.finditer(r"^([ \t]*)- [^\n]*\n(?:[ \t]+(?!-)[^\n]*\n)*", found[1], re.M)] if found else []
    if not found or not last:
        return None
    at = found.start(1) + last[-1].end()
    end = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:at]}{last[-1][1]}- {line}{end}{text[at:]}"


def _folder(content: Path, code: str) -> _Part:
    """Return what adds a language's folder. Raises Problem where a file has its name."""
    if lookup.has_folder(content, code):
        return _Part()
    if (content / code).exists():
        raise Problem(f"content/{code}", "is a file, and a folder of that name is needed.", "Give it another name.")
    mark = content / code / ".gitkeep"  # else version control forgets a folder without pages
    return _Part(f"content/{code} is there for its pages.", {mark: b""})


def _words(content: Path, code: str) -> _Part:
    """Return what adds a language's words. Raises Problem where a file has the folder's name."""
    if code in extraction.translated() or lookup.find(content, f"words/{code}.po").is_file():
        return _Part()
    path = word_files.path_of(content, code)
    if path.parent.exists() and not path.parent.is_dir():
        what = "is a file, and a folder of that name is needed."
        raise Problem(f"content/{path.parent.name}", what, "Give it another name.")
    said = f"content/words/{code}.po holds the words of the interface, to be translated."
    return _Part(said, {path: word_files.fresh(code)})


def _columns(content: Path, code: str, known: Sequence[str], several: dict[str, tuple[str, ...]]) -> _Part:
    """Return the district's own tables with columns of the language, each behind those of the other languages."""
    files, names = {}, []
    for name, begins in several.items():
        path = content / "tables" / f"{name}.csv"
        if path.is_file() and (fresh := _with_columns(path, code, known, begins)) is not None:
            files[path] = fresh
            names.append(name)
    return _Part(f"{len(names)} tables have columns for it: {', '.join(names)}." if names else "", files)


def _with_columns(path: Path, code: str, known: Sequence[str], begins: Sequence[str]) -> bytes | None:
    """Return a table with the columns that are missing, or None. Byte order mark, separator and line ends stay.

    Raises Problem where it cannot be read.
    """
    header = csv_files.read_csv(path).header
    data = path.read_bytes()
    dialect = spreadsheet_csv.dialect_of(data)
    rows = spreadsheet_csv.rows_of(data, dialect)
    fresh = rows
    for begin in (one for one in begins if f"{one}{code}" not in header):
        others = {f"{begin}{other}" for other in known}
        there = [at for at, name in enumerate(fresh[0]) if name.strip() in others]
        if there:
            fresh = [_inserted(row, there[-1] + 1, "" if at else f"{begin}{code}") for at, row in enumerate(fresh)]
    return None if fresh == rows else dialect.bom + spreadsheet_csv.text_of(fresh, dialect).encode()


def _inserted(row: list[str], at: int, cell: str) -> list[str]:
    return [*row[:at], cell, *row[at:]] if len(row) >= at else row


@dataclass(frozen=True)
class Missing:
    """What is still to be translated of one kind: pages, cells or words, with the number of their English words."""

    what: str
    names: tuple[str, ...]
    words: int


def missing(library: pages.AllPages, tables: dict[str, list[dict[str, object]]], code: str, own: str) -> list[Missing]:
    """Return what a language lacks. own: the text of its own .po file, or empty."""
    return [_pages(library, code), _cells(tables, code), _interface(code, own)]


def _pages(library: pages.AllPages, code: str) -> Missing:
    there = library.by_language.get(code, {})
    left = [page for name, page in sorted(library.by_language[pages.SOURCE].items()) if name not in there]
    return Missing(
        "pages", tuple(page.name for page in left), sum(_count(f"{page.title} {page.text}") for page in left)
    )


def _cells(tables: dict[str, list[dict[str, object]]], code: str) -> Missing:
    names, words = [], 0
    for table, row, column, cell in every_cell(tables):
        stem, _, language = column.rpartition("_")
        if language == pages.SOURCE and stem and cell and f"{stem}_{code}" in row and not row[f"{stem}_{code}"]:
            names.append(f"{table}.csv, {next(iter(row.values()))}, {stem}_{code}")
            words += _count(str(cell))
    return Missing("cells of tables", tuple(names), words)


def _interface(code: str, own: str) -> Missing:
    done = own_words.usable(own, code) if own else {}
    left = [text for text in extraction.untranslated(code) if text not in done]
    return Missing("sentences of the interface", tuple(left), sum(map(_count, left)))


def _count(text: str) -> int:
    return len(re.findall(r"\w+", text))


def listed(found: Sequence[Missing]) -> str:
    """Return everything that is to be translated, by name."""
    return "\n".join(
        line for one in found for line in (f"# {one.what}", *(n.replace("\n", " ") for n in one.names), "")
    )


def said(found: Sequence[Missing]) -> Iterator[str]:
    """Yield how much of each kind is to be translated, and all together."""
    for one in found:
        yield f"  {len(one.names):>5} {one.what} ({one.words:,} words)"
    yield f"  together about {round(sum(one.words for one in found), -2):,} words"
