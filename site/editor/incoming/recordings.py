"""Recordings of pages and questions: the texts that may be read aloud, and importing a recording."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sitegen.content.consent import consent_names, consent_table
from sitegen.content.pages import SOURCE, AllPages
from sitegen.layers import lookup
from sitegen.media import spoken_texts, staff_recordings

from forms.core import i18n
from forms.core.files.audio_files import EXTENSIONS
from forms.core.i18n import gettext_noop as _
from forms.core.media import decoder_process
from forms.core.problem import Problem

MAX_RECORDING_SIZE = 25 * 1024 * 1024
"""Bytes of a recording: ten minutes as phones record have 10 MB."""

EXTENSION = ".opus"
_FOLDER = f"media/{staff_recordings.FOLDER}"


@dataclass(frozen=True)
class Reading:
    """A text that may be read aloud: a page, or a question of a form. file: its recording, if any."""

    key: str
    title: str
    file: Path | None = None
    consents: tuple[str, ...] = ()


def all_readings(content: Path, library: AllPages, language: str) -> list[Reading]:
    """Return the texts that may be read aloud in a language: pages first, then questions and digits."""
    recorded = staff_recordings.find(content)
    return [
        Reading(key, title, recorded.get((language, key)), consents_of(content, language, key))
        for key, title in _texts(library, language)
    ]


def _texts(library: AllPages, language: str) -> Iterator[tuple[str, str]]:
    for name, page in sorted(library.by_language.get(SOURCE, {}).items()):
        if not page.generated:
            found = library.by_language.get(language, {}).get(name, page)
            yield name.removesuffix(".md"), found.title
    for key, (_form, field) in spoken_texts.questions().items():
        yield key, i18n.translator(language)(field.label)
    yield from ((key, key[-1]) for key in spoken_texts.DIGITS)


def consents_of(content: Path, language: str, key: str) -> tuple[str, ...]:
    """Return the ids of the consents that name a recording of this text, with any extension; also withdrawn ones."""
    name = consent_names.media_name(f"{staff_recordings.FOLDER}/{language}/{key}")
    rows = [row for row in consent_table.read_leniently(content).rows if isinstance(row, dict)]
    return tuple(str(row.get("id", "")) for row in rows if name in {*map(_without_extension, _media_names(row))})


def _media_names(row: dict[str, str]) -> frozenset[str]:
    return consent_names.media_names(row.get("media") or "")


def _without_extension(name: str) -> str:
    """Return the name of a file without its extension, if that is one of audio."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending}" in EXTENSIONS else name


def path_of(content: Path, language: str, key: str) -> Path:
    """Return the path of a new recording; the path of the existing one, which it replaces.

    Raises Problem for a path behind a symbolic link.
    """
    existing = [
        file
        for file in lookup.files(content, _FOLDER)
        if _without_extension(file.name) == f"{_FOLDER}/{language}/{key}"
    ]
    path = content / (existing[0].name if existing else f"{_FOLDER}/{language}/{key}{EXTENSION}")
    if any(step.is_symlink() for step in (path, *path.parents) if step.is_relative_to(content) and step != content):
        raise Problem(_FOLDER, _("is a link to another place."), _("Put the folder itself there."))
    return path


def to_opus(name: str, data: bytes) -> bytes:
    """Return a recording as Opus in Ogg without metadata, converted in the confined decoder. Raises Problem."""
    if len(data) > MAX_RECORDING_SIZE:
        raise Problem(
            name, _("This is more than can be taken at once."), _("Save it as MP3 or M4A, or make it shorter.")
        )
    try:
        head, sound = decoder_process.decode("reading", data)
    except decoder_process.NoDecoderFree:
        raise Problem(name, _("was not read: other files are being read."), _("Do it once more.")) from None
    except decoder_process.DecoderFailed:
        head, sound = {}, b""
    if head.get("problem") == "long":
        what = _("is longer than ten minutes.")  # attachments.MAX_READING_SECONDS
        raise Problem(name, what, _("Make the text shorter, or read it faster: few listen that long."))
    if not sound:
        raise Problem(name, _("No sound can be read from it."), _("Record it again, or save it as MP3."))
    return sound
