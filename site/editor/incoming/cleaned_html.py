"""HTML of Word and of web pages, without what no page of the site has: looks, traces, what nobody sees."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from editor.incoming import fonts, lists

CHANGES, COMMENTS, PICTURES, HIDDEN, STRUCK = "changes", "comments", "pictures", "hidden", "struck"
"""What was left out, which the window says in a sentence."""

LETTERS = "letters"
"""Words are in, of which the window says that they are no Unicode."""

KINDS = frozenset({CHANGES, COMMENTS, PICTURES, HIDDEN, STRUCK, LETTERS})

_GONE = (
    "head", "style", "script", "noscript", "template", "title", "meta", "link", "xml", "object", "embed",
    "iframe", "svg", "math", "canvas", "audio", "video", "form", "button", "input", "select", "textarea", "hr",
    "area"
)  # fmt: skip

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

INLINE = frozenset({"a", "b", "strong", "i", "em", "span"})

_BLOCKS = frozenset(
    {"p", "div", "br", "ul", "ol", "li", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "blockquote"}
)

_KEPT = _BLOCKS | (INLINE - {"span"}) | {*_HEADINGS}

_COMMENTS = (
    ".msocomanchor, .msocomtxt, .msocomoff, .MsoCommentReference, .MsoCommentText, [style*='mso-element:comment']"
)

_UNSEEN = re.compile(
    r"(?<![\w-])(?:display:none|mso-hide:all|visibility:(?:hidden|collapse)|opacity:0(?:\.0*)?(?![\d.])"
    r"|font-size:0(?:\.0*)?(?![\d.]))"
)
"""Styles with which a text is there and not seen: who copies the page does not know of it."""


def cleaned(html: str) -> tuple[Any, frozenset[str]]:
    """Return HTML as a tree that has only what a page may have, and what was left out."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 - seldom needed

    soup = BeautifulSoup(f"<!---->{html}", "html.parser")  # what is one address only is no address to read
    return soup, frozenset(_cleaned(soup))


def _cleaned(soup: Any) -> Iterator[str]:
    """Take out of HTML what no page has, and yield what of it a person should know."""
    from bs4.element import PreformattedString  # noqa: PLC0415

    for part in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        part.extract()  # comments, and the conditions that only Word reads
    for part in soup.find_all(string=lambda text: "\u00a0" in text):
        part.replace_with(re.sub(r"[ \u00a0]+", " ", part))  # four of them would begin a block of program text
    if _taken(soup.select(_COMMENTS)):
        yield COMMENTS
    changed = soup.find_all(["del", "ins"])
    if _taken(soup.find_all("del")) or changed:
        yield CHANGES
    if _has_words(unseen := soup.find_all(_is_unseen)):
        yield HIDDEN
    _taken(unseen)
    if _taken(soup.find_all(_is_struck)):
        yield STRUCK
    if _taken(soup.find_all(["img", "picture", "v:imagedata", "v:shape"])):
        yield PICTURES
    if fonts.read(soup):
        yield LETTERS
    _taken(soup.find_all(_GONE))
    lists.make(soup)
    _make_headings(soup)
    for tag in soup.find_all(True):
        _make_plain(tag)
    _make_tables(soup)
    for one in soup.find_all("ol"):
        for number, item in enumerate(one.find_all("li", recursive=False), start=1):
            item["data-number"] = str(number)


def _style(tag: Any) -> str:
    return str(tag.get("style", "")).replace(" ", "").lower()


def _is_unseen(tag: Any) -> bool:
    return tag.has_attr("hidden") or bool(_UNSEEN.search(_style(tag)))


def _is_struck(tag: Any) -> bool:
    """Return whether words are crossed out without a tracked change: shown without the line they say the contrary."""
    line = tag.name in {"s", "strike"} or re.search(r"text-decoration(?:-line)?:[^;]*line-through", _style(tag))
    return bool(line and tag.get_text(strip=True))


