"""A build of what changed since the last one: nothing, an edit of texts, or everything."""

import shutil
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from forms.core.files.folder_swap import exchange
from sitegen.content.district import DeskKeys
from sitegen.content.pages import address_of
from sitegen.incremental import inputs, record, trees
from sitegen.incremental.inputs import Changes, Inputs
from sitegen.incremental.record import Drawn, Record
from sitegen.media import audio_clips
from sitegen.publish.build_manifest import Sign
from sitegen.render.context import Context

MOST_EDITED = 200
"""Edited pages after which everything is built, so that the record stays small."""


@dataclass(frozen=True)
class Outcome:
    """What was done. pages: how many were drawn; none where nothing had changed."""

    pages: int
    seconds: float
    warnings: tuple[str, ...] = ()
    whole: bool = True


@dataclass
class Builder:
    """Builds a project into a folder. Keeps the record of the last build in memory too, for the next one.

    say, keys, unprotected, sign: as for `sitegen.build.build`; purge: takes what has no consent out of the site.
    """

    root: Path
    out: Path
    handover: Path
    say: Callable[[str], None]
    purge: Callable[[], None]
    keys: DeskKeys = field(default_factory=dict)
    unprotected: Collection[str] = ()
    sign: Sign | None = None
    _record: Record | None = None
    _drawn: Drawn | None = field(default=None, repr=False)

    def build(self, today: date, *, speak: bool, compress: bool, again: bool = False) -> Outcome | None:
        """Build what changed; None where nothing has. Raises Problem or Problems, and then the old site stays.

        speak: make speech that is not kept yet; compress: write compressed copies; again: build everything.
        """
        started = time.monotonic()
        last = None if again else self._last(today)
        now, changes = inputs.look(self.root, last.inputs if last else None)
        pages = 0
        if last and changes and not changes.others:
            pages = self._edited(last, now, changes)
        done = last is not None and (pages or not changes)
        if (
            done
            and last
            and (last.compressed or not compress)
            and (last.spoken or not speak)
            and (last.signed or not self.sign)
        ):
            return Outcome(pages, time.monotonic() - started, whole=False) if pages else None
        if pages:
            self.say(f"{pages} pages are new on the site. What else was asked for follows ...")
        return self._whole(now, today, started, speak=speak, compress=compress)

    def knows_consents(self, today: date) -> bool:
        """Return whether the site was last built on this day, from the records of consents as they are now."""
        if self._record is None:
            self._record = record.load(self.root)
        last = self._record
        return last is not None and last.day == today and inputs.consents_are_as(self.root, last.inputs)

    def _terms(self, today: date) -> str:
        """Return what a build depends on besides files, as text."""
        keys, unprotected = sorted(self.keys.items()), sorted(self.unprotected)
        return repr((sys.version, str(self.out), str(self.handover), keys, unprotected, today))

    def _last(self, today: date) -> Record | None:
        """Return the record of the last build, if the site stands as it left it."""
        if self._record is None:
            self._record = record.load(self.root)
        last = self._record
        fits = last is not None and last.terms == self._terms(today) and self.handover.exists()
        return last if fits and last and trees.is_as(self.out, last.site) else None

    def _edited(self, last: Record, now: Inputs, changes: Changes) -> int:
        """Build an edit of texts; return how many pages were drawn, 0 where everything must be built."""
        if len(last.edited) > MOST_EDITED:
            return 0
        if self._drawn is None:
            self._drawn = record.load_drawn(self.root, last)
        try:
            return self._write(last, self._drawn, now, changes) if self._drawn else 0
        except Exception:  # noqa: BLE001 - whatever is wrong: everything is built, and says it
            self._forget()
            return 0

    def _write(self, last: Record, drawn: Drawn, now: Inputs, changes: Changes) -> int:
        from sitegen.incremental import edits, writing  # noqa: PLC0415 - not needed where nothing changed
        from sitegen.publish import moved_pages  # noqa: PLC0415

        edit = edits.taken(self.root, last, drawn, changes.edited)
        if edit is None or edits.breaks_links(edit) or any(edits.problems(edit)):
            return 0
        twin = trees.twin_of(self.out)
        if not trees.is_as(twin, last.twin):
            trees.link_all(self.out, twin)
            last.twin = trees.look(twin)
        work = writing.Writing(edit, last, drawn, self.out, twin, self.sign)
        pages = work.write()
        moved_pages.remember_edited(self.root / "content", edit.after.library, {name for _, name in edit.written})
        if not inputs.consents_are_as(self.root, now) or not exchange(twin, self.out):
            raise OSError  # a consent changed meanwhile, or the system cannot exchange names
        self._take_up(last, twin, work.paths)
        last.edited |= edit.written
        last.signed = self.sign is not None
        last.spoken = last.spoken and not (edit.after.audio_pipeline and edit.after.audio_pipeline.voices)
        inputs.look_again(now, self.root / "content")
        last.inputs = now
        record.save(self.root, last)
        return pages

    def _take_up(self, last: Record, twin: Path, paths: Collection[str]) -> None:
        """Record what the exchange did, and make the twin ready for the next edit."""
        last.site, last.twin = last.twin, last.site
        trees.link(self.out, twin, paths)
        trees.take_up(self.out, last.site, paths)
        trees.take_up(twin, last.twin, paths)

    def _forget(self) -> None:
        self._record = self._drawn = None
        record.forget(self.root)
        shutil.rmtree(trees.twin_of(self.out), ignore_errors=True)

    def _whole(self, now: Inputs, today: date, started: float, *, speak: bool, compress: bool) -> Outcome:
        from sitegen import build as whole  # noqa: PLC0415 - large, and not needed where nothing changed

        self._forget()
        self.purge()  # first: nothing that is wrong elsewhere may keep a withdrawn story on the site
        self.say("Building the site ...")
        built = whole.build(
            self.root, self.out, keys=self.keys, today=today, say=self.say, handover=self.handover, speak=speak,
            compress=compress, unprotected=self.unprotected, sign=self.sign,
        )  # fmt: skip
        inputs.look_again(now, self.root / "content")
        with suppress(OSError):
            site = trees.look(self.out)
            self._record = Record(self._terms(today), now, site, {}, "", today, spoken=speak, compressed=compress)
            self._record.signed = self.sign is not None
            self._drawn = Drawn(built.context, built.written, _sounds(self.out, built.context))
            record.save(self.root, self._record, self._drawn)
        return Outcome(built.pages, time.monotonic() - started, built.warnings)


def _sounds(out: Path, context: Context) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the sound of each page that has any."""
    if not (out / audio_clips.FOLDER).exists():
        return {}
    found = {}
    for code in context.portal.language_codes():
        for name in context.library.names:
            page = out / code / address_of(name) / "index.html"
            if sounds := audio_clips.sounds_in(page.read_text(encoding="utf-8")):
                found[code, name] = sounds
    return found
