"""The memory card: the built site as one zip that opens from a folder, with no server and no internet."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from markupsafe import escape

from forms.core.content_policy import IN_PAGE, ON_A_CARD
from forms.core.files.durable import replaced
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
"""A browser cannot hold a file of a folder against a hash, and refuses it (Subresource Integrity, section 3.4)."""

_LEFT_OUT = frozenset({".br", ".gz", ".xml", ".txt", ".json", ".mp3", ".webmanifest", ".sig"})
_ONLINE_NAMES = frozenset({"404", "away", "too-large", "search", "tablet", "icon", "sw", "withdrawn", "consented"})
_BUILT_FOLDERS = [[name] for name in GENERATED_FOLDERS]
_DAY_ONE = (1980, 1, 1, 0, 0, 0)  # a zip's earliest day: the card does not tell when it was made
EMPTY = "about:blank"
"""Where "Leave this page" goes with no internet: an empty page."""


def write(public: Path, path: Path, portal: Portal) -> int:
    """Write the zip of a built site; how many files it holds.

    Pages keep links, pictures, languages and speech (Opus); each form gives way to the site's address.
    """
    count = 0
    with replaced(path) as fresh, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as card:
        for name, data in _files(public, portal):
            sound = name.endswith(".opus")
            card.writestr(zipfile.ZipInfo(name, _DAY_ONE), data, zipfile.ZIP_STORED if sound else zipfile.ZIP_DEFLATED)
            count += 1
    return count


def _files(public: Path, portal: Portal) -> Iterator[tuple[str, bytes]]:
    for path in sorted(path for path in public.rglob("*") if path.is_file()):
        name = path.relative_to(public).as_posix()
        if (
            path.suffix in _LEFT_OUT
            or name.split("/")[1:2] in _BUILT_FOLDERS
            or path.stem.split(".")[0] in _ONLINE_NAMES
            or path.name.startswith("seal-")
        ):
            continue
        if path.suffix == ".html":
            language = name.split("/")[0] if "/" in name else portal.language_codes()[0]
            yield name, offline(path.read_text(encoding="utf-8"), name, language, portal).encode()
        else:
            yield name, path.read_bytes()


def offline(html: str, name: str, language: str, portal: Portal) -> str:
    """Return a page as it stands on the card. name: its file in the zip, like "or/signs/index.html"."""
    html = _ONLINE_ONLY.sub("", html)
    html = _FORM.sub(lambda _: str(render(language, "card-form.html", portal=portal)), html)
    html = re.sub(r'<source src="[^"]*\.mp3"[^>]*>\n?', "", html)
    html = _EXIT.sub(rf'\1{EMPTY}"', html)
    html = _INTEGRITY.sub(r"\1", html)
    html = html.replace(str(escape(IN_PAGE)), str(escape(ON_A_CARD)))
    return _ADDRESS.sub(lambda match: f'{match[1]}="{_relative(match, name)}"', html)


def _relative(match: re.Match[str], name: str) -> str:
    folder = posixpath.dirname(name)
    if match[1] == "srcset":
        parts = [part.strip().split(" ") for part in match[2].split(",")]
        return ", ".join(" ".join([_to(folder, part[0]), *part[1:]]) for part in parts)
    return _to(folder, match[2])


def _to(folder: str, address: str) -> str:
    path, _, fragment = address.partition("#")
    path = posixpath.join(f"/{folder}", path.partition("?")[0])
    if path.startswith("/forms/"):  # the page that now says where the form is
        path = f"/{path.split('/')[2]}/sign-up/"
    target = path.removeprefix("/") + ("index.html" if path.endswith("/") else "")
    return posixpath.relpath(target, folder or ".") + (f"#{fragment}" if fragment else "")
