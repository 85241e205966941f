"""Applies a native reader's corrections: previewed first, then all or none, and her name under pages that she read.

A correction is applied only where the text is still the one that the reader saw, and where it breaks nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sitegen.content.pages import SOURCE
from sitegen.content.spreadsheets.csv_files import parse_csv

from editor import differences, front_matter
from editor.content_state import parse_page
from editor.differences import Piece
from editor.editor import Editor
from editor.reviewing import reader_names
from editor.reviewing.review_pack import (
    DESCRIPTION,
    FORM,
    PARAGRAPH,
    TITLE,
    WORDS,
    Correction,
    ReturnedPack,
    Text,
    is_same,
    of_page,
)
from editor.tables import checks, library_rows, lines, rows
from editor.translation import interface_words, translating
from forms.core.i18n.lazy_text import as_lazy
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

_CHANGED = "this text is another now than the reader had before her."
_BY_HAND = "Compare both, and write it by hand: {better}"


@dataclass(frozen=True)
class Proposal:
    """A correction with its number in the pack. refused: why it cannot be applied."""

    number: int
    correction: Correction
    refused: Problem | None = None

    @property
    def where(self) -> str:
        """The file, and the place in it."""
        return f"{self.correction.text.file}, {self.correction.text.place}"

    @property
    def pieces(self) -> list[Piece]:
        """What changes, word by word."""
        return differences.pieces(self.correction.text.translation, self.correction.better)


@dataclass
class CorrectionPlan:
    """The result of applying corrections. files: the new text of each file, and the id that it is made from."""

    proposals: list[Proposal] = field(default_factory=list)
    files: dict[Path, tuple[str, str]] = field(default_factory=dict)

    @property
    def refused(self) -> list[Problem]:
        """Why some corrections cannot be applied."""
        return [one.refused for one in self.proposals if one.refused]


@dataclass
class AppliedPack:
    """The result of a pack: corrected files, pages that are signed now, and the problems of the others (left)."""

    corrected: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    left: list[Problem] = field(default_factory=list)


def plan(editor: Editor, pack: ReturnedPack, language: str, chosen: Collection[int] | None = None) -> CorrectionPlan:
    """Return the result of applying corrections without writing it. chosen: their numbers; None for all."""
    plan = CorrectionPlan()
    numbered = [(at, one) for at, one in enumerate(pack.corrections) if chosen is None or at in chosen]
    with editor.store.lock:
        for file in dict.fromkeys(one.text.file for _, one in numbered):
            own = [(at, one) for at, one in numbered if one.text.file == file]
            plan.proposals += _apply_to_file(editor, file, own, language, plan)
    return plan


def _apply_to_file(
    editor: Editor, file: str, own: Sequence[tuple[int, Correction]], language: str, plan: CorrectionPlan
) -> Iterator[Proposal]:
    """Yield the proposals for one file. Each is applied to the text with the previous ones."""
    try:
        path = _path(editor, file, language)
        text, base = editor.store.read(path)
        text = text or ("" if file.startswith("tables/") else editor.store.inherited(path))
    except Problem as problem:
        yield from (Proposal(at, one, problem) for at, one in own)
        return
    before = text
    for at, one in own:
        try:
            corrected = _apply(editor, file, text, one, language)
        except Problem as problem:
            yield Proposal(at, one, problem)
            continue
        if corrected is None:
            refused = Problem(f"{file}, {one.text.place}", _CHANGED, _BY_HAND.format(better=one.better))
            yield Proposal(at, one, refused)
            continue
        text = corrected
        yield Proposal(at, one)
    if text != before:
        plan.files[path] = (text, base)


def _path(editor: Editor, file: str, language: str) -> Path:
    """Return the path of a corrected file. Raises Problem for words of another language."""
    if file.startswith("tables/"):
        return editor.store.table(file.removeprefix("tables/").removesuffix(".csv"))
    if file.startswith(f"{WORDS}/"):
        if file != f"{WORDS}/{language}.po":
            what = _("are no words in the language %(language)s.", language=language)
            raise Problem(file[:80], what, _("Choose the pack of that language."))
        return interface_words.path_of(editor.store, language)
    return editor.store.page(language, _name(file, language))


def _name(file: str, language: str) -> str:
    """Return the name of a corrected page. Raises Problem for a page of another language."""
    parts = file.partition("/")
    if parts[0] != language:
        what = _("is no page in the language %(language)s.", language=language)
        raise Problem(file[:80], what, _("Choose the pack of that language."))
    return parts[2]


def _apply(editor: Editor, file: str, text: str, one: Correction, language: str) -> str | None:
    """Return a file's text with a correction; None where it was edited. Raises Problem where it breaks the file."""
    if file.startswith("tables/"):
        return _with_cell(editor, file, text, one, language)
    if file.startswith(f"{WORDS}/"):
        return _with_word(text, one, language)
    corrected = correct_page(text, one)
    if corrected is not None:
        _refuse_new_problems(editor, language, _name(file, language), text, corrected)
    return corrected


def correct_page(text: str, one: Correction) -> str | None:
    """Return a page with a correction; None where its text was edited since the pack was made."""
    head, body = front_matter.split(text)
    paragraphs = translating.paragraphs(body)
    if one.text.place in {TITLE, DESCRIPTION}:
        now = str(front_matter.values(head).get(one.text.place) or "")
        if not text or not is_same(now, one.text.translation):
            return None
        head = front_matter.with_values(head, {one.text.place: one.better})
    else:
        at = _place(paragraphs, one.text)
        if at is None:
            return None
        paragraphs[at] = one.better
    return front_matter.join(head, translating.join_paragraphs(paragraphs))


