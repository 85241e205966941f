"""Removes the text that Word hides from a document: a person who pastes it publishes what they see."""

import io
import zipfile
from collections.abc import Mapping
from xml.etree import ElementTree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF = frozenset({"0", "false", "off"})


def without_hidden(data: bytes, parts: Mapping[str, bytes]) -> bytes | None:
    """Return a document without its hidden text; None where it has none. parts: its XML, checked (package.py)."""
    if not any(b"vanish" in xml for xml in parts.values()):
        return None
    trees = {name: ElementTree.fromstring(xml) for name, xml in parts.items() if b"wordprocessingml" in xml}  # noqa: S314 - package.py refuses entities
    styles = {
        style.get(f"{_W}styleId", "")
        for tree in trees.values()
        for style in tree.iter(f"{_W}style")
        if _vanishes(style.find(f"{_W}rPr"))
    }
    changed = {name: ElementTree.tostring(tree) for name, tree in trees.items() if _remove_hidden_runs(tree, styles)}
    return _with_parts(data, changed) if changed else None


def _vanishes(properties: ElementTree.Element | None) -> bool:
    vanish = None if properties is None else properties.find(f"{_W}vanish")
    return vanish is not None and vanish.get(f"{_W}val", "").lower() not in _OFF


def _remove_hidden_runs(tree: ElementTree.Element, styles: set[str]) -> bool:
    """Remove hidden runs from a part; return whether any of them had text."""
    had_text = False
    for parent in list(tree.iter()):
        paragraph_style = parent.find(f"{_W}pPr/{_W}pStyle") if parent.tag == f"{_W}p" else None
        hidden = paragraph_style is not None and paragraph_style.get(f"{_W}val") in styles
        for run in parent.findall(f"{_W}r"):
            if _is_hidden(run, styles, hidden=hidden):
                had_text = had_text or bool("".join(run.itertext()).strip())
                parent.remove(run)
    return had_text


def _is_hidden(run: ElementTree.Element, styles: set[str], *, hidden: bool) -> bool:
    """Return whether a run is hidden. hidden: whether its paragraph's style hides it, which the run may override."""
    properties = run.find(f"{_W}rPr")
    if properties is not None and properties.find(f"{_W}vanish") is not None:
        return _vanishes(properties)
    style = None if properties is None else properties.find(f"{_W}rStyle")
    return hidden or (style is not None and style.get(f"{_W}val") in styles)


def _with_parts(data: bytes, changed: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, changed[part.filename] if part.filename in changed else old.read(part))
    return out.getvalue()
