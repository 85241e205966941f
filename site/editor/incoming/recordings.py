"""Recordings of pages and questions: what may be read aloud, whose voice is there, and a new one taken in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sitegen.content.consent import consent_names, consent_table
from sitegen.content.pages import SOURCE, AllPages
from sitegen.layers import lookup
from sitegen.media import audio_clips

from forms.core import i18n
from forms.core.files.audio_files import EXTENSIONS
from forms.core.i18n import gettext_noop as _
from forms.core.media import decoder_process
from forms.core.problem import Problem

LARGEST = 25 * 1024 * 1024
"""Bytes of a recording: ten minutes as phones record have 10 MB."""

ENDING = ".opus"
_FOLDER = f"media/{audio_clips.FOLDER}"


@dataclass(frozen=True)
class Reading:
    """A text that may be read aloud: a page, or a question of a form. file: its recording, None where there is none."""

    key: str
    title: str
    file: Path | None = None
    consents: tuple[str, ...] = ()


def every(content: Path, library: AllPages, language: str) -> list[Reading]:
    """Return what may be read aloud in a language: pages first, then questions and what they say beside."""
    there = audio_clips.recordings(content)
    return [
        Reading(key, title, there.get((language, key)), consents_of(content, language, key))
        for key, title in _texts(library, language)
    ]


def _texts(library: AllPages, language: str) -> Iterator[tuple[str, str]]:
    for name, page in sorted(library.by_language.get(SOURCE, {}).items()):
        if not page.generated:
            found = library.by_language.get(language, {}).get(name, page)
            yield name.removesuffix(".md"), found.title
    for key, (_form, field) in audio_clips.questions().items():
        yield key, i18n.say(language)(field.label)
    yield from ((key, key[-1]) for key in audio_clips.DIGITS)


def consents_of(content: Path, language: str, key: str) -> tuple[str, ...]:
    """Return the rows of consents that name a recording of this text, whatever its ending: also withdrawn ones."""
    name = consent_names.media_name(f"{audio_clips.FOLDER}/{language}/{key}")
    rows = [row for row in consent_table.read_leniently(content).rows if isinstance(row, dict)]
    return tuple(str(row.get("id", "")) for row in rows if name in {*map(_bare, _media(row))})


def _media(row: dict[str, str]) -> frozenset[str]:
    return consent_names.media_names(row.get("media") or "")


def _bare(name: str) -> str:
    """Return the name of a file without its ending, where it is one of sound."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending}" in EXTENSIONS else name


def path_of(content: Path, language: str, key: str) -> Path:
    """Return the place of a new recording: where one is already, the same name, so that it takes its place.

    Raises Problem for a place behind a link.
    """
    there = [file for file in lookup.files(content, _FOLDER) if _bare(file.name) == f"{_FOLDER}/{language}/{key}"]
    path = content / (there[0].name if there else f"{_FOLDER}/{language}/{key}{ENDING}")
    if any(step.is_symlink() for step in (path, *path.parents) if step.is_relative_to(content) and step != content):
        raise Problem(_FOLDER, _("is a link to another place."), _("Put the folder itself there."))
    return path


def cleaned(name: str, data: bytes) -> bytes:
    """Return a recording as Opus in Ogg: nothing but sound, made in the confined decoder. Raises Problem."""
    if len(data) > LARGEST:
        raise Problem(
            name, _("This is more than can be taken at once."), _("Save it as MP3 or M4A, or make it shorter.")
        )
    try:
        head, sound = decoder_process.decode("reading", data)
    except decoder_process.NoneFree:
        raise Problem(name, _("was not read: other files are being read."), _("Do it once more.")) from None
    except decoder_process.Failed:
        head, sound = {}, b""
    if head.get("problem") == "long":
        what = _("is longer than ten minutes.")  # attachments.LONGEST_READING
        raise Problem(name, what, _("Make the text shorter, or read it faster: few listen that long."))
    if not sound:
        raise Problem(name, _("No sound can be read from it."), _("Record it again, or save it as MP3."))
    return sound
