"""Checks of the links in a rendered page: to anchors, pages, addresses of the site, and other sites."""

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
_GENERATED_ROOTS = frozenset({"open-data", "forms", "assets", "pictures", "audio", "sitemap.xml", "robots.txt"})
"""Top-level folders and files of the built site besides its languages."""

_WITH_OWN_IDS = frozenset({"form", "search", "event", "events", "self-check"})
"""Blocks whose elements have ids that the Markdown does not show."""

_LOCAL_ADDRESS = re.compile(r"https?://(?:localhost|127\.|10\.|192\.168\.|\[::1\]|0\.0\.0\.0)", re.I)
_REDIRECTS = re.compile(
    r"https?://(?:www\.google\.[a-z.]+/url|[\w.-]*safelinks\.protection|l\.facebook\.com|t\.co/)", re.I
)
_TRACKING = re.compile(r"[?&](?:utm_\w+|fbclid|gclid|igshid|mc_[ce]id)=", re.I)
"""Parameters that companies add to an address to track who opens it."""

_PAGE = _("Write the name of the file, like help.md, or a whole address with https://.")


@dataclass(frozen=True)
class Links:
    """The check of links. facts: returns the facts of a page; address: of the site."""

    library: AllPages
    facts: Callable[[PageSource], Facts]
    address: str

    def problems(self, page: PageSource) -> Iterator[Problem]:
        """Yield every link of one page that leads nowhere or has no words."""
        for address, shown in self.facts(page).links:
            href = html.unescape(address).strip()
            for what, todo in self._mistakes(page, href, shown):
                yield Problem(place_in(page.where, line=_line(page, href)), what, todo)

    def _mistakes(self, page: PageSource, href: str, shown: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a link and what to do. shown: its inner HTML."""
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
            yield from _external_mistakes(own, scheme[1].lower())
        elif own.startswith("#"):
            yield from self._anchor(page, own[1:])
        elif own.startswith("/"):
            yield from self._rooted(own)
        else:
            yield from self._relative(page, own)

    def _relative(self, page: PageSource, href: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a link to the file of a page. content_checks reports missing .md files."""
        path, _sign, anchor = href.partition("#")
        target = linked_name(page.name, unquote(path))
        if target in self.library.known:
            yield from self._anchor(self.library.find(target, page.language), anchor)
        elif not path.endswith(".md") or "\\" in path or f"]({href})" not in page.text:
            files = {name.removesuffix(".md"): name for name in self.library.names}
            close = closest(target.removesuffix("/").removesuffix(".html"), files)
            yield _not_found(href), did_you_mean(files.get(close, ""), files.values(), _PAGE)

    def _rooted(self, href: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a link to an address of the site, like /en/help/."""
        path, _sign, anchor = href.partition("#")
        code, _slash, name = path.partition("?")[0].strip("/").partition("/")
        if code in self.library.by_language:
            file = f"{name or 'index'}.md"
            if file in self.library.known:
                yield from self._anchor(self.library.find(file, code), anchor)
        elif code and code not in _GENERATED_ROOTS and not (code == "media" and name.lower().endswith(tuple(FILMS))):
            yield _not_found(href), _PAGE

    def _anchor(self, page: PageSource, anchor: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a link to an element of a page."""
        if not anchor or page.generated or _WITH_OWN_IDS & {block.name for block in page.blocks}:
            return
        ids = self.facts(page).ids
        wanted = unquote(anchor)
        if wanted not in [*ids, "main"]:
            headings = ", ".join(ids[:6])
            has = _("It has: %(headings)s.", headings=headings) if headings else _("It has no headings.")
            what = _(
                "the link goes to #%(heading)s, and %(page)s has no such heading.", heading=wanted, page=page.where
            )
            yield what, did_you_mean(wanted, ids, has)


def _not_found(href: str) -> str:
    return _("the link goes to %(address)s, which is not there.", address=href)


def _external_mistakes(href: str, scheme: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a link to another site, a mail address or a number."""
    if not _is_parsable(href) or (
        scheme in {"http", "https"}
        and not re.match(r"https?://[^\s/]+\.[^\s/]{2,}|https?://\[|https?://[^\s/]+:\d", href, re.I)
    ):
        what = _("%(address)s is no whole address.", address=href)
        yield what, _("Copy it from the browser, with https:// at its beginning.")
    elif _LOCAL_ADDRESS.match(href):
        what = _("%(address)s is there for this machine only.", address=href)
        yield what, _("Write the address that everybody can open.")
    elif _REDIRECTS.match(href):
        what = _("%(address)s... leads through a company that would learn who reads here.", address=href[:40])
        yield what, _("Open it, and copy the address at which you arrive.")
    elif match := _TRACKING.search(href):
        mark = match[0][1:-1]
        what = _("%(address)s... says where its reader came from (%(mark)s).", address=href[:40], mark=mark)
        yield what, _("Take that out, and what follows it: %(address)s", address=href[: match.start()])
    elif scheme == "mailto" and "@" not in href:
        what = _("%(address)s is no mail address.", address=href)
        yield what, _("Write it like %(example)s.", example="mailto:office@example.org")
    elif scheme == "tel" and not re.fullmatch(r"tel:\+?\d[\d-]*", unquote(href)):
        what = _("%(address)s is no number that a phone can call.", address=href)
        yield what, _("Write digits only, like %(example)s.", example="tel:15100")


def _is_parsable(href: str) -> bool:
    """Return whether urlsplit accepts an address, since rendering calls it: "https://[address]" raises an error."""
    try:
        return bool(urlsplit(href))
    except ValueError:
        return False


def _line(page: PageSource, href: str) -> int | None:
    """Return the line of a link, None if the Markdown does not have it as the HTML has it."""
    position = page.text.find(f"]({href}") if href else page.text.find("]()")
    if position < 0 and href:
        position = page.text.find(href)
    return page.line_of(position) if position >= 0 else None
