"""The staff's Markdown pages: front matter and text, in one language, with English standing in for what is missing."""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from forms.core import i18n
from sitegen.layers import lookup

SOURCE = "en"
SEARCH, TABLET = "search", "tablet"
OF_THE_BUILD = (SEARCH, TABLET)
"""Folders that the build itself writes below each language's: no page of the staff's may have such an address."""

DRAFT = "draft"
"""The key of a page that is not on the site yet: as if its file were not there, but for the search for secrets."""

_BLOCK = re.compile(r"\[\[\s*([^\]:]*?)\s*(?::\s*([^\]]*?)\s*)?\]\]\s*")


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
