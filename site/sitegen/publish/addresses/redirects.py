"""Redirects of a built site: pages without a script at the old addresses of pages that moved (docs/decisions/0049)."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from forms.core import i18n
from forms.core.portal import Portal
from forms.core.rendering.page import Page, draw_page
from sitegen.content.consent import withdrawn_stories
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.tables import Row
from sitegen.publish import compression
from sitegen.publish.addresses.known_pages import UNREADABLE_JSON, KnownPage
from sitegen.publish.addresses.moved_pages import redirect_targets
from sitegen.publish.withdrawals import cleaning
from sitegen.render.layout import alternates

LIST = "moved.json"
"""On the site: the addresses of redirects, by which a withdrawal finds those to a withdrawn story."""

_TARGET = re.compile(r'<meta http-equiv="refresh" content="0; url=(/[^"]*)">')


def write(out: Path, portal: Portal, library: AllPages, rows: Sequence[Row], known: Mapping[str, KnownPage]) -> None:
    """Write a redirect for each old address in each language that has no page of its own there."""
    addresses = []
    for old, new in sorted(redirect_targets(library, rows, known).items()):
        for code in portal.language_codes():
            target = library.find(new, code)
            if old in library.by_language.get(code, {}):
                continue
            address = f"/{code}/{replace(target, name=old).path}"
            path = out / address.lstrip("/") / "index.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            for ending in ("", *compression.ENDINGS):
                path.with_name(f"index.html{ending}").unlink(missing_ok=True)
            path.write_text(_draw(portal, code, "" if target.withdrawn else target.path, target), encoding="utf-8")
            addresses += [] if target.withdrawn else [address]
    (out / LIST).write_text(json.dumps(addresses), encoding="utf-8")


def _draw(portal: Portal, language: str, path: str, target: PageSource) -> str:
    """Return a redirect, or the neutral page where its target is withdrawn."""
    _ = i18n.translator(language)
    if target.withdrawn:
        title, text = withdrawn_stories.neutral_words(language)
        body = Markup("<h1>{}</h1>\n<p>{}</p>").format(title, text)
        return _draw_page(portal, language, title, body, "")
    title, address = _("This page has moved"), f"/{language}/{path}"
    body = Markup('<h1>{}</h1>\n<p><a class="button" href="{}">{}</a></p>').format(title, address, _("Go on"))
    html = _draw_page(portal, language, title, body, path)
    refresh = Markup('<meta http-equiv="refresh" content="0; url={}">').format(address)
    return html.replace('<meta name="viewport"', f'{refresh}\n<meta name="viewport"', 1)


def _draw_page(portal: Portal, language: str, title: str, body: Markup, path: str) -> str:
    others = alternates(portal, language, path)
    return draw_page(portal, language, Page(title=title, lang=language, body=body, alternates=others, index=False))


def targets(public: Path) -> dict[str, str]:
    """Return the redirects of a built site: the target of each old address."""
    try:
        addresses = json.loads((public / LIST).read_text(encoding="utf-8"))
    except UNREADABLE_JSON:
        return {}
    result = {}
    for address in addresses if isinstance(addresses, list) else ():
        with suppress(OSError, ValueError):  # a damaged page leads nowhere
            path = public / str(address).lstrip("/") / "index.html"
            if path.is_file() and (match := _TARGET.search(cleaning.read(path))):
                result[str(address)] = match[1]
    return result


def forget(public: Path, addresses: Collection[str]) -> None:
    """Remove addresses from the list of redirects, once other pages replace them."""
    remaining = [address for address in targets(public) if address not in addresses]
    cleaning.replace(public / LIST, json.dumps(remaining))
