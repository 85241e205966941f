"""Read YAML of staff. Duplicate keys are refused, while PyYAML silently takes the last one."""

import re
from collections.abc import Hashable
from contextlib import suppress
from typing import Any

import yaml

YAMLError = yaml.YAMLError

_MAX_ALIASES = 20


class DuplicateKey(yaml.constructor.ConstructorError):
    """A key occurs twice in one mapping. key: its name; first_line, line: the two lines, counted from 1."""

    def __init__(self, key: str, first: yaml.Mark, second: yaml.Mark) -> None:
        super().__init__(None, None, f"{key} stands there twice", second)
        self.key, self.first_line, self.line = key, first.line + 1, second.line + 1


class _UniqueKeys:
    """Construct mappings, and refuse duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping. Raises DuplicateKey for a key that occurs twice."""
        marks: dict[Any, yaml.Mark] = {}
        for key_node in (key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"):
            key = self.construct_object(key_node, deep=True)  # type: ignore[attr-defined] # of the loader beside it
            if isinstance(key, Hashable):
                if key in marks:
                    raise DuplicateKey(str(key), marks[key], key_node.start_mark)
                marks[key] = key_node.start_mark
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return mapping


class _Loader(_UniqueKeys, yaml.SafeLoader):
    """PyYAML's safe loader, refusing duplicate keys and more than a few aliases (*name).

    Aliases of aliases can expand to more than memory holds; twenty give no more than about two thousand values.
    """

    _aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node. Raises yaml's ComposerError for more aliases than a person writes."""
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > _MAX_ALIASES:
                raise yaml.composer.ComposerError(None, None, "too many aliases (*name)", self.get_mark())
        return super().compose_node(parent, index)


class _FastLoader(_UniqueKeys, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # libyaml, or none
    """The same with libyaml: ten times as fast, but it neither counts aliases nor limits nesting."""


_NUMBER = re.compile(
    r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|[-+]?\.[0-9]+|[-+]?[0-9.]+[eE][-+]?[0-9]+|[-+]?\.(?:inf|nan)", re.I | re.A
)


def _number(loader: Any, node: yaml.ScalarNode) -> Any:
    """Return a number; or the text, where YAML 1.1 reads an unexpected number: 030 as 24, 10:30 as 630, 1_0 as 10."""
    if not _NUMBER.fullmatch(node.value):
        return loader.construct_scalar(node)
    whole = node.tag == "tag:yaml.org,2002:int"
    return loader.construct_yaml_int(node) if whole else loader.construct_yaml_float(node)


for _kind in ("int", "float"):
    for _loader in (_Loader, _FastLoader):
        _loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _number)


NEEDS_SLOW_READER = re.compile(
    r"""&|^[-? ]{100}|(?:[\[{][^\[{]*){100}   # an anchor, and deep nesting, which libyaml bounds nowhere
    |\\[^"'/ _-]                               # a sign written as a number: looked at below
    |(?<![\w])!|[>|][-+\d]*\#|[\[{][\s\S]*\?  # a tag; a block that is none; a question mark within brackets
    |[^\n\x20-\x7e\xa0-\u2027\u202a-\ufefe]  # a tab and other signs that only one of the two takes""",
    re.M | re.X,
)
"""Texts for which the two readers may differ, found by trying 160,000 changed texts on both."""


def read_yaml(text: str) -> Any:
    """Return the value of this YAML. Raises YAMLError (DuplicateKey for a key that occurs twice).

    libyaml reads plain texts. If it refuses one, PyYAML reads it again, and its error and line are reported.
    """
    if not NEEDS_SLOW_READER.search(text):
        with suppress(yaml.YAMLError, ValueError, RecursionError):
            return yaml.load(text, _FastLoader)  # noqa: S506 - a safe loader
    try:
        return _require_plain(yaml.load(text, _Loader))  # noqa: S506 - a safe loader
    except RecursionError:
        raise YAMLError("nested too deeply") from None
    except ValueError as error:  # a day like 2026-13-45
        raise YAMLError(str(error)) from None


_INVALID_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that YAML allows as escapes, and that no page and no file can contain."""


def _require_plain(value: Any, ancestors: tuple[int, ...] = ()) -> Any:
    """Return a value. Raise YAMLError for a value that contains itself, and for a text with an invalid character."""
    if isinstance(value, str) and _INVALID_CHARACTER.search(value):
        raise YAMLError("a text has a sign in it that is none")
    if isinstance(value, dict | list | set):
        if id(value) in ancestors:
            raise YAMLError("a value contains itself")
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _require_plain(item, (*ancestors, id(value)))
    return value
