"""A build of what changed since the last one: nothing, an edit of texts, or everything."""

import gc
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from forms.core.files.folder_swap import exchange, swap
from forms.core.files.locks import AlreadyLocked, held_too_long, is_held, locked_if_possible, locked_within
from forms.core.problem import Problem, Problems
from sitegen import kept_work
from sitegen.incremental import as_built, inputs, record, trees
from sitegen.incremental.inputs import Changes, Inputs
from sitegen.incremental.record import Record, Stored

if TYPE_CHECKING:  # where nothing changed none of it is needed, and loading it takes longer than everything else
    from sitegen.incremental.drawn import Drawn

LOCK = Path(".build") / "build.lock"
"""Held by whoever builds a project: two at once would write into one twin, and record each other's site."""

LONGEST_WAIT = 3600.0
"""Seconds to wait for another build: longer than the first one of a large district takes with all its speech."""

MOST_EDITED = 200
"""Edited pages after which everything is built, so that the record stays small."""


@dataclass(frozen=True)
class BuildOutcome:
    """What was done. pages: how many were drawn; none where nothing had changed."""

    pages: int
    seconds: float
    warnings: tuple[str, ...] = ()
    whole: bool = True


@dataclass
class Builder:
    """Builds a project into a folder, one program at a time. Keeps the record of the last build in memory too.

    say, keys, unprotected, sign: as for `sitegen.build.build`; key_files: the state of the files of those keys; purge:
    takes what has no consent out of the site.
    """

    root: Path
    out: Path
    handover: Path
    say: Callable[[str], None]
    purge: Callable[[], None]
    keys: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    key_files: str = ""
    unprotected: Collection[str] = ()
    sign: Callable[[bytes], str] | None = None
    clock: Callable[[], date] | None = None
    """Returns the day in the district: consents end, and pages of events change, also while this waits or builds."""
    given_up: Callable[[], bool] = lambda: False
    """Asked while speech is made, whether something else is to be built first: then `build` raises GivenUp."""
    started: int = field(default_factory=time.time_ns)
    """When this process was (ns): it runs the program of then."""

    _record: Record | None = None
    _stored: Stored | None = None
    """The file of that record, as this process read or wrote it: another program may build, or forget it."""
    _looked: tuple[Inputs, Changes] | None = field(default=None, repr=False)
    """What `is_as_built` has just seen, where the site was as recorded: for the build that follows at once."""
    _near: bool = False
    """Whether the site was then looked at only where it will be written."""
    _sure: bool = False
    """Whether this process saw all of the site and its twin as recorded, or made them so; nobody has built since."""
    _drawn: "Drawn | None" = field(default=None, repr=False)
    _drawn_file: str = ""

    def start_from(self, last: Record, stored: Stored | None) -> None:
        """Take the record of the last build from whoever has just read it, and from which file."""
        self._record, self._stored, self._sure = last, stored, False

    def make_ready(self) -> None:
        """Load what an edit needs: `serve` does it before anybody edits, so that the first edit is no slower."""
        last = self._known()
        drawn = self._drawn_of(last) if last else None
        if drawn:
            from sitegen.incremental import writing  # noqa: PLC0415 - not needed where nothing changed

            self._keep_compiled()
            writing.draw_some(self.root, drawn.context)

    def make_sure(self) -> None:
        """Look at all of the site and its twin, so that the edits that follow look only where they write."""
        last = self._known()
        if last is not None and not self._sure:
            twin = trees.twin_of(self.out)
            self._sure = trees.is_as(self.out, last.site) and trees.is_as(twin, last.twin)

    def known_inputs(self) -> Inputs | None:
        """Return the input files as the last build saw them."""
        last = self._known()
        return last.inputs if last else None

    def _known(self) -> Record | None:
        """Return the record of the last build, read anew where another program wrote or removed it."""
        stored = record.stored(self.root)
        if self._record is None or stored != self._stored:
            self._record, self._stored, self._sure = record.load(self.root), stored, False
        return self._record

    def _drawn_of(self, last: Record) -> "Drawn | None":
        """Return what the pages of this build were drawn from, or None."""
        if self._drawn is None or self._drawn_file != last.drawn:
            from sitegen.incremental.drawn import load  # noqa: PLC0415 - not needed where nothing changed

            self._drawn, self._drawn_file = load(self.root, last), last.drawn
        return self._drawn

    def is_as_built(
        self,
        today: date,
        *,
        speak: bool,
        compress: bool,
        sign: bool,
        now: Inputs | None = None,
        found: tuple[Inputs, Changes] | None = None,
        near: bool = False,
    ) -> bool:
        """Return whether nothing has changed since the last build, without reading keys, settings or pages.

        now: the input files, where somebody has just looked at them; found: the same with all else that counts; near:
        whether this process has built the site as it is, so that it is looked at only where it will be written.
        """
        self._looked = None
        last = self._known()
        if last is None or not last.has_all(speak=speak, compress=compress, sign=sign):
            return False
        self._near = near and self._sure
        self._looked = found or as_built.changes_beside(
            self.root, self.out, self.handover, last,
            today=today, key_files=self.key_files, now=now, near=self._near,
        )  # fmt: skip
        self._sure = self._near and self._looked is not None
        return self._looked is not None and not self._looked[1]

    def build(self, today: date, *, speak: bool, compress: bool, again: bool = False) -> BuildOutcome | None:
        """Build what changed; None where nothing has. Raises Problem or Problems, and then the old site stays.

        speak: make speech that is not kept yet; compress: write compressed copies; again: build everything. Waits
        while another program builds this project, and then looks at everything anew. Raises GivenUp: see `given_up`.
        """
        with self._alone() as waited:
            day = self.clock() if waited and self.clock else today  # it may have become another one meanwhile
            return self._build(day, speak=speak, compress=compress, again=again)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold this project's builds for this program; yield whether it waited for another's end.

        What has no consent any more leaves the site while it waits. Raises Problem where it waited too long, OSError.
        """
        path = self.root / LOCK
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            waited = not _taken(path, stack)
            if waited:
                self.say("Another program builds this site at the moment. This one goes on when that is done ...")
                self._looked = None  # it is of before
                self._wait_for(path, stack)
            yield waited

    def _wait_for(self, path: Path, stack: ExitStack) -> None:
        """Wait for another program that builds. Raises Problem where it does not end, OSError."""
        try:
            stack.enter_context(locked_within(path, LONGEST_WAIT, self._purge_meanwhile))
        except AlreadyLocked:
            raise held_too_long(path, "builds this site") from None

    def _purge_meanwhile(self) -> None:
        with suppress(OSError, Problems):  # the site is being replaced; or it is said when this program builds
            self.purge()

    def _build(self, today: date, *, speak: bool, compress: bool, again: bool) -> BuildOutcome | None:
        started = time.monotonic()
        looked, self._looked = self._looked, None
        last = None if again else self._last(today)
        now, changes = looked or self._look(last.inputs if last else None)
        if last and not (looked or trees.is_as(self.out, last.site)):
            asked = last.has_all(speak=speak, compress=compress, sign=self.sign is not None)
            if asked and not changes and self._put_back(last, now):
                return BuildOutcome(0, time.monotonic() - started, whole=False)
            last = None
        pages = 0
        if last and changes and not changes.others:
            pages = self._edited(last, now, changes)
        done = last is not None and (pages or not changes)
        if done and last and last.has_all(speak=speak, compress=compress, sign=self.sign is not None):
            if not pages:
                last.key_files = self.key_files
                self._save(last)
            return BuildOutcome(pages, time.monotonic() - started, whole=False) if pages else None
        if pages:
            self.say(f"{pages} pages are new on the site. What else was asked for follows ...")
        return self._whole(now, today, started, speak=speak, compress=compress)

    def knows_consents(self, today: date) -> bool:
        """Return whether the site was last built on this day, from the records of consents as they are now."""
        last = self._known()
        return last is not None and last.day == today and inputs.consents_are_as(self.root, last.inputs)

    def _terms(self, today: date) -> str:
        """Return what a build depends on besides files, as text."""
        keys, unprotected = sorted(self.keys.items()), sorted(self.unprotected)
        return repr((sys.version, str(self.out), str(self.handover), keys, unprotected, today))

    def _look(self, before: Inputs | None) -> tuple[Inputs, Changes]:
        now = inputs.look(self.root, before)
        return now, inputs.changes(before, now)

    def _last(self, today: date) -> Record | None:
        """Return the record of the last build, if it was made on the same terms."""
        last = self._known()
        same = last is not None and last.terms == self._terms(today)
        return last if last and same and last.handed and inputs.state_at(self.handover) == last.handed else None

    def _put_back(self, last: Record, now: Inputs) -> bool:
        """Let the twin take the place of a site that is gone or was changed; return whether it was fit for that."""
        twin = trees.twin_of(self.out)
        if not last.twin or not trees.is_as(twin, trees.of_twin(last.twin, last.site)):
            return False
        if not self._consents_count(now, last.day):
            return False
        swap(twin, self.out)
        last.site, last.inputs, last.key_files = trees.of_twin(last.twin, last.site), now, self.key_files
        self._make_twin(last)
        if not self._consents_count(now, last.day):
            self.purge()  # a withdrawal may have looked at each folder under the other's name
            self._forget()
            return False
        self._save(last)
        return True

    def _make_twin(self, last: Record) -> None:
        """Make the twin ready for the next edit; where the file system has no links there is none."""
        twin, last.twin = trees.twin_of(self.out), {}
        try:
            last.twin = trees.link_all(self.out, twin, last.site)
        except OSError:
            shutil.rmtree(twin, ignore_errors=True)

    def _edited(self, last: Record, now: Inputs, changes: Changes) -> int:
        """Build an edit of texts; return how many pages were drawn, 0 where everything must be built."""
        near, self._near = self._near, False
        if last.edits > MOST_EDITED:
            return 0
        drawn = self._drawn_of(last)
        try:
            return self._write(last, drawn, now, changes, near=near) if drawn else 0
        except Problems:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong: everything is built, and says it
            self._forget()
            return 0

    def _write(self, last: Record, drawn: "Drawn", now: Inputs, changes: Changes, *, near: bool) -> int:
        """Write what changed beside the site, then switch.

        Raises Problems for a page that is refused, OSError where no switch is possible.
        """
        from sitegen.incremental import edits, writing  # noqa: PLC0415 - not needed where nothing changed
        from sitegen.publish.addresses import known_pages  # noqa: PLC0415

        edited = last.edited_pages()
        edit = edits.taken(self.root, edited, drawn, changes.edited)
        if edit is None or edits.breaks_links(edit):
            return 0
        if wrong := list(edits.problems(edit)):
            raise Problems(wrong)  # nothing is written yet, and the record still holds
        program = self._keep_compiled()
        twin = trees.twin_of(self.out)
        if not (near or trees.is_as(twin, last.twin)):
            last.twin = trees.link_all(self.out, twin, last.site)
        work = writing.Writing(edit, last, drawn.sounds, twin, self.sign, self.out if near else None)
        pages = work.write()
        known_pages.record_edited(self.root / "content", edit.after.library, {name for _, name in edit.written})
        if not self._still_counts(now, last.day) or not exchange(twin, self.out):
            raise OSError  # a consent changed meanwhile, or the system cannot exchange names
        if not self._still_counts(now, last.day):
            raise OSError  # a withdrawal may have looked at each folder under the other's name
        program.save(whole=True)
        self._take_up(last, twin, work.paths)
        last.take_edited({**edited, **edit.written})
        last.signed = self.sign is not None
        last.spoken = last.spoken and not (edit.after.audio_pipeline and edit.after.audio_pipeline.voices)
        inputs.look_again(now, self.root / "content")
        inputs.distrust(now, [*changes.edited, *(str(self.root / "content" / name) for name in inputs.READ_AFTER)])
        last.inputs = now
        self._save(last)
        return pages

    def _keep_compiled(self) -> kept_work.KeptWork:
        """Have templates and words kept as they are compiled; return where."""
        from forms.core import i18n  # noqa: PLC0415
        from forms.core.rendering.environment import COMPILED  # noqa: PLC0415

        program = kept_work.at(self.root, kept_work.PROGRAM)
        i18n.keep_compiled(kept_work.code_mark(), program)
        COMPILED.keep_in(kept_work.code_mark(), program)
        return program

    def _still_counts(self, now: Inputs, today: date) -> bool:
        """Return whether consents are as they were, and nobody took anything off the site: that forgets the record."""
        return record.stored(self.root) == self._stored and self._consents_count(now, today)

    def _consents_count(self, now: Inputs, today: date) -> bool:
        """Return whether consents are as they were, and it is still the day of this build: each may have ended."""
        return inputs.consents_are_as(self.root, now) and (self.clock is None or self.clock() == today)

    def _save(self, last: Record) -> None:
        self._stored, self._sure = record.save(self.root, last), True

    def _take_up(self, last: Record, twin: Path, paths: Collection[str]) -> None:
        """Record what the exchange did, and make the twin ready for the next edit."""
        last.site, last.twin = trees.exchanged(last.site, last.twin)
        trees.link(self.out, twin, paths)
        trees.take_up(self.out, last.site, paths)
        trees.take_up(twin, last.twin, paths, files=False)

    def _forget(self) -> None:
        self._record = self._drawn = self._stored = None
        self._sure = False
        record.forget(self.root)
        shutil.rmtree(trees.twin_of(self.out), ignore_errors=True)

    def _whole(self, now: Inputs, today: date, started: float, *, speak: bool, compress: bool) -> BuildOutcome:
        from sitegen import build as whole  # noqa: PLC0415 - large, and not needed where nothing changed
        from sitegen.incremental.drawn import Drawn, save, sounds_of  # noqa: PLC0415

        gc.enable()  # `build` looks without it whether anything changed (commands/unchanged.py)
        self.purge()  # first: nothing that is wrong elsewhere may keep a withdrawn story on the site
        if inputs.changed_program(now, self.started):
            kept_work.stand_apart()
            self.say("The program itself was changed while it runs. Start it anew, and everything is built with it.")
        self.say("Building the site ...")
        content = self.root / "content"
        built = whole.build(
            self.root, self.out, keys=self.keys, today=today, say=self.say, handover=self.handover, speak=speak,
            compress=compress, unprotected=self.unprotected, sign=self.sign,
            remembered=lambda: inputs.look_again(now, content, inputs.READ_AFTER), clock=self.clock,
            given_up=self.given_up if speak else lambda: False,
        )  # fmt: skip
        if not self._consents_count(now, today):
            self.purge()  # who withdrew while this was built may have looked at the old site only
        inputs.look_again(now, content)
        self._forget()
        with suppress(OSError):
            inputs.distrust_all(now, self.root, self.started)
            made = Drawn(built.context, built.written, sounds_of(self.out, built.context))
            self._record = Record(
                self._terms(today), str(self.out), self.key_files, today, now, trees.look(self.out),
                save(self.root, made), spoken=speak, compressed=compress, signed=self.sign is not None,
                handed=inputs.state_at(self.handover),
            )  # fmt: skip
            self._drawn, self._drawn_file = made, self._record.drawn
            self._make_twin(self._record)
            self._save(self._record)
        if not self._consents_count(now, today):
            self.purge()  # who withdrew just now may have looked for the twin before that stood there
            self._forget()
        return BuildOutcome(built.pages, time.monotonic() - started, built.warnings)


def _taken(path: Path, stack: ExitStack) -> bool:
    """Lock a file; return False where another program holds it. Raises Problem, OSError.

    One that another user left is put aside when nobody holds it: this user may write in its folder. Where the file
    system has no locks each goes on, as if nobody else built.
    """
    if path.exists() and not os.access(path, os.W_OK):
        if is_held(path):
            todo = "Wait until that build is done, or ask whoever runs it; then type the same again."
            raise Problem(str(path), "belongs to another user, whose program builds this site and holds it.", todo)
        path.unlink()
    try:
        stack.enter_context(locked_if_possible(path))
    except AlreadyLocked:
        return False
    return True
