"""The stylesheet for right-to-left languages like Urdu: the usual one, with left and right exchanged.

It is made from the output of `old_engines`, which has physical sides only, so that old engines mirror pages as well.
"""

import re

_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_SIDE = re.compile(r"\b(left|right)\b")
_FOUR_SIDED = frozenset({"margin", "padding", "border-width", "border-style", "border-color"})
_SIDES_IN_VALUE = frozenset({"text-align", "float", "clear"})
_CORNERS_OF_THREE = 3

RULES = """
html { line-height: 2; font-family: system-ui, "Noto Sans", "Noto Nastaliq Urdu", "Noto Naskh Arabic", sans-serif; }
.exit svg, .back svg { transform: scaleX(-1); }
[dir="ltr"] { direction: ltr; text-align: left; }
[lang="en"]:not(article) { direction: ltr; unicode-bidi: embed; unicode-bidi: isolate; }
.helpline-number, .numbers b, .dial b, .code, .button--call, input[inputmode="numeric"], input[type="tel"], .chart svg
{ direction: ltr; unicode-bidi: embed; unicode-bidi: isolate; }
.helpline-number { justify-content: flex-end; }
input[inputmode="numeric"], input[type="tel"] { text-align: right; }
"""
"""Rules that mirroring cannot derive: arrows turn; numbers in groups keep the order of their groups."""


def mirror(css: str) -> str:
    """Return a stylesheet with left and right exchanged, followed by the rules that only these languages need."""
    return _RULE.sub(_rule, css) + RULES


def _rule(match: re.Match[str]) -> str:
    declarations = (_declaration(*line.split(":", 1)) for line in match[2].split(";") if ":" in line)
    return f"{match[1]}{{ {' '.join(declarations)} }}"


def _declaration(name: str, value: str) -> str:
    name, value = name.strip(), value.strip()
    return f"{_swap_sides(name)}: {_value(name, value)};"


def _swap_sides(text: str) -> str:
    return _SIDE.sub(lambda side: "right" if side[1] == "left" else "left", text)


def _value(name: str, value: str) -> str:
    if name in _SIDES_IN_VALUE:
        return _swap_sides(value)
    if name == "border-radius":
        return _corners(value)
    if name == "transform":
        return re.sub(r"(rotate|translateX|translate|skewX)\(([^)]*)\)", _negate, value)
    parts = _parts(value)
    if name in _FOUR_SIDED and len(parts) == 4:  # noqa: PLR2004 - top, right, bottom, left
        return " ".join([parts[0], parts[3], parts[2], parts[1]])
    return value


def _parts(value: str) -> list[str]:
    """Split a value at spaces, except inside brackets."""
    return re.findall(r"(?:[^\s()]|\([^()]*(?:\([^()]*\)[^()]*)*\))+", value)


def _corners(value: str) -> str:
    """Mirror the corners of a box, which begin at the top left and go clockwise."""
    parts = _parts(value)
    if len(parts) == 1 or "/" in value:
        return value
    top_left, top_right, bottom_right, bottom_left = (parts + parts[len(parts) - 2 :] * 2)[:4]
    if len(parts) == _CORNERS_OF_THREE:
        bottom_left = top_right
    return f"{top_right} {top_left} {bottom_left} {bottom_right}"


def _negate(match: re.Match[str]) -> str:
    """Return a transformation with its first argument negated."""
    first, *rest = match[2].split(",")
    first = first.strip()
    opposite = first if first in {"0", "0px"} else first[1:] if first.startswith("-") else f"-{first}"
    return f"{match[1]}({', '.join([opposite, *(argument.strip() for argument in rest)])})"
