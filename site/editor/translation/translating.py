"""A translation beside its source: paragraph by paragraph, what changed since, and who has read it."""

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
    """How far the translation of a page is: one of STATES; by whom and when it was read."""

    name: str
    title: str
    kind: str
    by: str = ""
    on: str = ""
    begun: bool = False
    """Whether a draft lies beside it, which is not on the site."""


@dataclass(frozen=True)
class Pair:
    """A paragraph of the English and its translation; `changed`: new or other since it was translated.

    state: one of STATES, as far as a paragraph can have it by itself.
    """

    source: str
    text: str
    changed: bool = False
    state: str = ""


def state_of(
    library: AllPages, name: str, language: str, drafts: Sequence[str] = (), begun: Collection[str] = ()
) -> TranslationState:
    """Return the state of one page in a language. drafts: pages that say so; begun: those with a draft beside them."""
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
    """Return the state of every page that English has and the site does not make itself, what needs most first."""
    own = [name for name, page in library.by_language.get(SOURCE, {}).items() if not page.generated]
    found = [state_of(library, name, language, drafts, begun) for name in own]
    return sorted(found, key=lambda state: (STATES.index(state.kind), state.name))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a page's text, with the spaces at their beginning: they mean something in Markdown."""
    return [part for part in _BETWEEN.split(text.strip("\n")) if part.strip()]


def side_by_side(source: str, text: str) -> list[tuple[str, str]]:
    """Return the paragraphs of two texts, one beside the other; "" where one has fewer."""
    return list(zip_longest(paragraphs(source), paragraphs(text), fillvalue=""))


def pairs(english: PageSource, own: list[str], changed_lines: Sequence[int] = ()) -> list[Pair]:
    """Return the paragraphs side by side, in order. What the translation has more of stands at the end."""
    source = list(_with_lines(english))
    rows = max(len(source), len(own))
    source += [("", 0)] * (rows - len(source))
    own = own + [""] * (rows - len(own))
    lines = {*changed_lines}
    return [Pair(part, mine, line in lines) for (part, line), mine in zip(source, own, strict=True)]


def with_states(found: Sequence[Pair], on_site: Sequence[str] | None, page: str) -> list[Pair]:
    """Return paragraphs with the state of each. on_site: those of the site, None where it has none; page: its state."""
    shown = [" ".join(part.split()) for part in on_site or ()]
    return [replace(pair, state=_state(pair, shown if on_site is not None else None, page)) for pair in found]


def _state(pair: Pair, shown: Sequence[str] | None, page: str) -> str:
    if not pair.text.strip():
        return MISSING if pair.source else ""
    if shown is None or " ".join(pair.text.split()) not in shown:
        return DRAFT
    if pair.changed:
        return STALE
    return READ if page == READ else WAITING


def _with_lines(page: PageSource) -> Iterator[tuple[str, int]]:
    """Yield each paragraph with the line on which its words begin."""
    at = 0
    for part in paragraphs(page.text):
        at = page.text.index(part, at)
        yield part, page.line_of(at + len(part) - len(part.lstrip()))
        at += len(part)


def joined(parts: Sequence[str]) -> str:
    """Return paragraphs as the text of a page; empty ones are left out."""
    kept = [part.strip("\n").rstrip() for part in parts if part.strip()]
    return "\n\n".join(kept) + "\n"


def translated_from(versions: Iterator[str], known: translations.TranslationRecord, name: str) -> str | None:
    """Return the English from which a page was translated, of its versions in history; None where none is the one."""
    for text in versions:
        with suppress(Problem):  # a version whose front matter could not be read is not what anybody translated
            old = PageSource(name, SOURCE, *page_reader.split_front_matter(text, name))
            if tuple(part for _, part in translations.paragraphs(old)) == known.english:
                return text
    return None
