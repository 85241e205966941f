"""Files outside the languages: the page for choosing one, error pages, sitemap, robots.txt, styles and scripts."""

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
from sitegen.render.picture_blocks import short_clip
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
"""At the root, since a service worker controls only addresses below its own; without a hash, so that it is updated."""


def asset_names(folder: Path, letter_script: Path | None = None) -> dict[str, str]:
    """Return the addresses of styles and scripts, with a hash of their bytes in the name, so that caches may keep them.

    letter_script: the bundled script that encrypts letters. Each script comes with its Subresource Integrity hash.
    """
    names = {kind: f"/assets/{_hashed(folder / name)}" for kind, name in ASSETS.items()}
    names |= {f"{kind}_rtl": f"/assets/{_mirrored_name(folder / name)}" for kind, name in _STYLES.items()}
    for kind, name in ASSETS.items():
        if name.endswith(".js"):
            names[f"{kind}_integrity"] = browser_bundle.integrity(_published(folder / name))
    if letter_script:
        names |= {
            "seal": f"/assets/{letter_script.name}",
            "seal_integrity": browser_bundle.integrity(letter_script.read_bytes()),
        }
    return names


def published(folder: Path, letter_script: Path) -> Iterator[bytes]:
    """Yield the styles and scripts of a folder as they are published, and the bundled script if it exists."""
    yield from (_published(folder / name) for name in ASSETS.values())
    if letter_script.is_file():
        yield letter_script.read_bytes()


def _hashed(path: Path) -> str:
    digest = hashlib.sha256(_published(path)).hexdigest()[:10]
    return f"{path.stem}.{digest}{path.suffix}"


def _published(path: Path) -> bytes:
    """Return a style or script as it is published: without comments and indents, styles for old engines too."""
    converters: dict[str, Callable[[str], str]] = {".css": _style, ".js": _without_comments}
    convert = converters.get(path.suffix, str)
    return convert(path.read_text(encoding="utf-8")).encode()


def _mirrored(path: Path) -> bytes:
    """Return a style as right-to-left languages load it."""
    return _mirrored_style(path.read_text(encoding="utf-8")).encode()


@lru_cache(maxsize=32)
def _mirrored_style(css: str) -> str:
    return _minified(mirrored_style.mirror(old_engines.lower(css)))


def _mirrored_name(path: Path) -> str:
    return f"rtl-{path.stem}.{hashlib.sha256(_mirrored(path)).hexdigest()[:10]}{path.suffix}"


@lru_cache(maxsize=32)
def _style(css: str) -> str:
    """Return a stylesheet for old engines too. Cached, since file names and each build need it."""
    return _minified(old_engines.lower(css))


def _minified(css: str) -> str:
    """Return a stylesheet without needless spaces: 176 bytes less over the wire."""
    minified = re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", css))
    return minified.replace(": ", ":").replace(";}", "}").strip()


def _without_comments(script: str) -> str:
    """Return a script without comment lines and indents, which saves a quarter of its bytes."""
    return re.sub(r"^[ \t]*(?://.*\n)?", "", script, flags=re.MULTILINE)


def write(root: Path, out: Path, context: Context, letter_script: Path, withdrawn_before: Collection[str] = ()) -> None:
    """Write the files outside the languages, and those that every language has, into the built site.

    withdrawn_before: the addresses that the replaced site lists as withdrawn.
    """
    allowed = consent_table.read_leniently(root / "content").media(context.today)
    write_assets(root, out, context.portal)
    _copy_films(root / "content", out, allowed)
    withdrawn_media.write_list(out, root / "content", allowed)
    withdrawn_quotes.write_list(out)
    shutil.copyfile(letter_script, out / "assets" / letter_script.name)
    source = context.portal.language_codes()[0]
    welcome = render(source, "welcome.html", portal=context.portal, clips=_language_names(context))
    (out / "index.html").write_text(welcome, encoding="utf-8")
    for language in context.portal.language_codes():
        tablet.write(out, context.portal, language)
        _write_error_pages(out / language, context.portal, language)
        _write_neutral_page(out / language, context.portal, language)
    _write_error_pages(out, context.portal, source)
    sitemap = render(source, "sitemap.html", portal=context.portal, paths=_paths(context))
    (out / "sitemap.xml").write_text(sitemap, encoding="utf-8")
    robots = f"User-agent: *\nDisallow: /forms/\nDisallow: /pickup/\nSitemap: {context.portal.address}/sitemap.xml\n"
    (out / "robots.txt").write_text(robots, encoding="utf-8")
    shutil.copyfile(root / "site" / "assets" / WORKER, out / WORKER)
    open_data.write(root, out, context)
    withdrawal.write_list(out, _withdrawn_addresses(context), withdrawn_before)


