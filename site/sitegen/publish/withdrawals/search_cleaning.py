"""Remove withdrawn pages from the search of a built site."""

import json
import re
from collections.abc import Collection, Mapping
from html import unescape
from pathlib import Path

from sitegen.content import pages
from sitegen.publish.withdrawals import cleaning
from sitegen.render.search_index import PAGES_PER_FILE, normalised_tokens

_TAG = re.compile(r"<[^>]*>")


def clean(folder: Path, removed: Collection[str], cleaner: cleaning.Cleaning) -> None:
    """Remove the titles of withdrawn pages from a language's search, and every word that its page no longer has.

    removed: addresses of withdrawn pages.
    """
    words: dict[int, set[str]] = {}
    for file in (folder / pages.SEARCH).glob("*.json"):
        if file.name.startswith("pages-"):
            with cleaner.removing_on_error(file):
                words |= _clean_titles(folder, file, removed)
    for file in (folder / pages.SEARCH).glob("*.json"):
        if not file.name.startswith("pages-"):
            with cleaner.removing_on_error(file):
                _clean_shard(file, words)


def _clean_titles(folder: Path, file: Path, removed: Collection[str]) -> dict[int, set[str]]:
    """Clean one file of titles; return the words by which each of its pages may be found, by the page's number."""
    words = {}
    rows = json.loads(file.read_text(encoding="utf-8"))
    for number, row in enumerate(rows, start=int(file.stem.split("-")[1]) * PAGES_PER_FILE):
        is_withdrawn = f"/{folder.name}/{row[0]}" in removed
        row[1:] = ["", ""] if is_withdrawn else row[1:]
        words[number] = set() if is_withdrawn else _page_words(folder / row[0] / "index.html", row)
    cleaning.replace(file, json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    return words


def _page_words(page: Path, row: Collection[str]) -> set[str]:
    """Return the words by which a page may be found: of its text, its title and its description."""
    text = _TAG.sub(" ", cleaning.read(page)) if page.exists() else ""
    return set(normalised_tokens(f"{unescape(text)} {' '.join(row)}"))


def _clean_shard(file: Path, words: Mapping[int, set[str]]) -> None:
    shard = json.loads(file.read_text(encoding="utf-8"))
    cleaned = {}
    for word, entry in shard.items():
        pairs = zip(entry[::2], entry[1::2], strict=True)
        if remaining := [part for pair in pairs if word in words.get(pair[0], ()) for part in pair]:
            cleaned[word] = remaining
    if cleaned != shard:
        cleaning.replace(file, json.dumps(cleaned, ensure_ascii=False, separators=(",", ":")))
