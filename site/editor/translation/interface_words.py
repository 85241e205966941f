"""The messages of the programs in one language, which a district may override: content/words/<language>.po.

The file has only messages that the district words differently or that the program lacks. A message that could break a
page or run in it is refused here, and ignored wherever the file is read (forms/core/i18n/own_words.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from sitegen.languages import word_files

from editor.paths import within
from editor.saving.store import ContentStore
from forms.core import i18n
from forms.core.i18n import extraction, own_words
from forms.core.i18n.own_words import Forms
from forms.core.problem import Problem

_OF_STAFF = ("site/editor/", "forms/web/", "forms/desk/", "forms/operations/")
"""Source folders whose messages no reader of the site sees."""


@dataclass(frozen=True)
class Word:
    """A message of the programs. builtin: its translation in the program; own: the district's; each empty for none.

    public: whether readers of the site see it.
    """

    english: Forms
    builtin: Forms
    own: Forms
    public: bool

    @property
    def current(self) -> Forms:
        """The translation that is shown now, with as many plural forms as the language has."""
        return self.own or self.builtin


def path_of(store: ContentStore, language: str) -> Path:
    """Return the path of the district's words. Raises Problem where a symbolic link is on the way."""
    store.page(language, "index.md")  # raises Problem for an unknown language
    return within(store.content, word_files.path_of(store.content, language))


def text_of(store: ContentStore, language: str) -> tuple[str, str]:
    """Return the text of the district's words, else of a library's, and the id of the district's own file."""
    path = path_of(store, language)
    text, base = store.read(path)
    return text or store.inherited(path), base


def all_words(text: str, language: str) -> Iterator[Word]:
    """Yield the messages of all programs, those that readers of the site see first. Raises Problem."""
    own = _in_file(text, language)
    words: list[Word] = []
    for domain in extraction.OF_DISTRICTS:
        builtin = i18n.catalog(language, domain.folder)
        may_be_public = domain is extraction.PUBLIC
        messages = (message for message in extraction.template(domain) if message.id)
        words += [_word(message, builtin, own, language, may_be_public) for message in messages]
    return iter(sorted(words, key=lambda word: not word.public))


def _in_file(text: str, language: str) -> Mapping[str, Forms]:
    """Return the district's translations by the English message; also incomplete ones, which are not shown.

    Raises Problem where it cannot be read.
    """
    try:
        messages = [message for message in own_words.catalog_of(text, language) if message.id and not message.fuzzy]
        return {_forms(message.id)[0]: forms for message in messages if any(forms := _forms(message.string))}
    except own_words.NotWords as error:
        todo = "Put an older copy of it back, on the page History."
        raise Problem(f"words/{language}.po", f"cannot be read ({error}).", todo) from None


def _word(
    message: object, builtin_catalog: Catalog, own: Mapping[str, Forms], language: str, may_be_public: bool
) -> Word:
    english = _forms(getattr(message, "id", ""))
    entry = builtin_catalog.get(english[0])
    builtin = _forms(entry.string) if entry and not entry.fuzzy else ()
    places = [str(place) for place, _ in getattr(message, "locations", ())]
    public = may_be_public and any(not place.startswith(_OF_STAFF) for place in places)
    count = own_words.plural_count(language) if len(english) > 1 else 1
    override = own.get(english[0])
    return Word(english, _padded(builtin, count), _padded(override, count) if override else (), public)


def _padded(forms: Forms, count: int) -> Forms:
    return (*forms, *[""] * count)[:count]


def _forms(text: object) -> Forms:
    return tuple(map(str, text)) if isinstance(text, (list, tuple)) else (str(text or ""),)


def with_word(text: str, language: str, word: Word, forms: Forms) -> str:
    """Return the district's words with one of them changed. A translation like the program's is left out.

    Raises Problem for a translation that could break a page.
    """
    if all(forms) and (why := own_words.reason_unusable(word.english, forms, language)):
        todo = "Keep what stands in %( )s and in < >, and write everything else in your language."
        raise Problem(f'words/{language}.po, "{word.english[0][:60]}"', f"{why}.", todo)
    own = () if forms == word.builtin else forms
    return own_words.with_words(text, language, {word.english: own})
