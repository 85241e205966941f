"""A pack for a native reader without an account: each text beside its English, on paper and for a spreadsheet.

What comes back is taken text by text, where the text is still the one that the reader had before her.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from sitegen.content.csv_files import sheet_of
from sitegen.content.pages import SOURCE, Library

from editor import front_matter, signing, translating
from editor.editor import Editor
from editor.looking import source_of
from editor.store import Store
from editor.tables import checks, lines, rows
from editor.tables.lines import name_of, named
from forms.core import rendering
from forms.core.files.durable import write_durably
from forms.core.files.spreadsheet_csv import BOM, csv_text, unguarded
from forms.core.problem import Problem

COLUMNS = ("file", "place", "english", "translation", "better", "read in full")
TITLE, DESCRIPTION, PARAGRAPH = "title", "description", "paragraph"
FIRST_LINE = 2
"""The number that a spreadsheet shows at the first line below the names of the columns."""

_TEMPLATES = Path(__file__).parent / "window" / "templates"
_YES = frozenset({"x", "yes", "y", "1", "true", "✓"})


@dataclass(frozen=True)
class Text:
    """A text that a reader reads: the file it stands in, where in it, its English, and its translation."""

    file: str
    place: str
    english: str
    translation: str


@dataclass(frozen=True)
class Correction:
    """What a reader wants in the place of a text."""

    text: Text
    better: str


@dataclass(frozen=True)
class Returned:
    """A pack that came back: all its texts, the corrections, and the pages that were read in full."""

    texts: tuple[Text, ...]
    corrections: tuple[Correction, ...]
    read: frozenset[str]


@dataclass
class Corrected:
    """A page in which corrections stand: its file's text, how many, and those for which there is no place."""

    whole: str
    count: int = 0
    left: list[Correction] = field(default_factory=list)


def is_same(one: str, other: str) -> bool:
    """Return whether two texts are the same but for spaces and line ends, which spreadsheets change."""
    return one.split() == other.split()


def of_pages(store: Store, library: Library, language: str) -> Iterator[Text]:
    """Yield the texts of every page that is translated, as they stand in the files."""
    for name, page in sorted(library.by_language.get(language, {}).items()):
        english = _whole(store, SOURCE, name)
        if english and not page.made:
            yield from of_page(f"{language}/{name}", english, _whole(store, language, name))


def _whole(store: Store, language: str, name: str) -> str:
    return store.text(store.page(language, name))


def of_page(file: str, english: str, translation: str) -> Iterator[Text]:
    """Yield the texts of one page; what one of the two lacks is empty."""
    (source_head, source), (head, body) = front_matter.parts(english), front_matter.parts(translation)
    ours, theirs = front_matter.values(source_head), front_matter.values(head)
    for key in (TITLE, DESCRIPTION):
        if ours.get(key) or theirs.get(key):
            yield Text(file, key, str(ours.get(key) or ""), str(theirs.get(key) or ""))
    for at, (part, own) in enumerate(translating.side_by_side(source, body), 1):
        yield Text(file, f"{PARAGRAPH} {at}", part, own)


def of_tables(store: Store, schemas: Mapping[str, Any], language: str) -> Iterator[Text]:
    """Yield each cell of the district's own tables that is written in this language and in English."""
    for table, schema in schemas.items():
        names = [one["name"] for one in schema["fields"]]
        pairs = [(name, f"{name.removesuffix(SOURCE)}{language}") for name in names if name.endswith(f"_{SOURCE}")]
        sheet = sheet_of((store.read(store.table(table))[0] or ",".join(names)).encode(), table)
        keys = rows.keys_of(schema)
        for row in (named(sheet.header, cells) for cells in sheet.rows):
            for source, own in pairs:
                if row.get(own):
                    yield Text(f"tables/{table}.csv", f"{own} of {name_of(row, keys)}", row.get(source, ""), row[own])


def texts(editor: Editor, language: str) -> list[Text]:
    """Return every text of a language. Raises Problem where content cannot be read."""
    look = editor.looking.look()
    if look.context is None:
        raise look.problems[0]
    return [
        *of_pages(editor.store, look.context.library, language),
        *of_tables(editor.store, editor.schemas, language),
    ]


def paper(found: Sequence[Text], language: str) -> str:
    """Return a page to print, whose texts have the numbers of the table's lines."""
    env = rendering.environment(language).overlay(loader=FileSystemLoader(_TEMPLATES))
    numbered = enumerate(found, FIRST_LINE)
    files = [(file, list(own)) for file, own in groupby(numbered, key=lambda one: one[1].file)]
    page = env.get_template("review-paper.html")
    return page.render(files=files)


