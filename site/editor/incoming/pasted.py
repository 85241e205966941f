"""What was copied from Word or from a web page, as clean Markdown: its structure stays, its looks and its traces go."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from editor.incoming import fonts, links, lists
from editor.incoming.hidden_text import without_hidden
from editor.incoming.package import xml_of
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

CHANGES, COMMENTS, PICTURES, HIDDEN, STRUCK = "changes", "comments", "pictures", "hidden", "struck"
"""What was left out, which the window says in a sentence."""

LETTERS = "letters"
"""Words are in, of which the window says that they are no Unicode."""

KINDS = frozenset({CHANGES, COMMENTS, PICTURES, HIDDEN, STRUCK, LETTERS})

LONGEST = 1_000_000
"""Characters of HTML: a document of some hundred pages."""

_GONE = (
    "head", "style", "script", "noscript", "template", "title", "meta", "link", "xml", "object", "embed",
    "iframe", "svg", "math", "canvas", "audio", "video", "form", "button", "input", "select", "textarea", "hr",
    "area"
)  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_INLINE = frozenset({"a", "b", "strong", "i", "em", "span"})
_BLOCKS = frozenset(
    {"p", "div", "br", "ul", "ol", "li", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "blockquote"}
)
_KEPT = _BLOCKS | (_INLINE - {"span"}) | {*_HEADINGS}
_COMMENTS = (
    ".msocomanchor, .msocomtxt, .msocomoff, .MsoCommentReference, .MsoCommentText, [style*='mso-element:comment']"
)
_UNSEEN = re.compile(
    r"(?<![\w-])(?:display:none|mso-hide:all|visibility:(?:hidden|collapse)|opacity:0(?:\.0*)?(?![\d.])"
    r"|font-size:0(?:\.0*)?(?![\d.]))"
)
"""Styles with which a text is there and not seen: who copies the page does not know of it."""

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Signs that no reader sees. The joiners of Indian scripts (U+200C, U+200D) are none of them."""

_SIGNS = re.compile(r"[*`{]|\\(?=[\\`*_{}\[\]()>#+.!-])|(?<=\[)\[|\](?=[(\[])|(?<![^\W_])_|_(?![^\W_])")
_BEGINS = re.compile(r"^(#|>|\[|[-+](?=\s|$)|-(?=--)|!!!)")
_NUMBER = re.compile(r"^(\d+)\.(?=\s|$)")


@dataclass(frozen=True)
class Pasted:
    """A text as Markdown, and what of it was left out."""

    text: str
    left_out: frozenset[str] = frozenset()


def from_html(html: str) -> Pasted:
    """Return HTML as Markdown. Raises Problem where it is too long or too odd to be read."""
    if len(html) > LONGEST:
        raise Problem("", _("This is more than can be taken at once."), _("Copy it in several parts."))
    try:
        return _converted(html)
    except (RecursionError, ValueError, AssertionError):  # of the parser, at HTML that no program writes
        todo = _("Paste it without formatting: Ctrl+Shift+V.")
        raise Problem("", _("This cannot be read."), todo) from None


def from_docx(data: bytes) -> Pasted:
    """Return a Word document as Markdown. Raises Problem where it is none, or one that would fill the memory."""
    import mammoth  # noqa: PLC0415 - seldom needed

    try:
        parts = dict(xml_of(data, _no_document()))
        left_out = frozenset(_traces(parts))
        if (shown := without_hidden(data, parts)) is not None:
            data, left_out = shown, left_out | {HIDDEN}
        html = mammoth.convert_to_html(io.BytesIO(data), convert_image=mammoth.images.img_element(lambda _: {})).value
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - a broken file breaks the library in many ways, and each is the same to who chose it
        raise _no_document() from None
    found = from_html(html)
    return Pasted(found.text, found.left_out | left_out)


def _no_document() -> Problem:
    return Problem("", _("This is no Word document that can be read."), _("Save it in Word as .docx, then choose it."))


