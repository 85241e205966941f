"""Checks of the structure of a page: headings, nested lists, boxes, paragraphs, merge conflicts."""

import html
import re
import unicodedata
from collections.abc import Iterator

from forms.core.i18n.characters import is_newer
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import did_you_mean, there_are
from sitegen.content.pages import PageSource

BOXES = ("note", "danger", "warning", "tip", "info")
_CONFLICT = re.compile(r"^[ \t]*(?:> ?)?(?:<{7}|>{7}|\|{7}|(?:&lt;){7}|(?:&gt;){7})(?:\s|$)")
TWO_VERSIONS = (
    _("two versions of the file stand here beside each other (a merge conflict)."),
    _(
        "Keep what is right, and take the marks %(ours)s, %(between)s and %(theirs)s out.",
        ours="<<<<<<<",
        between="=======",
        theirs=">>>>>>>",
    ),
)
_ITEM = re.compile(r"^([ \t]*)(?:([-*+])|(\d+)\.)[ \t]+\S")
_BOX = re.compile(r"^(?:!!!|\?\?\?\+?)\s*([\w-]+)")
_UNDERLINE = re.compile(r"^(?:-+|=+)\s*$")
_CELLS = re.compile(r"^(?!\s*(?:[-*+:]|\d+\.)\t)\s*\S[^\t]*\t+\S")
_EMPTY_BOX = re.compile(r'<div class="admonition [^"]*">\s*(?:<p class="admonition-title">([^<]*)</p>\s*)?</div>')
_TAG = re.compile(r"<[^>]*>|<!--.*?-->", re.S)
WORD_HTML = re.compile(
    r"mso-|class=\"?Mso|<o:p>|<!--\[if|<w:|<!--StartFragment|urn:schemas-microsoft|<font|docs-internal-guid", re.I
)
_WORD_MARKERS = (
    "mso-", "=mso", "=\"mso", "<o:p>", "<!--[", "<w:", "<!--start", "urn:schemas", "<font", "docs-",
)  # fmt: skip
"""In lower case, every match of WORD_HTML has one of these."""

MAX_TITLE_LENGTH = 120
"""Characters of a title or heading: a longer one fills the first screen of a small phone."""

_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.S)
_ONE_MAIN = _("Begin the page with it, and write ## before all others.")

_MIN_PARAGRAPH = 60
_LIST_INDENT = 4
"""Spaces by which Python-Markdown requires a nested list to be indented."""

LineProblem = tuple[int, str, str]
"""The index of a line of the page's text, what is wrong, what to do."""


def problems(page: PageSource, page_html: str) -> Iterator[Problem]:
    """Yield problems of the structure of one page. page_html: its HTML."""
    lines = page.text.split("\n")
    is_empty = not _TAG.sub("", re.sub(r"<h[1-6]\b.*?</h[1-6]>", "", page_html, flags=re.S)).strip()
    if is_empty and not page.blocks and "<img" not in page_html:
        empty = _("is an empty page: there is nothing below its heading.")
        yield Problem(page.where, empty, _("Write its text, or take it away."))
    elif not re.search(r"<h1\b", page_html) and not conflicts_in(page.text):
        yield Problem(page.where, _("has no heading."), _("Begin its text with a line like # Your rights."))
    yield from _headings(page, page_html)
    for line, what, todo in (
        *_lines(lines),
        *_lists(lines),
        *_boxes(lines, page_html),
        *_indented(lines, page_html),
        *_repeated_paragraphs(lines),
    ):
        yield Problem(place_in(page.where, line=page.first_line + line), what, todo)


def title_mistake(words: str, most: int = MAX_TITLE_LENGTH) -> tuple[str, str] | None:
    """Return what is wrong with a title by itself and what to do, or None."""
    visible = [char for char in words if unicodedata.category(char) != "Cf"]  # reported as artefacts
    if visible and not any(char.isalnum() or is_newer(char) for char in visible):
        what = _('"%(words)s" has no letters, so it cannot be read out or found.', words=words[:40])
        return what, _("Write it in words.")
    if "\n" in words.strip():
        first = words.split(maxsplit=1)[0][:40]
        return _('"%(words)s ..." stands in several lines.', words=first), _("Write it in one.")
    if len(words) > most:
        what = _('"%(cell)s..." has %(count)s letters.', cell=words[:40], count=len(words))
        return what, _("Write at most %(most)s, and the rest in the text below.", most=most)
    return None


def _headings(page: PageSource, page_html: str) -> Iterator[Problem]:
    """Yield problems of the headings of one page. page_html: its HTML."""
    ranks: list[int] = []
    for heading in _HEADING.finditer(page_html):
        rank, words = int(heading[1]), " ".join(html.unescape(_TAG.sub("", heading[2])).split())
        mistake = None if "<img" in heading[2] or not words else title_mistake(words)
        mistake = mistake or _rank_mistake(rank, ranks, words)
        ranks.append(rank)
        if mistake:
            yield Problem(place_in(page.where, line=_heading_line(page, words)), *mistake)


