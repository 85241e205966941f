"""Takes quotes without consent out of a built site in place (docs/decisions/0031).

The site lists on which pages quotes stand, and what their consents are known by: hashes, no names. A recording or a
machine's voice that reads the page says the quote too, and goes with it until the next build.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

from sitegen.content import quotes
from sitegen.content.consents import Consents

LIST = "quoted.json"
"""In the built site: pages like "en/problems/wages", and the keys of the consents of their quotes."""

_LISTEN = re.compile(r'<figure class="listen">(?:(?!</figure>).)*</figure>\n?', re.S)
_SOUND = re.compile(r"/audio/[^\"'\s,>]+")


def write_list(out: Path) -> None:
    """Write into a site that is being built on which pages quotes stand."""
    found = {}
    for path in sorted(out.glob("*/**/index.html")):
        if keys := _keys(path.read_text(encoding="utf-8")):
            found[path.parent.relative_to(out).as_posix()] = sorted(keys)
    _write(out / LIST, found)


def _keys(html: str) -> set[str]:
    return {key for keys, _ in quotes.shown(html) for key in keys}


def purge(
    public: Path, known: Consents, today: date, replace: Callable[[Path, str], None]
) -> tuple[list[str], set[str]]:
    """Take quotes without consent out of the pages; return the addresses that are gone, and the languages that changed.

    replace: writes a page. Among the addresses is one for each quote, which names no file: by it tablets notice.
    """
    listed, gone, languages = _read(public / LIST), [], set()
    sounds: set[str] = set()
    for page, keys in sorted(listed.items()):
        lost = {key for key in keys if not _covered(key, page, known, today)}
        path = public / page / "index.html"
        if not lost or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        cleaned = _LISTEN.sub("", quotes.without(text, lost))
        replace(path, cleaned)
        sounds |= {*_SOUND.findall(text)} - {*_SOUND.findall(cleaned)}
        listed[page] = [key for key in keys if key not in lost]
        languages.add(page.partition("/")[0])
        gone += [f"/{page}/quote-{key}" for key in sorted(lost)]
    if gone:
        _write(public / LIST, listed)
    return [*gone, *_removed(public, sounds)], languages


def _covered(key: str, page: str, known: Consents, today: date) -> bool:
    """Return whether a consent with this key covers a page like "en/problems/wages"."""
    language, _, path = page.partition("/")
    names = {row["id"] for row in known.rows if row.get("id") and quotes.key_of(row["id"]) == key}
    return len(names) == 1 and not known.standing(names.pop(), path or "index", language, today, column="quotes").why


def _removed(public: Path, sounds: set[str]) -> Iterator[str]:
    """Remove the sound files that no page uses any more."""
    if not sounds:
        return
    used = {found for path in public.rglob("*.html") for found in _SOUND.findall(path.read_text(encoding="utf-8"))}
    for address in sorted(sounds - used):
        path = (public / address.lstrip("/")).resolve()
        if path.is_relative_to(public.resolve()):
            path.unlink(missing_ok=True)
            yield address


def _read(path: Path) -> dict[str, list[str]]:
    with suppress(OSError, ValueError, AttributeError, TypeError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(page): [str(key) for key in keys] for page, keys in found.items()}
    return {}


def _write(path: Path, listed: Mapping[str, list[str]]) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(listed), encoding="utf-8")
    fresh.replace(path)