def _language_names(context: Context) -> dict[str, Clip | None]:
    """Return the clip of each language's own name, in its own voice."""
    languages = context.portal.languages
    return {
        language.code: short_clip(context, short_clips.LANGUAGE, language.name, language.code) for language in languages
    }


def write_assets(root: Path, out: Path, portal: Portal) -> None:
    """Write the styles and scripts under their `asset_names`, which the portal holds."""
    (out / "assets").mkdir()
    for kind, name in ASSETS.items():
        (out / portal.assets[kind].removeprefix("/")).write_bytes(_published(root / "site" / "assets" / name))
    if any(locales.direction(language) == "rtl" for language in portal.language_codes()):
        for kind, name in _STYLES.items():
            style = _mirrored(root / "site" / "assets" / name)
            (out / portal.assets[f"{kind}_rtl"].removeprefix("/")).write_bytes(style)


def _copy_films(content: Path, out: Path, allowed: Mapping[str, frozenset[str]]) -> None:
    """Copy the films that a consent allows; no other file of content/ is published unchanged."""
    for file in lookup.files(content, "media"):
        if file.path.suffix.lower() in FILMS and allowed.get(consent_names.media_name(file.name)):
            (out / file.name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, out / file.name)


def _write_error_pages(folder: Path, portal: Portal, language: str) -> None:
    """Write the pages that the web server shows for errors: 404, forms not reachable, upload too large (deploy/)."""
    say = i18n.translator(language)
    error = say("Something went wrong")
    pages = (("404", 404, say("This page is not here")), ("away", 503, error), ("too-large", 413, error))
    for name, status, title in pages:
        page = Page(
            title=title,
            lang=language,
            body=render(language, "message.html", status=status, portal=portal),
            alternates=alternates(portal, language, ""),
            index=False,
        )
        (folder / f"{name}.html").write_text(draw_page(portal, language, page), encoding="utf-8")


def _has_page(pages: Mapping[str, PageSource], name: str) -> bool:
    return name in pages and not pages[name].withdrawn


def _write_neutral_page(folder: Path, portal: Portal, language: str) -> None:
    """Write the page that replaces a story withdrawn after this build (sitegen/publish/withdrawals/withdrawal.py)."""
    title, text = withdrawn_stories.neutral_words(language)
    body = Markup("<h1>{}</h1>\n<p>{}</p>").format(title, text)
    page = Page(title=title, lang=language, body=body, alternates=alternates(portal, language, ""), index=False)
    (folder / withdrawal.NEUTRAL).write_text(draw_page(portal, language, page), encoding="utf-8")


def _withdrawn_addresses(context: Context) -> list[str]:
    """Return the addresses of the neutral pages."""
    pages = [page for by_name in context.library.by_language.values() for page in by_name.values()]
    return [f"/{page.language}/{page.path}" for page in pages if page.withdrawn]


def _paths(context: Context) -> list[dict[str, str | list[str]]]:
    """Return the path of each page with the languages into which it is translated, for the sitemap."""
    paths: list[dict[str, str | list[str]]] = []
    for name in context.library.names:
        languages = [code for code, pages in context.library.by_language.items() if _has_page(pages, name)]
        if not languages:
            continue
        paths.append({"path": context.library.find(name, languages[0]).path, "languages": languages})
    return paths
