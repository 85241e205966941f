"""What an old engine makes of a stylesheet: what it does not know it drops, by declaration and by rule.

The engine is Gecko 48 (KaiOS phones), which knows flex boxes, custom properties and sticky bars; the WebViews of
Android 5 and 6 differ in little that matters here.
"""

import re
from collections.abc import Iterator

_PIECE = re.compile(r"([^{}]+)\{([^{}]*)\}|([^{}]+)\{|\}")
_PROPERTY = re.compile(
    r"(padding|margin|border|inset)-(inline|block)|inset|(row-|column-|grid-)?gap$|grid|place-|text-wrap|accent-color"
    r"|scroll-padding|aspect-ratio|rotate$"
)
_VALUE = re.compile(r"\b(min|max|clamp|conic-gradient)\(|\bgrid\b|\banywhere\b|(?<!-)\bmin-content\b")
_SELECTOR = re.compile(r":(is|where|has|focus-visible|focus-within)\b|::file-selector-button")


def as_old_engine(css: str) -> str:
    """Return what is left of a stylesheet in such an engine."""
    return "\n".join(_left(re.sub(r"/\*.*?\*/", "", css, flags=re.S)))


def _left(css: str) -> Iterator[str]:
    around: list[str] = []
    for selectors, body, opened in _PIECE.findall(css):
        if opened:
            around.append(opened.strip())
        elif not selectors:
            around.pop()
        elif all(map(_applies, around)) and not _SELECTOR.search(selectors):
            media = [one for one in around if one.startswith("@media")]
            rule = f"{selectors.strip()} {{ {'; '.join(_known(body))} }}"
            yield f"{media[0]} {{ {rule} }}" if media else rule


def _applies(condition: str) -> bool:
    """Whether the engine uses what stands in this block."""
    if not condition.startswith("@supports"):
        return True
    asked = condition.removeprefix("@supports").strip()
    known = any(_known(asked.removeprefix("not ").strip("() ")))
    return not known if asked.startswith("not ") else known


def _known(body: str) -> Iterator[str]:
    for declaration in body.split(";"):
        name, _, value = declaration.partition(":")
        if value and not _PROPERTY.match(name.strip()) and not _VALUE.search(value):
            yield declaration.strip()
