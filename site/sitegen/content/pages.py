"""The Markdown pages of all languages, with English in place of a page that a language lacks."""

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
GENERATED_FOLDERS = (SEARCH, TABLET)
"""Folders that the build writes below each language's: no page in content/ may have such an address."""

DRAFT = "draft"
"""The front-matter key of a page that is not published yet. Only the search for secrets reads such a page."""

_BLOCK = re.compile(r"\[\[\s*([^\]:]*?)\s*(?::\s*([^\]]*?)\s*)?\]\]\s*")


def day_of(value: object) -> date | None:
    """Return a value of front matter if it is a date without a time, else None."""
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


@dataclass(frozen=True)
class Block:
    """A line like `[[ form: concern ]]`: a name, an argument ("" if it has none), and its line in the file."""

    name: str
    argument: str
    line: int


def block_of(line: str, number: int = 0) -> Block | None:
    """Return the block in a line of Markdown, or None. There may be no block of that name."""
    match = _BLOCK.fullmatch(line)
    return Block(match[1], match[2] or "", number) if match else None


@dataclass(frozen=True)
class PageSource:
    """A page in one language: `name` is its path inside the language's folder, like "stories/the-advance.md"."""

    name: str
    language: str
    meta: dict[str, Any]
    text: str
    first_line: int
    generated: bool = False
    """Whether the generator made it: it has no file in content/."""
    renderer: Callable[[Any], Markup] | None = None
    """Renders what is above the text from a Context, for pages that are generated from a table."""
    file: str = ""
    """Its file as messages name it; "" for the usual place of the district's own page."""
    layer: str = lookup.OWN
    """The content folder that it comes from, as messages name it."""

    if not TYPE_CHECKING:  # with __getattr__, mypy would accept misspelt names

        def __getattr__(self, name: str) -> str:
            """Return the text of a page that was cached without it (incremental/kept_texts.py), read on first use.

            Raises AttributeError for any other name.
            """
            place = vars(self).get("unread") if name == "text" else None
            if place is None:
                raise AttributeError(name)
            return vars(self).setdefault("text", place.read())

    @property
    def where(self) -> str:
        """Its file as messages name it."""
        return self.file or f"content/{self.language}/{self.name}"

    @property
    def path(self) -> str:
        """The page's address without the language: "", "signs/", "stories/the-advance/"."""
        return address_of(self.name)

    @property
    def withdrawn(self) -> bool:
        """Whether the generator put this neutral page in place of one that must not be shown."""
        return self.generated and bool(self.meta.get("withdrawn"))

    @property
    def title(self) -> str:
        """The title in its front matter."""
        return str(self.meta["title"])

    @property
    def changed(self) -> date | None:
        """The day on which the English last changed, from this file: its own, or that of the page it translates."""
        value = self.meta.get("changed" if self.language == SOURCE else "source_changed")
        return day_of(value)

    @property
    def reviewed(self) -> bool:
        """Whether a native reader has checked it. English is the source and needs no review."""
        return self.language == SOURCE or str(self.meta.get("reviewed_by") or "nobody") != "nobody"

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the page, in order."""
        if "[[" not in self.text:
            return ()
        numbered = enumerate(self.text.split("\n"), start=self.first_line)
        return tuple(block for number, line in numbered if (block := block_of(line, number)))

    def line_of(self, position: int) -> int:
        """Return the number of the file's line at a position in the text."""
        return self.first_line + self.text[:position].count("\n")


def address_of(name: str) -> str:
    """Return a page's address without the language: "help/" for "help.md", "stories/" for "stories/index.md"."""
    stem = name.removesuffix(".md")
    folder, _, last = stem.rpartition("/")
    stem = folder if last in {"index", "README"} else stem  # as MkDocs does it
    return f"{stem}/" if stem else ""


def linked_name(page: str, target: str) -> str:
    """Return the name of the page that a link leads to: "help.md" for "../help.md" on "stories/one.md"."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), target))


def placeholder(name: str, language: str, words: tuple[str, str]) -> PageSource:
    """Return a generated page with this title and sentence, for an address without a page to show."""
    title, text = words
    meta = {"title": title, "search": False, "voice": False, "withdrawn": True, "reviewed_by": "generator"}
    return PageSource(name, language, meta, f"# {title}\n\n{text}\n", 1, generated=True)


def missing_page_words(language: str) -> tuple[str, str]:
    """Return the title and the sentence that replace a missing page, in this language."""
    translate = i18n.translator(language)
    return translate("This page is not here"), translate("The address may be mistyped, or the page has moved.")


@dataclass(frozen=True)
class AllPages:
    """All pages of all languages."""

    by_language: dict[str, dict[str, PageSource]]
    replaced: Mapping[tuple[str, str], PageSource] = field(default_factory=dict)
    """The English pages of libraries that the district has replaced by its own, by layer and name."""
    changes: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    """How the English was edited since a page was translated (translations.SourceChange), by language and name."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of every page in any language, sorted."""
        return tuple(sorted({name for pages in self.by_language.values() for name in pages}))

    @cached_property
    def known(self) -> frozenset[str]:
        """The same names as a set, since every link of every page is looked up in them."""
        return frozenset(self.names)

    def find(self, name: str, language: str) -> PageSource:
        """Return the page in this language, else in English, else a generated one that says it is missing.

        Raises KeyError for a name that no language has.
        """
        for code in (language, SOURCE):
            if name in self.by_language.get(code, {}):
                return self.by_language[code][name]
        if name not in self.known:
            raise KeyError(name)
        return placeholder(name, language, missing_page_words(language))

    def source(self, name: str) -> PageSource | None:
        """Return the English page of this name, or None."""
        return self.by_language.get(SOURCE, {}).get(name)

    def is_stale(self, page: PageSource) -> bool:
        """Return whether the English has changed since this page was translated."""
        english = self.source(page.name)
        if (page.language, page.name) in self.changes:
            return True
        if page.language == SOURCE or english is None or english.changed is None:
            return False
        return page.changed is None or page.changed < english.changed
