"""Bar charts as static SVG, drawn by Vega-Lite while the site is built. vl_convert is used only here.

Vega-Lite decides where things stand; colours and letters are left to the site's stylesheet (.chart). So a chart has the
page's own font, turns dark with it, and brings nothing that forms/web/headers.py forbids.
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

_LONGEST = 260  # of a bar: its number stands behind it
_ROW, _LINE = 44, 18  # a name of one line above its bar; each further line of a name
_CHARACTERS = 30  # in one line: Tamil, the widest of the five, takes up to ten units each
_EDGE = 2  # the stylesheet draws so much around a bar, with round corners; those at zero lie outside the picture
_VERSION = "6.4"  # of Vega-Lite: a chart changes when we say so, not with the next release
_SVG = "{http://www.w3.org/2000/svg}"
_DRAWN = frozenset({"svg", "g", "path", "text", "tspan"})
_EMPTY = frozenset({"background", "foreground"})  # classes of the frames that Vega lays under and over a group
_WHERE = frozenset({"viewBox", "transform", "d", "x", "y", "dx", "dy", "class"})

Bar = tuple[str, int | None]
"""What is counted and how often; None where the number is kept back."""


def bars(counts: Sequence[Bar], said: str, cache: Path | None = None) -> Markup:
    """Return a bar for each count with its name above and its number behind it, as an <svg> for the page.

    said: what it shows, for who cannot see it; cache: a folder where drawings are kept between builds.
    """
    names = [textwrap.wrap(name, _CHARACTERS, break_long_words=False, break_on_hyphens=False) for name, _ in counts]
    root = ET.fromstring(_drawn(_chart([len(lines) for lines in names], counts), cache))  # noqa: S314 - by our library
    _only_places(root)
    _fill(root, names)
    root.set("role", "img")
    root.set("aria-label", said)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree escapes what staff wrote


def _line(row: int, line: int) -> str:
    """Return what is in a drawing for a line of a name: no number of a chart has a point."""
    return f"{row}.{line}"


def _fill(root: ET.Element, names: Sequence[Sequence[str]]) -> None:
    """Write the names into a drawing. Nothing in it depends on them, so one serves all languages."""
    words = {_line(row, at): line for row, lines in enumerate(names) for at, line in enumerate(lines)}
    for element in root.iter():
        element.text = words.get(element.text or "", element.text)


def _drawn(chart: dict[str, Any], cache: Path | None) -> str:
    """Return the chart as Vega-Lite draws it; cached, since starting Vega-Lite takes longer than all the rest."""
    asked = json.dumps([version("vl-convert-python"), _VERSION, chart])
    kept = cache / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.svg" if cache else None
    if kept and kept.exists():
        return kept.read_text(encoding="utf-8")
    import vl_convert  # noqa: PLC0415 - forty megabytes, and charts are kept

    drawing = vl_convert.vegalite_to_svg(chart, vl_version=_VERSION)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_durably(kept, drawing.encode())
    return drawing


def _chart(lines: Sequence[int], counts: Sequence[Bar]) -> dict[str, Any]:
    """Return the chart in Vega-Lite's words: https://vega.github.io/vega-lite/docs/.

    lines: how many each name takes.
    """
    ends = list(accumulate(_ROW + _LINE * (many - 1) for many in lines))
    rows = [
        {"name": [_line(row, at) for at in range(many)], "end": end, "letters": letters or 0,
         "number": str(letters or "–")}
        for row, (many, end, (_, letters)) in enumerate(zip(lines, ends, counts, strict=True))
    ]  # fmt: skip
    most = max((letters or 0 for _, letters in counts), default=0) or 1
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
                  "scale": {"domain": [0, most], "range": [-_EDGE, _LONGEST - _EDGE], "round": True}},
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


def _only_places(element: ET.Element) -> None:
    """Keep only shapes, text and positions of a drawing: no colour, font, id, style or script."""
    element.tag = element.tag.removeprefix(_SVG)
    element.attrib = {name: value for name, value in element.attrib.items() if name in _WHERE}
    for child in list(element):
        if child.tag.removeprefix(_SVG) not in _DRAWN or child.get("class") in _EMPTY:
            element.remove(child)
        else:
            _only_places(child)
