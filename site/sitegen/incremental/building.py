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
from sitegen.interruption import GivenUp, go_on_unless

if TYPE_CHECKING:  # where nothing changed none of it is needed, and loading it takes longer than everything else
    from sitegen.incremental.drawn import Drawn
    from sitegen.incremental.edits import Edit

LOCK = Path(".build") / "build.lock"
"""Held by the program that builds a project: two at once would write into one twin and record each other's site."""

MAX_WAIT = 3600.0
"""Seconds to wait for another build: longer than a large district's first one takes with all its speech."""

MAX_EDITED = 200
"""Edited pages after which everything is built, so that the record stays small."""


@dataclass(frozen=True)
class BuildOutcome:
    """What a build did. pages: how many were drawn; whole: whether everything was built."""

    pages: int
    seconds: float
    warnings: tuple[str, ...] = ()
    whole: bool = True


@dataclass
class Builder:
    """Builds a project into a folder, one program at a time. Keeps the record of the last build in memory.

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
    """Called while speech is made; once it returns true, `build` raises GivenUp, so that an edit is built first."""
    started: int = field(default_factory=time.time_ns)
    """When this process started (ns): it runs the program of then."""

    _record: Record | None = None
    _stored: Stored | None = None
    """The file of that record, as this process read or wrote it: another program may build, or remove it."""
    _comparison: tuple[Inputs, Changes] | None = field(default=None, repr=False)
    """The result of `is_up_to_date`, where the site was as recorded: for the build that follows at once."""
    _trusts_site: bool = False
    """Whether that comparison left the site out, so that each of its files is compared before it is written."""
    _site_verified: bool = False
    """Whether this process found all of the site and its twin as recorded, or made them so, and no other has built."""
    _drawn: "Drawn | None" = field(default=None, repr=False)
    _drawn_file: str = ""

    def take_record(self, last: Record, stored: Stored | None) -> None:
        """Take a record of the last build that was just read. stored: its file."""
        self._record, self._stored, self._site_verified = last, stored, False

    def preload(self) -> None:
        """Load what an edit needs, so that the first edit under `serve` is no slower than those that follow."""
        last = self._last_record()
        drawn = self._content_of(last) if last else None
        if drawn:
            from sitegen.incremental import writing  # noqa: PLC0415 - not needed where nothing changed

            self._keep_compiled()
            writing.draw_some(self.root, drawn.context)

    def verify_site(self) -> None:
        """Compare all of the site and its twin with the record, so that later edits compare only what they write."""
        last = self._last_record()
        if last is not None and not self._site_verified:
            twin = trees.twin_of(self.out)
            self._site_verified = trees.matches(self.out, last.site) and trees.matches(twin, last.twin)

    def last_inputs(self) -> Inputs | None:
        """Return the input files of the last build."""
        last = self._last_record()
        return last.inputs if last else None

    def _last_record(self) -> Record | None:
        """Return the record of the last build, read again where another program has written or removed it."""
        stored = record.stored(self.root)
        if self._record is None or stored != self._stored:
            self._record, self._stored, self._site_verified = record.load(self.root), stored, False
        return self._record

    def _content_of(self, last: Record) -> "Drawn | None":
        """Return what the pages of a build were drawn from, or None."""
        if self._drawn is None or self._drawn_file != last.drawn:
            from sitegen.incremental.drawn import load  # noqa: PLC0415 - not needed where nothing changed

            self._drawn, self._drawn_file = load(self.root, last), last.drawn
        return self._drawn

    def is_up_to_date(
        self,
        today: date,
        *,
        speak: bool,
        compress: bool,
        sign: bool,
        now: Inputs | None = None,
        changed: tuple[Inputs, Changes] | None = None,
        trust_site: bool = False,
    ) -> bool:
        """Return whether nothing has changed since the last build, without reading keys, settings or pages.

        now: the input files, where they were just scanned; changed: the same with their changes, where all else was
        compared too; trust_site: whether to compare only what will be written of a site that this process has built.
        """
        self._comparison = None
        last = self._last_record()
        if last is None or not last.has_all(speak=speak, compress=compress, sign=sign):
            return False
        self._trusts_site = trust_site and self._site_verified
        self._comparison = changed or as_built.changed_inputs(
            self.root, self.out, self.handover, last,
            today=today, key_files=self.key_files, now=now, trust_site=self._trusts_site,
        )  # fmt: skip
        self._site_verified = self._trusts_site and self._comparison is not None
        return self._comparison is not None and not self._comparison[1]

    def build(self, today: date, *, speak: bool, compress: bool, again: bool = False) -> BuildOutcome | None:
        """Build what changed; None where nothing has. Raises Problem or Problems, and then the old site stays.

        speak: make speech that is not in the cache; compress: write compressed copies; again: build everything. Waits
        while another program builds this project, and then compares everything again. Raises GivenUp: see `given_up`.
        """
        with self._build_lock() as waited:
            day = self.clock() if waited and self.clock else today  # a day may have passed meanwhile
            return self._build(day, speak=speak, compress=compress, again=again)

    @contextmanager
    def _build_lock(self) -> Iterator[bool]:
        """Hold the lock of this project's builds; yield whether another program held it before.

        While it waits, what has no consent any more leaves the site. Raises Problem where it waited too long, OSError.
        """
        path = self.root / LOCK
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            waited = not _lock(path, stack)
            if waited:
                self.say("Another program builds this site at the moment. This one goes on when that is done ...")
                self._comparison = None  # the other build has outdated it
                self._wait_for(path, stack)
            yield waited

    def _wait_for(self, path: Path, stack: ExitStack) -> None:
        """Wait for another program that builds. Raises Problem where it does not end, OSError."""
        try:
            stack.enter_context(locked_within(path, MAX_WAIT, self._purge_meanwhile))
        except AlreadyLocked:
            raise held_too_long(path, "builds this site") from None

    def _purge_meanwhile(self) -> None:
        with suppress(OSError, Problems):  # the site is being replaced; problems are reported by the build
            self.purge()

    def _build(self, today: date, *, speak: bool, compress: bool, again: bool) -> BuildOutcome | None:
        started = time.monotonic()
        compared, self._comparison = self._comparison, None
        last = None if again else self._usable_record(today)
        now, changes = compared or self._compare(last.inputs if last else None)
        if last and not (compared or trees.matches(self.out, last.site)):
            has_all = last.has_all(speak=speak, compress=compress, sign=self.sign is not None)
            if has_all and not changes and self._restore_from_twin(last, now):
                return BuildOutcome(0, time.monotonic() - started, whole=False)
            last = None
        pages = self._build_texts(last, now, changes, speak=speak) if last else 0
        if last and (pages or not changes) and last.has_all(speak=speak, compress=compress, sign=self.sign is not None):
            if pages:
                return BuildOutcome(pages, time.monotonic() - started, whole=False)
            last.key_files = self.key_files
            self._save(last)
            return None
        if pages:
            self.say(f"{pages} pages are new on the site. What else was asked for follows ...")
        return self._build_all(now, today, started, speak=speak, compress=compress)

    def _build_texts(self, last: Record, now: Inputs, changes: Changes, *, speak: bool) -> int:
        """Build where only texts were edited, or their speech is due; return how many pages were drawn, else 0."""
        speech = speak and last.spoken  # else all speech is made after the texts
        is_due = bool(changes) or bool(speech and last.silent)
        return self._build_edit(last, now, changes, speak=speech) if is_due and not changes.others else 0

    def has_current_consents(self, today: date) -> bool:
        """Return whether the site was built on this day, from the records of consents as they are now."""
        last = self._last_record()
        return last is not None and last.day == today and inputs.consents_are_as(self.root, last.inputs)

    def _terms(self, today: date) -> str:
        """Return what a build depends on besides files, as text."""
        keys, unprotected = sorted(self.keys.items()), sorted(self.unprotected)
        return repr((sys.version, str(self.out), str(self.handover), keys, unprotected, today))

    def _compare(self, before: Inputs | None) -> tuple[Inputs, Changes]:
        now = inputs.scan(self.root, before)
        return now, inputs.changes(before, now)

    def _usable_record(self, today: date) -> Record | None:
        """Return the record of the last build, if it was made on the same terms."""
        last = self._last_record()
        same = last is not None and last.terms == self._terms(today)
        return last if last and same and last.handed and inputs.state_at(self.handover) == last.handed else None

    def _restore_from_twin(self, last: Record, now: Inputs) -> bool:
        """Put the twin in the place of a site that was removed or changed; return whether it could be used."""
        twin = trees.twin_of(self.out)
        if not last.twin or not trees.matches(twin, trees.with_files(last.twin, last.site)):
            return False
        if not self._consents_hold(now, last.day):
            return False
        swap(twin, self.out)
        last.site, last.inputs, last.key_files = trees.with_files(last.twin, last.site), now, self.key_files
        self._make_twin(last)
        if not self._consents_hold(now, last.day):
            self.purge()  # a withdrawal may have looked at each folder under the other's name
            self._forget()
            return False
        self._save(last)
        return True

    def _make_twin(self, last: Record) -> None:
        """Make a twin for the next edit; where the file system has no hard links there is none."""
        twin, last.twin = trees.twin_of(self.out), {}
        try:
            last.twin = trees.link_all(self.out, twin, last.site)
        except OSError:
            shutil.rmtree(twin, ignore_errors=True)

    def _build_edit(self, last: Record, now: Inputs, changes: Changes, *, speak: bool) -> int:
        """Build an edit of texts; return how many pages were drawn, 0 where everything must be built.

        speak: with its speech, and that of earlier edits. Raises Problems for a page that is refused, GivenUp.
        """
        trust_site, self._trusts_site = self._trusts_site, False
        if last.edits > MAX_EDITED:
            return 0
        if inputs.is_program_unchanged(self.root, changes):
            kept_work.take_mark(last.mark)
        drawn = self._content_of(last)
        try:
            return self._write_edit(last, drawn, now, changes, trust_site=trust_site, speak=speak) if drawn else 0
        except (Problems, GivenUp):
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong, the build of everything reports it
            self._forget()
            return 0

    def _write_edit(
        self, last: Record, drawn: "Drawn", now: Inputs, changes: Changes, *, trust_site: bool, speak: bool
    ) -> int:
        """Write what changed beside the site, then switch.

        Raises Problems for a page that is refused, GivenUp, OSError where no switch is possible.
        """
        from sitegen.incremental import edits, writing  # noqa: PLC0415 - not needed where nothing changed
        from sitegen.publish.addresses import known_pages  # noqa: PLC0415

        previous = last.edited_pages()
        edit = edits.edit_of(self.root, previous, drawn, changes.edited, last.silent if speak else frozenset())
        if edit is None or edits.breaks_links(edit):
            return 0
        if problems := list(edits.problems(edit)):
            raise Problems(problems)  # nothing is written yet, and the record still holds
        program = self._keep_compiled()
        if speak:
            writing.make_speech(edit, go_on_unless(self.given_up))
        twin = trees.twin_of(self.out)
        if not (trust_site or trees.matches(twin, last.twin)):
            last.twin = trees.link_all(self.out, twin, last.site)
        work = writing.Writing(edit, last, drawn.sounds, twin, self.sign, self.out if trust_site else None, speak)
        pages = work.write()
        known_pages.record_edited(self.root / "content", edit.after.library, {name for _, name in edit.edited})
        if not self._still_holds(now, last.day) or not exchange(twin, self.out):
            raise OSError  # a consent changed meanwhile, or the system cannot exchange two names
        if not self._still_holds(now, last.day):
            raise OSError  # a withdrawal may have looked at each folder under the other's name
        program.save(whole=True)
        self._record_exchange(last, twin, work.paths)
        last.set_edited_pages({**previous, **edit.edited})
        last.signed = self.sign is not None
        last.silent = _silent_after(last, edit, speak=speak)
        inputs.refresh(now, self.root / "content")
        inputs.mark_changed(now, [*changes.edited, *(str(self.root / "content" / name) for name in inputs.READ_AFTER)])
        last.inputs = now
        self._save(last)
        return pages

    def _keep_compiled(self) -> kept_work.KeptWork:
        """Cache compiled templates and catalogues of words; return the cache."""
        from forms.core import i18n  # noqa: PLC0415
        from forms.core.rendering.environment import COMPILED  # noqa: PLC0415

        program = kept_work.at(self.root, kept_work.PROGRAM)
        i18n.keep_compiled(kept_work.code_mark(), program)
        COMPILED.keep_in(kept_work.code_mark(), program)
        return program

    def _still_holds(self, now: Inputs, today: date) -> bool:
        """Return whether consents are unchanged, and nothing was withdrawn: a withdrawal removes the record."""
        return record.stored(self.root) == self._stored and self._consents_hold(now, today)

    def _consents_hold(self, now: Inputs, today: date) -> bool:
        """Return whether consents are unchanged, and it is still the day of this build: by day, they end."""
        return inputs.consents_are_as(self.root, now) and (self.clock is None or self.clock() == today)

    def _save(self, last: Record) -> None:
        self._stored, self._site_verified = record.save(self.root, last), True

    def _record_exchange(self, last: Record, twin: Path, paths: Collection[str]) -> None:
        """Record the exchange of site and twin, and bring the twin up to date for the next edit."""
        last.site, last.twin = trees.exchanged_records(last.site, last.twin)
        trees.link(self.out, twin, paths)
        trees.refresh(self.out, last.site, paths)
        trees.refresh(twin, last.twin, paths, files=False)

    def _forget(self) -> None:
        self._record = self._drawn = self._stored = None
        self._site_verified = False
        record.forget(self.root)
        shutil.rmtree(trees.twin_of(self.out), ignore_errors=True)

    def _build_all(self, now: Inputs, today: date, started: float, *, speak: bool, compress: bool) -> BuildOutcome:
        from sitegen import build as whole  # noqa: PLC0415 - large, and not needed where nothing changed
        from sitegen.incremental.drawn import Drawn, save, sounds_of  # noqa: PLC0415

        gc.enable()  # commands/unchanged.py turns it off
        self.purge()  # first: no problem elsewhere may keep a withdrawn story on the site
        if inputs.changed_program(now, self.started):
            kept_work.stand_apart()
            self.say("The program itself was changed while it runs. Start it anew, and everything is built with it.")
        self.say("Building the site ...")
        content = self.root / "content"
        built = whole.build(
            self.root, self.out, keys=self.keys, today=today, say=self.say, handover=self.handover, speak=speak,
            compress=compress, unprotected=self.unprotected, sign=self.sign,
            remembered=lambda: inputs.refresh(now, content, inputs.READ_AFTER), clock=self.clock,
            given_up=self.given_up if speak else lambda: False,
        )  # fmt: skip
        if not self._consents_hold(now, today):
            self.purge()  # a withdrawal during the build may have changed the old site only
        inputs.refresh(now, content)
        self._forget()
        with suppress(OSError):
            inputs.mark_all_changed(now, self.root, self.started)
            made = Drawn(built.context, built.written, sounds_of(self.out, built.context))
            self._record = Record(
                self._terms(today), str(self.out), self.key_files, today, now, trees.scan(self.out),
                save(self.root, made), spoken=speak, compressed=compress, signed=self.sign is not None,
                handed=inputs.state_at(self.handover), mark=kept_work.code_mark(),
            )  # fmt: skip
            self._drawn, self._drawn_file = made, self._record.drawn
            self._make_twin(self._record)
            self._save(self._record)
        if not self._consents_hold(now, today):
            self.purge()  # a withdrawal just now may have looked for the twin before it was there
            self._forget()
        return BuildOutcome(built.pages, time.monotonic() - started, built.warnings)


def _silent_after(last: Record, edit: "Edit", *, speak: bool) -> frozenset[tuple[str, str]]:
    """Return the pages that lack their speech after an edit. speak: whether it made the speech of its pages."""
    if speak or not (edit.after.audio_pipeline and edit.after.audio_pipeline.voices):
        return last.silent - {*edit.drawn}
    return last.silent | {*edit.drawn}


def _lock(path: Path, stack: ExitStack) -> bool:
    """Lock a file; return False where another program holds it. Raises Problem, OSError.

    Replaces a file of another user that no program holds. Where the file system has no locks, return True.
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