def write(editor: Editor, language: str, out: Path) -> list[Path]:
    """Write the paper and the table into a folder; return their paths. Raises Problem."""
    if language == SOURCE or language not in editor.store.languages:
        todo = f"There are: {', '.join(code for code in editor.store.languages if code != SOURCE)}."
        raise Problem("language", f'"{language[:20]}" is none that is translated into.', todo)
    found = texts(editor, language)
    files = {f"review-{language}.html": paper(found, language).encode(), f"review-{language}.csv": spreadsheet(found)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_durably(out / name, data)
    except OSError as error:
        raise Problem(str(out), f"cannot be written ({error.strerror}).", "Give another folder with --out.") from None
    return [out / name for name in files]


def spreadsheet(found: Iterable[Text]) -> bytes:
    """Return the texts as a table with two empty columns for the reader: a better text, and "read in full"."""
    cells = [[one.file, one.place, one.english, one.translation, "", ""] for one in found]
    return BOM + csv_text([COLUMNS, *cells]).encode()


def returned(data: bytes, where: str) -> Returned:
    """Return what came back. Raises Problem where it is no pack, or cannot be read."""
    sheet = sheet_of(data, where)
    if missing := [name for name in COLUMNS if name not in sheet.header]:
        what = f'has no column "{missing[0]}".'
        raise Problem(where, what, "Save the table of the pack with all its columns, as CSV UTF-8.")
    found = [dict(zip(sheet.header, map(unguarded, cells), strict=False)) for cells in sheet.rows]
    texts = [_text(row) for row in found]
    corrections = [
        Correction(text, better)
        for text, row in zip(texts, found, strict=True)
        if (better := row.get("better", "").strip()) and not is_same(better, text.translation)
    ]
    read = {row.get("file", "") for row in found if row.get("read in full", "").strip().casefold() in _YES}
    return Returned(tuple(texts), tuple(corrections), frozenset(read))


def _text(row: Mapping[str, str]) -> Text:
    return Text(*(row.get(name, "").replace("\r\n", "\n") for name in COLUMNS[:4]))


def corrected(whole: str, corrections: Sequence[Correction]) -> Corrected:
    """Return a page with the corrections in their places. What was edited since the pack was made stays as it is."""
    done = Corrected(whole)
    head, body = front_matter.parts(whole)
    paragraphs = translating.paragraphs(body)
    for one in corrections:
        if one.text.place in {TITLE, DESCRIPTION}:
            now = str(front_matter.values(head).get(one.text.place) or "")
            fits = is_same(now, one.text.translation)
            head = front_matter.with_values(head, {one.text.place: one.better}) if fits else head
        else:
            at = _place(paragraphs, one.text)
            fits = at is not None
            paragraphs = [one.better if each == at else part for each, part in enumerate(paragraphs)]
        done.count += fits
        done.left += [] if fits else [one]
    if done.count:
        done.whole = front_matter.whole(head, translating.joined(paragraphs))
    return done


def _place(paragraphs: Sequence[str], text: Text) -> int | None:
    """Return where the paragraph stands that a reader had before her: at its number, else wherever it is alone."""
    same = [at for at, part in enumerate(paragraphs) if is_same(part, text.translation)]
    number = text.place.removeprefix(PARAGRAPH).strip()
    at = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 5 else -1  # noqa: PLR2004
    return at if at in same else same[0] if len(same) == 1 else None


def is_read(file: str, pack: Returned, current: Sequence[Text]) -> bool:
    """Return whether a reader had before her all that a page says now, with her corrections in it."""
    better = {(one.text.file, one.text.place): one.better for one in pack.corrections}
    before = [
        (one.english, better.get((one.file, one.place), one.translation)) for one in pack.texts if one.file == file
    ]
    now = [(one.english, one.translation) for one in current]
    return file in pack.read and len(before) == len(now) and all(
        is_same(one[0], other[0]) and is_same(one[1], other[1]) for one, other in zip(before, now, strict=True)
    )  # fmt: skip


@dataclass
class Taken:
    """What became of a pack: the files that were corrected, those that are signed now, and what could not be taken."""

    corrected: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    left: list[Problem] = field(default_factory=list)


_CHANGED = "this text is another now than the reader had before her"
_BY_HAND = "Compare both, and write it by hand: {better}"


def take(editor: Editor, pack: Returned, language: str, who: str, reader: str) -> Taken:
    """Write the corrections of a pack into the files, and the reader's name under pages that she read in full.

    who: whose saves these are. What has been edited since, and what would break a page, is left and named.
    """
    taken, files = Taken(), dict.fromkeys(one.text.file for one in pack.corrections)
    with editor.store.busy:
        for file in files:
            own = [one for one in pack.corrections if one.text.file == file]
            try:
                left = _take_one(editor, file, own, language, who)
            except Problem as problem:
                taken.left.append(problem)
                continue
            taken.left += [
                Problem(f"{file}, {one.text.place}", f"{_CHANGED}.", _BY_HAND.format(better=one.better)) for one in left
            ]
            taken.corrected += [file] if len(left) < len(own) else []
        for file in sorted(pack.read - {problem.where.partition(",")[0] for problem in taken.left}):
            _sign(editor, file, pack, language, who, reader, taken)
    return taken


def _take_one(
    editor: Editor, file: str, corrections: Sequence[Correction], language: str, who: str
) -> list[Correction]:
    """Write the corrections of one file; return those for which there is no place. Raises Problem."""
    if file.startswith("tables/"):
        return _take_table(editor, file, corrections, language, who)
    name = _name(file, language)
    path = editor.store.page(language, name)
    text, base = editor.store.read(path)
    text = text or editor.store.inherited(path)
    if not text:
        return list(corrections)
    done = corrected(text, corrections)
    if done.count:
        _refuse_new_problems(editor, language, name, text, done.whole)
        editor.store.replace(path, done.whole, base, who, f"Corrections of {file} by a reader")
    return done.left


def _name(file: str, language: str) -> str:
    code, _, name = file.partition("/")
    if code != language:
        raise Problem(file[:80], f"is no page in the language {language}.", "Choose the pack of that language.")
    return name


def _refuse_new_problems(editor: Editor, language: str, name: str, before: str, after: str) -> None:
    """Raise Problem for what a page would have wrong after the corrections and has not now, such as a lost number."""
    look = editor.looking.look()
    known = {one.what for one in editor.looking.page_problems(source_of(language, name, before), look)}
    for problem in editor.looking.page_problems(source_of(language, name, after), look):
        if problem.what not in known:
            todo = f"Nothing of the reader's is in this page yet. {problem.todo}"
            raise Problem(f"{language}/{name}", f"after the corrections: {problem.what}", todo)


def _take_table(
    editor: Editor, file: str, corrections: Sequence[Correction], language: str, who: str
) -> list[Correction]:
    table = file.removeprefix("tables/").removesuffix(".csv")
    path = editor.store.table(table)
    keys, left = rows.keys_of(editor.schemas[table]), []
    for one in corrections:
        column, _, value = one.text.place.partition(" of ")
        text, base = editor.store.read(path)
        sheet = sheet_of(text.encode(), file)
        row = rows.found(sheet, keys, value) if text else None
        if not (row and column.endswith(f"_{language}") and is_same(row.get(column, ""), one.text.translation)):
            left.append(one)
            continue
        fresh = lines.with_row(text, keys, value, {**row, column: " ".join(one.better.split())}, file)
        if problems := checks.row_problems(editor, table, fresh, value):
            raise problems[0]
        editor.store.replace(path, fresh, base, who, f"Row {value} of {table}")
    return left


def _sign(editor: Editor, file: str, pack: Returned, language: str, who: str, reader: str, taken: Taken) -> None:
    """Put the reader's name under a page that she read in full, or say why not."""
    try:
        name = _name(file, language)
        current = list(of_page(file, _whole(editor.store, SOURCE, name), _whole(editor.store, language, name)))
    except Problem as problem:
        taken.left.append(problem)
        return
    look = editor.looking.look()
    state = translating.state_of(look.context.library, name, language).kind if look.context else ""
    if state == translating.READ:
        return
    if not editor.store.read(editor.store.page(language, name))[0]:
        todo = "The library's readers sign it; or write the district's own first."
        taken.left.append(Problem(file, "is a page of a library, and not the district's own.", todo))
    elif state != translating.WAITING or not is_read(file, pack, current):
        todo = "Make a new pack, and let the reader read this page again."
        taken.left.append(Problem(file, "was edited while the reader had it, so her name is not under it.", todo))
    else:
        signing.sign(editor, who, reader, language, name)
        taken.signed.append(file)
