"""A pack for a native reader without an account: each text beside its English, on paper and for a spreadsheet.

The corrections of the returned pack are applied text by text (corrections.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from sitegen.content.consent import quotes
from sitegen.content.desk_tables import ENGLISH_ONLY
from sitegen.content.pages import SOURCE, AllPages
from sitegen.content.spreadsheets.csv_files import parse_csv

from editor import front_matter
from editor.editor import Editor
from editor.saving.store import ContentStore
from editor.tables import library_rows, rows
from editor.tables.lines import cells_by_column, name_of
from editor.translation import interface_words, translating
from forms.core.files.durable import write_durably
from forms.core.files.spreadsheet_csv import BOM, csv_text, unescape_formula
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from forms.core.rendering import environment

COLUMNS = ("file", "place", "english", "translation", "better", "read in full")
TITLE, DESCRIPTION, PARAGRAPH = "title", "description", "paragraph"
WORDS, FORM = "words", "form"
FIRST_LINE = 2
"""The number that a spreadsheet shows at the first line below the header."""

_TEMPLATES = Path(__file__).parents[1] / "window" / "templates"
_YES = frozenset({"x", "yes", "y", "1", "true", "✓"})


@dataclass(frozen=True)
class Text:
    """A text to be read: its file, its place in the file, the English, and the translation."""

    file: str
    place: str
    english: str
    translation: str


@dataclass(frozen=True)
class Correction:
    """What a reader proposes in place of a text."""

    text: Text
    better: str


@dataclass(frozen=True)
class ReturnedPack:
    """A pack that a reader returned: all its texts, the corrections, and the pages that she read in full."""

    texts: tuple[Text, ...]
    corrections: tuple[Correction, ...]
    read: frozenset[str]


def is_same(one: str, other: str) -> bool:
    """Return whether two texts are the same but for spaces and line ends, which spreadsheets change."""
    return one.split() == other.split()


def of_pages(store: ContentStore, library: AllPages, language: str) -> Iterator[Text]:
    """Yield the texts of every translated page as in its file, without quotes whose consent has ended."""
    for name, page in sorted(library.by_language.get(language, {}).items()):
        english = _page_text(store, SOURCE, name)
        if not english or page.generated:
            continue
        own = _page_text(store, language, name)
        source = library.source(name)
        left = page.meta.get(quotes.QUOTE_REMOVED) or (source and source.meta.get(quotes.QUOTE_REMOVED))
        hidden = {*_quoted(english), *_quoted(own)} if left else set()
        for text in of_page(f"{language}/{name}", english, own):
            if not any(words in side for words in hidden for side in (text.english, text.translation)):
                yield text


def _quoted(text: str) -> Iterator[str]:
    """Yield the paragraphs of quotes that need a consent."""
    for quote in quotes.quotes_of(text):
        if quote.consents:
            yield from map(str.strip, translating.paragraphs(quote.text))


def _page_text(store: ContentStore, language: str, name: str) -> str:
    return store.text(store.page(language, name))


def of_page(file: str, english: str, translation: str) -> Iterator[Text]:
    """Yield the texts of one page; "" where the English or the translation lacks one."""
    (source_head, source), (head, body) = front_matter.split(english), front_matter.split(translation)
    source_values, own_values = front_matter.values(source_head), front_matter.values(head)
    for key in (TITLE, DESCRIPTION):
        if source_values.get(key) or own_values.get(key):
            yield Text(file, key, str(source_values.get(key) or ""), str(own_values.get(key) or ""))
    for at, (part, own) in enumerate(translating.side_by_side(source, body), 1):
        yield Text(file, f"{PARAGRAPH} {at}", part, own)


def of_tables(
    store: ContentStore, schemas: Mapping[str, Any], language: str, *, missing: bool = False
) -> Iterator[Text]:
    """Yield each cell of the tables that is translated into this language. missing: also those not translated yet.

    Rows of libraries are included, except of tables with facts that somebody checks: see library_rows.
    """
    for table, schema in ((name, schema) for name, schema in schemas.items() if name not in ENGLISH_ONLY):
        names = [one["name"] for one in schema["fields"]]
        pairs = [(name, f"{name.removesuffix(SOURCE)}{language}") for name in names if name.endswith(f"_{SOURCE}")]
        pairs = [(source, own) for source, own in pairs if own in names]
        keys = rows.keys_of(schema)
        for row in [*own_rows(store, table, names), *library_rows.rows_of(store, table, schema)] if pairs else []:
            for source, own in pairs:
                if row.get(own) or (missing and row.get(source)):
                    place = f"{own} of {name_of(row, keys)}"
                    yield Text(f"tables/{table}.csv", place, row.get(source, ""), row.get(own, ""))


def own_rows(store: ContentStore, table: str, names: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of the district's own table."""
    sheet = parse_csv((store.read(store.table(table))[0] or ",".join(names)).encode(), table)
    return [cells_by_column(sheet.header, cells) for cells in sheet.rows]


