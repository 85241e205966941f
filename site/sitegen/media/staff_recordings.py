"""What staff have recorded: content/media/audio/<language>/<page or form/question>.<ending>."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from forms.core.files.audio_files import EXTENSIONS, is_recording
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.consent.consent_names import media_name
from sitegen.content.pages import AllPages, PageSource, day_of
from sitegen.layers import lookup
from sitegen.media.spoken_texts import DIGITS, questions

FOLDER = "audio"
"""The folder of content/media with the recordings."""

_START = f"media/{FOLDER}"

Recordings = Mapping[tuple[str, str], Path]
"""Language and key ("signs", "stories/the-advance", "concern/what") to the staff's file."""


def find(content: Path) -> Recordings:
    """Return all recordings."""
    return {_language_and_key(file.name): file.path for file in _files(content)}


def find_allowed(content: Path, allowed: Mapping[str, frozenset[str]]) -> Recordings:
    """Return the recordings without those whose consent does not cover their language.

    allowed: files that need a consent (their consents.media_name), and the languages that it covers.
    """
    return {
        _language_and_key(file.name): file.path
        for file in _files(content)
        if (language := _language_and_key(file.name)[0].lower()) in allowed.get(media_name(file.name), (language,))
    }


def _files(content: Path) -> list[lookup.File]:
    files = lookup.files(content, _START)
    return [file for file in files if is_recording(file.path) and "/" in file.name.removeprefix(f"{_START}/")]


def _language_and_key(name: str) -> tuple[str, str]:
    """Return language and key of a recording by its name, like "media/audio/ta/signs.m4a"."""
    path = PurePosixPath(name).relative_to(_START).with_suffix("")
    language, _, key = path.as_posix().partition("/")
    return language, key


def unrecorded(language: str, pages: Iterable[str], recordings: Recordings) -> list[str]:
    """Return the keys of these pages (by name) and of all questions without a recording in this language."""
    keys = [*(name.removesuffix(".md") for name in pages), *questions(), *DIGITS]
    return [key for key in keys if (language, key) not in recordings]


def problems(content: Path, library: AllPages, extra_keys: Iterable[str] = ()) -> Iterator[Problem]:
    """Yield a problem for each file among the recordings that no page would play.

    extra_keys: keys of pages that the build writes itself, and of short clips.
    """
    keys = {name.removesuffix(".md") for name in library.names} | set(questions()) | set(DIGITS) | set(extra_keys)
    for file in lookup.files(content, _START):
        language, key = _language_and_key(file.name)
        if not is_recording(file.path):
            todo = _("Use one of: %(endings)s.", endings=" ".join(sorted(EXTENSIONS)))
            yield Problem(file.where, _("is not a kind of sound file we know."), todo)
        elif language not in library.by_language or key not in keys:
            todo = _("Name it like or/signs.m4a or or/concern/what.m4a.")
            yield Problem(file.where, _("belongs to no page or question."), todo)


def warnings(content: Path, library: AllPages, voices: Mapping[str, str]) -> Iterator[str]:
    """Yield how many texts of each language have no recording, and each recording that is older than its text."""
    recordings = find(content)
    for language, pages in library.by_language.items():
        missing = unrecorded(language, pages, recordings)
        voice = "a machine’s voice" if language in voices else "no voice"
        if missing:
            where = f"content/media/{FOLDER}/{language}"
            yield f"{where}: {len(missing)} texts have {voice} and no recording: python3 build.py check --recordings"
        for page in pages.values():
            if (language, page.name.removesuffix(".md")) in recordings and _is_outdated(page):
                yield f"{page.where}: its text is newer than its recording (recorded)."


def _is_outdated(page: PageSource) -> bool:
    """Return whether a page changed after the day of its recording, or names no such day."""
    day = day_of(page.meta.get("recorded"))
    return day is None or (page.changed is not None and day < page.changed)
