"""Cleans HTML of Word and of web pages: removes styles, tracked changes, comments and hidden text."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from editor.incoming import fonts, lists

CHANGES, COMMENTS, PICTURES, HIDDEN, STRUCK = "changes", "comments", "pictures", "hidden", "struck"
"""Kinds of content that was removed; the window reports each in a sentence."""

LETTERS = "letters"
"""The text has words in a font with letters of its own, not in Unicode; the window reports it."""

KINDS = frozenset({CHANGES, COMMENTS, PICTURES, HIDDEN, STRUCK, LETTERS})

_REMOVED_TAGS = (
    "head", "style", "script", "noscript", "template", "title", "meta", "link", "xml", "object", "embed",
    "iframe", "svg", "math", "canvas", "audio", "video", "form", "button", "input", "select", "textarea", "hr",
    "area"
)  # fmt: skip

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

INLINE = frozenset({"a", "b", "strong", "i", "em", "span"})

_BLOCKS = frozenset(
    {"p", "div", "br", "ul", "ol", "li", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "blockquote"}
)

_ALLOWED_TAGS = _BLOCKS | (INLINE - {"span"}) | {*_HEADINGS}

_COMMENT_SELECTOR = (
    ".msocomanchor, .msocomtxt, .msocomoff, .MsoCommentReference, .MsoCommentText, [style*='mso-element:comment']"
)

_HIDING_STYLE = re.compile(
    r"(?<![\w-])(?:display:none|mso-hide:all|visibility:(?:hidden|collapse)|opacity:0(?:\.0*)?(?![\d.])"
    r"|font-size:0(?:\.0*)?(?![\d.]))"
)
"""Styles that hide a text. A person who copies the page does not know of the text."""


def clean(html: str) -> tuple[Any, frozenset[str]]:
    """Return HTML as a tree of tags that a page may have, and the kinds of content that were removed."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 - seldom needed

    soup = BeautifulSoup(f"<!---->{html}", "html.parser")  # the comment stops a warning for text that looks like a URL
    return soup, frozenset(_clean(soup))


def _clean(soup: Any) -> Iterator[str]:
    """Remove from HTML what no page may have, and yield the kinds of it that a person should know of."""
    from bs4.element import PreformattedString  # noqa: PLC0415

    for part in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        part.extract()  # comments, and the conditional comments of Word
    for part in soup.find_all(string=lambda text: "\u00a0" in text):
        part.replace_with(re.sub(r"[ \u00a0]+", " ", part))  # four of them would begin a block of program text
    if _remove(soup.select(_COMMENT_SELECTOR)):
        yield COMMENTS
    tracked = soup.find_all(["del", "ins"])
    if _remove(soup.find_all("del")) or tracked:
        yield CHANGES
    if _has_words(hidden := soup.find_all(_is_hidden)):
        yield HIDDEN
    _remove(hidden)
    if _remove(soup.find_all(_is_struck)):
        yield STRUCK
    if _remove(soup.find_all(["img", "picture", "v:imagedata", "v:shape"])):
        yield PICTURES
    if fonts.replace_symbols(soup):
        yield LETTERS
    _remove(soup.find_all(_REMOVED_TAGS))
    lists.rebuild(soup)
    _make_headings(soup)
    for tag in soup.find_all(True):
        _make_plain(tag)
    _make_tables(soup)
    for numbered in soup.find_all("ol"):
        for number, item in enumerate(numbered.find_all("li", recursive=False), start=1):
            item["data-number"] = str(number)


def _style(tag: Any) -> str:
    return str(tag.get("style", "")).replace(" ", "").lower()


def _is_hidden(tag: Any) -> bool:
    return tag.has_attr("hidden") or bool(_HIDING_STYLE.search(_style(tag)))


def _is_struck(tag: Any) -> bool:
    """Return whether words are struck out without a tracked change: without the line they say the contrary."""
    line = tag.name in {"s", "strike"} or re.search(r"text-decoration(?:-line)?:[^;]*line-through", _style(tag))
    return bool(line and tag.get_text(strip=True))


def _has_words(tags: list[Any]) -> bool:
    return any(tag.get_text(strip=True) for tag in tags)


def _remove(tags: list[Any]) -> bool:
    """Remove tags with their content, and return whether there were any."""
    for tag in tags:
        if not tag.decomposed:
            tag.decompose()
    return bool(tags)


def _make_headings(soup: Any) -> None:
    """Make headings begin at the second level: the first is the title of the page."""
    for tag in soup.select(".MsoTitle"):
        tag.name = "h1"
    shift = 1 if soup.find("h1") else 0
    for tag in soup.find_all(_HEADINGS):
        if tag.find_parent(["li", "td", "th", *_HEADINGS]):
            tag.name = "b"
        else:
            tag.name = f"h{min(int(tag.name[1]) + shift, 4)}"
            for inner in tag.find_all(["b", "strong", "p", "div"]):
                inner.unwrap()


def _make_plain(tag: Any) -> None:
    """Reduce a tag to what Markdown can express: its name, and the address of a link. A bold style becomes a tag."""
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
    if tag.name not in _ALLOWED_TAGS or (tag.name == "a" and not href):
        if tag.name in {"dt", "dd", "pre", "section", "article", "header", "footer", "figure", "figcaption", "address"}:
            tag.name = "p"
        else:
            tag.unwrap()


_REDIRECTS = {
    re.compile(r"(?:www\.)?google(?:\.[a-z]{2,3}){1,2}/url"): ("q", "url"),
    re.compile(r"[a-z0-9-]+\.safelinks\.protection\.outlook\.com/.*"): ("url",),
    re.compile(r"lm?\.(?:facebook|instagram)\.com/(?:l\.php)?"): ("u",),
}
"""Redirect addresses that track clicks, with the names of the query parameters that hold the real address."""


def _unwrapped(href: str) -> str:
    """Return the real address of a link that a mail program, a search engine or a social network has wrapped."""
    parts = urlsplit(href)
    for address, names in _REDIRECTS.items():
        if address.fullmatch(f"{parts.netloc}{parts.path}"):
            query = parse_qs(parts.query)
            return next((query[name][0] for name in names if name in query), href)
    return href


def _address(href: str) -> str:
    """Return the address of a link; "" where no reader of the site could follow it."""
    try:
        href = _unwrapped(href.strip())
        parts = urlsplit(href.strip())
    except ValueError:
        return ""
    is_web_address = parts.scheme in {"http", "https"} and bool(parts.netloc)
    if not is_web_address and not (parts.scheme in {"mailto", "tel"} and parts.path):
        return ""
    return quote(href.strip(), safe="%/:?#@!$&*+,;=~[]-._'").replace("[", "%5B").replace("]", "%5D")


def _make_tables(soup: Any) -> None:
    """Turn layout tables into plain blocks: nested tables and tables of one column."""
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