def _rank_mistake(rank: int, before: list[int], words: str) -> tuple[str, str] | None:
    """Return what is wrong with the rank of a heading and what to do, or None. before: the ranks of those above it."""
    if rank == 1 and 1 in before:
        what = _('"%(words)s" is a second main heading (#).', words=words[:40])
        return what, _("Write ## before it: a page has one main heading.")
    if rank == 1 and before:
        return _('the main heading "%(words)s" does not come first.', words=words[:40]), _ONE_MAIN
    if before and rank > before[-1] + 1:
        what = _(
            '"%(words)s" skips a rank of headings: %(rank)s below %(above)s.',
            words=words[:40],
            rank="#" * rank,
            above="#" * before[-1],
        )
        return what, _("Write %(rank)s before it.", rank="#" * (before[-1] + 1))
    return None


def _heading_line(page: PageSource, words: str) -> int | None:
    """Return the line of a heading, None if it is not found."""
    longest = max(re.findall(r"\w+", words), key=len, default="")
    for wanted in filter(None, (words, longest)):
        indexes = [index for index, line in enumerate(page.text.split("\n")) if wanted in line]
        if indexes:
            return page.first_line + indexes[-1]
    return None


def conflicts_in(text: str) -> list[int]:
    """Return the numbers of the lines with merge conflict markers, counted from 1."""
    return [number for number, line in enumerate(text.split("\n"), start=1) if _CONFLICT.match(line)]


def _lines(lines: list[str]) -> Iterator[LineProblem]:
    """Yield mistakes that single lines show, and the first merge conflict."""
    has_conflict = False
    lower = "\n".join(lines).casefold()
    may_be_from_word = any(marker in lower for marker in _WORD_MARKERS)
    for number, line in enumerate(lines):
        if _CONFLICT.match(line) and not has_conflict:
            has_conflict = True
            yield number, *TWO_VERSIONS
        if may_be_from_word and WORD_HTML.search(line):
            what = _("text was pasted from Word or a web page with its marks.")
            yield number, what, _("Paste it as text only (Ctrl+Shift+V).")
        before = lines[number - 1] if number else ""
        if _UNDERLINE.match(line) and before.strip() and "|" not in before and not has_conflict:
            what = _('the line below "%(words)s" makes a heading of it.', words=before.strip()[:40])
            yield number, what, _("Put an empty line between them, or write ## before the heading.")
        if "\t" in line and _CELLS.search(line):
            what = _("cells of a spreadsheet stand there, run into one line.")
            yield number, what, _("Write them as a list or a table.")
        if line[:1] == "#" and re.fullmatch(r"#{1,6}\s*", line):
            yield number, _("a heading without words stands there."), _("Write its words, or take the line out.")


def _lists(lines: list[str]) -> Iterator[LineProblem]:
    """Yield nested lists that would be flattened, and adjacent lists that would be merged."""
    last: tuple[int, bool] | None = None  # the indent of the previous item, and whether it is numbered
    for number, line in enumerate(lines):
        item = _ITEM.match(line)
        if item:
            indent, numbered = len(item[1].expandtabs(_LIST_INDENT)), item[3] is not None
            if last and 1 < indent - last[0] < _LIST_INDENT:
                todo = _("Put four spaces before it, so that it stands below the one above.")
                what = _(
                    "the inner list stands %(count)s spaces in: it would not be an inner one.", count=indent - last[0]
                )
                yield number, what, todo
            elif last and indent == last[0] and numbered != last[1]:
                todo = _("Write a line of text between the two lists, or the same sign before each.")
                yield number, _("one list has numbers and hyphens: the numbers would not be shown as meant."), todo
            last = indent, numbered
        elif line.strip() and not line.startswith((" ", "\t")) and not (number and lines[number - 1].strip()):
            last = None


def _boxes(lines: list[str], page_html: str) -> Iterator[LineProblem]:
    """Yield boxes of an unknown kind, and empty ones."""
    for number, line in enumerate(lines):
        box = _BOX.match(line)
        if box and box[1] not in BOXES:
            todo = did_you_mean(box[1], BOXES, there_are(BOXES))
            yield number, _('there is no kind of box "%(word)s".', word=box[1]), todo
    for empty in _EMPTY_BOX.finditer(page_html):
        title = empty[1] or ""
        index = next((number for number, line in enumerate(lines) if _BOX.match(line) and title in line), 0)
        yield (
            index,
            _("this box is empty: its text stands below it."),
            _("Put four spaces before each line of its text."),
        )


def _indented(lines: list[str], page_html: str) -> Iterator[LineProblem]:
    """Yield paragraphs that four spaces or a tab turn into code."""
    if "<pre>" not in page_html or any(line.lstrip().startswith(("```", "~~~")) for line in lines):
        return
    for number, line in enumerate(lines):
        if re.match(r"(?: {4}|\t)", line) and not (number and lines[number - 1].strip()):
            shown = re.escape(re.sub(r"[&<>].*", "", line.strip()))
            if re.search(rf"<pre><code>\s*{shown}|\n\s*{shown}", page_html):
                what = _("four spaces or a tab make program text of this paragraph.")
                yield number, what, _("Take the spaces out at the beginning of the line.")
                return


def _repeated_paragraphs(lines: list[str]) -> Iterator[LineProblem]:
    """Yield the first paragraph that is there twice, as after pasting it twice."""
    seen: dict[str, int] = {}
    for number, line in enumerate(lines):
        words = line.strip()
        if len(words) < _MIN_PARAGRAPH or words.startswith(("[[", "|")):
            continue
        if words in seen:
            yield number, _("these words stand twice on the page."), _("Take one of them out.")
            return
        seen[words] = number
