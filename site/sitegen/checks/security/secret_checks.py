"""Secrets that somebody pasted into content/: nothing is built, and nothing of them is printed."""

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.layers import lookup

_BETWEEN = b"- \t\n\r\v\f\x1c\x1d\x1e\x1f"
"""Dashes and white space, which count as nothing. As a name: `words` reads a literal in `translate()` as a message."""

_TEXTS = frozenset({".yml", ".yaml", ".md", ".csv", ".svg", ".txt", ".po", ".json", ".html", ".htm", ".xml", ""})
SECRET_KEY = re.compile(r"AGE-?SECRET-?KEY-?1[A-Z0-9]{8}|AGE-PLUGIN-[A-Z0-9]+-1[A-Z0-9]{8}")
_PRIVATE_KEY = re.compile(r"BEGIN[A-Z0-9]*PRIVATEKEY|PUTTY-USER-KEY-FILE|B3BLBNNZAC1RZXKTDJEA")
_TOKEN = re.compile(r"(?<![\w/-])[A-Za-z0-9_-]{43}(?![\w-])")
"""secrets.token_urlsafe(32): how a desk makes its token."""

_NEW_KEY = _(
    "Treat it as known to everybody who has this file or its copies, and take it out. Make a new one on the desk's "
    "machine (python3 build.py desk change-key; for a printed one: desk recovery-key) and write only its public line "
    "here, which begins with age1."
)
_NEW_TOKEN = _(
    "Treat it as known to everybody who has this file or its copies, and take it out. Make a new one on the desk's "
    "machine (python3 build.py desk change-key) and write only the line here that begins with sha256:"
)
_LATIN = re.compile(r"[A-Za-z]")
MAY_BE_LATIN = re.compile("[^\x00-\x7f\xa0\u0900-\u0dff\u1cd0-\u1cff\u200b-\u2027\u2030-\u203a\ua8e0-\ua8ff]")
"""A character of which NFKC or capital letters could make one in ASCII: not of scripts of India, nor their quotes."""

_PARTS = (b"SECRETKEY", b"AGEPLUGIN", b"PRIVATEKEY", b"PUTTYUSERKEYFILE", b"B3BLBNNZAC1RZXKTDJEA")
"""One of them stands in every secret key, in capitals, without spaces and hyphens."""

_LARGEST = 4 * 1024 * 1024
_CLEAN: set[tuple[bytes, bool]] = set()
"""Hashes of texts in which nothing was found: an editor asks again after each save. Nothing is kept of a secret."""

_MOST = 100_000
"""Hashes that are remembered."""


def problems(content: Path) -> Iterator[Problem]:
    """Yield every secret key in a text of content/, and every pickup token in portal.yml, by file and line."""
    for layer in lookup.layers(content):
        for path in _texts(layer.folder):
            data, tokens = path.read_bytes(), path == content / "portal.yml"
            mark = hashlib.sha256(data).digest(), tokens
            if mark in _CLEAN:
                continue
            found = list(in_text(data.decode("utf-8", "replace"), layer.where(path), tokens=tokens))
            yield from found
            if not found and len(_CLEAN) < _MOST:
                _CLEAN.add(mark)


def _texts(folder: Path) -> list[Path]:
    """Return the texts in a folder and below, hidden ones too, in the order of their paths."""
    found = []
    for place, _folders, names in os.walk(folder):
        # As text: an editor asks all files after each save, and a Path costs ten times as much as asking the disk.
        for path in (f"{place}{os.sep}{name}" for name in names if PurePath(name).suffix.lower() in _TEXTS):
            with suppress(OSError):  # gone, or a link that leads to itself: whoever reads it says so
                state = os.stat(path)  # noqa: PTH116
                if stat.S_ISREG(state.st_mode) and state.st_size <= _LARGEST:
                    found.append(path)
    return [Path(path) for path in sorted(found, key=lambda path: path.split(os.sep))]  # noqa: PTH206


def in_text(text: str, where: str, *, tokens: bool) -> Iterator[Problem]:
    """Yield every secret in this text. tokens: look for pickup tokens too."""
    if not tokens and has_no_key(text):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        plain = _plain(line)
        if SECRET_KEY.search(plain.upper()) or _PRIVATE_KEY.search(plain.upper()):
            yield Problem(place_in(where, line=number), _("a secret key stands here."), _NEW_KEY)
        elif tokens and any(map(_is_mixed, _TOKEN.findall(_plain(line, spaces=True)))):
            what = _(
                "what looks like a pickup token stands here: with it anybody can fetch a desk's encrypted letters."
            )
            yield Problem(place_in(where, line=number), what, _NEW_TOKEN)


def has_no_key(text: str) -> bool:
    """Return whether this is sure at once, as it is of most texts, that no secret key stands in it."""
    if MAY_BE_LATIN.search(text):
        return False
    compact = text.encode("ascii", "ignore").upper().translate(None, _BETWEEN)
    return not any(part in compact for part in _PARTS)


def _plain(line: str, *, spaces: bool = False) -> str:
    """Return the line with usual dashes, and without invisible characters; without spaces too unless they are kept."""
    if line.isascii():  # as most lines are: nothing in them to compose or to leave out
        return line if spaces else "".join(line.split())
    composed = unicodedata.normalize("NFKC", line)
    if not _LATIN.search(composed):
        return ""  # most lines of four languages: no secret is written without these letters
    plain = composed.translate(_KEPT)
    return plain if spaces else "".join(plain.split())


class _Kept(dict[int, str]):
    """A character as it counts, for `str.translate`: dashes as hyphens, invisible ones as nothing, ASCII as it is."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = "" if char.isascii() else unicodedata.category(char)
        self[code] = "-" if category == "Pd" or char == "\u2212" else "" if category == "Cf" else char
        return self[code]


_KEPT = _Kept()


def _is_mixed(word: str) -> bool:
    """Return whether it has small and capital letters, as random text has and names of pages have not."""
    return word != word.lower() and word != word.upper()
