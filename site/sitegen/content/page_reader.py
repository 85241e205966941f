"""Reading pages: front matter and text of the Markdown files in content/, and problems with those that are broken."""

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
from sitegen.content.settings import SAVE_AS_UTF8, duplicate_key, error_line
from sitegen.layers import lookup
from sitegen.layers.own_files import shown_name
from sitegen.lint import front_matter

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?\n)---\s*\n", re.S)

MAX_PAGE_LENGTH = 200_000
"""Characters of a page."""

_DEEP_LIST = re.compile(r"^(?:[ ]{4}|\t){20,}[ ]*(?:[-*+]|[0-9]+[.])[ \t]|^[ \t]*(?:[-*+>][ \t]+){100,}[^-*+>\s]", re.M)
"""A list within twenty others, or a hundred list signs in one line.

Markdown reads lists recursively, and a few hundred levels exceed Python's stack.
"""

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]|\[{50,}")
"""Control characters, and rows of brackets, for which Markdown takes quadratic time."""

CACHE_SIZE = 16_384
"""Parsed pages that are cached. A build reads all pages twice; a cache smaller than the site would never hit."""


def split_front_matter(text: str, where: str) -> tuple[dict[str, Any], str, int]:
    """Return front matter, text, and the line on which the text begins. Raises Problem for wrong front matter."""
    match = _FRONT_MATTER.match(text)
    if not match:
        raise front_matter.missing_delimiters(text, where)
    try:
        meta = _parse_front_matter(match[1])
    except DuplicateKey as error:
        raise duplicate_key(error, where, 1) from None
    except YAMLError as error:
        todo = _('Put texts with a colon into "quotes".')
        unknown = Problem(place_in(where, line=error_line(error, 1)), _("the front matter cannot be read."), todo)
        raise next(front_matter.line_mistakes(match[1], where), unknown) from None
    for problem in front_matter.curly_quotes(match[1], where):
        raise problem
    for problem in front_matter.truncated_texts(match[1], where):
        raise problem
    if not isinstance(meta, dict) or not str(meta.get("title") or "").strip():
        raise next(front_matter.line_mistakes(match[1], where), front_matter.title_missing(meta, where))
    return meta, text[match.end() :], match[0].count("\n") + 1


@lru_cache(maxsize=CACHE_SIZE)
def _parse_front_matter(text: str) -> Any:
    """Return the front matter as Python values. They are cached and must not be changed."""
    return read_yaml(text)


def require_readable(text: str, where: str) -> str:
    """Return the text unchanged. Raises Problem where it is too long or damaged for Markdown to parse."""
    if len(text) > MAX_PAGE_LENGTH:
        what = _("has %(count)s characters.", count=f"{len(text):,}")
        todo = _(
            "A page may have %(most)s: a phone would load it for minutes. Make several of it.",
            most=f"{MAX_PAGE_LENGTH:,}",
        )
        raise Problem(where, what, todo)
    if match := _NOT_TEXT.search(text):
        line = text[: match.start()].count("\n") + 1
        if match[0][0] == "[":
            raise Problem(place_in(where, line=line), _("a long row of [ stands there."), _("Take it out."))
        what = _("a sign stands there that is no letter (a file of another kind, or a damaged one).")
        raise Problem(place_in(where, line=line), what, _("Take an older copy, or write the line again."))
    if match := _DEEP_LIST.search(text):
        line = text[: match.start()].count("\n") + 1
        raise Problem(
            place_in(where, line=line), _("the list is nested too deeply."), _("Make one list of it, or several pages.")
        )
    return text


def read_page(path: Path, name: str, language: str, where: str, layer: str) -> PageSource:
    """Return one page. where: its file in messages. Raises Problem, UnicodeDecodeError or OSError."""
    return _parse_page(path.read_text(encoding="utf-8-sig"), name, language, where, layer)


@lru_cache(maxsize=CACHE_SIZE)
def _parse_page(text: str, name: str, language: str, where: str, layer: str) -> PageSource:
    """Return the page of a text. Cached, since the editor reads all pages after each save; do not change it."""
    return PageSource(
        name, language, *split_front_matter(require_readable(text, where), where), file=where, layer=layer
    )


def read_language(content: Path, language: str) -> tuple[dict[str, PageSource], list[Problem]]:
    """Return the pages of one language by name, without drafts, and a problem for each that cannot be read."""
    pages, problems = {}, []
    if not lookup.has_folder(content, language):
        todo = _("Make the folder, or take the language out of content/portal.yml.")
        return {}, [Problem(f"content/{language}", _("is not there."), todo)]
    for file in lookup.files(content, language, "*.md"):
        name, where = file.name.removeprefix(f"{language}/"), shown_name(file.where)
        try:
            page = read_page(file.path, name, language, where, file.layer.label)
            name.encode()
            if page.meta.get(DRAFT) is not True:
                pages[name] = page
        except UnicodeEncodeError:
            continue  # lint/files.py reports a name that is not valid Unicode
        except Problem as problem:
            problems.append(problem)
        except UnicodeDecodeError:
            problems.append(Problem(where, _("has letters that are not UTF-8."), SAVE_AS_UTF8))
        except OSError as error:
            what = _("cannot be opened (%(why)s).", why=error.strerror)
            problems.append(Problem(where, what, _("Close it in other programs.")))
    return pages, problems


DRAFTS_FOLDER = "drafts"
"""The folder of unfinished translations (site/editor/translation/drafts.py), which are not built."""


def draft_names(content: Path, language: str) -> list[str]:
    """Return the names of one language's draft pages, without those that cannot be read."""
    names = []
    for file in lookup.files(content, language, "*.md"):
        with suppress(OSError, UnicodeDecodeError, Problem):
            text = file.path.read_text(encoding="utf-8-sig")
            if f"\n{DRAFT}:" in text and split_front_matter(text, file.where)[0].get(DRAFT) is True:
                names.append(file.name.removeprefix(f"{language}/"))
    return names


def read_all(content: Path, languages: tuple[str, ...]) -> tuple[AllPages, list[Problem]]:
    """Return the pages of these languages, and a problem for each that cannot be read."""
    results = {language: read_language(content, language) for language in languages}
    problems = [problem for _, each in results.values() for problem in each]
    by_language = {language: pages for language, (pages, _) in results.items()}
    return AllPages(by_language, _replaced_pages(content, by_language.get(SOURCE, {}))), problems


def _replaced_pages(content: Path, english: Mapping[str, PageSource]) -> dict[tuple[str, str], PageSource]:
    """Return the English pages of libraries that the district has replaced: their translations are of these."""
    replaced = {}
    for file in lookup.every(content, SOURCE, "*.md"):
        name, layer = file.name.removeprefix(f"{SOURCE}/"), file.layer.label
        if name in english and english[name].layer != layer:
            with suppress(Problem, OSError, UnicodeDecodeError):
                text = require_readable(file.path.read_text(encoding="utf-8-sig"), file.where)
                replaced[layer, name] = PageSource(
                    name, SOURCE, *split_front_matter(text, file.where), file=file.where, layer=layer
                )
    return replaced
