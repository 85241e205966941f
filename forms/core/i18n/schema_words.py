"""Texts of the staff's tables that are translated: titles and descriptions of their Table Schemas."""

from collections.abc import Iterator
from pathlib import Path

from forms.core.yaml_reader import read_yaml

WORDS = ("title", "description")
"""Properties of a schema's field that are shown to people."""


def of_schema(path: Path) -> Iterator[str]:
    """Yield the English texts of a schema in the order of its file."""
    schema = read_yaml(path.read_text("utf-8"))
    yield schema["title"]
    for field in schema["fields"]:
        yield from (field[key] for key in WORDS if key in field)
