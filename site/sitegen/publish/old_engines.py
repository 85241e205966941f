"""Make our stylesheet work in old engines too: Gecko 48, WebViews of Android 5.

The stylesheet is written in today's CSS. Old engines drop declarations and whole rules that they do not know, so each
such declaration is preceded by one that they know. Logical properties are replaced by physical ones for left-to-right
scripts; `mirrored_style` exchanges the sides for others.
"""

import re
from collections.abc import Iterator

_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}|([^{}]+)\{|\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_IS = re.compile(r":is\(([^()]*)\)")
_COMPARISON = re.compile(r"\b(?:min|max|clamp)\(")
_SIDES = {"inline": ("left", "right"), "block": ("top", "bottom")}
_ENDS = {"inline-start": "left", "inline-end": "right"}
_MODERN = "(inset: 0)"
"""A property of the same age as `gap` in flex boxes, for which @supports cannot test."""


def lower(css: str) -> str:
    """Return a stylesheet with additional declarations and rules for old engines."""
    rules = []
    for selectors, body, at_rule in _RULE.findall(_COMMENT.sub("", css)):
        if at_rule:
            rules.append(f"{at_rule.strip()} {{\n")
        elif selectors:
            rules += _rule(_without_is(selectors.strip()), list(_declarations(body)))
        else:
            rules.append("}\n")
    return "".join(rules)


def _rule(selectors: str, declarations: list[tuple[str, str]]) -> Iterator[str]:
    lines = [f"{name}: {value};" for declaration in declarations for name, value in _with_fallbacks(*declaration)]
    yield f"{selectors} {{ {' '.join(lines)} }}\n"
    values = dict(declarations)
    if values.get("gap", "0") != "0" and values.get("display") in {"flex", "grid"}:
        yield _margins(selectors, values)


def _margins(selectors: str, values: dict[str, str]) -> str:
    """Return a rule with margins for engines that do not know `gap`. values: the rule's, by property."""
    children = ", ".join(f"{selector} > *" for selector in _split(selectors))
    row_gap, column_gap = (values["gap"].split() * 2)[:2]
    margins = []
    if values["display"] == "grid" or "flex-wrap" in values or values.get("flex-direction") == "column":
        margins.append(f"margin-bottom: {row_gap} !important;")
    if values["display"] == "flex" and values.get("flex-direction") != "column":
        margins.append(f"margin-right: {column_gap} !important;")
    feature = "(display: grid)" if values["display"] == "grid" else _MODERN
    return f"@supports not {feature} {{ {children} {{ {' '.join(margins)} }} }}\n"


def _declarations(body: str) -> Iterator[tuple[str, str]]:
    for line in body.split(";"):
        name, _, value = line.partition(":")
        if value:
            yield name.strip(), value.strip()


def _with_fallbacks(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the declarations for one: first those for old engines."""
    for physical, physical_value in _physical(name, value):
        if _COMPARISON.search(physical_value):
            yield physical, _first_argument(physical_value)
        if physical == "gap":
            yield "grid-gap", physical_value
        if physical == "overflow-wrap":
            yield "word-wrap", "break-word"
        if physical_value == "min-content":
            yield from ((physical, f"-{engine}-min-content") for engine in ("webkit", "moz"))
        yield physical, physical_value


def _physical(name: str, value: str) -> list[tuple[str, str]]:
    """Return the physical declarations of a logical one, like padding-left and padding-right of padding-inline."""
    if name in {"inset-inline-start", "inset-inline-end"}:
        return [(_ENDS[name.removeprefix("inset-")], value)]
    for end, side in _ENDS.items():
        if name.endswith(f"-{end}"):
            return [(f"{name.removesuffix(end)}{side}", value)]
    for axis, sides in _SIDES.items():
        if name in {f"margin-{axis}", f"padding-{axis}"}:
            values = value.split() if _COMPARISON.search(value) is None else [value]
            return [
                (f"{name.removesuffix(axis)}{side}", side_value)
                for side, side_value in zip(sides, (values * 2)[:2], strict=True)
            ]
    return [(name, value)]


def _first_argument(value: str) -> str:
    """Return the value with each min(), max() and clamp() replaced by its first argument."""
    while call := _COMPARISON.search(value):
        depth, comma, end = 1, 0, call.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(value[end], 0)
            comma = comma or (end if depth == 1 and value[end] == "," else 0)
            end += 1
        value = value[: call.start()] + value[call.end() : comma or end - 1] + value[end:]
    return value


def _without_is(selectors: str) -> str:
    """Return the selectors with each :is() expanded."""
    if selectors.startswith("@"):
        return selectors
    return ", ".join(expanded for selector in _split(selectors) for expanded in _expand_is(selector))


def _split(selectors: str) -> list[str]:
    """Split a list of selectors at commas, except inside brackets."""
    parts, depth = [""], 0
    for char in selectors:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _expand_is(selector: str) -> list[str]:
    """Return a selector for each combination of the choices in its :is()."""
    match = _IS.search(selector)
    if match is None or ":where(" in selector:
        return [selector]
    before, after = selector[: match.start()], selector[match.end() :]
    return [expanded for choice in _split(match[1]) for expanded in _expand_is(_join(before, choice, after))]


def _join(before: str, choice: str, after: str) -> str:
    """Join the parts of a selector; an element's name comes first in its compound: `.a:is(p)` becomes `p.a`."""
    start = max(before.rfind(" "), before.rfind(">"), before.rfind("+"), before.rfind("~")) + 1
    compound = before[start:]
    if compound and choice[0].isalpha():
        return f"{before[:start]}{choice}{compound}{after}"
    return f"{before}{choice}{after}"
