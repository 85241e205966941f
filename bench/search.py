"""What a first result costs on a site of 1,000 pages in each language: bytes over the wire (brotli).

Anchors (ANCHORS.md, 1,000 pages): stock Material's lunr 1.6-2.9 MB, Pagefind 0.1 MB English, 1.3-1.5 MB Indic.
Run: PYTHONPATH=.:site .venv/bin/python bench/search.py
"""

import json
import random
import statistics
from pathlib import Path

import brotli
from sitegen.content import page_reader, pages
from sitegen.render.search_index import PAGES_PER_FILE, index, normalised_tokens, shard_name, token_counts

ROOT = Path(__file__).parents[1]
PAGES, WORDS = 1000, 600


def main() -> None:
    """Pages of 600 words drawn from our own texts; 3 % of words are mixed from two, so that the vocabulary grows."""
    chance = random.Random(1976)  # noqa: S311 - repeatable text, no secret
    script = brotli.compress((ROOT / "site" / "assets" / "search.js").read_bytes())
    for language in ("en", "ta", "te", "hi", "or"):
        found, _ = page_reader.read_language(ROOT / "content", language)
        words = [word for page in found.values() for word in page.text.split() if word.isprintable()]
        made = {str(number): _page(number, language, words, chance) for number in range(PAGES)}
        counts = {name: token_counts(page.text) for name, page in made.items()}
        shards = {name: len(_packed(shard)) for name, shard in index(made, counts).items()}
        titles = len(_packed([[page.path, page.title, ""] for page in list(made.values())[:PAGES_PER_FILE]]))
        queries = sorted({next(iter(normalised_tokens(word)), "") for word in words} - {""})
        costs = [len(script) + shards[shard_name(query)] + 8 * titles for query in queries]
        print(
            f"{language}: {len(shards)} shards; script {len(script)}, a file of titles {titles}; "
            f"first result: median {statistics.median(costs) / 1024:.1f} KB, worst {max(costs) / 1024:.1f} KB"
        )


def _page(number: int, language: str, words: list[str], chance: random.Random) -> pages.PageSource:
    text = [_varied(chance.choice(words), words, chance) for _ in range(WORDS)]
    return pages.PageSource(f"{number}.md", language, {"title": " ".join(text[:5])}, " ".join(text), 1)


def _varied(word: str, words: list[str], chance: random.Random) -> str:
    if chance.random() > 0.03 or len(word) < 4:  # noqa: PLR2004
        return word
    other = chance.choice(words)
    return word[: len(word) // 2] + other[len(other) // 2 :]


def _packed(data: object) -> bytes:
    return brotli.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
