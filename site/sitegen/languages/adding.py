"""Add a language to a district's content: its line in portal.yml, its folder, its words, its columns in the tables.

Idempotent: adding it again only adds what is still missing.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from forms.core.files import spreadsheet_csv
from forms.core.files.durable import write_durably
from forms.core.i18n import extraction, locales
from forms.core.i18n.characters import is_newer
from forms.core.problem import Problem
from forms.core.yaml_reader import YAMLError, read_yaml
from sitegen.content import settings
from sitegen.content.spreadsheets import csv_files
from sitegen.languages import table_schemas, word_files
from sitegen.layers import lookup
from sitegen.media import speech

_CODE = re.compile(locales.CODE)
MAX_NAME_LENGTH = 60
_JOINERS = re.compile("[\u200c\u200d]")
"""Zero-width characters that names in Indian scripts need."""

_RESERVED_FOLDERS = frozenset({"tables", "media", "words"})


def add(content: Path, schemas: Path, code: str, name: str = "") -> list[str]:
    """Add a language, and return a sentence about each change. Raises Problem, and then changes nothing.

    name: what its readers call it; by default its name in CLDR, else its code.
    """
    if not _CODE.fullmatch(code) or code in _RESERVED_FOLDERS:
        raise Problem(code, "is no code of a language.", "Take its code of BCP 47, like bn, sat or sck.")
    is_unprintable = any(not (char.isprintable() or is_newer(char)) for char in _JOINERS.sub("", name))
    if name and (is_unprintable or not name.strip() or len(name) > MAX_NAME_LENGTH):
        raise Problem(
            "--name", "is no name that people could read.", f"Write up to {MAX_NAME_LENGTH} letters, on one line."
        )
    languages = settings.language_codes(content)
    if not languages:
        settings.read_settings(content)  # raises a Problem about a portal.yml that cannot be read
    descriptors = {path.stem: table_schemas.read_unexpanded(path) for path in sorted(schemas.glob("*.yaml"))}
    prefixes = {name: table_schemas.language_prefixes(descriptor) for name, descriptor in descriptors.items()}
    changes = [
        _table_columns(content, code, languages, prefixes),
        _word_file(content, code),
        _folder(content, code),
        _settings_line(content, code, name) if code not in languages else _Change(),
    ]
    _write(content, {path: data for change in changes for path, data in change.files.items()})
    messages = [change.message for change in reversed(changes) if change.message]
    return messages or [f"{code} has all its files already."]


@dataclass(frozen=True)
class _Change:
    """Files to write for a language, with a sentence about them; empty where nothing is missing."""

    message: str = ""
    files: dict[Path, bytes] = field(default_factory=dict)


def _write(content: Path, files: dict[Path, bytes]) -> None:
    """Write all files, portal.yml last. If one cannot be written, restore the others and raise Problem."""
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    folders = [folder for folder in dict.fromkeys(path.parent for path in files) if not folder.exists()]
    try:
        for folder in folders:
            folder.mkdir()
        for path, data in files.items():
            write_durably(path, data)
    except OSError as error:
        _restore(before, folders)
        where = f"content/{Path(error.filename or content).name}"
        raise Problem(
            where, f"cannot be written ({error.strerror}), so nothing was changed.", "Mend that, and say it again."
        ) from None


def _restore(before: dict[Path, bytes | None], folders: Sequence[Path]) -> None:
    for path, data in before.items():
        with suppress(OSError):
            if data is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != data:
                write_durably(path, data)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _settings_line(content: Path, code: str, name: str) -> _Change:
    """Return portal.yml with a line for the language after those of the others, and nothing else changed.

    Raises Problem where the list is written in another way.
    """
    path = content / "portal.yml"
    data = path.read_bytes()
    text = data.decode("utf-8-sig")
    own = name or locales.own_name(code) or code
    voice = {"voice": code} if speech.has_voice(code) else {}
    row = {"code": code, **voice, "name": own}
    cells = (f"{key}: {_quoted(value, always=key == 'name')}" for key, value in row.items())
    line = f"{{{', '.join(cells)}}}"
    updated = _insert_line(text, line)
    if updated is None or not _adds_only(text, updated, row):
        todo = f"Add to it by hand: - {line}"
        raise Problem(
            settings.SETTINGS_FILE, "its list of languages is written in another way than this program knows.", todo
        )
    bom = spreadsheet_csv.BOM if data.startswith(spreadsheet_csv.BOM) else b""
    return _Change(f"content/portal.yml names {own} ({code}).", {path: bom + updated.encode()})


def _quoted(value: str, *, always: bool) -> str:
    """Return a value as YAML, quoted where needed: unquoted, the code `no` would be read as false."""
    return json.dumps(value, ensure_ascii=False) if always or read_yaml(value) != value else value


def _adds_only(text: str, updated: str, row: dict[str, str]) -> bool:
    """Return whether the updated settings differ from the old ones by this language only."""
    try:
        before, after = read_yaml(text), read_yaml(updated)
        return bool(after == {**before, "languages": [*before["languages"], row]})
    except (YAMLError, KeyError, TypeError):
        return False


def _insert_line(text: str, line: str) -> str | None:
    """Insert a line at the end of the list of languages; return None where the list is not written one a line."""
    block = re.search(r"^languages:[^\n]*\n((?:[ \t]*(?:-[^\n]*|#[^\n]*)?\n|[ \t]+[^\n]*\n)+)", text, re.M)
    entries = [*re.finditer(r"^([ \t]*)- [^\n]*\n(?:[ \t]+(?!-)[^\n]*\n)*", block[1], re.M)] if block else []
    if not block or not entries:
        return None
    position = block.start(1) + entries[-1].end()
    newline = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:position]}{entries[-1][1]}- {line}{newline}{text[position:]}"


def _folder(content: Path, code: str) -> _Change:
    """Return the language's folder as a change. Raises Problem where a file has its name."""
    if lookup.has_folder(content, code):
        return _Change()
    if (content / code).exists():
        raise Problem(f"content/{code}", "is a file, and a folder of that name is needed.", "Give it another name.")
    mark = content / code / ".gitkeep"  # git does not keep an empty folder
    return _Change(f"content/{code} is there for its pages.", {mark: b""})


