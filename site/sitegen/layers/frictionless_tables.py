"""Frictionless tables that share one parsed schema.

Frictionless copies each field twice for each table that it opens, and the whole of each table to which a foreign key
refers. To make a copy, it writes a descriptor, checks it against the standard and parses it. This, and the first
parsing of each schema, took nearly all the time of checking tables.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from frictionless import Field, Schema
from frictionless.resources import TableResource

Part = TypeVar("Part", Field, Schema)

_CACHE: dict[str, Schema] = {}
"""Parsed schemas by their descriptors. They are never changed: each table gets a copy."""

_CACHE_SIZE = 64
"""Schemas in the cache: those of two districts with different languages."""


class MemoryTable(TableResource):
    """A table in memory. Its copies share its rows and fields, which nothing changes."""

    def to_copy(self, **_: Any) -> "MemoryTable":
        """Return a table that can be opened and closed independently."""
        return MemoryTable(name=self.name, data=self.data, schema=_copy(self.schema))


def table_of(name: str, cells: list[list[str]], descriptor: Mapping[str, Any]) -> MemoryTable:
    """Return a table of these cells, header first, with the schema that a descriptor describes."""
    return MemoryTable(name=name, data=cells, schema=_schema_of(descriptor))


def _schema_of(descriptor: Mapping[str, Any]) -> Schema:
    """Return a copy of the schema of a descriptor, parsed once."""
    key = repr(descriptor)
    if key not in _CACHE:
        _CACHE[key] = _parse(descriptor)
        for oldest in list(_CACHE)[:-_CACHE_SIZE]:
            _CACHE.pop(oldest, None)
    return _copy(_CACHE[key])


def _parse(descriptor: Mapping[str, Any]) -> Schema:
    """Parse a schema, and let Frictionless copy its fields without parsing them again."""
    schema = Schema.from_descriptor(dict(descriptor))
    for field in schema.fields:
        field.__dict__["to_copy"] = partial(_copy, field)
    return schema


def _copy(part: Part) -> Part:
    """Return a shallow copy: the attributes in slots and those in __dict__."""
    duplicate: Part = type(part).__new__(type(part))
    slots = {name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ()) if name != "__weakref__"}
    for name in slots:
        if hasattr(part, name):
            object.__setattr__(duplicate, name, getattr(part, name))
    duplicate.__dict__.update(part.__dict__)
    duplicate.metadata_assigned = set(part.metadata_assigned)  # a later assignment to the copy is not the original's
    return duplicate
