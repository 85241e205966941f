"""The lines between --- at the top of a page, as fields of a form: only what was changed is written anew."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from forms.core.yaml_reader import YAMLError, read_yaml

_FRAME = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*\n", re.S)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_KEY = re.compile(r"([A-Za-z_][\w-]*):")


def parts(text: str) -> tuple[str, str]:
    """Return the lines of the front matter and the text below; no lines where a page has none."""
    match = _FRAME.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def whole(lines: str, text: str) -> str:
    """Return a page of its front matter and its text. One blank line stands between them."""
    return f"---\n{lines}---\n\n" + text.lstrip("\n")


def values(lines: str) -> dict[str, Any]:
    """Return what front matter says; nothing where it cannot be read."""
    with suppress(YAMLError):
        found = read_yaml(lines)
        return found if isinstance(found, dict) else {}
    return {}


def with_values(lines: str, fresh: Mapping[str, object]) -> str:
    """Return front matter in which keys have these values; None takes a key away. Other lines stay as they are."""
    for key, value in fresh.items():
        lines = _with_value(lines, key, value)
    return lines


def _with_value(lines: str, key: str, value: object) -> str:
    spans = _spans(lines)
    fresh = [] if value is None else [f"{key}: {_written(value)}\n"]
    at = next((at for at, (name, _) in enumerate(spans) if name == key), None)
    texts = ["".join(span) for _, span in spans]
    if at is None:
        return "".join([*texts, *fresh])
    return "".join([*texts[:at], *fresh, *texts[at + 1 :]])


def _spans(lines: str) -> list[tuple[str, list[str]]]:
    """Return each key with its lines: those that follow it belong to it until the next key begins."""
    spans: list[tuple[str, list[str]]] = []
    for line in lines.splitlines(keepends=True):
        if (found := _KEY.match(line)) or not spans:
            spans.append((found[1] if found else "", [line]))
        else:
            spans[-1][1].append(line)
    return spans


def _written(value: object) -> str:
    """Return a value as YAML: true, a day, or a text in quotes (a text of JSON is one of YAML 1.2)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(" ".join(_CONTROL.sub(" ", str(value)).split()), ensure_ascii=False)