def _traces(parts: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what a document has of tracked changes and comments."""
    for name, xml in parts.items():
        if re.search(rb"<w:(?:ins|del|moveFrom|moveTo)\b", xml):
            yield CHANGES
        if name.endswith(("document.xml", "styles.xml")) and fonts.document_has_own_letters(xml):
            yield LETTERS
        if name.endswith("comments.xml") and b"<w:comment " in xml:
            yield COMMENTS


def _converted(html: str) -> Pasted:
    from bs4 import BeautifulSoup  # noqa: PLC0415 - seldom needed

    soup = BeautifulSoup(f"<!---->{html}", "html.parser")  # what is one address only is no address to read
    left_out = frozenset(_cleaned(soup))
    text = _converter().convert_soup(soup)
    return Pasted(_tidy(text), left_out)


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
    href = links.address(str(tag.get("href", ""))) if tag.name == "a" else ""
    span = str(tag.get("colspan", "")) if tag.name in {"td", "th"} else ""
    tag.attrs = {key: value for key, value in (("href", href), ("colspan", span)) if value}
    if tag.name not in _KEPT or (tag.name == "a" and not href):
        if tag.name in {"dt", "dd", "pre", "section", "article", "header", "footer", "figure", "figcaption", "address"}:
            tag.name = "p"
        else:
            tag.unwrap()


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


def _converter() -> Any:
    from markdownify import ATX, MarkdownConverter  # noqa: PLC0415 - seldom needed

    class Converter(MarkdownConverter):  # type: ignore[misc]
        """Markdown as this site's engine reads it (Python-Markdown): what is in a list stands four spaces in."""

        options_of_ours: ClassVar[dict[str, Any]] = {
            "heading_style": ATX, "autolinks": False, "table_infer_header": True, "escape_asterisks": False,
            "escape_underscores": False,
        }  # fmt: skip

        def convert_li(self, el: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002 - its caller names it
            mark = f"{el.get('data-number', '1')}. " if el.parent is not None and el.parent.name == "ol" else "- "
            lines = re.sub(r"\n{2,}", "\n", text.strip()).split("\n")
            inner = "".join(f"\n    {line}" for line in lines[1:] if line.strip())
            return f"{mark}{lines[0]}{inner}\n" if text.strip() else ""

        def process_text(self, el: Any, parent_tags: set[str] | None = None) -> str:
            text: str = super().process_text(el, parent_tags)
            begins = _begins_line(el)
            text = "\n".join(_escaped(line, begins=begins or at > 0) for at, line in enumerate(text.split("\n")))
            return text.replace("|", r"\|") if {"td", "th"} & (parent_tags or set()) else text

    return Converter(**Converter.options_of_ours)


def _begins_line(text: Any) -> bool:
    """Return whether a text is the first of its paragraph, or stands behind the end of a line."""
    while True:
        before = text.previous_sibling
        if before is not None and str(before).strip():
            return bool(getattr(before, "name", "") not in _INLINE | {None})
        text = text.parent
        if text is None or text.name not in _INLINE:
            return True


def _escaped(text: str, *, begins: bool) -> str:
    """Return words that Markdown shows as they are: no sign in them is one of Markdown, HTML, or a block."""
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text).replace("<", "&lt;")
    text = _SIGNS.sub(r"\\\g<0>", text)
    if begins:
        lead = text[: len(text) - len(text.lstrip())]
        rest = _NUMBER.sub(r"\1\\.", _BEGINS.sub(r"\\\1", text.lstrip(), count=1), count=1)
        rest = re.sub(r"^([=:])", lambda sign: f"&#{ord(sign[1])};", rest)
        text = lead + rest
    return text


def _tidy(text: str) -> str:
    """Return Markdown without the traces of its making: no space at an end, no two blank lines, no invisible sign."""
    text = _INVISIBLE.sub("", text.replace("\u00a0", " ").replace("\u2028", " ").replace("\u2029", " "))
    text = re.sub(r"\*\*[ \t]*\*\*|(?<!\*)\*[ \t]+\*(?!\*)", " ", text)
    lines = [line.rstrip() + ("  " if line.endswith("  ") and line.strip() else "") for line in text.split("\n")]
    whole = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    whole = re.sub(r"(?<=\[)\[", r"\\[", whole)  # a bracket before a link: no block of this site
    return re.sub(r"  (?=\n\n|\Z)", "", whole).strip("\n")
