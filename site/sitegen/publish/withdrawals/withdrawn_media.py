"""Takes pictures, films and recordings without consent out of a built site in place (docs/decisions/0031).

The site lists what on it needs a consent, so that a picture goes even where consents.csv, or the picture's own file,
is no longer there. The list holds hashes, no names.
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
"""In the built site: what needs a consent, and what was already taken out of each language's pages."""

_MADE = re.compile(r"/(?:pictures|audio)/([0-9a-f]{16})")
_ADDRESS = r"/(?:pictures|audio|media)/[^\"'\s,>]+"
_SHOWN = re.compile(
    r"<picture\b(?:(?!</picture>).)*</picture>|<figure class=\"listen\">(?:(?!</figure>).)*</figure>"
    r"|<audio\b(?:(?!</audio>).)*</audio>|<video\b(?:(?!</video>).)*</video>|<img\b[^>]*>"
    r"|<svg data-file=(?:(?!</svg>).)*</svg>",
    re.S,
)
_LINK = re.compile(rf'<a [^>]*?href="({_ADDRESS})"[^>]*>(.*?)</a>', re.S)
_DRAWN_FOR_THE_SITE = tuple(f"/media/{folder}/" for folder in ("pictograms", "drawings", "scenes"))
_EMPTY = re.compile(r"<(p|li|figure)>\s*</\1>\n?")


@dataclass
class Needing:
    """Keys of what needs a consent, and by language the keys that were taken out."""

    keys: set[str] = field(default_factory=set)
    removed: dict[str, set[str]] = field(default_factory=dict)


def key_of(address: str) -> str:
    """Return what names a file on the site, whatever the size or kind in which it is there."""
    made = _MADE.match(address)
    return made[1] if made else hashlib.sha256(unquote(address).encode()).hexdigest()[:16]


def write_needing(out: Path, content: Path, allowed: Mapping[str, frozenset[str]]) -> None:
    """Write the list into a site that is being built. allowed: consents.Consents.media()."""
    keys = {key for keys in _keys(content, allowed).values() for key in keys}
    _write(out / LIST, Needing(keys))


def purge(public: Path, known: consents.Consents, today: date, cleaner: cleaning.Cleaning) -> cleaning.Removed:
    """Take what has no consent out of the pages of a built site, and the files that no page uses any more."""
    allowed = known.media(today)
    needing, keys = _read(public / LIST), _keys(known.content, allowed)
    if needing is None:
        needing = Needing(_every_key(public, known, cleaner))
    every = needing.keys | {key for found in keys.values() for key in found}
    gone_of: dict[str, set[str]] = {}
    for language in sorted(path.parent.name for path in public.glob("*/index.html")) if every else ():
        may_stay = {key for name, found in keys.items() if language.lower() in allowed[name] for key in found}
        if gone := every - may_stay - needing.removed.get(language, set()):
            gone_of[language] = gone
            needing.removed.setdefault(language, set()).update(gone)
    if not gone_of:
        return cleaning.Removed()
    needing.keys = every
    may_stay = {key for name, found in keys.items() if allowed[name] for key in found}
    asked = {found for language, gone in gone_of.items() for found in _clean(public / language, gone, cleaner)}
    addresses = sorted(_remove(public, asked, every - may_stay, cleaner))
    return cleaning.Removed(addresses, {*gone_of}, partial(_write, public / LIST, needing))


def _every_key(public: Path, known: consents.Consents, cleaner: cleaning.Cleaning) -> set[str]:
    """Return the keys of all that may show a person, where the site's list of it is damaged."""
    shows_nobody = {key for found in _keys(known.content, known.without_people()).values() for key in found}
    files = (path for kind in ("pictures", "audio", "media") for path in public.glob(f"{kind}/**/*") if path.is_file())
    addresses = (f"/{path.relative_to(public).as_posix()}" for path in files)
    found = {key_of(address) for address in addresses if not address.startswith(_DRAWN_FOR_THE_SITE)} - shows_nobody
    if found:
        what = "was damaged: each picture and recording that no valid consent names is taken out."
        cleaner.removed.append(f"{public / LIST} {what} Build the site again.")
    return found


def _keys(content: Path, names: Collection[str]) -> dict[str, set[str]]:
    """Return for each name (consents.media_name) what its file is known by on the site."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for layer in lookup.layers(content) if names else ():
        for path in (layer.folder / "media").rglob("*"):
            address = f"/{path.relative_to(layer.folder).as_posix()}"
            name = consent_names.media_name(address)
            with suppress(OSError):
                if name in found and path.is_file():
                    state = path.stat()
                    found[name] |= {_hash(path, state.st_size, state.st_mtime_ns), key_of(address)}
    return found


@cache
def _hash(path: Path, _size: int, _changed: int) -> str:
    """Return the hash in the names of what is made from a file; read again only when the file has changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _clean(folder: Path, gone: set[str], cleaner: cleaning.Cleaning) -> set[str]:
    """Take pictures, sounds and links out of the pages of a language; return the addresses that stood there."""
    asked: set[str] = set()

    def without(match: re.Match[str]) -> str:
        found = set(re.findall(_ADDRESS, match[0]))
        if not gone & {*map(key_of, found)}:
            return match[0]
        asked.update(found)
        return ""

    def words(match: re.Match[str]) -> str:
        return match[2] if key_of(match[1]) in gone else match[0]

    for path, text in cleaner.texts(sorted(folder.rglob("*.html"))):
        cleaned = _LINK.sub(words, _SHOWN.sub(without, text))
        if cleaned != text:
            with cleaner.going_on(path):
                cleaning.replace(path, _EMPTY.sub("", cleaned))
    return asked


def _remove(public: Path, asked: Collection[str], gone: Collection[str], cleaner: cleaning.Cleaning) -> Iterator[str]:
    """Remove the files of `asked` that no page uses, and all files known by a key of `gone`."""
    pages = public.rglob("*.html") if asked else ()
    unused = {*asked} - {found for _, text in cleaner.texts(pages) for found in re.findall(_ADDRESS, text)}
    files = (path for kind in ("pictures", "audio", "media") for path in public.glob(f"{kind}/**/*") if gone)
    there = {f"/{path.relative_to(public).as_posix()}" for path in files}
    for address in unused | {address for address in there if key_of(address) in gone}:
        path = (public / unquote(address).lstrip("/")).resolve()
        if path.is_relative_to(public.resolve()) and path.is_file():
            with cleaner.going_on(path):
                path.unlink()
            yield quote(address) if address.startswith("/media/") else address


def _read(path: Path) -> Needing | None:
    """Return what the site lists; None where the list is damaged or missing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Needing({*found["keys"]}, {code: {*keys} for code, keys in found["removed"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _write(path: Path, needing: Needing) -> None:
    removed = {code: sorted(keys) for code, keys in sorted(needing.removed.items())}
    cleaning.replace(path, json.dumps({"keys": sorted(needing.keys), "removed": removed}))
