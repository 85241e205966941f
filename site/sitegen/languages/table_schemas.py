"""Table Schemas expanded for one site: a field like `name_*` becomes a column in each of its languages.

Only portal.yml says which languages a site has; site/schemas names none. Of such a field, only the column in the source
language may be required. `translations: true` marks a field without a column in the source language, like a reviewer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Self

from forms.core.i18n import locales
from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.schema_words import WORDS
from forms.core.yaml_reader import read_yaml

ANY = "*"
"""Ends the name of a field that has a column in each language."""

_LANGUAGE = "{language}"


class ColumnDescription(LazyText):
    """The description of a column in one language; {language} in it is that language's name for the reader."""

    code: str
    name: str

    def __new__(cls, message: str, code: str, name: str) -> Self:
        """Return the text with the language's name filled in."""
        text = str.__new__(cls, message.replace(_LANGUAGE, name))
        text.message, text.values, text.plural, text.number = message, {}, "", 1
        text.code, text.name = code, name
        return text

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return the arguments from which copy and pickle make the text again."""
        return self.message, self.code, self.name

    def translated(self, words: NullTranslations, tell: Callable[[Any], Any]) -> str:
        """Return the text in the language of `words`, which also names the column's language in it."""
        reader = words.info().get("language", "")
        name = locales.name_in(self.code, reader) if reader else self.name
        return super().translated(words, tell).replace(_LANGUAGE, name)


def read_unexpanded(path: Path) -> dict[str, Any]:
    """Return the schema in a file, with fields like `name_*`. Callers must not change it."""
    return _parse(path.read_text("utf-8"))


@cache
def _parse(text: str) -> dict[str, Any]:
    descriptor: dict[str, Any] = read_yaml(text)
    return descriptor


def read(path: Path, languages: Sequence[str]) -> dict[str, Any]:
    """Return the schema in a file, expanded for a site with these languages. languages: the source first."""
    return expand(read_unexpanded(path), languages)


def read_all(folder: Path, languages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return every schema of a folder, expanded, by the name of its table."""
    return {path.stem: read(path, languages) for path in sorted(folder.glob("*.yaml"))}


def expand(
    descriptor: Mapping[str, Any], languages: Sequence[str], name_of: Callable[[str], str] = locales.english_name
) -> dict[str, Any]:
    """Return a schema in which each field like `name_*` is replaced by a column in each language.

    name_of: returns the name of a language for titles and descriptions.
    """
    fields = [column for field in descriptor["fields"] for column in _columns(field, languages, name_of)]
    return {**descriptor, "fields": fields}


def translate(descriptor: Mapping[str, Any], say: Callable[[str], str]) -> dict[str, Any]:
    """Return a schema with its titles and descriptions translated by `say`."""
    fields = [{**field, **{key: say(field[key]) for key in WORDS if key in field}} for field in descriptor["fields"]]
    return {**descriptor, "title": say(descriptor["title"]), "fields": fields}


def _columns(
    field: Mapping[str, Any], languages: Sequence[str], name_of: Callable[[str], str]
) -> Iterator[dict[str, Any]]:
    """Yield the columns of a field: the field itself, or one for each language."""
    name = str(field["name"])
    if not name.endswith(ANY):
        yield dict(field)
        return
    source = languages[0] if languages else ""
    for code in languages:
        if code == source and field.get("translations"):
            continue
        column = {key: value for key, value in field.items() if key != "translations"}
        column |= {"name": f"{name.removesuffix(ANY)}{code}"}
        column["title"] = f"{field['title']} ({name_of(code)})"
        column["description"] = ColumnDescription(str(field["description"]), code, name_of(code))
        if code != source and "constraints" in column:
            column["constraints"] = {key: value for key, value in field["constraints"].items() if key != "required"}
        yield column


def with_kinds(descriptor: Mapping[str, Any], kinds: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a schema in which a field with `kinds: place` allows only the kinds of place in kinds.csv.

    kinds: the ids of kinds.csv by the column `of`. A field whose kinds are not listed there allows any value.
    """
    fields = []
    for field in descriptor["fields"]:
        standard = {key: value for key, value in field.items() if key != "kinds"}
        if allowed := kinds.get(str(field.get("kinds", ""))):
            standard["constraints"] = {**field.get("constraints", {}), "enum": list(allowed)}
        fields.append(standard)
    return {**descriptor, "fields": fields}


def language_prefixes(descriptor: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the prefixes of the columns that a table has in each language, like "name_"."""
    names = (str(field["name"]) for field in descriptor["fields"])
    return tuple(name.removesuffix(ANY) for name in names if name.endswith(ANY))
