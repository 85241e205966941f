"""Checks whether a translation is complete: in its own script, with each part of the English page."""

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
from sitegen.lint.visible import visible_text

_ENOUGH = 40
_PARAGRAPH = 60
_HALF, _TENTH = 0.5, 0.1
_LINK = re.compile(r"<a\b.*?</a>", re.S)
_TITLE_LETTERS = 4
_SECTION = re.compile(r"^#{2,6}[ \t]*\S", re.M)
_KINDS = (("box", "boxes", re.compile(r"^!!! ", re.M)), ("picture", "pictures", re.compile(r"!\[")))
_TODO = _(
    "Translate what is missing; or, until that is done, write the day of this change into changed of the English."
)


def problems(page: PageSource, library: AllPages) -> Iterator[Problem]:
    """Yield a section that the English has and this page has not."""
    english = _made_from(page, library)
    there, here = (len(_SECTION.findall(one.text)) if one else 0 for one in (english, page))
    if here < there:
        what = ngettext(
            "a section is lost: the English has %(count)s section, this page %(here)s.",
            "a section is lost: the English has %(count)s sections, this page %(here)s.",
            there,
            here=here,
        )
        yield Problem(page.where, what, _TODO)


def warnings(page: PageSource, library: AllPages) -> Iterator[str]:
    """Yield smaller parts that the English has and its translation lacks."""
    english = _made_from(page, library)
    if english is None:
        return
    for one, many, pattern in _KINDS:
        there, here = len(pattern.findall(english.text)), len(pattern.findall(page.text))
        if here < there:
            yield f"{page.where}: the English has {there} {one if there == 1 else many}, this page {here}. {_TODO}"
    asked = [Counter((block.name, block.argument) for block in one.blocks) for one in (english, page)]
    for name, argument in asked[0] - asked[1]:
        block = f"{name}: {argument}" if argument else name
        yield f"{page.where}: [[ {block} ]] is lost: the English has it. {_TODO}"


def _made_from(page: PageSource, library: AllPages) -> PageSource | None:
    """Return the English that this page says it translates as it stands; None where it says it is older."""
    english = library.source(page.name)
    if page.language == SOURCE or english is None or english.generated or library.is_stale(page):
        return None
    return english


def share_of(text: str, script: str) -> tuple[int, float]:
    """Return how many letters a text has, and what part of them is of this script."""
    every = of_script = 0
    for word in text.split():
        letters, own = _letters_of(word, script)
        every += letters
        of_script += own
    return every, of_script / max(every, 1)


@lru_cache(maxsize=100_000)
def _letters_of(word: str, script: str) -> tuple[int, int]:
    """Return how many letters a word has, and how many of this script. Most words of a page stand on others too."""
    letters = [char for char in word if char.isalpha()]
    return len(letters), sum(script_of(char) == script for char in letters)


@cache
def script_of(letter: str) -> str:
    """Return the script of a letter, as its name begins: "TAMIL"."""
    return unicodedata.name(letter, "").split(" ", 1)[0]


def script_problems(page: PageSource, made: str) -> Iterator[Problem]:
    """Everything that shows that a page is not in the language of its folder. made: its HTML."""
    script = locales.script(page.language).letters
    words = visible_text(_LINK.sub("", made))
    letters, share = share_of(words, script)
    if letters >= _ENOUGH and share < _HALF:
        folder = f"content/{page.language}"
        todo = _("%(folder)s is for that language: put the right text here, or move the file.", folder=folder)
        yield Problem(page.where, _other_script(page), todo)
        return
    title_letters, title_share = share_of(page.title, script)
    if letters >= _ENOUGH and title_letters >= _TITLE_LETTERS and not title_share:
        yield Problem(f"{page.where}, title", _other_script(page), _("Translate it too."))
    others = letters * (1 - share)
    for part in words.split("\0") if others > _PARAGRAPH * _HALF else ():  # else no paragraph has so many of them
        if len(part) < _PARAGRAPH:
            continue
        letters, share = share_of(part, script)
        if letters >= _PARAGRAPH and share < _TENTH:
            at = page.text.find(part.strip()[:20])
            where = place_in(page.where, line=page.line_of(at) if at >= 0 else None)
            what = _("this paragraph is not written in the script of %(language)s.", language=page.language)
            yield Problem(where, what, _("Translate it too."))


def _other_script(page: PageSource) -> str:
    return _("is not written in the script of %(language)s.", language=page.language)
