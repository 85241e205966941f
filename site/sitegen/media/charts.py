"""Bar charts as static SVG, drawn by Vega-Lite while the site is built. vl_convert is used only here.

Vega-Lite only places things; the site's stylesheet (.chart) sets colours and fonts. So a chart has the page's own font,
follows its dark mode, and holds nothing that forms/web/headers.py forbids.
"""

import hashlib
import json
import textwrap
from collections.abc import Sequence
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

from forms.core.files.durable import write_durably

WIDTH = 300
"""Units across: about the pixels of a phone 320 wide without its margins, so that letters of 14 stay near 14."""

_MAX_BAR = 260  # length of a bar: its number stands after it
_ROW, _LINE = 44, 18  # height of a bar with a name of one line above it, and of each further line of the name
_CHARACTERS = 30  # in a line: those of Tamil, the widest of the five scripts, take up to ten units each
_EDGE = 2  # the stylesheet draws a border of this width with round corners; its left side lies outside the picture
_VERSION = "6.4"  # of Vega-Lite, fixed so that a new release changes no chart
_SVG = "{http://www.w3.org/2000/svg}"
_ALLOWED_TAGS = frozenset({"svg", "g", "path", "text", "tspan"})
_FRAMES = frozenset({"background", "foreground"})  # classes of the frames that Vega adds around a group
_ALLOWED_ATTRIBUTES = frozenset({"viewBox", "transform", "d", "x", "y", "dx", "dy", "class"})

Bar = tuple[str, int | None]
"""Name and number; None where the number is kept back."""


def bars(counts: Sequence[Bar], description: str, cache: Path | None = None) -> Markup:
    """Return a bar for each count with its name above and its number after it, as an <svg> for the page.

    description: for people who cannot see it; cache: a folder that keeps drawings between builds.
    """
    names = [textwrap.wrap(name, _CHARACTERS, break_long_words=False, break_on_hyphens=False) for name, _ in counts]
    root = ET.fromstring(_draw(_chart([len(lines) for lines in names], counts), cache))  # noqa: S314 - by our library
    _strip_styles(root)
    _write_names(root, names)
    root.set("role", "img")
    root.set("aria-label", description)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree escapes what staff wrote


def _placeholder(row: int, line: int) -> str:
    """Return the placeholder in a drawing for a line of a name, which no number of a chart equals."""
    return f"{row}.{line}"


def _write_names(root: ET.Element, names: Sequence[Sequence[str]]) -> None:
    """Replace the placeholders in a drawing by names. Its layout does not depend on them, so all languages share it."""
    texts = {_placeholder(row, number): line for row, lines in enumerate(names) for number, line in enumerate(lines)}
    for element in root.iter():
        element.text = texts.get(element.text or "", element.text)


def _draw(chart: dict[str, Any], cache: Path | None) -> str:
    """Return the chart as Vega-Lite draws it; cached, since starting Vega-Lite takes longer than all the rest."""
    key = json.dumps([version("vl-convert-python"), _VERSION, chart])
    cached = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.svg" if cache else None
    if cached and cached.exists():
        return cached.read_text(encoding="utf-8")
    import vl_convert  # noqa: PLC0415 - forty megabytes, and most charts are cached

    drawing = vl_convert.vegalite_to_svg(chart, vl_version=_VERSION)
    if cached:
        cached.parent.mkdir(parents=True, exist_ok=True)
        write_durably(cached, drawing.encode())
    return drawing


def _chart(lines: Sequence[int], counts: Sequence[Bar]) -> dict[str, Any]:
    """Return the specification of the chart: https://vega.github.io/vega-lite/docs/.

    lines: the number of lines of each name.
    """
    ends = list(accumulate(_ROW + _LINE * (line_count - 1) for line_count in lines))
    rows = [
        {"name": [_placeholder(row, line) for line in range(line_count)], "end": end, "letters": letters or 0,
         "number": str(letters or "–")}
        for row, (line_count, end, (_, letters)) in enumerate(zip(lines, ends, counts, strict=True))
    ]  # fmt: skip
    highest = max((letters or 0 for _, letters in counts), default=0) or 1
    return {
        "width": WIDTH,
        "height": max(ends, default=0),
        "padding": 0,
        "autosize": "none",
        "config": {"view": {"stroke": None}, "text": {"align": "left", "baseline": "alphabetic", "lineHeight": _LINE}},
        "data": {"values": rows},
        "encoding": {
            "y": {"field": "end", "type": "quantitative", "axis": None, "scale": None},
            "x": {"field": "letters", "type": "quantitative", "axis": None, "stack": None,
                  "scale": {"domain": [0, highest], "range": [-_EDGE, _MAX_BAR - _EDGE], "round": True}},
        },
        "layer": [
            {"name": "bar", "transform": [{"filter": "datum.letters > 0"}],
             "mark": {"type": "bar", "orient": "horizontal", "height": 14 - 2 * _EDGE, "yOffset": -14}},
            {"name": "name", "encoding": {"x": {"value": 0}, "text": {"field": "name"}},
             "mark": {"type": "text", "dy": {"expr": f"-29 - {_LINE} * (length(datum.name) - 1)"}}},
            {"name": "number", "encoding": {"text": {"field": "number"}},
             "mark": {"type": "text", "dx": 5 + _EDGE, "dy": -9}},
        ],
    }  # fmt: skip


def _strip_styles(element: ET.Element) -> None:
    """Remove everything from a drawing but shapes, text and positions: colours, fonts, ids, styles, scripts."""
    element.tag = element.tag.removeprefix(_SVG)
    element.attrib = {name: value for name, value in element.attrib.items() if name in _ALLOWED_ATTRIBUTES}
    for child in list(element):
        if child.tag.removeprefix(_SVG) not in _ALLOWED_TAGS or child.get("class") in _FRAMES:
            element.remove(child)
        else:
            _strip_styles(child)
