"""The staff's Markdown pages: front matter and text, in one language, with English standing in for what is missing."""

import posixpath
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from forms.core import i18n
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from forms.core.yaml_reader import DuplicateKey, YAMLError, read_yaml
from sitegen.content.settings import AS_UTF8, line_of, twice
from sitegen.layers import lookup
from sitegen.layers.own_files import shown_name
from sitegen.lint import front_matter

SOURCE = "en"
SEARCH, TABLET = "search", "tablet"
OF_THE_BUILD = (SEARCH, TABLET)
"""Folders that the build itself writes below each language's: no page of the staff's may have such an address."""

DRAFT = "draft"
"""The key of a page that is not on the site yet: as if its file were not there, but for the search for secrets."""

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?\n)---\s*\n", re.S)
_BLOCK = re.compile(r"\[\[\s*([^\]:]*?)\s*(?::\s*([^\]]*?)\s*)?\]\]\s*")


LONGEST = 200_000
"""Characters of a page."""

_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]|\[{50,}")
"""Control characters; and rows of brackets, which take Markdown longer the square of their number."""


def day_of(value: object) -> date | None:
    """Return a value of front matter as a day; None where it is none, or has a time of day (a datetime is a date)."""
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


@dataclass(frozen=True)
class Block:
    """A line like `[[ form: concern ]]`: a name, an argument ("" without), and its line in the file."""

    name: str
    argument: str
    line: int


def block_of(line: str, number: int = 0) -> Block | None:
    """Return the block that a line of Markdown is, or None. What it names may be no block that there is."""
    match = _BLOCK.fullmatch(line)
    return Block(match[1], match[2] or "", number) if match else None


MOST_KEPT = 16_384
"""Pages that are remembered as they were read: a build reads all twice, and of more than these none would be found."""


@dataclass(frozen=True)
class PageSource:
    """One Markdown file: `name` is its path inside the language's folder, like "stories/the-advance.md"."""

    name: str
    language: str
    meta: dict[str, Any]
    text: str
    first_line: int
    made: bool = False
    """Made by the generator, not written by staff: it has no file."""
    renderer: Callable[[Any], Markup] | None = None
    """Draws what stands above the text, from a Context: of pages made from a table."""
    file: str = ""
    """Where it was read, as staff know it; empty where that is where a district's own page stands."""
    layer: str = lookup.OWN
    """The folder of content that it comes from, as sentences call it."""

    if not TYPE_CHECKING:  # else no misspelt name would be found

        def __getattr__(self, name: str) -> str:
            """Return the text of a page that was kept without it (incremental/kept_texts.py): read now, once.

            Raises AttributeError for any other name.
            """
            place = vars(self).get("unread") if name == "text" else None
            if place is None:
                raise AttributeError(name)
            return vars(self).setdefault("text", place.read())

    @property
    def where(self) -> str:
        """The file as staff know it."""
        return self.file or f"content/{self.language}/{self.name}"

    @property
    def path(self) -> str:
        """The page's address without the language: "", "signs/", "stories/the-advance/"."""
        return address_of(self.name)

    @property
    def withdrawn(self) -> bool:
        """Return whether this is a neutral page in place of one that is not shown; staff cannot write one."""
        return self.made and bool(self.meta.get("withdrawn"))

    @property
    def title(self) -> str:
        """What the page is called."""
        return str(self.meta["title"])

    @property
    def changed(self) -> date | None:
        """The day the English last changed, as this file says: its own (en), or of what it translates."""
        value = self.meta.get("changed" if self.language == SOURCE else "source_changed")
        return day_of(value)

    @property
    def reviewed(self) -> bool:
        """Whether a native reader has checked it (English is the source and needs none)."""
        return self.language == SOURCE or str(self.meta.get("reviewed_by") or "nobody") != "nobody"

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that the page asks for, in order."""
        if "[[" not in self.text:
            return ()
        numbered = enumerate(self.text.split("\n"), start=self.first_line)
        return tuple(block for number, line in numbered if (block := block_of(line, number)))

    def line_of(self, position: int) -> int:
        """Return the line in the file of a position in the text."""
        return self.first_line + self.text[:position].count("\n")


def address_of(name: str) -> str:
    """Return the address of a page without the language: "help.md" is "help/", "stories/index.md" is "stories/"."""
    stem = name.removesuffix(".md")
    folder, _, last = stem.rpartition("/")
    stem = folder if last in {"index", "README"} else stem  # as MkDocs does it
    return f"{stem}/" if stem else ""


def linked_name(page: str, target: str) -> str:
    """Return the name of the page to which a link leads: "../help.md" on the page "stories/one.md" is "help.md"."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), target))


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
            page = read_one(file.path, name, language, where, file.layer.label)
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


def placeholder(name: str, language: str, words: tuple[str, str]) -> PageSource:
    """Return a page of this title and sentence for an address at which there is no text to show."""
    title, text = words
    meta = {"title": title, "search": False, "voice": False, "withdrawn": True, "reviewed_by": "generator"}
    return PageSource(name, language, meta, f"# {title}\n\n{text}\n", 1, made=True)


def not_here_words(language: str) -> tuple[str, str]:
    """Return the title and the sentence of a page that is not there in this language."""
    translate = i18n.say(language)
    return translate("This page is not here"), translate("The address may be mistyped, or the page has moved.")


@dataclass(frozen=True)
class AllPages:
    """All pages of all languages."""

    by_language: dict[str, dict[str, PageSource]]
    replaced: Mapping[tuple[str, str], PageSource] = field(default_factory=dict)
    """The English pages of libraries in whose place a district has its own, by layer and name."""
    changes: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    """By language and name: how the English was edited since the page was translated (translations.Change)."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every page's name: what English has, and what only another language has."""
        return tuple(sorted({name for pages in self.by_language.values() for name in pages}))

    @cached_property
    def known(self) -> frozenset[str]:
        """The same names, for who asks of each link of each page whether it leads to one."""
        return frozenset(self.names)

    def find(self, name: str, language: str) -> PageSource:
        """Return the page in this language, else in English, else one that says it is not here: no third language.

        Raises KeyError for a name that no language has.
        """
        for code in (language, SOURCE):
            if name in self.by_language.get(code, {}):
                return self.by_language[code][name]
        if name not in self.known:
            raise KeyError(name)
        return placeholder(name, language, not_here_words(language))

    def source(self, name: str) -> PageSource | None:
        """Return the English of a page, or None."""
        return self.by_language.get(SOURCE, {}).get(name)

    def is_stale(self, page: PageSource) -> bool:
        """Return whether the English has changed since this page was translated."""
        english = self.source(page.name)
        if (page.language, page.name) in self.changes:
            return True
        if page.language == SOURCE or english is None or english.changed is None:
            return False
        return page.changed is None or page.changed < english.changed


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
        name, layer = file.name.removeprefix(f"{SOURCE}/"), file.layer.label
        if name in english and english[name].layer != layer:
            with suppress(Problem, OSError, UnicodeDecodeError):
                text = readable(file.path.read_text(encoding="utf-8-sig"), file.where)
                found[layer, name] = PageSource(name, SOURCE, *split(text, file.where), file=file.where, layer=layer)
    return found
