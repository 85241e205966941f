"""Text of a Word document that Word does not show: taken out, since who pastes a document publishes what they see."""

import io
import zipfile
from collections.abc import Mapping
from xml.etree import ElementTree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF = frozenset({"0", "false", "off"})


def without_hidden(data: bytes, parts: Mapping[str, bytes]) -> bytes | None:
    """Return a document without its hidden text; None where it has none. parts: its XML, looked at (package.py)."""
    if not any(b"vanish" in xml for xml in parts.values()):
        return None
    trees = {name: ElementTree.fromstring(xml) for name, xml in parts.items() if b"wordprocessingml" in xml}  # noqa: S314 - package.py refuses entities
    styles = {
        style.get(f"{_W}styleId", "")
        for tree in trees.values()
        for style in tree.iter(f"{_W}style")
        if _vanishes(style.find(f"{_W}rPr"))
    }
    fresh = {name: ElementTree.tostring(tree) for name, tree in trees.items() if _taken_out(tree, styles)}
    return _repacked(data, fresh) if fresh else None


def _vanishes(properties: ElementTree.Element | None) -> bool:
    found = None if properties is None else properties.find(f"{_W}vanish")
    return found is not None and found.get(f"{_W}val", "").lower() not in _OFF


def _taken_out(tree: ElementTree.Element, styles: set[str]) -> bool:
    """Take hidden runs out of a part; return whether there were any with a word in them."""
    found = False
    for parent in list(tree.iter()):
        of_paragraph = parent.find(f"{_W}pPr/{_W}pStyle") if parent.tag == f"{_W}p" else None
        hidden = of_paragraph is not None and of_paragraph.get(f"{_W}val") in styles
        for run in parent.findall(f"{_W}r"):
            if _is_hidden(run, styles, hidden=hidden):
                found = found or bool("".join(run.itertext()).strip())
                parent.remove(run)
    return found


def _is_hidden(run: ElementTree.Element, styles: set[str], *, hidden: bool) -> bool:
    """Return whether a run is hidden. hidden: what its paragraph's style says, which the run may undo."""
    properties = run.find(f"{_W}rPr")
    if properties is not None and properties.find(f"{_W}vanish") is not None:
        return _vanishes(properties)
    style = None if properties is None else properties.find(f"{_W}rStyle")
    return hidden or (style is not None and style.get(f"{_W}val") in styles)


def _repacked(data: bytes, fresh: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, fresh[part.filename] if part.filename in fresh else old.read(part))
    return out.getvalue()
