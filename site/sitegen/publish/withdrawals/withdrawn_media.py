"""Remove pictures, films and recordings without consent from a built site, in place (docs/decisions/0031).

The site lists its files that need a consent, so that a picture is removed even where consents.csv, or the picture's
own file, no longer exists. The list holds hashes, no names.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote, unquote

from sitegen.content.consent import consent_names, consents
from sitegen.layers import lookup
from sitegen.publish.withdrawals import cleaning

LIST = "consented.json"
"""In the built site: keys of what needs a consent, and of what was already removed from each language's pages."""

_HASHED_NAME = re.compile(r"/(?:pictures|audio)/([0-9a-f]{16})")
_ADDRESS = r"/(?:pictures|audio|media)/[^\"'\s,>]+"
_ELEMENT = re.compile(
    r"<picture\b(?:(?!</picture>).)*</picture>|<figure class=\"listen\">(?:(?!</figure>).)*</figure>"
    r"|<audio\b(?:(?!</audio>).)*</audio>|<video\b(?:(?!</video>).)*</video>|<img\b[^>]*>"
    r"|<svg data-file=(?:(?!</svg>).)*</svg>",
    re.S,
)
_LINK = re.compile(rf'<a [^>]*?href="({_ADDRESS})"[^>]*>(.*?)</a>', re.S)
_ART_FOLDERS = tuple(f"/media/{folder}/" for folder in ("pictograms", "drawings", "scenes"))
_EMPTY = re.compile(r"<(p|li|figure)>\s*</\1>\n?")


@dataclass
class MediaList:
    """Keys of what needs a consent, and by language the keys that were removed."""

    keys: set[str] = field(default_factory=set)
    removed: dict[str, set[str]] = field(default_factory=dict)


def key_of(address: str) -> str:
    """Return the key of a file of the site, the same for all its sizes and formats."""
    match = _HASHED_NAME.match(address)
    return match[1] if match else hashlib.sha256(unquote(address).encode()).hexdigest()[:16]


def write_list(out: Path, content: Path, allowed: Mapping[str, frozenset[str]]) -> None:
    """Write the list into a site that is being built. allowed: consents.Consents.media()."""
    keys = {key for keys in _keys(content, allowed).values() for key in keys}
    _write(out / LIST, MediaList(keys))


def purge(public: Path, known: consents.Consents, today: date, cleaner: cleaning.Cleaning) -> cleaning.Removed:
    """Remove what has no consent from the pages of a built site, and files that no page uses any more."""
    allowed = known.media(today)
    media_list, keys_by_name = _read(public / LIST), _keys(known.content, allowed)
    if media_list is None:
        media_list = MediaList(_all_keys(public, known, cleaner))
    all_keys = media_list.keys | {key for keys in keys_by_name.values() for key in keys}
    removed: dict[str, set[str]] = {}
    for language in sorted(path.parent.name for path in public.glob("*/index.html")) if all_keys else ():
        permitted = {key for name, keys in keys_by_name.items() if language.lower() in allowed[name] for key in keys}
        if newly_removed := all_keys - permitted - media_list.removed.get(language, set()):
            removed[language] = newly_removed
            media_list.removed.setdefault(language, set()).update(newly_removed)
    if not removed:
        return cleaning.Removed()
    media_list.keys = all_keys
    permitted = {key for name, keys in keys_by_name.items() if allowed[name] for key in keys}
    used = {address for language, keys in removed.items() for address in _clean(public / language, keys, cleaner)}
    addresses = sorted(_remove(public, used, all_keys - permitted, cleaner))
    return cleaning.Removed(addresses, {*removed}, partial(_write, public / LIST, media_list))


def _all_keys(public: Path, known: consents.Consents, cleaner: cleaning.Cleaning) -> set[str]:
    """Return the keys of all files that may show a person, for a site whose list is damaged."""
    without_people = {key for keys in _keys(known.content, known.without_people()).values() for key in keys}
    files = (path for kind in ("pictures", "audio", "media") for path in public.glob(f"{kind}/**/*") if path.is_file())
    addresses = (f"/{path.relative_to(public).as_posix()}" for path in files)
    keys = {key_of(address) for address in addresses if not address.startswith(_ART_FOLDERS)} - without_people
    if keys:
        what = "was damaged: each picture and recording that no valid consent names is taken out."
        cleaner.removed.append(f"{public / LIST} {what} Build the site again.")
    return keys


def _keys(content: Path, names: Collection[str]) -> dict[str, set[str]]:
    """Return for each name (consent_names.media_name) the keys of its file on the site."""
    keys: dict[str, set[str]] = {name: set() for name in names}
    for layer in lookup.layers(content) if names else ():
        for path in (layer.folder / "media").rglob("*"):
            address = f"/{path.relative_to(layer.folder).as_posix()}"
            name = consent_names.media_name(address)
            with suppress(OSError):
                if name in keys and path.is_file():
                    state = path.stat()
                    keys[name] |= {_hash(path, state.st_size, state.st_mtime_ns), key_of(address)}
    return keys


@cache
def _hash(path: Path, _size: int, _changed: int) -> str:
    """Return the hash in the names of files made from this one. Cached until the file changes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _clean(folder: Path, keys: set[str], cleaner: cleaning.Cleaning) -> set[str]:
    """Remove pictures, sounds and links from the pages of a language; return their addresses."""
    removed: set[str] = set()

    def without_removed(match: re.Match[str]) -> str:
        addresses = set(re.findall(_ADDRESS, match[0]))
        if not keys & {*map(key_of, addresses)}:
            return match[0]
        removed.update(addresses)
        return ""

    def without_link(match: re.Match[str]) -> str:
        return match[2] if key_of(match[1]) in keys else match[0]

    for path, text in cleaner.texts(sorted(folder.rglob("*.html"))):
        cleaned = _LINK.sub(without_link, _ELEMENT.sub(without_removed, text))
        if cleaned != text:
            with cleaner.collecting_problems(path):
                cleaning.replace(path, _EMPTY.sub("", cleaned))
    return removed


def _remove(
    public: Path, addresses: Collection[str], keys: Collection[str], cleaner: cleaning.Cleaning
) -> Iterator[str]:
    """Remove the files of these addresses that no page uses, and all files with these keys; yield their addresses."""
    pages = public.rglob("*.html") if addresses else ()
    unused = {*addresses} - {address for _, text in cleaner.texts(pages) for address in re.findall(_ADDRESS, text)}
    files = (path for kind in ("pictures", "audio", "media") for path in public.glob(f"{kind}/**/*") if keys)
    existing = {f"/{path.relative_to(public).as_posix()}" for path in files}
    for address in unused | {address for address in existing if key_of(address) in keys}:
        path = (public / unquote(address).lstrip("/")).resolve()
        if path.is_relative_to(public.resolve()) and path.is_file():
            with cleaner.collecting_problems(path):
                path.unlink()
            yield quote(address) if address.startswith("/media/") else address


def _read(path: Path) -> MediaList | None:
    """Return the site's list; None where it is damaged or missing."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return MediaList({*data["keys"]}, {code: {*keys} for code, keys in data["removed"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _write(path: Path, media_list: MediaList) -> None:
    removed = {code: sorted(keys) for code, keys in sorted(media_list.removed.items())}
    cleaning.replace(path, json.dumps({"keys": sorted(media_list.keys), "removed": removed}))
