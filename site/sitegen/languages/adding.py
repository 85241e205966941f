"""Add a language to a district's content: its line in portal.yml, its folder, its words, its columns in the tables.

Adding it again makes what is still missing, and changes nothing else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forms.core.files import spreadsheet_csv
from forms.core.files.durable import write_durably
from forms.core.i18n import extraction, locales, own_words
from forms.core.problem import Problem
from forms.core.yaml_reader import YAMLError, read_yaml
from sitegen.content import csv_files, pages, settings
from sitegen.languages import table_schemas, word_files
from sitegen.layers import lookup
from sitegen.media import speech

_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TAKEN = frozenset({"tables", "media", "words"})


def add(content: Path, schemas: Path, code: str, name: str = "") -> list[str]:
    """Add a language and return what was done, in sentences. Raises Problem, and then changes nothing.

    name: what its readers call it; without one what CLDR knows, else its code.
    """
    if not _CODE.fullmatch(code) or code in _TAKEN:
        raise Problem(code, "is no code of a language.", "Take its code of BCP 47, like bn, sat or sck.")
    known = settings.language_codes(content)
    if not known:
        settings.read_settings(content)  # says what is wrong with it
    several = {path.stem: table_schemas.several(table_schemas.written(path)) for path in sorted(schemas.glob("*.yaml"))}
    done = [_line(content, code, name)] if code not in known else []
    done += _folder(content, code)
    done += _words(content, code)
    done += _columns(content, code, known, several)
    return done or [f"{code} has all its files already."]


def _line(content: Path, code: str, name: str) -> str:
    """Add the language to portal.yml as a line after the others; everything else stays unchanged."""
    path = content / "portal.yml"
    data = path.read_bytes()
    text = data.decode("utf-8-sig")
    own = name or locales.own_name(code) or code
    voice = f"voice: {code}, " if speech.knows(code) else ""
    line = f'{{code: {code}, {voice}name: "{own}"}}'
    fresh = _with_line(text, line)
    if fresh is None or code not in _codes_in(fresh):
        todo = f"Add to it by hand: - {line}"
        raise Problem(settings.WHERE, "its list of languages is written in another way than this program knows.", todo)
    write_durably(path, (spreadsheet_csv.BOM if data.startswith(spreadsheet_csv.BOM) else b"") + fresh.encode())
    return f"content/portal.yml names {own} ({code})."


def _with_line(text: str, line: str) -> str | None:
    found = re.search(r"^languages:[^\n]*\n((?:[ \t]*(?:-[^\n]*|#[^\n]*)?\n|[ \t]+[^\n]*\n)+)", text, re.M)
    last = [*re.finditer(r"^([ \t]*)- [^\n]*\n(?:[ \t]+(?!-)[^\n]*\n)*", found[1], re.M)] if found else []
    if not found or not last:
        return None
    at = found.start(1) + last[-1].end()
    end = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:at]}{last[-1][1]}- {line}{end}{text[at:]}"


def _codes_in(text: str) -> list[str]:
    try:
        return [str(row["code"]) for row in read_yaml(text)["languages"]]
    except (YAMLError, KeyError, TypeError):
        return []


def _folder(content: Path, code: str) -> list[str]:
    if lookup.has_folder(content, code):
        return []
    (content / code).mkdir(parents=True)
    (content / code / ".gitkeep").touch()  # else version control forgets a folder without pages
    return [f"content/{code} is there for its pages."]


def _words(content: Path, code: str) -> list[str]:
    if code in extraction.translated() or lookup.find(content, f"words/{code}.po").is_file():
        return []
    word_files.begin(content, code)
    return [f"content/words/{code}.po holds the words of the interface, to be translated."]


def _columns(content: Path, code: str, known: Sequence[str], several: dict[str, tuple[str, ...]]) -> list[str]:
    """Add the columns of the language to the district's own tables, each behind those of the other languages."""
    changed = [
        name
        for name, begins in several.items()
        if (path := content / "tables" / f"{name}.csv").is_file() and _with_columns(path, code, known, begins)
    ]
    return [f"{len(changed)} tables have columns for it: {', '.join(changed)}."] if changed else []


def _with_columns(path: Path, code: str, known: Sequence[str], begins: Sequence[str]) -> bool:
    """Add columns to one table; return whether any were missing. Byte order mark, separator and line ends stay."""
    data = path.read_bytes()
    dialect = spreadsheet_csv.dialect_of(data)
    rows = spreadsheet_csv.rows_of(data, dialect)
    fresh = rows
    for begin in (one for one in begins if f"{one}{code}" not in csv_files.read_sheet(path).header):
        others = {f"{begin}{other}" for other in known}
        there = [at for at, name in enumerate(fresh[0]) if name.strip() in others]
        if there:
            fresh = [_inserted(row, there[-1] + 1, "" if at else f"{begin}{code}") for at, row in enumerate(fresh)]
    if fresh == rows:
        return False
    write_durably(path, dialect.bom + spreadsheet_csv.text_of(fresh, dialect).encode())
    return True


def _inserted(row: list[str], at: int, cell: str) -> list[str]:
    return [*row[:at], cell, *row[at:]] if len(row) >= at else row


@dataclass(frozen=True)
class Missing:
    """What is still to be translated of one kind: pages, cells or words, with the number of their English words."""

    what: str
    names: tuple[str, ...]
    words: int


def missing(library: pages.Library, tables: dict[str, list[dict[str, object]]], code: str, own: str) -> list[Missing]:
    """Return what a language lacks. own: the text of its own .po file, or empty."""
    return [_pages(library, code), _cells(tables, code), _interface(code, own)]


def _pages(library: pages.Library, code: str) -> Missing:
    there = library.by_language.get(code, {})
    left = [page for name, page in sorted(library.by_language[pages.SOURCE].items()) if name not in there]
    return Missing(
        "pages", tuple(page.name for page in left), sum(_count(f"{page.title} {page.text}") for page in left)
    )


def _cells(tables: dict[str, list[dict[str, object]]], code: str) -> Missing:
    names, words = [], 0
    for table, rows in tables.items():
        for row in rows:
            for column, cell in row.items():
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
