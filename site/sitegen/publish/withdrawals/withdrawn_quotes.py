"""Takes quotes without consent out of a built site in place (docs/decisions/0031).

The site lists on which pages quotes stand, and what their consents are known by: hashes, no names. A recording or a
machine's voice that reads the page says the quote too, and goes with it until the next build.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

from sitegen.content.consent import quotes
from sitegen.content.consent.consent_names import page_names
from sitegen.content.consent.consents import Consents
from sitegen.publish.withdrawals import cleaning

LIST = "quoted.json"
"""In the built site: pages like "en/problems/wages", and the keys of the consents of their quotes."""

PAGES = "*/**/index.html"

_KEYS = re.compile(r'<blockquote data-consent="([0-9a-f ]*)')
_LISTEN = re.compile(r'<figure class="listen">(?:(?!</figure>).)*</figure>\n?', re.S)
_SOUND = re.compile(r"/audio/[^\"'\s,>]+")


def write_list(out: Path) -> None:
    """Write into a site that is being built on which pages quotes stand."""
    _write(out / LIST, _found(((path, cleaning.read(path)) for path in out.glob(PAGES)), out))


def _found(pages: Iterable[tuple[Path, str]], public: Path) -> dict[str, list[str]]:
    """Return by page, like "en/problems/wages", the keys that stand at its quotes."""
    found = {path.parent.relative_to(public).as_posix(): _keys(html) for path, html in pages}
    return {page: sorted(keys) for page, keys in sorted(found.items()) if keys}


def _keys(html: str) -> set[str]:
    return {key for keys in _KEYS.findall(html) for key in keys.split()}


def purge(
    public: Path, known: Consents, today: date, cleaner: cleaning.Cleaning, neutral: Callable[[str], str]
) -> cleaning.Removed:
    """Take quotes without consent out of the pages. neutral: the page of a language in place of one that is damaged.

    Among the addresses is one for each quote, which names no file: by it tablets notice.
    """
    done = cleaning.Removed()
    listed = _listed(public, known, cleaner)
    for page, keys in sorted(listed.items()):
        lost = {key for key in keys if not _covered(key, page, known, today)}
        path, language = public / page / "index.html", page.partition("/")[0]
        if not lost or not path.is_file() or not path.resolve().is_relative_to(public.resolve()):
            continue
        with cleaner.going_on(path):
            text = cleaning.read(path)
            cleaned = _LISTEN.sub("", quotes.remove_from_html(text, lost))
            if lost & _keys(cleaned):  # the quote has no end: nobody can tell which words are its own
                cleaned = neutral(language)
                cleaner.removed.append(f"{path} was damaged; a neutral page stands there. Build the site again.")
            done.addresses += _removed(public, {*_SOUND.findall(text)} - {*_SOUND.findall(cleaned)}, path, cleaner)
            cleaning.replace(path, cleaned)
        listed[page] = [key for key in keys if key not in lost]
        done.languages.add(language)
        done.addresses += [f"/{page}/quote-{key}" for key in sorted(lost)]
    if done.languages:
        done.remember = partial(_write, public / LIST, listed)
    return done


def _covered(key: str, page: str, known: Consents, today: date) -> bool:
    """Return whether a consent with this key covers a page like "en/problems/wages"."""
    language, _, path = page.partition("/")
    names = {row["id"] for row in known.rows if row.get("id") and quotes.key_of(row["id"]) == key}
    return len(names) == 1 and not known.status(names.pop(), path or "index", language, today, column="quotes").reason


def _removed(public: Path, sounds: set[str], page: Path, cleaner: cleaning.Cleaning) -> list[str]:
    """Remove the sound files that no other page uses; return their addresses."""
    if not sounds:
        return []
    others = (path for path in public.rglob("*.html") if path != page)
    gone = sounds - {found for _, text in cleaner.texts(others) for found in _SOUND.findall(text)}
    for address in sorted(gone):
        path = (public / address.lstrip("/")).resolve()
        if path.is_relative_to(public.resolve()):
            with cleaner.going_on(path):
                path.unlink(missing_ok=True)
    return sorted(gone)


def _listed(public: Path, known: Consents, cleaner: cleaning.Cleaning) -> dict[str, list[str]]:
    """Return on which pages quotes stand: as the site lists them, and as the pages say that rows of consents name.

    Where the list is damaged every page is asked.
    """
    listed = _read(public / LIST)
    if listed is None:
        listed = _found(cleaner.texts(public.glob(PAGES)), public)
        if listed:
            cleaner.removed.append(f"{public / LIST} was damaged: its list of quotes is made anew from the pages.")
            with cleaner.going_on(public / LIST):
                _write(public / LIST, listed)
        return listed
    codes = [path.parent.name for path in public.glob("*/index.html")]
    names = {name for row in known.rows for name in page_names(row.get("quotes", ""))}
    paths = (public / code / ("" if name == "index" else name) / "index.html" for code in codes for name in names)
    found = _found(cleaner.texts(path for path in paths if path.is_file()), public)
    return {page: sorted({*listed.get(page, ()), *found.get(page, ())}) for page in {*listed, *found}}


def _read(path: Path) -> dict[str, list[str]] | None:
    with suppress(OSError, ValueError, AttributeError, TypeError, RecursionError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(page): [str(key) for key in keys] for page, keys in found.items()}
    return None


def _write(path: Path, listed: Mapping[str, list[str]]) -> None:
    cleaning.replace(path, json.dumps(listed))
