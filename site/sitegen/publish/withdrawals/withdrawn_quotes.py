"""Remove quotes without consent from a built site, in place (docs/decisions/0031).

The site lists its pages with quotes and the keys of their consents: hashes, no names. A recording or synthetic speech
of such a page contains the quote too, and is removed with it until the next build.
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
    """Write the list of pages with quotes into a site that is being built."""
    _write(out / LIST, _keys_by_page(((path, cleaning.read(path)) for path in out.glob(PAGES)), out))


def _keys_by_page(pages: Iterable[tuple[Path, str]], public: Path) -> dict[str, list[str]]:
    """Return the keys of the quotes of each page that has any, by page, like "en/problems/wages"."""
    keys_by_page = {path.parent.relative_to(public).as_posix(): _keys(html) for path, html in pages}
    return {page: sorted(keys) for page, keys in sorted(keys_by_page.items()) if keys}


def _keys(html: str) -> set[str]:
    return {key for keys in _KEYS.findall(html) for key in keys.split()}


def purge(
    public: Path, known: Consents, today: date, cleaner: cleaning.Cleaning, neutral: Callable[[str], str]
) -> cleaning.Removed:
    """Remove quotes without consent from the pages.

    neutral: returns the page of a language that replaces a damaged one. The removed addresses include one for each
    quote, which names no file, but lets tablets notice the withdrawal.
    """
    removed = cleaning.Removed()
    keys_by_page = _quoted_pages(public, known, cleaner)
    for page, keys in sorted(keys_by_page.items()):
        lost = {key for key in keys if not _is_covered(key, page, known, today)}
        path, language = public / page / "index.html", page.partition("/")[0]
        if not lost or not path.is_file() or not path.resolve().is_relative_to(public.resolve()):
            continue
        with cleaner.collecting_problems(path):
            text = cleaning.read(path)
            cleaned = _LISTEN.sub("", quotes.remove_from_html(text, lost))
            if lost & _keys(cleaned):  # the quote has no end tag, so it is unknown which words belong to it
                cleaned = neutral(language)
                cleaner.removed.append(f"{path} was damaged; a neutral page stands there. Build the site again.")
            removed.addresses += _remove_unused_sounds(
                public, {*_SOUND.findall(text)} - {*_SOUND.findall(cleaned)}, path, cleaner
            )
            cleaning.replace(path, cleaned)
        keys_by_page[page] = [key for key in keys if key not in lost]
        removed.languages.add(language)
        removed.addresses += [f"/{page}/quote-{key}" for key in sorted(lost)]
    if removed.languages:
        removed.save = partial(_write, public / LIST, keys_by_page)
    return removed


def _is_covered(key: str, page: str, known: Consents, today: date) -> bool:
    """Return whether a consent with this key covers a page like "en/problems/wages"."""
    language, _, path = page.partition("/")
    names = {row["id"] for row in known.rows if row.get("id") and quotes.key_of(row["id"]) == key}
    return len(names) == 1 and not known.status(names.pop(), path or "index", language, today, column="quotes").reason


def _remove_unused_sounds(public: Path, sounds: set[str], page: Path, cleaner: cleaning.Cleaning) -> list[str]:
    """Remove the sound files that no other page uses; return their addresses."""
    if not sounds:
        return []
    others = (path for path in public.rglob("*.html") if path != page)
    unused = sounds - {address for _, text in cleaner.texts(others) for address in _SOUND.findall(text)}
    for address in sorted(unused):
        path = (public / address.lstrip("/")).resolve()
        if path.is_relative_to(public.resolve()):
            with cleaner.collecting_problems(path):
                path.unlink(missing_ok=True)
    return sorted(unused)


def _quoted_pages(public: Path, known: Consents, cleaner: cleaning.Cleaning) -> dict[str, list[str]]:
    """Return the keys of quotes by page: from the site's list, and from the pages that rows of consents name.

    Where the list is damaged, all pages are read.
    """
    listed = _read(public / LIST)
    if listed is None:
        listed = _keys_by_page(cleaner.texts(public.glob(PAGES)), public)
        if listed:
            cleaner.removed.append(f"{public / LIST} was damaged: its list of quotes is made anew from the pages.")
            with cleaner.collecting_problems(public / LIST):
                _write(public / LIST, listed)
        return listed
    codes = [path.parent.name for path in public.glob("*/index.html")]
    names = {name for row in known.rows for name in page_names(row.get("quotes", ""))}
    paths = (public / code / ("" if name == "index" else name) / "index.html" for code in codes for name in names)
    named = _keys_by_page(cleaner.texts(path for path in paths if path.is_file()), public)
    return {page: sorted({*listed.get(page, ()), *named.get(page, ())}) for page in {*listed, *named}}


def _read(path: Path) -> dict[str, list[str]] | None:
    with suppress(OSError, ValueError, AttributeError, TypeError, RecursionError):
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(page): [str(key) for key in keys] for page, keys in data.items()}
    return None


def _write(path: Path, keys_by_page: Mapping[str, list[str]]) -> None:
    cleaning.replace(path, json.dumps(keys_by_page))
