"""Make our stylesheet one that old engines understand too: Gecko 48, WebViews of Android 5.

The stylesheet is written in today's CSS. What an old engine does not know it drops, a declaration or a whole rule at a
time; so this puts before each such declaration one that it knows. All our scripts run from left to right: a logical
property becomes the physical one, and does not stay beside it.
"""

import re
from collections.abc import Iterator

_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}|([^{}]+)\{|\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_IS = re.compile(r":is\(([^()]*)\)")
_CHOSEN = re.compile(r"\b(?:min|max|clamp)\(")
_SIDES = {"inline": ("left", "right"), "block": ("top", "bottom")}
_ENDS = {"inline-start": "left", "inline-end": "right"}
_MODERN = "(inset: 0)"
"""A property as young as `gap` in flex boxes: @supports cannot ask for that."""


def lowered(css: str) -> str:
    """Return the stylesheet with what old engines need beside what they do not know."""
    written = []
    for selectors, body, opened in _RULE.findall(_COMMENT.sub("", css)):
        if opened:
            written.append(f"{opened.strip()} {{\n")
        elif selectors:
            written += _rule(_plain(selectors.strip()), list(_declarations(body)))
        else:
            written.append("}\n")
    return "".join(written)


def _rule(selectors: str, declarations: list[tuple[str, str]]) -> Iterator[str]:
    lines = [f"{name}: {value};" for pair in declarations for name, value in _known(*pair)]
    yield f"{selectors} {{ {' '.join(lines)} }}\n"
    own = dict(declarations)
    if own.get("gap", "0") != "0" and own.get("display") in {"flex", "grid"}:
        yield _spaced(selectors, own)


def _spaced(selectors: str, own: dict[str, str]) -> str:
    """Return the rule that puts margins where an engine does not know the gap of this rule."""
    inside = ", ".join(f"{one} > *" for one in _split(selectors))
    below, beside = (own["gap"].split() * 2)[:2]
    margins = []
    if own["display"] == "grid" or "flex-wrap" in own or own.get("flex-direction") == "column":
        margins.append(f"margin-bottom: {below} !important;")
    if own["display"] == "flex" and own.get("flex-direction") != "column":
        margins.append(f"margin-right: {beside} !important;")
    unknown = "(display: grid)" if own["display"] == "grid" else _MODERN
    return f"@supports not {unknown} {{ {inside} {{ {' '.join(margins)} }} }}\n"


def _declarations(body: str) -> Iterator[tuple[str, str]]:
    for line in body.split(";"):
        name, _, value = line.partition(":")
        if value:
            yield name.strip(), value.strip()


def _known(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the declarations to write for one: first those for old engines."""
    for physical, own in _physical(name, value):
        if _CHOSEN.search(own):
            yield physical, _first_choice(own)
        if physical == "gap":
            yield "grid-gap", own
        if physical == "overflow-wrap":
            yield "word-wrap", "break-word"
        if own == "min-content":
            yield from ((physical, f"-{engine}-min-content") for engine in ("webkit", "moz"))
        yield physical, own


def _physical(name: str, value: str) -> list[tuple[str, str]]:
    """Return the physical declarations of a logical one, like padding-left and padding-right of padding-inline."""
    if name in {"inset-inline-start", "inset-inline-end"}:
        return [(_ENDS[name.removeprefix("inset-")], value)]
    for end, side in _ENDS.items():
        if name.endswith(f"-{end}"):
            return [(f"{name.removesuffix(end)}{side}", value)]
    for axis, sides in _SIDES.items():
        if name in {f"margin-{axis}", f"padding-{axis}"}:
            values = value.split() if _CHOSEN.search(value) is None else [value]
            return [
                (f"{name.removesuffix(axis)}{side}", one) for side, one in zip(sides, (values * 2)[:2], strict=True)
            ]
    return [(name, value)]


def _first_choice(value: str) -> str:
    """Return the value with the first argument in place of each min(), max() and clamp()."""
    while found := _CHOSEN.search(value):
        depth, comma, end = 1, 0, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(value[end], 0)
            comma = comma or (end if depth == 1 and value[end] == "," else 0)
            end += 1
        value = value[: found.start()] + value[found.end() : comma or end - 1] + value[end:]
    return value


def _plain(selectors: str) -> str:
    """Return the selectors with each :is() written out."""
    if selectors.startswith("@"):
        return selectors
    plain = [one for selector in _split(selectors) for one in _written_out(selector)]
    return ", ".join(plain)


def _split(selectors: str) -> list[str]:
    """Return the selectors of a list; commas inside brackets do not part them."""
    parts, depth = [""], 0
    for char in selectors:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _written_out(selector: str) -> list[str]:
    found = _IS.search(selector)
    if found is None or ":where(" in selector:
        return [selector]
    before, after = selector[: found.start()], selector[found.end() :]
    return [one for choice in _split(found[1]) for one in _written_out(_joined(before, choice, after))]


def _joined(before: str, choice: str, after: str) -> str:
    """Return a compound selector in which a type stands first: `.a:is(p)` is `p.a`."""
    start = max(before.rfind(" "), before.rfind(">"), before.rfind("+"), before.rfind("~")) + 1
    compound = before[start:]
    if compound and choice[0].isalpha():
        return f"{before[:start]}{choice}{compound}{after}"
    return f"{before}{choice}{after}"
