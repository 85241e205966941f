"""Every page and every question as sound: a recording by staff, else synthetic speech, made once and cached.

A clip is found by what it says: the same text has the same file, in the cache and on the site.
"""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath

from forms.core import form_schema, i18n
from forms.core.files.audio_files import EXTENSIONS, KINDS, AudioFormat, is_recording
from forms.core.files.durable import replaced
from forms.core.form_schema import Definition, Field
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Clip, Portal, SoundFile
from forms.core.problem import Problem
from forms.core.rendering.answers import labelled
from sitegen.content.consent.consent_names import media_name
from sitegen.content.pages import AllPages, PageSource, day_of
from sitegen.layers import lookup
from sitegen.media import shared_clips, speech, spoken_lines

FOLDER = "audio"
"""Recordings: content/media/audio/<language>/<page or form/question>.<ending>. On the site: /audio/<hash>.<ending>."""

_START = f"media/{FOLDER}"

_ADDRESS = re.compile(rf"/{FOLDER}/[0-9a-f]+\.\w+")
_MP3_BYTES_A_SECOND = 24_000 // 8  # its rate is constant, so its size tells its length

KEPT_UNUSED = 86_400
"""Seconds for which a clip is kept that the site does not use."""

Recordings = Mapping[tuple[str, str], Path]
"""Language and key ("signs", "stories/the-advance", "concern/what") to the staff's file."""


@dataclass(frozen=True)
class AudioPipeline:
    """Makes clips. voices: eSpeak NG's voice by language; without `making` only cached clips are used.

    root: of the site, which keeps the lines of its speech and takes what districts share; None where it does neither.
    """

    cache: Path
    out: Path
    voices: Mapping[str, str]
    recordings: Recordings
    making: bool = True
    root: Path | None = None

    def clip(self, language: str, key: str, text: str) -> Clip | None:
        """Return the clip of a page or question, its files put into the site; None where there is none.

        Raises Problem for a recording that cannot be read or a voice that is not there.
        """
        recording = self.recordings.get((language, key))
        voice = self.voices.get(language)
        if recording:
            name = hashlib.sha256(recording.read_bytes()).hexdigest()[:16]
            found = self._is_kept(name) or (self.making and self._write(name, lambda where: _convert(recording, where)))
        elif voice and text:
            name = spoken_lines.name_of(text, voice)
            found = self._is_kept(name)
            if not found and (shared := self._shared(name)):
                return self._published(name, shared)
            found = found or self._put_together(name, text, voice)
        else:
            return None
        return self._published(name) if found else None

    def _paths(self, name: str) -> list[Path]:
        return [self.cache / f"{name}.{kind.ending}" for kind in KINDS]

    def _is_kept(self, name: str) -> bool:
        paths = self._paths(name)
        if not all(path.exists() for path in paths):
            return False
        for path in paths:  # still asked for: `prune` of another build leaves it
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        return True

    def _shared(self, name: str) -> dict[str, bytes]:
        """Return a clip's files by name as districts share them; none where not all of them are there."""
        if not self.root:
            return {}
        taken = {path.name: shared_clips.found(self.root, path.name) for path in self._paths(name)}
        whole = {file: data for file, data in taken.items() if data}
        return whole if len(whole) == len(taken) else {}

    def _put_together(self, name: str, text: str, voice: str) -> bool:
        """Make a clip of its lines; return whether all of them are kept, or may be made.

        Raises Problem where there is no such voice.
        """
        try:
            lines = spoken_lines.found_or_made(self.root, text, voice, making=self.making)
        except speech.NoSuchVoice:
            what = _('there is no voice "%(voice)s".', voice=voice)
            todo = _("Take the code of a language that eSpeak NG speaks, like ta.")
            raise Problem("content/portal.yml, languages, voice", what, todo) from None
        return lines is not None and self._write(name, lambda where: spoken_lines.write(lines, where))

    def _write(self, name: str, write: Callable[[list[tuple[AudioFormat, Path]]], object]) -> bool:
        """Write the files of a clip into the cache, all of them whole or none; return that they are there."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            fresh = [stack.enter_context(replaced(path)) for path in self._paths(name)]
            write(list(zip(KINDS, fresh, strict=True)))
        return True

    def _published(self, name: str, shared: Mapping[str, bytes] | None = None) -> Clip:
        """Put a clip into the site and return it. shared: its files by name; else they are copied from the cache.

        What districts share stays in their store, and is written nowhere but into the site.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        files = []
        for kind, kept in zip(KINDS, self._paths(name), strict=True):
            data, target = (shared or {}).get(kept.name), self.out / kept.name
            if not target.exists():  # a name is a hash of what is said
                shutil.copyfile(kept, target) if data is None else target.write_bytes(data)
            size = kept.stat().st_size if data is None else len(data)
            files.append(SoundFile(f"/{FOLDER}/{kept.name}", kind.media_type, size))
        return Clip(round(files[-1].bytes / _MP3_BYTES_A_SECOND), tuple(files))


def sounds_in(html: str) -> tuple[str, ...]:
    """Return the addresses of all sound on a built page."""
    return tuple(sorted(set(_ADDRESS.findall(html))))


def _convert(recording: Path, where: list[tuple[AudioFormat, Path]]) -> None:
    """Convert a recording for the site. Raises Problem where it is no sound."""
    from forms.core.media import audio  # noqa: PLC0415 - FFmpeg is large, and only a build makes sound

    try:
        audio.convert(recording, where)
    except audio.NotSound:
        what, todo = _("no sound can be read from it."), _("Record it again, or save it as MP3.")
        raise Problem(f"content/media/{FOLDER}/.../{recording.name}", what, todo) from None


