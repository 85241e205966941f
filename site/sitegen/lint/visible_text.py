"""What a reader sees of a page: its Markdown without blocks, and the text of its HTML."""

import html
import re

_BLOCK_LINE = re.compile(r"^\[\[\s*[a-z-]+\s*(?::[^\]\n]*)?\]\][ \t]*$", re.M)

_CODE = re.compile(r"<(code|script|style)\b.*?</\1>|<!--.*?-->", re.S)

_TAG = re.compile(r"<[^>]*>")


def without_blocks(text: str) -> str:
    """Return the Markdown with a comment in place of each block, as when the page is rendered."""
    return _BLOCK_LINE.sub("<!--block-->", text)


def visible_text(page_html: str) -> str:
    """Return the text that a reader sees of a page's HTML, with "\\0" at the beginning of each block element."""
    without_code = _CODE.sub("", page_html)
    opened = re.sub(r"<(?:p|li|h[1-6]|td|th|dd|dt|div|blockquote|tr|ul|ol)\b[^>]*>", "\0", without_code)
    return html.unescape(_TAG.sub("", opened))
