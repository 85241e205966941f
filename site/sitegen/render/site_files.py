"""Files outside the languages: the page for choosing one, 404 pages, sitemap, robots, styles and script."""

import hashlib
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from forms.core import i18n
from forms.core.i18n import locales
from forms.core.portal import Clip, Portal
from forms.core.rendering.page import Page, draw_page
from sitegen.content.consent import consent_names, consent_table, withdrawn_stories
from sitegen.content.pages import PageSource
from sitegen.layers import lookup
from sitegen.lint.files import FILMS
from sitegen.media import short_clips
from sitegen.publish import browser_bundle, mirrored_style, old_engines, open_data, tablet
from sitegen.publish.withdrawals import withdrawal, withdrawn_media, withdrawn_quotes
from sitegen.render.blocks import Context
from sitegen.render.layout import alternates
from sitegen.render.picture_blocks import heard
from sitegen.render.templates import render

ASSETS = {
    "css": "portal.css",
    "js": "portal.js",
    "search": "search.js",
    "tablet": "tablet.js",
    "pictured": "pictured.css",
    "scenes": "scenes.css",
    "home": "home.css",
    "icon": "icon.svg",
}

_STYLES = {kind: name for kind, name in ASSETS.items() if name.endswith(".css")}

WORKER = "sw.js"
"""At the root and without a hash: a service worker rules only below its own address, and is looked at again."""


def asset_names(folder: Path, seal: Path | None = None) -> dict[str, str]:
    """Return addresses of style and script, with a hash of their bytes in the name: they may be kept for ever.

    seal: the bundled script that locks letters. Each script has the hash by which a browser refuses another.
    """
    names = {kind: f"/assets/{_hashed(folder / name)}" for kind, name in ASSETS.items()}
    names |= {f"{kind}_rtl": f"/assets/{_mirrored_name(folder / name)}" for kind, name in _STYLES.items()}
    for kind, name in ASSETS.items():
        if name.endswith(".js"):
            names[f"{kind}_integrity"] = browser_bundle.integrity(_published(folder / name))
    if seal:
        names |= {"seal": f"/assets/{seal.name}", "seal_integrity": browser_bundle.integrity(seal.read_bytes())}
    return names


def published(folder: Path, seal: Path) -> Iterator[bytes]:
    """Yield the styles and scripts of a folder as sites have them, and the bundled script if it is there."""
    yield from (_published(folder / name) for name in ASSETS.values())
    if seal.is_file():
        yield seal.read_bytes()


def _hashed(path: Path) -> str:
    digest = hashlib.sha256(_published(path)).hexdigest()[:10]
    return f"{path.stem}.{digest}{path.suffix}"


def _published(path: Path) -> bytes:
    """Return a style or script as it is published: a stylesheet for old engines too, both without what only we read."""
    makers: dict[str, Callable[[str], str]] = {".css": _small_style, ".js": _without_remarks}
    made = makers.get(path.suffix, str)
    return made(path.read_text(encoding="utf-8")).encode()


def _mirrored(path: Path) -> bytes:
    """Return a style as languages load it that run from right to left."""
    return _mirrored_style(path.read_text(encoding="utf-8")).encode()


@lru_cache(maxsize=32)
def _mirrored_style(css: str) -> str:
    return _dense(mirrored_style.mirrored(old_engines.lowered(css)))


def _mirrored_name(path: Path) -> str:
    return f"rtl-{path.stem}.{hashlib.sha256(_mirrored(path)).hexdigest()[:10]}{path.suffix}"


@lru_cache(maxsize=32)
def _small_style(css: str) -> str:
    """Return our stylesheet for old engines too. Names of files and the files of each build ask for it."""
    return _dense(old_engines.lowered(css))


def _dense(css: str) -> str:
    """Return a stylesheet without spaces that mean nothing: 176 bytes less over the wire."""
    dense = re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", css))
    return dense.replace(": ", ":").replace(";}", "}").strip()


def _without_remarks(script: str) -> str:
    """Return our script without lines that are comments, and without indents: a quarter of what a phone loads of it."""
    return re.sub(r"^[ \t]*(?://.*\n)?", "", script, flags=re.MULTILINE)