def _place(paragraphs: Sequence[str], text: Text) -> int | None:
    """Return the index of the paragraph that the reader saw: at its number, else where it is unique, else None."""
    same = [at for at, part in enumerate(paragraphs) if is_same(part, text.translation)]
    number = text.place.removeprefix(PARAGRAPH).strip()
    at = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 5 else -1  # noqa: PLR2004
    return at if at in same else same[0] if len(same) == 1 else None


def _refuse_new_problems(editor: Editor, language: str, name: str, before: str, after: str) -> None:
    """Raise Problem where a correction causes a new problem of the page, such as a lost phone number."""
    content = editor.content_cache.current()
    known = {one.what for one in editor.content_cache.page_problems(parse_page(language, name, before), content)}
    for problem in editor.content_cache.page_problems(parse_page(language, name, after), content):
        if problem.what not in known:
            what = _("after the corrections: %(what)s", what=as_lazy(problem.what))
            raise Problem(f"{language}/{name}", what, problem.todo)


def _with_cell(editor: Editor, file: str, text: str, one: Correction, language: str) -> str | None:
    """Return a table with a corrected cell, None where the cell was edited.

    Raises Problem where the row would break its schema.
    """
    table = file.removeprefix("tables/").removesuffix(".csv")
    schema, keys = editor.schemas[table], rows.keys_of(editor.schemas[table])
    column, _, value = one.text.place.partition(" of ")
    row = rows.find(parse_csv(text.encode(), file), keys, value) if text else None
    row = row or library_rows.find(editor.store, table, schema, value)
    names = [field["name"] for field in schema["fields"]]
    if not (row and _is_translated(names, column, language) and is_same(row.get(column, ""), one.text.translation)):
        return None
    fresh = {**row, column: " ".join(one.better.split())}
    if (reader := f"reviewed_{language}") in names:
        fresh[reader] = ""  # the reader of the row has not read these words
    text = lines.with_row(text or ",".join(names) + "\n", keys, value, fresh, file)
    if problems := checks.row_problems(editor, table, text, value):
        raise problems[0]
    return text


def _is_translated(names: Collection[str], column: str, language: str) -> bool:
    """Return whether a column holds translations of an English column (not e.g. their reader)."""
    english = f"{column.removesuffix(language)}{SOURCE}"
    return column.endswith(f"_{language}") and column in names and english in names


def _with_word(text: str, one: Correction, language: str) -> str | None:
    """Return the district's words with a corrected one; None where the word was edited."""
    number = one.text.place.removeprefix(FORM).strip()
    at = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 3 else -1  # noqa: PLR2004
    for word in interface_words.all_words(text, language):
        is_match = 0 <= at < len(word.current) and word.english[min(at, len(word.english) - 1)] == one.text.english
        if is_match and is_same(word.current[at], one.text.translation):
            forms = (*word.current[:at], " ".join(one.better.split()), *word.current[at + 1 :])
            return interface_words.with_word(text, language, word, forms)
    return None


def apply(
    editor: Editor, pack: ReturnedPack, plan: CorrectionPlan, language: str, who: str, reader: str
) -> AppliedPack:
    """Write the files of a plan, all or none, and the reader's name under pages that she read in full.

    who: the author of the save. Raises Problem, and then writes nothing: where a correction is refused, or a file has
    changed since or cannot be written.
    """
    result = AppliedPack()
    with editor.store.lock:
        if plan.refused:
            raise plan.refused[0]
        editor.store.replace_all(plan.files, who, f"Corrections by a reader: {language}")
        result.corrected = [editor.store.name(path) for path in plan.files]
        for file in sorted(pack.read):
            _sign(editor, file, pack, language, who, reader, result)
    return result


def is_read(file: str, pack: ReturnedPack, current: Sequence[Text]) -> bool:
    """Return whether a reader saw all that a page says now, with her corrections."""
    better = {(one.text.file, one.text.place): one.better for one in pack.corrections}
    before = [
        (one.english, better.get((one.file, one.place), one.translation)) for one in pack.texts if one.file == file
    ]
    now = [(one.english, one.translation) for one in current]
    return file in pack.read and len(before) == len(now) and all(
        is_same(one[0], other[0]) and is_same(one[1], other[1]) for one, other in zip(before, now, strict=True)
    )  # fmt: skip


def _sign(
    editor: Editor, file: str, pack: ReturnedPack, language: str, who: str, reader: str, result: AppliedPack
) -> None:
    """Put the reader's name under a page that she read in full, or add to the result why not."""
    try:
        name = _name(file, language)
        english, own = (editor.store.text(editor.store.page(code, name)) for code in (SOURCE, language))
    except Problem as problem:
        result.left.append(problem)
        return
    current = list(of_page(file, english, own))
    content = editor.content_cache.current()
    state = translating.state_of(content.context.library, name, language).kind if content.context else ""
    if state == translating.READ:
        return
    if not editor.store.read(editor.store.page(language, name))[0]:
        todo = _("The library's readers sign it; or write the district's own first.")
        result.left.append(Problem(file, _("is a page of a library, and not the district's own."), todo))
    elif state != translating.WAITING or not is_read(file, pack, current):
        todo = _("Make a new pack, and let the reader read this page again.")
        what = _("was edited while the reader had it, or not all of hers was taken: her name is not under it.")
        result.left.append(Problem(file, what, todo))
    else:
        reader_names.sign(editor, who, reader, language, name)
        result.signed.append(file)
