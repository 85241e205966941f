"""Markdown of clean HTML, as this site's engine reads it: each sign of the words stays a sign."""

import re
from typing import Any, ClassVar

from editor.incoming.cleaned_html import INLINE

_SIGNS = re.compile(r"[*`{]|\\(?=[\\`*_{}\[\]()>#+.!-])|(?<=\[)\[|\](?=[(\[])|(?<![^\W_])_|_(?![^\W_])")

_BEGINS = re.compile(r"^(#|>|\[|[-+](?=\s|$)|-(?=--)|!!!)")

_NUMBER = re.compile(r"^(\d+)\.(?=\s|$)")

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Signs that no reader sees. The joiners of Indian scripts (U+200C, U+200D) are none of them."""


def written(soup: Any) -> str:
    """Return a tree of HTML that is clean (cleaned_html.py) as Markdown of this site."""
    return _tidy(_converter().convert_soup(soup))


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
            return bool(getattr(before, "name", "") not in INLINE | {None})
        text = text.parent
        if text is None or text.name not in INLINE:
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
