"""YAML as staff write it: a key that stands twice is refused, where YAML's own readers take the last one silently."""

import re
from collections.abc import Hashable
from contextlib import suppress
from typing import Any

import yaml

YAMLError = yaml.YAMLError

_MOST_ALIASES = 20


class DuplicateKey(yaml.constructor.ConstructorError):
    """A key stands twice in one mapping. key: its name; first_line, line: where, counted from 1."""

    def __init__(self, key: str, first: yaml.Mark, second: yaml.Mark) -> None:
        super().__init__(None, None, f"{key} stands there twice", second)
        self.key, self.first_line, self.line = key, first.line + 1, second.line + 1


class _UniqueKeys:
    """A constructor of mappings that refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping. Raises DuplicateKey for a key that is there twice."""
        seen: dict[Any, yaml.Mark] = {}
        for key_node in (one for one, _ in node.value if one.tag != "tag:yaml.org,2002:merge"):
            key = self.construct_object(key_node, deep=True)  # type: ignore[attr-defined] # of the loader beside it
            if isinstance(key, Hashable):
                if key in seen:
                    raise DuplicateKey(str(key), seen[key], key_node.start_mark)
                seen[key] = key_node.start_mark
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return made


class _Loader(_UniqueKeys, yaml.SafeLoader):
    """PyYAML's safe loader, which refuses a key that stands twice, and more than a few aliases (*name).

    Aliases of aliases unfold into more than any memory holds; twenty cannot come to more than some two thousand values.
    """

    _aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node. Raises yaml's ComposerError for more aliases than a person writes."""
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > _MOST_ALIASES:
                raise yaml.composer.ComposerError(None, None, "too many aliases (*name)", self.get_mark())
        return super().compose_node(parent, index)


class _QuickLoader(_UniqueKeys, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # libyaml, or none
    """The same on libyaml: ten times as fast, but it neither counts aliases nor bounds how deep it nests."""


_NUMBER = re.compile(
    r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|[-+]?\.[0-9]+|[-+]?[0-9.]+[eE][-+]?[0-9]+|[-+]?\.(?:inf|nan)", re.I | re.A
)


def _number(loader: Any, node: yaml.ScalarNode) -> Any:
    """Return a number, or the text where YAML 1.1 reads another one: 030 is 24 to it, 10:30 is 630, 1_0 is 10."""
    if not _NUMBER.fullmatch(node.value):
        return loader.construct_scalar(node)
    whole = node.tag == "tag:yaml.org,2002:int"
    return loader.construct_yaml_int(node) if whole else loader.construct_yaml_float(node)


for _kind in ("int", "float"):
    for _one in (_Loader, _QuickLoader):
        _one.add_constructor(f"tag:yaml.org,2002:{_kind}", _number)


NOT_QUICK = re.compile(
    r"""&|^[-? ]{100}|(?:[\[{][^\[{]*){100}   # an anchor, and deep nesting, which libyaml bounds nowhere
    |\\[^"'/ _-]                               # a sign written as a number: looked at below
    |(?<![\w])!|[>|][-+\d]*\#|[\[{][\s\S]*\?  # a tag; a block that is none; a question mark within brackets
    |[^\n\x20-\x7e\xa0-\u2027\u202a-\ufefe]  # a tab and other signs that only one of the two takes""",
    re.M | re.X,
)
"""Where the two readers may differ: found by trying 160,000 changed texts on both."""


def read_yaml(text: str) -> Any:
    """Return what this YAML says. Raises YAMLError (DuplicateKey where a key stands twice).

    libyaml reads what is plain; whatever it refuses is read again by the reader whose verdict and line count.
    """
    if not NOT_QUICK.search(text):
        with suppress(yaml.YAMLError, ValueError, RecursionError):
            return yaml.load(text, _QuickLoader)  # noqa: S506 - a safe loader
    try:
        return _without_oddities(yaml.load(text, _Loader))  # noqa: S506 - a safe loader
    except RecursionError:
        raise YAMLError("nested too deeply") from None
    except ValueError as error:  # a day like 2026-13-45
        raise YAMLError(str(error)) from None


_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Signs that YAML lets somebody write as numbers, and that no page and no file can hold."""


def _without_oddities(value: Any, around: tuple[int, ...] = ()) -> Any:
    """Return a value. Raise YAMLError for a value that contains itself, and for a text with an invalid character."""
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise YAMLError("a text has a sign in it that is none")
    if isinstance(value, dict | list | set):
        if id(value) in around:
            raise YAMLError("a value contains itself")
        for one in [*value, *value.values()] if isinstance(value, dict) else value:
            _without_oddities(one, (*around, id(value)))
    return value
