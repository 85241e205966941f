"""Reads the staff's Markdown pages: front matter and text, or a sentence for what cannot be read."""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from forms.core.yaml_reader import DuplicateKey, YAMLError, read_yaml
from sitegen.content.pages import DRAFT, SOURCE, AllPages, PageSource
from sitegen.content.settings import AS_UTF8, line_of, twice
from sitegen.layers import lookup
from sitegen.layers.own_files import shown_name
from sitegen.lint import front_matter

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?\n)---\s*\n", re.S)

LONGEST = 200_000
"""Characters of a page."""

_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]|\[{50,}")
"""Control characters; and rows of brackets, which take Markdown longer the square of their number."""

MOST_KEPT = 16_384
"""Pages that are remembered as they were read: a build reads all twice, and of more than these none would be found."""


def split(text: str, where: str) -> tuple[dict[str, Any], str, int]:
    """Front matter, text, and the line on which the text begins. Raises Problem for front matter that is wrong."""
    match = _FRONT_MATTER.match(text)
    if not match:
        raise front_matter.without_frame(text, where)
    try:
        meta = _meta(match[1])
    except DuplicateKey as error:
        raise twice(error, where, 1) from None
    except YAMLError as error:
        todo = _('Put texts with a colon into "quotes".')
        unknown = Problem(place_in(where, line=line_of(error, 1)), _("the front matter cannot be read."), todo)
        raise next(front_matter.line_mistakes(match[1], where), unknown) from None
    for problem in front_matter.curly_quotes(match[1], where):
        raise problem
    for problem in front_matter.cut_texts(match[1], where):
        raise problem
    if not isinstance(meta, dict) or not str(meta.get("title") or "").strip():
        raise next(front_matter.line_mistakes(match[1], where), front_matter.title_missing(meta, where))
    return meta, text[match.end() :], match[0].count("\n") + 1


@lru_cache(maxsize=MOST_KEPT)
def _meta(text: str) -> Any:
    """Return what front matter says: parsed once though a build reads pages twice. Nobody changes it."""
    return read_yaml(text)


def readable(text: str, where: str) -> str:
    """Return the text of a page. Raises Problem for one that no reader of Markdown should be given."""
    if len(text) > LONGEST:
        what = _("has %(count)s characters.", count=f"{len(text):,}")
        todo = _(
            "A page may have %(most)s: a phone would load it for minutes. Make several of it.", most=f"{LONGEST:,}"
        )
        raise Problem(where, what, todo)
    if match := _NO_TEXT.search(text):
        line = text[: match.start()].count("\n") + 1
        if match[0][0] == "[":
            raise Problem(place_in(where, line=line), _("a long row of [ stands there."), _("Take it out."))
        what = _("a sign stands there that is no letter (a file of another kind, or a damaged one).")
        raise Problem(place_in(where, line=line), what, _("Take an older copy, or write the line again."))
    return text


def read_one(path: Path, name: str, language: str, where: str, layer: str) -> PageSource:
    """Return one page. Raises Problem, UnicodeDecodeError or OSError where it cannot be read. where: its file."""
    return _page(path.read_text(encoding="utf-8-sig"), name, language, where, layer)


@lru_cache(maxsize=MOST_KEPT)
def _page(text: str, name: str, language: str, where: str, layer: str) -> PageSource:
    """Return the page of a text: made once, though an editor reads all pages after each save. Nobody changes it."""
    return PageSource(name, language, *split(readable(text, where), where), file=where, layer=layer)


def read(content: Path, language: str) -> tuple[dict[str, PageSource], list[Problem]]:
    """Return all pages of one language by name, and what is wrong with those that cannot be read."""
    pages, problems = {}, []
    if not lookup.has_folder(content, language):
        todo = _("Make the folder, or take the language out of content/portal.yml.")
        return {}, [Problem(f"content/{language}", _("is not there."), todo)]
    for file in lookup.files(content, language, "*.md"):
        name, where = file.name.removeprefix(f"{language}/"), shown_name(file.where)
        try:
            page = read_one(file.path, name, language, where, file.layer.shown)
            name.encode()
            if page.meta.get(DRAFT) is not True:
                pages[name] = page
        except UnicodeEncodeError:
            continue  # lint/files.py says that its name is none
        except Problem as problem:
            problems.append(problem)
        except UnicodeDecodeError:
            problems.append(Problem(where, _("has letters that are not UTF-8."), AS_UTF8))
        except OSError as error:
            what = _("cannot be opened (%(why)s).", why=error.strerror)
            problems.append(Problem(where, what, _("Close it in other programs.")))
    return pages, problems


UNFINISHED = "drafts"
"""The folder of translations that are not finished (site/editor/translation/drafts.py). No page comes from it."""


def drafts(content: Path, language: str) -> list[str]:
    """Return the names of the pages of one language that are drafts; those that cannot be read are left out."""
    found = []
    for file in lookup.files(content, language, "*.md"):
        with suppress(OSError, UnicodeDecodeError, Problem):
            text = file.path.read_text(encoding="utf-8-sig")
            if f"\n{DRAFT}:" in text and split(text, file.where)[0].get(DRAFT) is True:
                found.append(file.name.removeprefix(f"{language}/"))
    return found


def read_all(content: Path, languages: tuple[str, ...]) -> tuple[AllPages, list[Problem]]:
    """Return every page, and every problem in reading one."""
    found = {language: read(content, language) for language in languages}
    problems = [problem for _, each in found.values() for problem in each]
    by_language = {language: pages for language, (pages, _) in found.items()}
    return AllPages(by_language, _replaced(content, by_language.get(SOURCE, {}))), problems


def _replaced(content: Path, english: Mapping[str, PageSource]) -> dict[tuple[str, str], PageSource]:
    """Return the English pages of libraries that a district has replaced; its translations there are of these."""
    found = {}
    for file in lookup.every(content, SOURCE, "*.md"):
        name, layer = file.name.removeprefix(f"{SOURCE}/"), file.layer.shown
        if name in english and english[name].layer != layer:
            with suppress(Problem, OSError, UnicodeDecodeError):
                text = readable(file.path.read_text(encoding="utf-8-sig"), file.where)
                found[layer, name] = PageSource(name, SOURCE, *split(text, file.where), file=file.where, layer=layer)
    return found
