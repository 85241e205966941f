"""The text that a reader sees of a page's HTML."""

import html
import re

_BLOCK_LINE = re.compile(r"^\[\[\s*[a-z-]+\s*(?::[^\]\n]*)?\]\][ \t]*$", re.M)

_CODE = re.compile(r"<(code|script|style)\b.*?</\1>|<!--.*?-->", re.S)

_TAG = re.compile(r"<[^>]*>")


def without_blocks(text: str) -> str:
    """Return the Markdown with each block's line as a comment, which is how the page is made too."""
    return _BLOCK_LINE.sub("<!--block-->", text)


def visible_text(made: str) -> str:
    """Return what a reader sees of a page's HTML, in its lines: a line begins where an element does."""
    without_code = _CODE.sub("", made)
    opened = re.sub(r"<(?:p|li|h[1-6]|td|th|dd|dt|div|blockquote|tr|ul|ol)\b[^>]*>", "\0", without_code)
    return html.unescape(_TAG.sub("", opened))
