"""What each language still lacks: pages, reviews, interface words and recordings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forms.core.i18n.extraction import unfinished
from sitegen.content.pages import SOURCE, AllPages
from sitegen.media.staff_recordings import Recordings, unrecorded


@dataclass(frozen=True)
class LanguageProgress:
    """What one language still lacks: names of pages, English interface words, keys of clips."""

    language: str
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    unreviewed: tuple[str, ...]
    words: tuple[str, ...]
    unrecorded: tuple[str, ...]


def progress(library: AllPages, recordings: Recordings) -> Iterator[LanguageProgress]:
    """Yield what each language lacks."""
    for language, pages in library.by_language.items():
        yield LanguageProgress(
            language,
            missing=tuple(name for name in library.names if name not in pages),
            stale=tuple(name for name, page in pages.items() if library.is_stale(page)),
            unreviewed=tuple(name for name, page in pages.items() if not page.reviewed),
            words=tuple(unfinished(language)) if language != SOURCE else (),
            unrecorded=tuple(unrecorded(language, library.names, recordings)),
        )


def table(languages: Iterator[LanguageProgress], names: Mapping[str, str]) -> Iterator[str]:
    """Yield a table with a line for each language, then the names of what is missing or stale."""
    rows = list(languages)
    yield f"{'':<4} {'missing':>8} {'stale':>6} {'unreviewed':>11} {'words missing':>14} {'not recorded':>13}"
    for row in rows:
        counts = f"{len(row.missing):>8} {len(row.stale):>6} {len(row.unreviewed):>11} {len(row.words):>14}"
        yield f"{row.language:<4} {counts} {len(row.unrecorded):>13}   {names.get(row.language, '')}"
    for row in rows:
        yield from (f"  content/{row.language}/{name}: missing, English is shown" for name in row.missing)
        yield from (f"  content/{row.language}/{name}: the English has changed since" for name in row.stale)
        yield from (f"  forms/core/i18n/{row.language}.po: {word}" for word in row.words)
