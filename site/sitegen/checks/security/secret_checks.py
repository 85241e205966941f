"""Checks for secret keys and tokens that somebody pasted into content/. No message repeats a part of them."""

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

_SEPARATORS = b"- \t\n\r\v\f\x1c\x1d\x1e\x1f"
"""Characters that are ignored. A constant, since `words` takes a literal in `translate()` for a message."""

_TEXTS = frozenset({".yml", ".yaml", ".md", ".csv", ".svg", ".txt", ".po", ".json", ".html", ".htm", ".xml", ""})
SECRET_KEY = re.compile(r"AGE-?SECRET-?KEY-?1[A-Z0-9]{8}|AGE-PLUGIN-[A-Z0-9]+-1[A-Z0-9]{8}")
_PRIVATE_KEY = re.compile(r"BEGIN[A-Z0-9]*PRIVATEKEY|PUTTY-USER-KEY-FILE|B3BLBNNZAC1RZXKTDJEA")
_TOKEN = re.compile(r"(?<![\w/-])[A-Za-z0-9_-]{43}(?![\w-])")
"""A token as a desk makes it, by secrets.token_urlsafe(32)."""

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
"""A character that NFKC or upper() may turn into ASCII: none of the scripts of India and their quotation marks."""

_MARKERS = (b"SECRETKEY", b"AGEPLUGIN", b"PRIVATEKEY", b"PUTTYUSERKEYFILE", b"B3BLBNNZAC1RZXKTDJEA")
"""Every secret key has one of these, in upper case and without separators."""

_MAX_FILE_SIZE = 4 * 1024 * 1024
_CLEAN: set[tuple[bytes, bool]] = set()
"""Hashes of files without secrets, since the editor checks all files after each save. No secret is remembered."""

_MAX_REMEMBERED = 100_000
"""Hashes in _CLEAN at most."""


def problems(content: Path) -> Iterator[Problem]:
    """Yield every secret key in a text file of content/, and every pickup token in portal.yml."""
    for layer in lookup.layers(content):
        for path in _texts(layer.folder):
            data, tokens = path.read_bytes(), path == content / "portal.yml"
            key = hashlib.sha256(data).digest(), tokens
            if key in _CLEAN:
                continue
            secrets = list(secrets_in_text(data.decode("utf-8", "replace"), layer.where(path), tokens=tokens))
            yield from secrets
            if not secrets and len(_CLEAN) < _MAX_REMEMBERED:
                _CLEAN.add(key)


def _texts(folder: Path) -> list[Path]:
    """Return the text files in a folder and below, also hidden ones, in the order of their paths."""
    paths = []
    for place, _folders, names in os.walk(folder):
        # Strings, since the editor checks all files after each save and a Path takes ten times as long as a stat.
        for path in (f"{place}{os.sep}{name}" for name in names if PurePath(name).suffix.lower() in _TEXTS):
            with suppress(OSError):  # removed, or a circular link, which other checks report
                status = os.stat(path)  # noqa: PTH116
                if stat.S_ISREG(status.st_mode) and status.st_size <= _MAX_FILE_SIZE:
                    paths.append(path)
    return [Path(path) for path in sorted(paths, key=lambda path: path.split(os.sep))]  # noqa: PTH206


def secrets_in_text(text: str, where: str, *, tokens: bool) -> Iterator[Problem]:
    """Yield every secret in this text. tokens: whether to look for pickup tokens too."""
    if not tokens and has_no_key(text):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        normalised = _normalise(line).upper()
        if SECRET_KEY.search(normalised) or _PRIVATE_KEY.search(normalised):
            yield Problem(place_in(where, line=number), _("a secret key stands here."), _NEW_KEY)
        elif tokens and any(map(_is_mixed, _TOKEN.findall(_normalise(line, spaces=True)))):
            what = _(
                "what looks like a pickup token stands here: with it anybody can fetch a desk's encrypted letters."
            )
            yield Problem(place_in(where, line=number), what, _NEW_TOKEN)


def has_no_key(text: str) -> bool:
    """Return whether a quick test shows that a text has no secret key, as it does for most texts."""
    if MAY_BE_LATIN.search(text):
        return False
    compact = text.encode("ascii", "ignore").upper().translate(None, _SEPARATORS)
    return not any(part in compact for part in _MARKERS)


def _normalise(line: str, *, spaces: bool = False) -> str:
    """Return the line with ASCII hyphens, without invisible characters, and without spaces unless `spaces`."""
    if line.isascii():
        return line if spaces else "".join(line.split())
    composed = unicodedata.normalize("NFKC", line)
    if not _LATIN.search(composed):
        return ""  # as most lines in Indian scripts: every secret has Latin letters
    normalised = composed.translate(_NORMALISED)
    return normalised if spaces else "".join(normalised.split())


class _Normalised(dict[int, str]):
    """A table for `str.translate`: dashes become hyphens, format characters are removed."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = "" if char.isascii() else unicodedata.category(char)
        self[code] = "-" if category == "Pd" or char == "\u2212" else "" if category == "Cf" else char
        return self[code]


_NORMALISED = _Normalised()


def _is_mixed(word: str) -> bool:
    """Return whether a word has lower and upper case, as random text has and names of pages do not."""
    return word != word.lower() and word != word.upper()
