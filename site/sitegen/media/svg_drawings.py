"""Drawings (SVG) of content/media: checked for anything that acts, and inlined into pages."""

import re
from functools import lru_cache
from math import inf
from pathlib import Path
from xml.etree import ElementTree as ET

from forms.core.i18n.lazy_text import lazy_gettext as _

FOLDERS = ("drawings", "pictograms")
"""Folders of content/media, in the order in which a drawing is looked for."""

MAX_BYTES = 6 * 1024
"""Bytes of a drawing before compression: it is part of the page and counts towards the page's weight."""

_SVG = "http://www.w3.org/2000/svg"
_WIDTH_WITHOUT_STYLE = 200
_SHAPES = frozenset(
    {"svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon", "text", "tspan", "title"}
)


def inline(path: Path, alt: str) -> str:
    """Return an SVG as part of a page; without `alt` it is decorative, hidden from screen readers (WCAG 1.1.1)."""
    return _inline(path.read_text(encoding="utf-8-sig"), path.parent.name, alt)


@lru_cache(maxsize=500)
def _inline(text: str, folder: str, alt: str) -> str:
    """Return an SVG's text as part of a page. Cached, since most drawings are on many pages."""
    root = ET.fromstring(text)  # noqa: S314 - the staff's file, checked by `problem`
    label = {"role": "img", "aria-label": alt} if alt else {"aria-hidden": "true"}
    view_box = root.attrib["viewBox"]
    root.attrib = {"viewBox": view_box, "class": f"drawing {folder}", **_size(view_box), **root.attrib, **label}
    ET.register_namespace("", _SVG)
    svg = ET.tostring(root, encoding="unicode").replace(f' xmlns="{_SVG}"', "")
    return re.sub(r">\s+<", "><", svg).strip()


def _size(view_box: str) -> dict[str, str]:
    """Return the size of a drawing on a page without styles: at most 200 pixels wide, for the smallest screens."""
    _, _, width, height = (float(number) for number in view_box.replace(",", " ").split())
    scale = min(1.0, _WIDTH_WITHOUT_STYLE / width)
    return {"width": f"{width * scale:g}", "height": f"{height * scale:g}"}


def problem(path: Path) -> tuple[str, str] | None:
    """Return why a drawing must not be published and what to do about it, or None."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # decoded here: in another encoding a DOCTYPE would be missed
        declares = "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.S)  # a DOCTYPE or entities
        root = ET.fromstring("<none/>") if declares else ET.fromstring(text)  # noqa: S314 - the staff's own file
    except (ET.ParseError, ValueError, RecursionError):
        return _("cannot be read as a drawing."), _("Save it again as plain SVG, in UTF-8.")
    if not _is_view_box(view_box := root.attrib.get("viewBox", "")):
        invalid = _('has "%(numbers)s" as its viewBox.', numbers=view_box[:40])
        what = invalid if view_box else _("has a DOCTYPE, or no viewBox.")
        return what, _("Save it as plain SVG with a viewBox, four numbers like 0 0 240 160.")
    for element in root.iter():
        tag = element.tag.removeprefix(f"{{{_SVG}}}")
        if tag not in _SHAPES:
            todo = _("Only plain shapes may stand in a drawing: no script, style, picture or link.")
            return _("has a <%(tag)s>.", tag=tag), todo
        active = [name for name, value in element.attrib.items() if _is_active(name.lower(), value)]
        if active:
            todo = _("Write colours as fill and stroke; leave out style, id and links.")
            return _("has %(name)s at a <%(tag)s>.", name=active[0], tag=tag), todo
    if path.stat().st_size > MAX_BYTES:
        todo = _("At most %(most)s: use fewer points.", most=MAX_BYTES)
        return _("is %(count)s bytes long.", count=path.stat().st_size), todo
    return None


def _is_view_box(text: str) -> bool:
    try:
        _, _, width, height = (float(number) for number in text.replace(",", " ").split())
    except ValueError:
        return False
    return 0 < width < inf and 0 < height < inf


def _is_active(name: str, value: str) -> bool:
    """Return whether an attribute could run or fetch something; case is ignored, as in the HTML around it."""
    names = {"style", "id", "src", "from", "to", "values", "begin"}
    return name.startswith("on") or name in names or "href" in name or "url(" in value.lower() or "\\" in value
