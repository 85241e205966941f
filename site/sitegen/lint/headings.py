"""Checks of a page's headings and titles: letters in them, their length, one main heading that comes first, their ranks."""

import html
import re
from collections.abc import Iterator

from forms.core.problem import Problem
from sitegen.content.pages import Source

MOST = 120
"""Letters of a title or heading: more fills the first screen of a small phone, and every list that shows it."""

_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.S)
_TAG = re.compile(r"<[^>]*>")
_ONE = "Begin the page with it, and write ## before all others."


def wrong_with(words: str, most: int = MOST) -> tuple[str, str] | None:
    """Return what is wrong with a title by itself, and what to do; None where nothing is."""
    if not any(char.isalnum() for char in words):
        return f'"{words:.40}" has no letters, so it cannot be read out or found.', "Write it in words."
    if "\n" in words.strip():
        return f'"{words.split()[0]:.40} ..." stands in several lines.', "Write it in one."
    if len(words) > most:
        return f'"{words:.40}..." has {len(words)} letters.', f"Write at most {most}, and the rest in the text below."
    return None


def problems(page: Source, made: str) -> Iterator[Problem]:
    """Yield everything wrong with the headings of one page. made: its HTML."""
    ranks: list[int] = []
    for heading in _HEADING.finditer(made):
        rank, words = int(heading[1]), " ".join(html.unescape(_TAG.sub("", heading[2])).split())
        by_itself = None if "<img" in heading[2] or not words else wrong_with(words)
        found = by_itself or _among_others(rank, ranks, words)
        ranks.append(rank)
        if found:
            yield Problem(f"{page.where}{_line(page, words)}", *found)


def _among_others(rank: int, before: list[int], words: str) -> tuple[str, str] | None:
    """Return what is wrong with the place of a heading. before: the ranks of those above it."""
    if rank == 1 and 1 in before:
        return f'"{words:.40}" is a second main heading (#).', "Write ## before it: a page has one main heading."
    if rank == 1 and before:
        return f'the main heading "{words:.40}" does not come first.', _ONE
    if before and rank > before[-1] + 1:
        return (
            f'"{words:.40}" skips a rank of headings: {"#" * rank} below {"#" * before[-1]}.',
            f"Write {'#' * (before[-1] + 1)} before it.",
        )
    return None


def _line(page: Source, words: str) -> str:
    """Return the line in which a heading stands, like ", line 8"; "" where it is not sure."""
    lines = [at for at, line in enumerate(page.text.split("\n")) if words and words in line]
    longest = max(re.findall(r"\w+", words), key=len, default="")
    lines = lines or [at for at, line in enumerate(page.text.split("\n")) if longest and longest in line]
    return f", line {page.first_line + lines[-1]}" if lines else ""
