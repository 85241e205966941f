"""Table Schemas expanded for one site: a field like `name_*` becomes a column in each of its languages.

Which languages there are is said by portal.yml alone; site/schemas names none. Of such a field only the source language
may be required. `translations: true` is for what the source language does not need, like a reviewer.
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
_LANGUAGE = "{language}"


class ColumnDescription(LazyText):
    """What a column means; {language} in it is what its reader calls the language in which the column is written."""

    code: str
    name: str

    def __new__(cls, message: str, code: str, name: str) -> Self:
        """Return the text with a name of the language."""
        text = str.__new__(cls, message.replace(_LANGUAGE, name))
        text.message, text.values, text.plural, text.number = message, {}, "", 1
        text.code, text.name = code, name
        return text

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what a copy is made of."""
        return self.message, self.code, self.name

    def translated(self, words: NullTranslations, tell: Callable[[Any], Any]) -> str:
        """Return the text in the language of `words`, with that language's name for the column's."""
        reader = words.info().get("language", "")
        name = locales.name_in(self.code, reader) if reader else self.name
        return super().translated(words, tell).replace(_LANGUAGE, name)


def written(path: Path) -> dict[str, Any]:
    """Return the schema in a file as it is written, with its fields like `name_*`."""
    return _descriptor(path.read_text("utf-8"))


@cache
def _descriptor(text: str) -> dict[str, Any]:
    """Return a schema from its YAML: read once for each text. Nobody changes it."""
    descriptor: dict[str, Any] = read_yaml(text)
    return descriptor


def read(path: Path, languages: Sequence[str]) -> dict[str, Any]:
    """Return the schema in a file for a site with these languages, the source first."""
    return expanded(written(path), languages)


def read_all(folder: Path, languages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return every schema of a folder by the name of its table."""
    return {path.stem: read(path, languages) for path in sorted(folder.glob("*.yaml"))}


def expanded(
    descriptor: Mapping[str, Any], languages: Sequence[str], named: Callable[[str], str] = locales.english_name
) -> dict[str, Any]:
    """Return a schema with a column in each language for every field that has several.

    named: what a language is called in titles and descriptions.
    """
    fields = [one for field in descriptor["fields"] for one in _columns(field, languages, named)]
    return {**descriptor, "fields": fields}


def in_words(descriptor: Mapping[str, Any], say: Callable[[str], str]) -> dict[str, Any]:
    """Return a schema as it is written, with its titles and descriptions as `say` has them."""
    fields = [{**field, **{key: say(field[key]) for key in WORDS if key in field}} for field in descriptor["fields"]]
    return {**descriptor, "title": say(descriptor["title"]), "fields": fields}


def _columns(
    field: Mapping[str, Any], languages: Sequence[str], named: Callable[[str], str]
) -> Iterator[dict[str, Any]]:
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
        column["title"] = f"{field['title']} ({named(code)})"
        column["description"] = ColumnDescription(str(field["description"]), code, named(code))
        if code != source and "constraints" in column:
            column["constraints"] = {key: value for key, value in field["constraints"].items() if key != "required"}
        yield column


def with_kinds(descriptor: Mapping[str, Any], kinds: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a schema in which a field with `kinds: place` allows what the table of kinds has; anything where none is.

    kinds: the ids of kinds.csv by what they are a kind of.
    """
    fields = []
    for field in descriptor["fields"]:
        plain = {key: value for key, value in field.items() if key != "kinds"}
        if allowed := kinds.get(str(field.get("kinds", ""))):
            plain["constraints"] = {**field.get("constraints", {}), "enum": list(allowed)}
        fields.append(plain)
    return {**descriptor, "fields": fields}


def several(descriptor: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the beginnings of columns that stand in several languages, like "name_"."""
    names = (str(field["name"]) for field in descriptor["fields"])
    return tuple(name.removesuffix(ANY) for name in names if name.endswith(ANY))
