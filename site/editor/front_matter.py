"""Front matter, the YAML between --- lines at the top of a page: read and edited key by key, keeping other lines."""

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


def split(text: str) -> tuple[str, str]:
    """Split a page into its front matter ("" where it has none) and its text."""
    match = _FRAME.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def join(lines: str, text: str) -> str:
    """Return a page made of its front matter and its text, with a blank line between them."""
    return f"---\n{lines}---\n\n" + text.lstrip("\n")


def values(lines: str) -> dict[str, Any]:
    """Return the values of front matter by key; nothing where it cannot be read."""
    with suppress(YAMLError):
        data = read_yaml(lines)
        return data if isinstance(data, dict) else {}
    return {}


def with_values(lines: str, new_values: Mapping[str, object]) -> str:
    """Return front matter with these values; None removes a key. Other lines stay as they are."""
    for key, value in new_values.items():
        lines = _with_value(lines, key, value)
    return lines


def _with_value(lines: str, key: str, value: object) -> str:
    spans = _spans(lines)
    written = [] if value is None else [f"{key}: {_yaml_of(value)}\n"]
    index = next((index for index, (name, _) in enumerate(spans) if name == key), None)
    texts = ["".join(span) for _, span in spans]
    if index is None:
        return "".join([*texts, *written])
    return "".join([*texts[:index], *written, *texts[index + 1 :]])


def _spans(lines: str) -> list[tuple[str, list[str]]]:
    """Return each key with its lines, up to the next key."""
    spans: list[tuple[str, list[str]]] = []
    for line in lines.splitlines(keepends=True):
        if (match := _KEY.match(line)) or not spans:
            spans.append((match[1] if match else "", [line]))
        else:
            spans[-1][1].append(line)
    return spans


def _yaml_of(value: object) -> str:
    """Return a value as YAML: true or false, a day, or a quoted text (a JSON string is valid YAML 1.2)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(" ".join(_CONTROL.sub(" ", str(value)).split()), ensure_ascii=False)