def _has_words(tags: list[Any]) -> bool:
    return any(tag.get_text(strip=True) for tag in tags)


def _taken(tags: list[Any]) -> bool:
    """Take tags out with all that is in them, and return whether there were any."""
    for tag in tags:
        if not tag.decomposed:
            tag.decompose()
    return bool(tags)


def _make_headings(soup: Any) -> None:
    """Let headings begin at the second level: a page has one title of its own."""
    for tag in soup.select(".MsoTitle"):
        tag.name = "h1"
    down = 1 if soup.find("h1") else 0
    for tag in soup.find_all(_HEADINGS):
        if tag.find_parent(["li", "td", "th", *_HEADINGS]):
            tag.name = "b"
        else:
            tag.name = f"h{min(int(tag.name[1]) + down, 4)}"
            for inner in tag.find_all(["b", "strong", "p", "div"]):
                inner.unwrap()


def _make_plain(tag: Any) -> None:
    """Keep of a tag what Markdown can say: what it is, and where a link leads. A weight in a style is a tag too."""
    style = _style(tag)
    if tag.name in {"b", "strong"} and re.search(r"(?<![\w-])font-weight:(?:normal|400)", style):
        tag.name = "span"  # Google Docs puts one of these around everything
    elif tag.name == "span" and re.search(r"(?<![\w-])font-weight:(?:bold|[6-9]00)", style):
        tag.name = "b"
    elif tag.name == "span" and "font-style:italic" in style:
        tag.name = "i"
    href = _address(str(tag.get("href", ""))) if tag.name == "a" else ""
    span = str(tag.get("colspan", "")) if tag.name in {"td", "th"} else ""
    tag.attrs = {key: value for key, value in (("href", href), ("colspan", span)) if value}
    if tag.name not in _KEPT or (tag.name == "a" and not href):
        if tag.name in {"dt", "dd", "pre", "section", "article", "header", "footer", "figure", "figcaption", "address"}:
            tag.name = "p"
        else:
            tag.unwrap()


_WRAPPED = {
    re.compile(r"(?:www\.)?google(?:\.[a-z]{2,3}){1,2}/url"): ("q", "url"),
    re.compile(r"[a-z0-9-]+\.safelinks\.protection\.outlook\.com/.*"): ("url",),
    re.compile(r"lm?\.(?:facebook|instagram)\.com/(?:l\.php)?"): ("u",),
}
"""Addresses that only lead on to the one that is meant, and tell who does so on the way."""


def _meant(href: str) -> str:
    """Return the address that a mail program, a search or a network has put into one of its own."""
    parts = urlsplit(href)
    for address, names in _WRAPPED.items():
        if address.fullmatch(f"{parts.netloc}{parts.path}"):
            asked = parse_qs(parts.query)
            return next((asked[name][0] for name in names if name in asked), href)
    return href


def _address(href: str) -> str:
    """Return where a link leads, or "" where no reader of the site could follow it."""
    try:
        href = _meant(href.strip())
        parts = urlsplit(href.strip())
    except ValueError:
        return ""
    web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    if not web and not (parts.scheme in {"mailto", "tel"} and parts.path):
        return ""
    return quote(href.strip(), safe="%/:?#@!$&*+,;=~[]-._'").replace("[", "%5B").replace("]", "%5D")


def _make_tables(soup: Any) -> None:
    """Let only tables be tables: one in another, or of one column, is how somebody laid out a page."""
    for table in soup.find_all("table"):
        widths = {len(row.find_all(["td", "th"], recursive=False)) for row in table.find_all("tr")}
        if table.find_parent("table") or table.find("table") or not widths or max(widths) < 2:  # noqa: PLR2004
            for part in table.find_all(["thead", "tbody", "tfoot", "tr", "td", "th"]):
                part.name = "div"
                part.attrs = {}
            table.name = "div"
            continue
        for inner in table.find_all(["p", "div", "br", "li", "ul", "ol", "blockquote"]):
            inner.insert_before(" ")
            inner.unwrap()
