"""Tables of Frictionless that are opened without reading their own schema again.

Frictionless copies each field twice for each table that it opens, and a table in which keys are looked up as a whole.
Each copy is written as a descriptor, checked against the standard and read. With the first reading of each schema that
was nearly all of a check of tables.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from frictionless import Field, Schema
from frictionless.resources import TableResource

Part = TypeVar("Part", Field, Schema)

_READ: dict[str, Schema] = {}
"""Schemas by their descriptors. Nobody changes them: each table has a copy."""

_MOST_KEPT = 64
"""Schemas that are remembered: those of two districts with other languages."""


class MemoryTable(TableResource):
    """A table in memory. Its copies have the same rows and fields: nothing here changes either."""

    def to_copy(self, **_: Any) -> "MemoryTable":
        """Return another table, which can be opened and closed on its own."""
        return MemoryTable(name=self.name, data=self.data, schema=_copied(self.schema))


def table_of(name: str, cells: list[list[str]], descriptor: Mapping[str, Any]) -> MemoryTable:
    """Return a table of these cells, header first, with the schema that a descriptor describes."""
    return MemoryTable(name=name, data=cells, schema=_schema_of(descriptor))


def _schema_of(descriptor: Mapping[str, Any]) -> Schema:
    """Return a schema from its descriptor, whose fields are copied as they are."""
    key = repr(descriptor)
    if key not in _READ:
        _READ[key] = _read(descriptor)
        for oldest in list(_READ)[:-_MOST_KEPT]:
            _READ.pop(oldest, None)
    return _copied(_READ[key])


def _read(descriptor: Mapping[str, Any]) -> Schema:
    schema = Schema.from_descriptor(dict(descriptor))
    for field in schema.fields:
        field.__dict__["to_copy"] = partial(_copied, field)
    return schema


def _copied(part: Part) -> Part:
    """Return another object with the same attributes: those in slots, and the others."""
    made: Part = type(part).__new__(type(part))
    slots = {name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ()) if name != "__weakref__"}
    for name in slots:
        if hasattr(part, name):
            object.__setattr__(made, name, getattr(part, name))
    made.__dict__.update(part.__dict__)
    made.metadata_assigned = set(part.metadata_assigned)  # what is assigned to the copy is the copy's
    return made
