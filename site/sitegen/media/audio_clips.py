"""Every page and every question as sound: a recording by staff, else synthetic speech, made once and cached.

A clip's files are named by a hash of its text or recording, in the cache and on the site.
"""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from forms.core.files.audio_files import KINDS, AudioFormat
from forms.core.files.durable import atomic_replacement
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Clip, Portal, SoundFile
from forms.core.problem import Problem
from sitegen import interruption
from sitegen.interruption import GoOn
from sitegen.media import shared_clips, speech, spoken_lines, staff_recordings
from sitegen.media.spoken_texts import texts_besides_pages
from sitegen.media.staff_recordings import Recordings

FOLDER = "audio"
"""On the site: /audio/<hash>.<ending>."""

_ADDRESS = re.compile(rf"/{FOLDER}/[0-9a-f]+\.\w+")
_MP3_BYTES_A_SECOND = 24_000 // 8  # of constant bit rate: its size gives its length

KEEP_UNUSED = 86_400
"""Seconds for which the cache keeps a clip that the site does not use."""


@dataclass(frozen=True)
class AudioPipeline:
    """Makes clips. voices: eSpeak NG's voice by language; without `can_make` only cached clips are used.

    root: of the site, whose cache of spoken lines and whose shared clips are used; None to use neither. go_on: called
    before each clip and before each line that is spoken, and may raise GivenUp; what was made stays in the cache.
    """

    cache: Path
    out: Path
    voices: Mapping[str, str]
    recordings: Recordings
    can_make: bool = True
    root: Path | None = None
    go_on: GoOn = interruption.go_on

    def clip(self, language: str, key: str, text: str) -> Clip | None:
        """Write the files of a page's or question's clip into the site, and return it; None where there is none.

        Raises Problem for a recording that cannot be read, or a voice that eSpeak NG does not have, GivenUp.
        """
        self.go_on()
        recording = self.recordings.get((language, key))
        voice = self.voices.get(language)
        if recording:
            name = hashlib.sha256(recording.read_bytes()).hexdigest()[:16]
            is_made = self._is_cached(name) or (
                self.can_make and self._write(name, lambda targets: _convert(recording, targets))
            )
        elif voice and text:
            name = spoken_lines.name_of(text, voice)
            is_made = self._is_cached(name)
            if not is_made and (shared := self._shared_files(name)):
                return self._publish(name, shared)
            is_made = is_made or self._speak(name, text, voice)
        else:
            return None
        return self._publish(name) if is_made else None

    def _paths(self, name: str) -> list[Path]:
        return [self.cache / f"{name}.{kind.ending}" for kind in KINDS]

    def _is_cached(self, name: str) -> bool:
        """Return whether all files of a clip are cached, and mark them as used."""
        paths = self._paths(name)
        if not all(path.exists() for path in paths):
            return False
        for path in paths:  # as used now, so that `prune` of another build leaves it
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        return True

    def _shared_files(self, name: str) -> dict[str, bytes]:
        """Return the files by name of a clip that districts share; none unless all of them are there."""
        if not self.root:
            return {}
        files = {path.name: shared_clips.find_clip(self.root, path.name) for path in self._paths(name)}
        existing = {file: data for file, data in files.items() if data}
        return existing if len(existing) == len(files) else {}

    def _speak(self, name: str, text: str, voice: str) -> bool:
        """Make a clip from the lines of its text; return False where a line is not cached and cannot be made.

        Raises Problem where there is no such voice.
        """
        try:
            lines = spoken_lines.lines_for(self.root, text, voice, can_make=self.can_make, go_on=self.go_on)
        except speech.NoSuchVoice:
            what = _('there is no voice "%(voice)s".', voice=voice)
            todo = _("Take the code of a language that eSpeak NG speaks, like ta.")
            raise Problem("content/portal.yml, languages, voice", what, todo) from None
        return lines is not None and self._write(name, lambda targets: spoken_lines.write(lines, targets))

    def _write(self, name: str, write: Callable[[list[tuple[AudioFormat, Path]]], object]) -> bool:
        """Write the files of a clip into the cache, all or none; return True."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            targets = [stack.enter_context(atomic_replacement(path)) for path in self._paths(name)]
            write(list(zip(KINDS, targets, strict=True)))
        return True

    def _publish(self, name: str, shared: Mapping[str, bytes] | None = None) -> Clip:
        """Write a clip into the site and return it. shared: its files by name; else they are copied from the cache.

        Shared clips stay in the shared store: the cache gets no copy of them.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        files = []
        for kind, cached in zip(KINDS, self._paths(name), strict=True):
            data, target = (shared or {}).get(cached.name), self.out / cached.name
            if not target.exists():  # the name is a hash, so an existing file has the same content
                shutil.copyfile(cached, target) if data is None else target.write_bytes(data)
            size = cached.stat().st_size if data is None else len(data)
            files.append(SoundFile(f"/{FOLDER}/{cached.name}", kind.media_type, size))
        return Clip(round(files[-1].bytes / _MP3_BYTES_A_SECOND), tuple(files))


def sounds_in(html: str) -> tuple[str, ...]:
    """Return the addresses of all sound files in the HTML of a page."""
    return tuple(sorted(set(_ADDRESS.findall(html))))


def _convert(recording: Path, targets: list[tuple[AudioFormat, Path]]) -> None:
    """Convert a recording for the site. Raises Problem where it is no sound."""
    from forms.core.media import audio  # noqa: PLC0415 - FFmpeg is large, and only builds make sound

    try:
        audio.convert(recording, targets)
    except audio.NotSound:
        what, todo = _("no sound can be read from it."), _("Record it again, or save it as MP3.")
        raise Problem(f"content/media/{staff_recordings.FOLDER}/.../{recording.name}", what, todo) from None


def with_questions(portal: Portal, audio_pipeline: AudioPipeline, today: date) -> Portal:
    """Return the portal with the clips of all questions, digits and desk sentences, in all languages.

    Raises Problem and GivenUp, as the pipeline does.
    """
    clips: dict[str, dict[str, Clip]] = {}
    for language in portal.language_codes():
        clips[language] = {}
        for key, text in texts_besides_pages(portal, language, today):
            if clip := audio_pipeline.clip(language, key, text):
                clips[language][key] = clip
    return replace(portal, clips=clips)


def prune(cache: Path, out: Path, root: Path | None = None) -> None:
    """Delete cached clips that the site in `out` does not use and that no build has used since yesterday.

    Another build may be making newer ones, or be about to publish them. root: of the site whose spoken lines are
    pruned too.
    """
    yesterday = time.time() - KEEP_UNUSED
    for path in cache.glob("*"):
        with suppress(FileNotFoundError):
            state = path.stat()
            if max(state.st_atime, state.st_mtime) < yesterday and not (out / path.name).exists():
                path.unlink()
    if root:
        spoken_lines.prune(root, {path.stem for path in cache.glob("*")})