def allowed_recordings(content: Path, allowed: Mapping[str, frozenset[str]]) -> Recordings:
    """Return the recordings without those that need a consent which does not cover their language.

    allowed: files that need a consent (their consents.media_name), and the languages that it covers.
    """
    return {
        _language_and_key(file.name): file.path
        for file in _recorded(content)
        if (language := _language_and_key(file.name)[0].lower()) in allowed.get(media_name(file.name), (language,))
    }


def recordings(content: Path) -> Recordings:
    """Return what staff have recorded."""
    return {_language_and_key(file.name): file.path for file in _recorded(content)}


def _recorded(content: Path) -> list[lookup.File]:
    found = lookup.files(content, _START)
    return [file for file in found if is_recording(file.path) and "/" in file.name.removeprefix(f"{_START}/")]


def _language_and_key(name: str) -> tuple[str, str]:
    """Return language and key of a recording by its name, like "media/audio/ta/signs.m4a"."""
    path = PurePosixPath(name).relative_to(_START).with_suffix("")
    language, _, key = path.as_posix().partition("/")
    return language, key


DIGITS = tuple(f"digit/{digit}" for digit in range(10))
"""What a receipt is read out of: its digits one by one."""


def questions() -> dict[str, tuple[Definition, Field]]:
    """Return every question by its key, with its form; a short form asks only what it says in words of its own."""
    forms = [form_schema.load(name) for name in form_schema.names()]
    return {
        f"{form.name}/{field.name}": (form, field)
        for form in forms
        for field in form.fields
        if not form.short_for or field != form_schema.load(form.short_for).field(field.name)
    }


def unrecorded(language: str, pages: Iterable[str], recordings: Recordings) -> list[str]:
    """Return the keys of those pages (by name) and of all questions that nobody has recorded in this language."""
    keys = [*(name.removesuffix(".md") for name in pages), *questions(), *DIGITS]
    return [key for key in keys if (language, key) not in recordings]


def question_text(form: Definition, field: Field, portal: Portal, language: str, today: date) -> str:
    """Return a question as it is said: its label, its help, and the answers that may be chosen."""
    _ = i18n.say(language)
    answers = labelled(form_schema.choices(field, form, portal, today), language)
    said = [_(field.label), _(field.help) if field.help else "", *(label for _, label in answers)]
    return "\n".join(part if part.endswith((".", "?", "।", "!")) else f"{part}." for part in said if part)


def with_questions(
    portal: Portal, audio_pipeline: AudioPipeline, today: date, before_each: Callable[[], object] = lambda: None
) -> Portal:
    """Return the portal with the clips of all questions, digits and desk sentences, in all languages.

    before_each: called before each clip, and may raise: what was made is kept.
    """
    clips: dict[str, dict[str, Clip]] = {}
    for language in portal.language_codes():
        clips[language] = {}
        for key, text in _texts_of(portal, language, today):
            before_each()
            if clip := audio_pipeline.clip(language, key, text):
                clips[language][key] = clip
    return replace(portal, clips=clips)


def _texts_of(portal: Portal, language: str, today: date) -> Iterator[tuple[str, str]]:
    """Yield what is read aloud besides pages: questions, digits and the sentences of desks."""
    for key, (form, field) in questions().items():
        yield key, question_text(form, field, portal, language, today)
    yield from ((key, key[-1]) for key in DIGITS)
    for one in portal.choices.get("phrases", ()):
        yield f"phrase/{one.value}", one.label.get(language, "")


def prune(cache: Path, out: Path, root: Path | None = None) -> None:
    """Delete cached clips that the site in `out` does not use and that no build requested since yesterday.

    Another build may be making the younger ones, or be about to publish them. root: of the site: its lines go too.
    """
    yesterday = time.time() - KEPT_UNUSED
    for path in cache.glob("*"):
        with suppress(FileNotFoundError):
            state = path.stat()
            if max(state.st_atime, state.st_mtime) < yesterday and not (out / path.name).exists():
                path.unlink()
    if root:
        spoken_lines.cut_down(root, {path.stem for path in cache.glob("*")})


def problems(content: Path, library: AllPages, made: Iterable[str] = ()) -> Iterator[Problem]:
    """Yield files among the recordings that would never be heard. made: keys of pages that the build writes itself."""
    known = {name.removesuffix(".md") for name in library.names} | set(questions()) | set(DIGITS) | set(made)
    for file in lookup.files(content, _START):
        where = file.where
        language, key = _language_and_key(file.name)
        if not is_recording(file.path):
            todo = _("Use one of: %(endings)s.", endings=" ".join(sorted(EXTENSIONS)))
            yield Problem(where, _("is not a kind of sound file we know."), todo)
        elif language not in library.by_language or key not in known:
            todo = _("Name it like or/signs.m4a or or/concern/what.m4a.")
            yield Problem(where, _("belongs to no page or question."), todo)


def waiting(content: Path, library: AllPages, voices: Mapping[str, str]) -> Iterator[str]:
    """Yield what has synthetic speech, or none, or a recording older than its text."""
    there = recordings(content)
    for language, pages in library.by_language.items():
        missing = unrecorded(language, pages, there)
        voice = "a machine’s voice" if language in voices else "no voice"
        if missing:
            where = f"content/media/{FOLDER}/{language}"
            yield f"{where}: {len(missing)} texts have {voice} and no recording: python3 build.py check --recordings"
        for page in pages.values():
            if (language, page.name.removesuffix(".md")) in there and _is_old(page):
                yield f"{page.where}: its text is newer than its recording (recorded)."


def _is_old(page: PageSource) -> bool:
    day = day_of(page.meta.get("recorded"))
    return day is None or (page.changed is not None and day < page.changed)
