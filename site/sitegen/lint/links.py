"""Links of a rendered page that lead nowhere: to anchors, to the site's own addresses, to other sites."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import closest, did_you_mean
from sitegen.content.pages import AllPages, PageSource, linked_name
from sitegen.lint.files import FILMS
from sitegen.lint.page_facts import Facts

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_OWN_ROOMS = frozenset({"open-data", "forms", "assets", "pictures", "audio", "sitemap.xml", "robots.txt"})
"""First parts of addresses that the site has besides its languages."""

_GROWING = frozenset({"form", "search", "event", "events", "self-check"})
"""Blocks whose parts have names of their own."""

_NEAR_MACHINE = re.compile(r"https?://(?:localhost|127\.|10\.|192\.168\.|\[::1\]|0\.0\.0\.0)", re.I)
_WATCHED = re.compile(
    r"https?://(?:www\.google\.[a-z.]+/url|[\w.-]*safelinks\.protection|l\.facebook\.com|t\.co/)", re.I
)
_MARKED = re.compile(r"[?&](?:utm_\w+|fbclid|gclid|igshid|mc_[ce]id)=", re.I)
"""What companies add to an address to recognise who opens it, and where."""

_PAGE = _("Write the name of the file, like help.md, or a whole address with https://.")


@dataclass(frozen=True)
class Links:
    """Looks at links. library: all pages; facts: those of one; address: of the whole site."""

    library: AllPages
    facts: Callable[[PageSource], Facts]
    address: str

    def problems(self, page: PageSource) -> Iterator[Problem]:
        """Yield every link of one page that leads nowhere or shows nothing."""
        for address, shown in self.facts(page).links:
            href = html.unescape(address).strip()
            for what, todo in self._wrong(page, href, shown):
                yield Problem(place_in(page.where, line=_line(page, href)), what, todo)

    def _wrong(self, page: PageSource, href: str, shown: str) -> Iterator[tuple[str, str]]:
        if not re.sub(r"<(?!svg|img)[^>]*>|\s", "", shown):
            what = _("the link to %(address)s shows no words, so nobody can press it.", address=href)
            yield what, _("Write its words between [ and ].")
        own = href.removeprefix(self.address) if href.startswith(f"{self.address}/") else href
        scheme = _SCHEME.match(own)
        if not own:
            yield _("a link leads nowhere: its round brackets are empty."), _PAGE
        elif re.search(r"[\s\u201c\u201d\u2018\u2019<>]", own):
            what = _("the address %(address)s has a space or a quotation mark in it.", address=own)
            yield what, _("Copy it again, without them.")
        elif scheme:
            yield from _elsewhere(own, scheme[1].lower())
        elif own.startswith("#"):
            yield from self._anchor(page, own[1:])
        elif own.startswith("/"):
            yield from self._rooted(own)
        else:
            yield from self._beside(page, own)

    def _beside(self, page: PageSource, href: str) -> Iterator[tuple[str, str]]:
        path, _sign, anchor = href.partition("#")
        target = linked_name(page.name, unquote(path))
        if target in self.library.known:
            yield from self._anchor(self.library.find(target, page.language), anchor)
        elif not path.endswith(".md") or "\\" in path or f"]({href})" not in page.text:
            files = {name.removesuffix(".md"): name for name in self.library.names}
            close = closest(target.removesuffix("/").removesuffix(".html"), files)
            yield _nowhere(href), did_you_mean(files.get(close, ""), files.values(), _PAGE)

    def _rooted(self, href: str) -> Iterator[tuple[str, str]]:
        path, _sign, anchor = href.partition("#")
        code, _slash, name = path.partition("?")[0].strip("/").partition("/")
        if code in self.library.by_language:
            file = f"{name or 'index'}.md"
            if file in self.library.known:
                yield from self._anchor(self.library.find(file, code), anchor)
        elif code and code not in _OWN_ROOMS and not (code == "media" and name.lower().endswith(tuple(FILMS))):
            yield _nowhere(href), _PAGE

    def _anchor(self, page: PageSource, anchor: str) -> Iterator[tuple[str, str]]:
        if not anchor or page.generated or _GROWING & {block.name for block in page.blocks}:
            return
        there = self.facts(page).ids
        wanted = unquote(anchor)
        if wanted not in [*there, "main"]:
            listed = ", ".join(there[:6])
            has = _("It has: %(headings)s.", headings=listed) if listed else _("It has no headings.")
            what = _(
                "the link goes to #%(heading)s, and %(page)s has no such heading.", heading=wanted, page=page.where
            )
            yield what, did_you_mean(wanted, there, has)


def _nowhere(href: str) -> str:
    return _("the link goes to %(address)s, which is not there.", address=href)


def _elsewhere(href: str, scheme: str) -> Iterator[tuple[str, str]]:
    if not _can_be_read(href) or (
        scheme in {"http", "https"}
        and not re.match(r"https?://[^\s/]+\.[^\s/]{2,}|https?://\[|https?://[^\s/]+:\d", href, re.I)
    ):
        what = _("%(address)s is no whole address.", address=href)
        yield what, _("Copy it from the browser, with https:// at its beginning.")
    elif _NEAR_MACHINE.match(href):
        what = _("%(address)s is there for this machine only.", address=href)
        yield what, _("Write the address that everybody can open.")
    elif _WATCHED.match(href):
        what = _("%(address)s... leads through a company that would learn who reads here.", address=href[:40])
        yield what, _("Open it, and copy the address at which you arrive.")
    elif marked := _MARKED.search(href):
        mark = marked[0][1:-1]
        what = _("%(address)s... says where its reader came from (%(mark)s).", address=href[:40], mark=mark)
        yield what, _("Take that out, and what follows it: %(address)s", address=href[: marked.start()])
    elif scheme == "mailto" and "@" not in href:
        what = _("%(address)s is no mail address.", address=href)
        yield what, _("Write it like %(example)s.", example="mailto:office@example.org")
    elif scheme == "tel" and not re.fullmatch(r"tel:\+?\d[\d-]*", unquote(href)):
        what = _("%(address)s is no number that a phone can call.", address=href)
        yield what, _("Write digits only, like %(example)s.", example="tel:15100")


def _can_be_read(href: str) -> bool:
    """Return whether an address can be taken apart, as whoever draws the page does: "https://[address]" cannot."""
    try:
        return bool(urlsplit(href))
    except ValueError:
        return False


def _line(page: PageSource, href: str) -> int | None:
    at = page.text.find(f"]({href}") if href else page.text.find("]()")
    at = at if at >= 0 else page.text.find(href) if href else -1
    return page.line_of(at) if at >= 0 else None
