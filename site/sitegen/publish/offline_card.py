"""The memory card: the built site as one zip that opens from a folder, with no server and no internet."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from markupsafe import escape

from forms.core.content_policy import IN_PAGE, ON_A_CARD
from forms.core.files.durable import atomic_replacement
from forms.core.portal import Portal
from sitegen.content.pages import GENERATED_FOLDERS
from sitegen.render.templates import render

_ADDRESS = re.compile(r'\b(href|src|srcset)="(?![a-z]+:|#)([^"]*)"')
_ONLINE_ONLY = re.compile(
    r'<link rel="(?:canonical|alternate)"[^>]*>\n?|<div class="search".*?</div>\n?|<meta name="robots"[^>]*>\n?'
    r'|<p><a [^>]*href="webcal:.*?</p>\n?'
    r'|<template id="followup">.*?</template>\n?'
    r'|<script type="application/json" id="sealing".*?</script>\n?|<script src="[^"]*/seal-[^>]*></script>\n?',
    re.S,
)
_FORM = re.compile(
    r'(?:<div class="stepwise">.*?</div>\s*<details class="whole">.*?)?'
    r'<form class="form".*?</form>(?:\s*</details>)?',
    re.S,
)
_EXIT = re.compile(r'(data-exit [^>]*href=")[^"]*"')
_INTEGRITY = re.compile(r'(<script [^>]*?) integrity="[^"]*"')
"""Browsers refuse a local script with an integrity hash (Subresource Integrity, section 3.4)."""

_EXCLUDED_SUFFIXES = frozenset({".br", ".gz", ".xml", ".txt", ".json", ".mp3", ".webmanifest", ".sig"})
_EXCLUDED_NAMES = frozenset({"404", "away", "too-large", "search", "tablet", "icon", "sw", "withdrawn", "consented"})
_EXCLUDED_FOLDERS = [[name] for name in GENERATED_FOLDERS]
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip: the card does not reveal when it was made
EMPTY = "about:blank"
"""Where "Leave this page" leads without internet: an empty page."""


def write(public: Path, path: Path, portal: Portal) -> int:
    """Write the zip of a built site; return how many files it has.

    Pages keep links, pictures, languages and speech (Opus); the site's address replaces each form.
    """
    count = 0
    with (
        atomic_replacement(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as card,
    ):
        for name, data in _files(public, portal):
            method = zipfile.ZIP_STORED if name.endswith(".opus") else zipfile.ZIP_DEFLATED
            card.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), data, method)
            count += 1
    return count


def _files(public: Path, portal: Portal) -> Iterator[tuple[str, bytes]]:
    for path in sorted(path for path in public.rglob("*") if path.is_file()):
        name = path.relative_to(public).as_posix()
        if (
            path.suffix in _EXCLUDED_SUFFIXES
            or name.split("/")[1:2] in _EXCLUDED_FOLDERS
            or path.stem.split(".")[0] in _EXCLUDED_NAMES
            or path.name.startswith("seal-")
        ):
            continue
        if path.suffix == ".html":
            language = name.split("/")[0] if "/" in name else portal.language_codes()[0]
            yield name, offline(path.read_text(encoding="utf-8"), name, language, portal).encode()
        else:
            yield name, path.read_bytes()


def offline(html: str, name: str, language: str, portal: Portal) -> str:
    """Return a page for the card. name: its file in the zip, like "or/signs/index.html"."""
    html = _ONLINE_ONLY.sub("", html)
    html = _FORM.sub(lambda _: str(render(language, "card-form.html", portal=portal)), html)
    html = re.sub(r'<source src="[^"]*\.mp3"[^>]*>\n?', "", html)
    html = _EXIT.sub(rf'\1{EMPTY}"', html)
    html = _INTEGRITY.sub(r"\1", html)
    html = html.replace(str(escape(IN_PAGE)), str(escape(ON_A_CARD)))
    return _ADDRESS.sub(lambda match: f'{match[1]}="{_relative_addresses(match, name)}"', html)


def _relative_addresses(match: re.Match[str], name: str) -> str:
    """Return the value of an attribute with relative addresses of files."""
    folder = posixpath.dirname(name)
    if match[1] == "srcset":
        parts = [part.strip().split(" ") for part in match[2].split(",")]
        return ", ".join(" ".join([_relative_address(folder, part[0]), *part[1:]]) for part in parts)
    return _relative_address(folder, match[2])


def _relative_address(folder: str, address: str) -> str:
    path, _, fragment = address.partition("#")
    path = posixpath.join(f"/{folder}", path.partition("?")[0])
    if path.startswith("/forms/"):  # the page that gives the form's address
        path = f"/{path.split('/')[2]}/sign-up/"
    target = path.removeprefix("/") + ("index.html" if path.endswith("/") else "")
    return posixpath.relpath(target, folder or ".") + (f"#{fragment}" if fragment else "")