def _word_file(content: Path, code: str) -> _Change:
    """Return the language's .po file as a change. Raises Problem where a file has the folder's name."""
    if code in extraction.translated_languages() or lookup.find(content, f"words/{code}.po").is_file():
        return _Change()
    path = word_files.path_of(content, code)
    if path.parent.exists() and not path.parent.is_dir():
        what = "is a file, and a folder of that name is needed."
        raise Problem(f"content/{path.parent.name}", what, "Give it another name.")
    message = f"content/words/{code}.po holds the words of the interface, to be translated."
    return _Change(message, {path: word_files.new_file(code)})


def _table_columns(content: Path, code: str, languages: Sequence[str], prefixes: dict[str, tuple[str, ...]]) -> _Change:
    """Return the district's own tables with the language's columns, each behind those of the other languages.

    prefixes: those of columns in each language, by table.
    """
    files, names = {}, []
    for name, table_prefixes in prefixes.items():
        path = content / "tables" / f"{name}.csv"
        if path.is_file() and (data := _with_columns(path, code, languages, table_prefixes)) is not None:
            files[path] = data
            names.append(name)
    return _Change(f"{len(names)} tables have columns for it: {', '.join(names)}." if names else "", files)


def _with_columns(path: Path, code: str, languages: Sequence[str], prefixes: Sequence[str]) -> bytes | None:
    """Return a table with the missing columns added, or None where none is missing.

    Byte order mark, separator and line ends stay. Raises Problem where the table cannot be read.
    """
    header = csv_files.read_csv(path).header
    data = path.read_bytes()
    dialect = spreadsheet_csv.dialect_of(data)
    rows = spreadsheet_csv.rows_of(data, dialect)
    updated = rows
    for prefix in (prefix for prefix in prefixes if f"{prefix}{code}" not in header):
        others = {f"{prefix}{other}" for other in languages}
        positions = [index for index, name in enumerate(updated[0]) if name.strip() in others]
        if positions:
            new_cells = [f"{prefix}{code}", *[""] * (len(updated) - 1)]
            position = positions[-1] + 1
            updated = [_with_cell(row, position, cell) for row, cell in zip(updated, new_cells, strict=True)]
    return None if updated == rows else dialect.bom + spreadsheet_csv.text_of(updated, dialect).encode()


def _with_cell(row: list[str], index: int, cell: str) -> list[str]:
    """Return a row with a cell inserted, or the row itself where it is too short."""
    return [*row[:index], cell, *row[index:]] if len(row) >= index else row
