"""Converts clean HTML to Markdown as this site's engine reads it, with all special characters escaped."""

import re
from typing import Any, ClassVar

from editor.incoming.cleaned_html import INLINE

_SPECIAL = re.compile(r"[*`{]|\\(?=[\\`*_{}\[\]()>#+.!-])|(?<=\[)\[|\](?=[(\[])|(?<![^\W_])_|_(?![^\W_])")

_LINE_START = re.compile(r"^(#|>|\[|[-+](?=\s|$)|-(?=--)|!!!)")

_NUMBER = re.compile(r"^(\d+)\.(?=\s|$)")

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Invisible characters, without the joiners of Indian scripts (U+200C, U+200D), which change how words look."""


def markdown_of(soup: Any) -> str:
    """Return a clean tree of HTML (cleaned_html.py) as Markdown of this site."""
    return _tidy(_converter().convert_soup(soup))


def _converter() -> Any:
    from markdownify import ATX, MarkdownConverter  # noqa: PLC0415 - seldom needed

    class Converter(MarkdownConverter):  # type: ignore[misc]
        """Markdown as Python-Markdown reads it: the content of a list item is indented by four spaces."""

        own_options: ClassVar[dict[str, Any]] = {
            "heading_style": ATX, "autolinks": False, "table_infer_header": True, "escape_asterisks": False,
            "escape_underscores": False,
        }  # fmt: skip

        def convert_li(self, el: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002 - the caller passes it by name
            mark = f"{el.get('data-number', '1')}. " if el.parent is not None and el.parent.name == "ol" else "- "
            lines = re.sub(r"\n{2,}", "\n", text.strip()).split("\n")
            inner = "".join(f"\n    {line}" for line in lines[1:] if line.strip())
            return f"{mark}{lines[0]}{inner}\n" if text.strip() else ""

        def process_text(self, el: Any, parent_tags: set[str] | None = None) -> str:
            text: str = super().process_text(el, parent_tags)
            starts_line = _starts_line(el)
            text = "\n".join(
                _escaped(line, starts_line=starts_line or index > 0) for index, line in enumerate(text.split("\n"))
            )
            return text.replace("|", r"\|") if {"td", "th"} & (parent_tags or set()) else text

    return Converter(**Converter.own_options)


def _starts_line(text: Any) -> bool:
    """Return whether a text is the first of its paragraph, or follows a line break."""
    while True:
        before = text.previous_sibling
        if before is not None and str(before).strip():
            return bool(getattr(before, "name", "") not in INLINE | {None})
        text = text.parent
        if text is None or text.name not in INLINE:
            return True


def _escaped(text: str, *, starts_line: bool) -> str:
    """Return a text in which nothing has a meaning in Markdown or HTML, or as a block of this site."""
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text).replace("<", "&lt;")
    text = _SPECIAL.sub(r"\\\g<0>", text)
    if starts_line:
        lead = text[: len(text) - len(text.lstrip())]
        rest = _NUMBER.sub(r"\1\\.", _LINE_START.sub(r"\\\1", text.lstrip(), count=1), count=1)
        rest = re.sub(r"^([=:])", lambda match: f"&#{ord(match[1])};", rest)
        text = lead + rest
    return text


def _tidy(text: str) -> str:
    """Return Markdown without trailing spaces, double blank lines and invisible characters."""
    text = _INVISIBLE.sub("", text.replace("\u00a0", " ").replace("\u2028", " ").replace("\u2029", " "))
    text = re.sub(r"\*\*[ \t]*\*\*|(?<!\*)\*[ \t]+\*(?!\*)", " ", text)
    lines = [line.rstrip() + ("  " if line.endswith("  ") and line.strip() else "") for line in text.split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    text = re.sub(r"(?<=\[)\[", r"\\[", text)  # a bracket before a link: no block of this site
    return re.sub(r"  (?=\n\n|\Z)", "", text).strip("\n")
