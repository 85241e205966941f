"""The page with which field workers store one language on a tablet. No page links to it; it asks before it stores."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from forms.core import i18n
from forms.core.i18n import locales
from forms.core.portal import Portal, pick
from forms.core.rendering.page import Page, draw_page
from sitegen.content.pages import TABLET
from sitegen.render.layout import alternates
from sitegen.render.templates import render

_SOUND = re.compile(r'src="/(audio/[^"]+\.opus)"')


def write(out: Path, portal: Portal, language: str) -> None:
    """Write that page, the list of files to store, and the web app manifest (W3C) into the built site."""
    folder = out / language
    kinds = [
        f"{kind}_rtl" if locales.direction(language) == "rtl" else kind
        for kind in ("css", "pictured", "scenes", "home")
    ]
    shared = [out / portal.assets[kind].removeprefix("/") for kind in (*kinds, "js") if kind in portal.assets]
    pages = sorted(folder.rglob("index.html"))
    sound = sorted({name for page in pages for name in _SOUND.findall(page.read_text(encoding="utf-8"))})
    (folder / TABLET).mkdir()
    words = folder / TABLET / "words.json"
    words.write_text(json.dumps(_words(language), ensure_ascii=False), encoding="utf-8")
    manifest = json.dumps(_manifest(portal, language), ensure_ascii=False)
    (folder / TABLET / "app.webmanifest").write_text(manifest, encoding="utf-8")
    files = [*shared, *pages, *(out / name for name in sound), words]
    addresses = [f"/{path.relative_to(out).as_posix()}".removesuffix("index.html") for path in files]
    for path, text in render_page(out, portal, language, addresses, sum(path.stat().st_size for path in files)).items():
        path.write_text(text, encoding="utf-8")


def render_page(out: Path, portal: Portal, language: str, addresses: Sequence[str], size: int) -> dict[Path, str]:
    """Return the page and the list of files to store, by their paths. addresses: of the files; size: bytes of all."""
    folder = out / language / TABLET
    megabytes = f"{size / 1e6:.1f}"
    page = Page(
        title=i18n.translator(language)("For field workers: keep this site on a tablet"),
        lang=language,
        body=render(language, "tablet.html", portal=portal, size=megabytes),
        path=f"{TABLET}/",
        alternates=alternates(portal, language, f"{TABLET}/"),
        index=False,
        manifest=f"/{language}/{TABLET}/app.webmanifest",
    )
    return {folder / "files.json": json.dumps(addresses), folder / "index.html": draw_page(portal, language, page)}


def _words(language: str) -> dict[str, str]:
    """Return what a stored page says without internet (site/assets/sw.js)."""
    _ = i18n.translator(language)
    text = _("No internet now. This page is from %(day)s; something may have changed since.")
    return {"kept": text % {"day": "{day}"}, "locale": str(locales.locale_of(language)).replace("_", "-")}


def _manifest(portal: Portal, language: str) -> dict[str, object]:
    name = pick(portal.short_name, language)
    return {
        "name": name,
        "short_name": name,
        "lang": language,
        "start_url": f"/{language}/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fbf6ee",
        "theme_color": "#fbf6ee",
        "icons": [{"src": portal.assets["icon"], "sizes": "any", "type": "image/svg+xml"}],
    }
