"""The words of the programs in one language, as the district says them: content/words/<language>.po over ours.

The file has only what the district says otherwise, or what the program lacks. A word that could break a page or act in
it is refused here, and passed over wherever the file is read (forms/core/i18n/own_words.py).
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
"""Where words stand that no reader of the site meets."""


@dataclass(frozen=True)
class Word:
    """A sentence of the programs; ours: what the program says, own: the district, each "" or () where it has none.

    public: whether readers of the site meet it.
    """

    english: Forms
    ours: Forms
    own: Forms
    public: bool

    @property
    def said(self) -> Forms:
        """What is shown now, with as many forms as the language has for it."""
        return self.own or self.ours


def path_of(store: ContentStore, language: str) -> Path:
    """Return the file of the district's words. Raises Problem where a link is in the way."""
    store.page(language, "index.md")  # a language of this site
    return within(store.content, word_files.path_of(store.content, language))


def text_of(store: ContentStore, language: str) -> tuple[str, str]:
    """Return the district's words, or a library's where it has none of its own, and the state of its own file."""
    path = path_of(store, language)
    text, base = store.read(path)
    return text or store.inherited(path), base


def every(text: str, language: str) -> Iterator[Word]:
    """Yield the words of all programs but the desk's own, those first that readers meet. Raises Problem."""
    own = _in_file(text, language)
    found = []
    for domain in extraction.OF_DISTRICTS:
        ours = i18n.catalog(language, domain.folder)
        may_be_public = domain is extraction.PUBLIC
        words = (message for message in extraction.template(domain) if message.id)
        found += [_word(message, ours, own, language, may_be_public) for message in words]
    return iter(sorted(found, key=lambda word: not word.public))


def _in_file(text: str, language: str) -> Mapping[str, Forms]:
    """Return what the district's file says, by the English; also what is not whole yet, which nobody is shown.

    Raises Problem where it cannot be read.
    """
    try:
        found = [message for message in own_words.catalog_of(text, language) if message.id and not message.fuzzy]
        return {_forms(message.id)[0]: said for message in found if any(said := _forms(message.string))}
    except own_words.NotWords as error:
        todo = "Put an older copy of it back, on the page History."
        raise Problem(f"words/{language}.po", f"cannot be read ({error}).", todo) from None


def _word(message: object, ours: Catalog, own: Mapping[str, Forms], language: str, may_be_public: bool) -> Word:
    english = _forms(getattr(message, "id", ""))
    known = ours.get(english[0])
    said = _forms(known.string) if known and not known.fuzzy else ()
    places = [str(place) for place, _ in getattr(message, "locations", ())]
    public = may_be_public and any(not place.startswith(_OF_STAFF) for place in places)
    count = own_words.plural_count(language) if len(english) > 1 else 1
    mine = own.get(english[0])
    return Word(english, _padded(said, count), _padded(mine, count) if mine else (), public)


def _padded(said: Forms, count: int) -> Forms:
    return (*said, *[""] * count)[:count]


def _forms(text: object) -> Forms:
    return tuple(map(str, text)) if isinstance(text, (list, tuple)) else (str(text or ""),)


def with_word(text: str, language: str, word: Word, said: Forms) -> str:
    """Return the district's words with one of them. What is said as the program says it takes no room there.

    Raises Problem for a word that could break a page, saying why.
    """
    if all(said) and (why := own_words.reason_unusable(word.english, said, language)):
        todo = "Keep what stands in %( )s and in < >, and write everything else in your language."
        raise Problem(f'words/{language}.po, "{word.english[0][:60]}"', f"{why}.", todo)
    own = () if said == word.ours else said
    return own_words.with_words(text, language, {word.english: own})