def write(root: Path, out: Path, context: Context, seal: Path, withdrawn_before: Collection[str] = ()) -> None:
    """Write the files of no language, and those that are alike in each, into the built site.

    withdrawn_before: what the site that this one replaces lists as withdrawn.
    """
    allowed = consent_table.read_leniently(root / "content").media(context.today)
    write_assets(root, out, context.portal)
    _films(root / "content", out, allowed)
    withdrawn_media.write_needing(out, root / "content", allowed)
    withdrawn_quotes.write_list(out)
    shutil.copyfile(seal, out / "assets" / seal.name)
    source = context.portal.language_codes()[0]
    welcome = render(source, "welcome.html", portal=context.portal, clips=_language_names(context))
    (out / "index.html").write_text(welcome, encoding="utf-8")
    for language in context.portal.language_codes():
        tablet.write(out, context.portal, language)
        _messages(out / language, context.portal, language)
        _neutral(out / language, context.portal, language)
    _messages(out, context.portal, source)
    sitemap = render(source, "sitemap.html", portal=context.portal, paths=_paths(context))
    (out / "sitemap.xml").write_text(sitemap, encoding="utf-8")
    robots = f"User-agent: *\nDisallow: /forms/\nDisallow: /pickup/\nSitemap: {context.portal.address}/sitemap.xml\n"
    (out / "robots.txt").write_text(robots, encoding="utf-8")
    shutil.copyfile(root / "site" / "assets" / WORKER, out / WORKER)
    open_data.write(root, out, context)
    withdrawal.write_list(out, _withdrawn(context), withdrawn_before)


def _language_names(context: Context) -> dict[str, Clip | None]:
    """Return the clip of each language's own name, in its own voice."""
    languages = context.portal.languages
    return {one.code: heard(context, short_clips.LANGUAGE, one.name, one.code) for one in languages}


def write_assets(root: Path, out: Path, portal: Portal) -> None:
    """Write our own styles and scripts under the names that `asset_names` gave the portal."""
    (out / "assets").mkdir()
    for kind, name in ASSETS.items():
        (out / portal.assets[kind].removeprefix("/")).write_bytes(_published(root / "site" / "assets" / name))
    if any(locales.direction(language) == "rtl" for language in portal.language_codes()):
        for kind, name in _STYLES.items():
            style = _mirrored(root / "site" / "assets" / name)
            (out / portal.assets[f"{kind}_rtl"].removeprefix("/")).write_bytes(style)


def _films(content: Path, out: Path, allowed: Mapping[str, frozenset[str]]) -> None:
    """Copy the films that a consent allows: no other file of content/ is published as it is."""
    for file in lookup.files(content, "media"):
        if file.path.suffix.lower() in FILMS and allowed.get(consent_names.media_name(file.name)):
            (out / file.name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, out / file.name)


def _messages(folder: Path, portal: Portal, language: str) -> None:
    """Write the web server's own pages: for a missing page, unreachable forms, and what is too large (deploy/)."""
    say = i18n.say(language)
    wrong = say("Something went wrong")
    pages = (("404", 404, say("This page is not here")), ("away", 503, wrong), ("too-large", 413, wrong))
    for name, status, title in pages:
        page = Page(
            title=title,
            lang=language,
            body=render(language, "message.html", status=status, portal=portal),
            alternates=alternates(portal, language, ""),
            index=False,
        )
        (folder / f"{name}.html").write_text(draw_page(portal, language, page), encoding="utf-8")


def _is_there(pages: Mapping[str, PageSource], name: str) -> bool:
    return name in pages and not pages[name].withdrawn


def _neutral(folder: Path, portal: Portal, language: str) -> None:
    """Write the page that replaces a story withdrawn after this build (sitegen/publish/withdrawals/withdrawal.py)."""
    title, text = withdrawn_stories.neutral_words(language)
    body = Markup("<h1>{}</h1>\n<p>{}</p>").format(title, text)
    page = Page(title=title, lang=language, body=body, alternates=alternates(portal, language, ""), index=False)
    (folder / withdrawal.NEUTRAL).write_text(draw_page(portal, language, page), encoding="utf-8")


def _withdrawn(context: Context) -> list[str]:
    """Return the addresses of the neutral pages."""
    pages = [page for by_name in context.library.by_language.values() for page in by_name.values()]
    return [f"/{page.language}/{page.path}" for page in pages if page.withdrawn]


def _paths(context: Context) -> list[dict[str, str | list[str]]]:
    """Return each page with the languages it really stands in."""
    found: list[dict[str, str | list[str]]] = []
    for name in context.library.names:
        there = [code for code, pages in context.library.by_language.items() if _is_there(pages, name)]
        if not there:
            continue
        found.append({"path": context.library.find(name, there[0]).path, "languages": there})
    return found
