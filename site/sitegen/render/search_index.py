"""A small search index for each language, split into shards by the first two letters: a phone fetches what it needs.

Words are compared by their token: letters without vowel signs and other marks (forms/core/i18n/search_words.py). So
a wrong vowel sign does no harm, and a Tamil word is found in its inflected forms, which add to its end.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from forms.core.i18n.search_words import index_words, normalise
from sitegen.content.pages import AllPages, PageSource

SHORTEST = 2
"""Letters of the shortest token that is indexed: so many also choose the shard."""

PAGES_A_FILE = 50
TITLE_WEIGHT = 8
MOST_COUNTED = 9


def normalised_tokens(text: str) -> list[str]:
    """Return the normalised tokens of a text's words. The danda and every other sign that is no letter splits words."""
    found: list[str] = []
    for part in text.split():
        tokens = _tokens_of(part)
        if tokens is None:
            return index_words(text, SHORTEST)
        found += tokens
    return found


@lru_cache(maxsize=100_000)
def _tokens_of(part: str) -> tuple[str, ...] | None:
    """Return the tokens of what stands between two spaces: most of it stands on other pages too.

    None where there is a digit: it may belong to a number that goes on behind the space.
    """
    return None if any(map(str.isdecimal, normalise(part))) else tuple(index_words(part, SHORTEST))


def shard_name(normalised_token: str) -> str:
    """Return the file of a token's shard: its first letters by their code points."""
    return _shard_of(normalised_token[:SHORTEST])


@lru_cache(maxsize=10_000)
def _shard_of(letters: str) -> str:
    return "-".join(f"{ord(char):x}" for char in letters) + ".json"


def counts_of(said: str) -> dict[str, int]:
    """Return how often each token occurs in a text."""
    return dict(Counter(normalised_tokens(said)))


def index(pages: Mapping[str, PageSource], said: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, list[int]]]:
    """Return shards by file name: for each token the numbers of its pages and its weight there, alternating.

    said: the counts of what each page says to a reader, with what its blocks draw from tables.
    """
    shards: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for number, (name, page) in enumerate(pages.items()):
        for word, count in counted(page, said[name]).items():
            shards[shard_name(word)].setdefault(word, []).extend((number, count))
    return {name: dict(sorted(shard.items())) for name, shard in shards.items()}


def counted(page: PageSource, said: Mapping[str, int]) -> dict[str, int]:
    """Return the weight of each token on a page, those of its title included. said: how often its text has them."""
    counts = dict(said)
    for word in normalised_tokens(f"{page.title} {page.meta.get('description', '')}"):
        counts[word] = counts.get(word, 0) + TITLE_WEIGHT
    return {word: count if count < MOST_COUNTED else MOST_COUNTED for word, count in counts.items()}


def set_count(shard: dict[str, list[int]], word: str, number: int, count: int) -> None:
    """Set how much a token counts on the page with this number; 0 removes it from that page."""
    turns = shard.pop(word, [])
    pairs = {page: times for page, times in zip(turns[::2], turns[1::2], strict=True) if page != number}
    if count:
        pairs[number] = count
    if pairs:
        shard[word] = [part for pair in sorted(pairs.items()) for part in pair]


def listed(library: AllPages, language: str) -> dict[str, PageSource]:
    """Return the pages of a language that are found: all but those that say search: false."""
    return {name: page for name, page in library.by_language[language].items() if page.meta.get("search", True)}


def write(folder: Path, pages: Mapping[str, PageSource], said: Mapping[str, Mapping[str, int]]) -> None:
    """Write one language's shards and the titles of its pages."""
    folder.mkdir(parents=True)
    for name, shard in index(pages, said).items():
        _write(folder / name, shard)
    rows = [[page.path, page.title, str(page.meta.get("description", ""))] for page in pages.values()]
    for start in range(0, len(rows), PAGES_A_FILE):
        _write(folder / f"pages-{start // PAGES_A_FILE}.json", rows[start : start + PAGES_A_FILE])


def _write(path: Path, data: object) -> None:
    path.write_bytes(packed(data))


def packed(data: object) -> bytes:
    """Return a file of the search as it is published."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
