"""The state of translations, and their paragraphs beside those of the English page."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest

from sitegen.content import page_reader, translations
from sitegen.content.pages import SOURCE, AllPages, PageSource

from forms.core.problem import Problem

_BETWEEN = re.compile(r"\n[ \t]*\n+")
MISSING, STALE, WAITING, READ, DRAFT = "missing", "stale", "waiting", "read", "draft"
STATES = (MISSING, STALE, DRAFT, WAITING, READ)


@dataclass(frozen=True)
class TranslationState:
    """The state of a page's translation. kind: one of STATES; by, on: who read it, and when."""

    name: str
    title: str
    kind: str
    by: str = ""
    on: str = ""
    begun: bool = False
    """Whether it has a draft, which is not on the site."""


@dataclass(frozen=True)
class Pair:
    """A paragraph of the English and its translation. changed: whether it is new or edited since it was translated.

    state: of the paragraph, one of STATES or "".
    """

    source: str
    text: str
    changed: bool = False
    state: str = ""


def state_of(
    library: AllPages, name: str, language: str, drafts: Sequence[str] = (), begun: Collection[str] = ()
) -> TranslationState:
    """Return the state of a page in a language. drafts: pages marked as drafts; begun: pages that have a draft."""
    english = library.source(name)
    title = english.title if english else name
    page = library.by_language.get(language, {}).get(name)
    if page is None:
        return TranslationState(name, title, DRAFT if name in drafts or name in begun else MISSING, begun=name in begun)
    found = TranslationState(name, title, WAITING, begun=name in begun)
    if library.is_stale(page):
        return replace(found, kind=STALE)
    if not page.reviewed:
        return found
    by, on = (str(page.meta.get(key, "")) for key in ("reviewed_by", "reviewed_on"))
    return replace(found, kind=READ, by=by, on=on)


def states(
    library: AllPages, language: str, drafts: Sequence[str] = (), begun: Collection[str] = ()
) -> list[TranslationState]:
    """Return the state of every English page that a person wrote, those that need most work first."""
    names = [name for name, page in library.by_language.get(SOURCE, {}).items() if not page.generated]
    found = [state_of(library, name, language, drafts, begun) for name in names]
    return sorted(found, key=lambda state: (STATES.index(state.kind), state.name))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a page's text with their leading spaces, which have a meaning in Markdown."""
    return [part for part in _BETWEEN.split(text.strip("\n")) if part.strip()]


def side_by_side(source: str, text: str) -> list[tuple[str, str]]:
    """Return the paragraphs of two texts in pairs; "" where one text has fewer."""
    return list(zip_longest(paragraphs(source), paragraphs(text), fillvalue=""))


def pairs(english: PageSource, own: list[str], changed_lines: Sequence[int] = ()) -> list[Pair]:
    """Return the paragraphs in pairs, in order. Surplus paragraphs of the translation are at the end."""
    source = list(_with_lines(english))
    rows = max(len(source), len(own))
    source += [("", 0)] * (rows - len(source))
    own = own + [""] * (rows - len(own))
    lines = {*changed_lines}
    return [Pair(part, text, line in lines) for (part, line), text in zip(source, own, strict=True)]


def with_states(pairs: Sequence[Pair], on_site: Sequence[str] | None, page: str) -> list[Pair]:
    """Return the pairs with the state of each. on_site: paragraphs on the site, None for none; page: its state."""
    on_site_normalized = [" ".join(part.split()) for part in on_site or ()]
    return [
        replace(pair, state=_state(pair, on_site_normalized if on_site is not None else None, page)) for pair in pairs
    ]


def _state(pair: Pair, on_site: Sequence[str] | None, page: str) -> str:
    if not pair.text.strip():
        return MISSING if pair.source else ""
    if on_site is None or " ".join(pair.text.split()) not in on_site:
        return DRAFT
    if pair.changed:
        return STALE
    return READ if page == READ else WAITING


def _with_lines(page: PageSource) -> Iterator[tuple[str, int]]:
    """Yield each paragraph with the line on which its text begins."""
    at = 0
    for part in paragraphs(page.text):
        at = page.text.index(part, at)
        yield part, page.line_of(at + len(part) - len(part.lstrip()))
        at += len(part)


def join_paragraphs(parts: Sequence[str]) -> str:
    """Return paragraphs as the text of a page, without empty ones."""
    filled = [part.strip("\n").rstrip() for part in parts if part.strip()]
    return "\n\n".join(filled) + "\n"


def translated_from(versions: Iterator[str], known: translations.TranslationRecord, name: str) -> str | None:
    """Return the version of the English page from which a page was translated; None where none matches."""
    for text in versions:
        with suppress(Problem):  # nobody translated a version with broken front matter
            old = PageSource(name, SOURCE, *page_reader.split_front_matter(text, name))
            if tuple(part for _, part in translations.paragraphs(old)) == known.english:
                return text
    return None
