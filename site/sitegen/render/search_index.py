"""A small search index for each language, split into shards by the first two letters: a phone fetches what it needs.

Words are compared by their tokens: letters without vowel signs and other marks (forms/core/i18n/search_words.py). So
a wrong vowel sign does no harm, and a search finds the inflected forms of a Tamil word, which add to its end.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from forms.core.i18n.search_words import index_words, normalise
from sitegen.content.pages import AllPages, PageSource

MIN_TOKEN_LENGTH = 2
"""Letters of the shortest token that is indexed, and of those that choose the shard."""

PAGES_PER_FILE = 50
TITLE_WEIGHT = 8
MAX_WEIGHT = 9


def normalised_tokens(text: str) -> list[str]:
    """Return the normalised tokens of a text's words, which end at each character that is no letter, like the danda."""
    result: list[str] = []
    for part in text.split():
        tokens = _tokens_of(part)
        if tokens is None:
            return index_words(text, MIN_TOKEN_LENGTH)
        result += tokens
    return result


@lru_cache(maxsize=100_000)
def _tokens_of(part: str) -> tuple[str, ...] | None:
    """Return the tokens of a part without spaces. Cached, since most parts are on other pages too.

    None where it has a digit: it may belong to a number that goes on after the space.
    """
    return None if any(map(str.isdecimal, normalise(part))) else tuple(index_words(part, MIN_TOKEN_LENGTH))


def shard_name(normalised_token: str) -> str:
    """Return the file name of a token's shard: its first letters by their code points."""
    return _shard_of(normalised_token[:MIN_TOKEN_LENGTH])


@lru_cache(maxsize=10_000)
def _shard_of(letters: str) -> str:
    return "-".join(f"{ord(char):x}" for char in letters) + ".json"


def token_counts(text: str) -> dict[str, int]:
    """Return how often each token occurs in a text."""
    return dict(Counter(normalised_tokens(text)))


def index(pages: Mapping[str, PageSource], counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, list[int]]]:
    """Return shards by file name: for each token the numbers of its pages and its weight there, alternating.

    counts: by page, how often each token occurs in its text, including what its blocks draw from tables.
    """
    shards: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for number, (name, page) in enumerate(pages.items()):
        for token, weight in token_weights(page, counts[name]).items():
            shards[shard_name(token)].setdefault(token, []).extend((number, weight))
    return {name: dict(sorted(shard.items())) for name, shard in shards.items()}


def token_weights(page: PageSource, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the weight of each token on a page. counts: how often its text has it; its title counts more."""
    weights = dict(counts)
    for token in normalised_tokens(f"{page.title} {page.meta.get('description', '')}"):
        weights[token] = weights.get(token, 0) + TITLE_WEIGHT
    return {token: weight if weight < MAX_WEIGHT else MAX_WEIGHT for token, weight in weights.items()}


def set_weight(shard: dict[str, list[int]], token: str, number: int, weight: int) -> None:
    """Set the weight of a token on the page with this number; 0 removes it from that page."""
    entry = shard.pop(token, [])
    weights = {page: value for page, value in zip(entry[::2], entry[1::2], strict=True) if page != number}
    if weight:
        weights[number] = weight
    if weights:
        shard[token] = [part for pair in sorted(weights.items()) for part in pair]


def indexed_pages(library: AllPages, language: str) -> dict[str, PageSource]:
    """Return the pages of a language that can be found: all but those with `search: false`."""
    return {name: page for name, page in library.by_language[language].items() if page.meta.get("search", True)}


def write(folder: Path, pages: Mapping[str, PageSource], counts: Mapping[str, Mapping[str, int]]) -> None:
    """Write one language's shards and the titles of its pages. counts: see `index`."""
    folder.mkdir(parents=True)
    for name, shard in index(pages, counts).items():
        _write(folder / name, shard)
    rows = [[page.path, page.title, str(page.meta.get("description", ""))] for page in pages.values()]
    for start in range(0, len(rows), PAGES_PER_FILE):
        _write(folder / f"pages-{start // PAGES_PER_FILE}.json", rows[start : start + PAGES_PER_FILE])


def _write(path: Path, data: object) -> None:
    path.write_bytes(encode(data))


def encode(data: object) -> bytes:
    """Return data as a published file of the search: compact JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
