"""Checks whether a translation is complete: in its own script, with every part of the English page."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache

from forms.core.i18n import locales
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.i18n.lazy_text import lazy_ngettext as ngettext
from forms.core.problem import Problem, place_in
from sitegen.content.pages import SOURCE, AllPages, PageSource
from sitegen.lint.visible_text import visible_text

_MIN_LETTERS = 40
_MIN_PARAGRAPH = 60
_HALF, _TENTH = 0.5, 0.1
_LINK = re.compile(r"<a\b.*?</a>", re.S)
_TITLE_LETTERS = 4
_SECTION = re.compile(r"^#{2,6}[ \t]*\S", re.M)
_PARTS = (("box", "boxes", re.compile(r"^!!! ", re.M)), ("picture", "pictures", re.compile(r"!\[")))
_TODO = _(
    "Translate what is missing; or, until that is done, write the day of this change into changed of the English."
)


def problems(page: PageSource, library: AllPages) -> Iterator[Problem]:
    """Yield a problem if a translation has fewer sections than the English page."""
    english = _current_english(page, library)
    expected, actual = (len(_SECTION.findall(each.text)) if each else 0 for each in (english, page))
    if actual < expected:
        what = ngettext(
            "a section is lost: the English has %(count)s section, this page %(here)s.",
            "a section is lost: the English has %(count)s sections, this page %(here)s.",
            expected,
            here=actual,
        )
        yield Problem(page.where, what, _TODO)


def warnings(page: PageSource, library: AllPages) -> Iterator[str]:
    """Yield messages about boxes, pictures and blocks that a translation lacks."""
    english = _current_english(page, library)
    if english is None:
        return
    for singular, plural, pattern in _PARTS:
        expected, actual = len(pattern.findall(english.text)), len(pattern.findall(page.text))
        if actual < expected:
            noun = singular if expected == 1 else plural
            yield f"{page.where}: the English has {expected} {noun}, this page {actual}. {_TODO}"
    blocks = [Counter((block.name, block.argument) for block in each.blocks) for each in (english, page)]
    for name, argument in blocks[0] - blocks[1]:
        block = f"{name}: {argument}" if argument else name
        yield f"{page.where}: [[ {block} ]] is lost: the English has it. {_TODO}"


def _current_english(page: PageSource, library: AllPages) -> PageSource | None:
    """Return the English page if this page translates its current text, else None."""
    english = library.source(page.name)
    if page.language == SOURCE or english is None or english.generated or library.is_stale(page):
        return None
    return english


def script_share(text: str, script: str) -> tuple[int, float]:
    """Return how many letters a text has, and the share of them that is in this script."""
    total = in_script = 0
    for word in text.split():
        letters, own = _letters_in(word, script)
        total += letters
        in_script += own
    return total, in_script / max(total, 1)


@lru_cache(maxsize=100_000)
def _letters_in(word: str, script: str) -> tuple[int, int]:
    """Return how many letters a word has, and how many in this script. Cached, since most words are on many pages."""
    letters = [char for char in word if char.isalpha()]
    return len(letters), sum(script_of(char) == script for char in letters)


@cache
def script_of(letter: str) -> str:
    """Return the script of a letter, like "TAMIL", from its Unicode name."""
    return unicodedata.name(letter, "").split(" ", 1)[0]


def script_problems(page: PageSource, page_html: str) -> Iterator[Problem]:
    """Yield a problem if a page, its title or a paragraph is not in the script of its language."""
    script = locales.script(page.language).letters
    words = visible_text(_LINK.sub("", page_html))
    letters, share = script_share(words, script)
    if letters >= _MIN_LETTERS and share < _HALF:
        folder = f"content/{page.language}"
        todo = _("%(folder)s is for that language: put the right text here, or move the file.", folder=folder)
        yield Problem(page.where, _other_script(page), todo)
        return
    title_letters, title_share = script_share(page.title, script)
    if letters >= _MIN_LETTERS and title_letters >= _TITLE_LETTERS and not title_share:
        yield Problem(f"{page.where}, title", _other_script(page), _("Translate it too."))
    foreign = letters * (1 - share)
    for part in words.split("\0") if foreign > _MIN_PARAGRAPH * _HALF else ():  # fewer cannot fill a paragraph
        if len(part) < _MIN_PARAGRAPH:
            continue
        letters, share = script_share(part, script)
        if letters >= _MIN_PARAGRAPH and share < _TENTH:
            position = page.text.find(part.strip()[:20])
            where = place_in(page.where, line=page.line_of(position) if position >= 0 else None)
            what = _("this paragraph is not written in the script of %(language)s.", language=page.language)
            yield Problem(where, what, _("Translate it too."))


def _other_script(page: PageSource) -> str:
    return _("is not written in the script of %(language)s.", language=page.language)