def of_words(store: ContentStore, language: str, *, all_words: bool = False) -> Iterator[Text]:
    """Yield the translated messages that readers of the site see. all_words: all messages, also untranslated ones."""
    text = interface_words.text_of(store, language)[0]
    for word in interface_words.all_words(text, language):
        if all_words or (word.public and all(word.current)):
            for at, form in enumerate(word.current):
                yield Text(
                    f"{WORDS}/{language}.po", f"{FORM} {at + 1}", word.english[min(at, len(word.english) - 1)], form
                )


def texts(editor: Editor, language: str) -> list[Text]:
    """Return every text of a language. Raises Problems where content cannot be read."""
    return [
        *of_pages(editor.store, editor.content_cache.current().require_context().library, language),
        *of_tables(editor.store, editor.schemas, language),
        *of_words(editor.store, language),
    ]


def paper(texts: Sequence[Text], language: str) -> str:
    """Return a page to print, with the line numbers of the table."""
    env = environment.environment(language).overlay(loader=FileSystemLoader(_TEMPLATES))
    numbered = enumerate(texts, FIRST_LINE)
    files = [(file, list(own)) for file, own in groupby(numbered, key=lambda one: one[1].file)]
    page = env.get_template("review-paper.html")
    return page.render(files=files)


def write(editor: Editor, language: str, out: Path) -> list[Path]:
    """Write the paper and the table into a folder; return their paths. Raises Problem."""
    if language == SOURCE or language not in editor.store.languages:
        todo = f"There are: {', '.join(code for code in editor.store.languages if code != SOURCE)}."
        raise Problem("language", f'"{language[:20]}" is none that is translated into.', todo)
    all_texts = texts(editor, language)
    files = {
        f"review-{language}.html": paper(all_texts, language).encode(),
        f"review-{language}.csv": spreadsheet(all_texts),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_durably(out / name, data)
    except OSError as error:
        raise Problem(str(out), f"cannot be written ({error.strerror}).", "Give another folder with --out.") from None
    return [out / name for name in files]


def spreadsheet(texts: Iterable[Text]) -> bytes:
    """Return the texts as a table with two empty columns for the reader: a better text, and "read in full"."""
    cells = [[one.file, one.place, one.english, one.translation, "", ""] for one in texts]
    return BOM + csv_text([COLUMNS, *cells]).encode()


def parse_returned(data: bytes, where: str) -> ReturnedPack:
    """Return a returned pack from its table. Raises Problem where it is no pack, or cannot be read."""
    sheet = parse_csv(data, where)
    if missing := [name for name in COLUMNS if name not in sheet.header]:
        what = _('has no column "%(column)s".', column=missing[0])
        raise Problem(where, what, _("Save the table of the pack with all its columns, as CSV UTF-8."))
    rows = [dict(zip(sheet.header, map(unescape_formula, cells), strict=False)) for cells in sheet.rows]
    texts = [_text(row) for row in rows]
    corrections = [
        Correction(text, better)
        for text, row in zip(texts, rows, strict=True)
        if (better := row.get("better", "").strip()) and not is_same(better, text.translation)
    ]
    read = {row.get("file", "") for row in rows if row.get("read in full", "").strip().casefold() in _YES}
    return ReturnedPack(tuple(texts), tuple(corrections), frozenset(read))


def relevant_rows(pack: ReturnedPack) -> str:
    """Return the rows of a pack that are needed to apply it, as CSV: of the files that are corrected or were read."""
    better = {one.text: one.better for one in pack.corrections}
    files = {one.text.file for one in pack.corrections} | pack.read
    cells = [
        [one.file, one.place, one.english, one.translation, better.get(one, ""), "x" if one.file in pack.read else ""]
        for one in pack.texts
        if one.file in files
    ]
    return csv_text([COLUMNS, *cells])


def _text(row: Mapping[str, str]) -> Text:
    return Text(*(row.get(name, "").replace("\r\n", "\n") for name in COLUMNS[:4]))
