"""A desk with its key in memory: all that a window or a command does. Locking forgets what was opened.

What staff do is sealed and durable on this machine first, then brought to the server; while that is away it waits in
the outbox. So nothing is lost, and two machines of a desk come to hold the same log.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from forms.core.encryption import part_id, seal_file
from forms.core.files.durable import write_or_complain
from forms.core.handover_version import Unreadable
from forms.core.ids import is_id
from forms.core.media import attachments
from forms.core.portal import MOST_ERASED_DAYS, Desk, Portal, parse
from forms.core.problem import Problem
from forms.core.signing import sign, signing_key
from forms.core.trusted_date import TrustedDate
from forms.desk.cases.acknowledgement import Acknowledged, opened, sent_answers
from forms.desk.cases.arrivals import Arrivals
from forms.desk.cases.case import TOLD_STATES, Case, cases, read_day
from forms.desk.cases.case_log import Entry, heads, new_entry, sealed_entry, statement_of
from forms.desk.cases.erasure import ErasureRequest, ErasureRequests, is_proof, visible
from forms.desk.cases.export import exported
from forms.desk.cases.handover import Sharing, desk_for
from forms.desk.cases.index import Index
from forms.desk.cases.search import alike
from forms.desk.cases.verification import Verifier
from forms.desk.crypto import keys
from forms.desk.crypto.answers import (
    NoKey,
    Voice,
    cleaned_voice,
    sealed_acknowledgement,
    sealed_answer,
    sealed_voice,
)
from forms.desk.crypto.copies import Signer, read_any_mark
from forms.desk.crypto.decryption import Identities, Letter, open_letter, open_part, open_sealed
from forms.desk.crypto.pinned_keys import KEY, SIGNING, KeyChange, PinnedKeys
from forms.desk.sync.client import NotThere, Refused, Server, ServerAway
from forms.desk.sync.date_file import DayFile
from forms.desk.sync.fetching import CONFLICTS, Conflict, conflicts, fetch_entries, fetch_letters, fetch_voices, opener
from forms.desk.sync.local_store import DELETION, LocalStore
from forms.desk.sync.outbox import Outbox
from forms.desk.sync.statements import Statements
from forms.desk.watch.site_watch import SiteWatch


@dataclass(frozen=True)
class Place:
    """One desk on this machine: its id, its folder, its server's address."""

    name: str
    folder: Path
    address: str

    def server(self) -> Server:
        """Return the server, with this desk's token."""
        return Server(self.address, keys.token(self.folder), keys.old_tokens(self.folder))


@dataclass(frozen=True)
class Synced:
    """What a visit to the server brought: letters and entries that are new, parcels sent and still waiting.

    erased: cases that are gone for good because the person asked; asked: cases for which that was proven just now.
    away: a sentence where the server could not be reached, else empty. wrong: letters that came damaged.
    outdated: a sentence where this program is too old to read what the server says of the portal, else empty.
    """

    new: int = 0
    sent: int = 0
    waiting: int = 0
    away: str = ""
    erased: int = 0
    wrong: int = 0
    asked: int = 0
    outdated: str = ""


class Session:
    """An unlocked desk. Its methods raise Problem with a sentence; nothing is half done then."""

    def __init__(self, here: Place, identities: Identities, today: Callable[[], date] = date.today) -> None:
        self._here, self._identities, self._today = here, identities, today
        self.local_store = LocalStore(here.folder)
        self._days = DayFile(here.folder)
        self._requests = ErasureRequests(here.folder)
        self.outbox = Outbox(self.local_store, here.server)
        self._busy = threading.RLock()
        self._index: Index | None = Index(self.local_store, identities)
        self._cases: tuple[Case, ...] | None = None
        self._alike: Mapping[str, tuple[str, ...]] | None = None
        self._alike_of: frozenset[tuple[str, bool]] = frozenset()
        self._portal: Portal | None = None
        self._pinned: PinnedKeys | None = None
        self._member = ""

    @classmethod
    def unlock(cls, here: Place, passphrase: str | None, today: Callable[[], date] = date.today) -> "Session":
        """Return the desk, opened with its passphrase (None for a demonstration key). Raises Problem."""
        return cls(here, keys.identities(here.folder, lambda: passphrase or ""), today)

    def lock(self) -> None:
        """Forget all that was opened, and the key."""
        with self._busy:
            self._index, self._identities = None, ()
            self._cases = self._alike = None

    @property
    def desk(self) -> str:
        """Return this desk's id."""
        return self._here.name.partition("/")[0]

    @property
    def folder(self) -> Path:
        """Return the folder of this desk's files."""
        return self._here.folder

    @property
    def address(self) -> str:
        """The server's."""
        return self._here.address

    @property
    def server(self) -> Server:
        """The server, with this desk's token."""
        return self._here.server()

    @property
    def identities(self) -> Identities:
        """The keys of this machine, the present one first."""
        return self._identities

    @property
    def portal(self) -> Portal:
        """The portal as last fetched. Raises Problem where it was never fetched."""
        if self._portal is None:
            path = self.folder / "portal.json"
            if not path.exists():
                self._fetch_portal()
            self._portal = parse(path.read_bytes(), str(path))
        return self._portal

    @property
    def own_desk(self) -> Desk:
        """Return this desk as the portal publishes it, or as it is pinned here. Raises Problem where there is none."""
        found = self.portal.named([self.desk]) or [one for one in self.pinned.desks() if one.id == self.desk]
        if not found:
            todo = "Compare content/portal.yml, build the site again, and fetch."
            raise Problem(f"desk {self.desk}", "is not a desk of this portal.", todo)
        return found[0]

    @property
    def member(self) -> str:
        """Return whose machine this is: the member of the desk that has this key."""
        mine = {str(identity.to_public()) for identity in self._identities}
        found = next((one.who for one in self.pinned.all_keys(self.desk) if one.what == KEY and one.text in mine), "")
        return found or self._here.name

    @property
    def today(self) -> date:
        """The day that this machine's clock shows."""
        return self._today()

    @property
    def pinned(self) -> PinnedKeys:
        """The keys of all desks as this machine knows them; remembered now if this is the first use. Raises Problem."""
        if self._pinned is None:
            here_before = [id for folder in ("entries", "letters", "parts") for id in self.local_store.ids(folder)]
            self._pinned = PinnedKeys.load(self.folder) or PinnedKeys.first_use(
                self.folder, self.portal.desks, here_before, self._today()
            )
        return self._pinned

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """The public signing keys of this machine, the present one first."""
        return tuple(keys.signing_line(identity) for identity in self._identities)

    @property
    def _signer(self) -> Signer:
        """Return who signs here: by the key that the others know, until the portal has the new one."""
        known = self.pinned.present_signing_keys(self.desk, self.member)
        chosen = next((one for one in self._identities if keys.signing_line(one) in known), self._identities[0])
        return Signer(self.desk, self.member, signing_key(str(chosen)), self._today().isoformat())

    @property
    def known_day(self) -> TrustedDate:
        """What this machine knows of the day: what is old goes by it."""
        return self._days.look(self._today())

    # Reading

    def cases(self) -> tuple[Case, ...]:
        """Return all cases, newest first, but those that rest until they are erased."""
        with self._busy:
            if self._cases is None:
                self._cases = visible(self._all_cases(), self._requests.all())
            return self._cases

    def _all_cases(self) -> list[Case]:
        index = self._opened_index()
        index.refresh()
        days = self.portal.days_kept("answer_days")
        verifier = self.verifier
        proven, unproven = verifier.split(index.entries())
        return cases(index.letters(), proven, days, unproven, verifier.provenance)

    @property
    def verifier(self) -> Verifier:
        """What this machine checks signatures by. Raises Problem."""
        return Verifier(self.pinned, self.desk, self.member, frozenset(self.signing_keys))

    def resting(self) -> dict[str, date]:
        """Return the ids of cases that the person has asked to be erased, and the day on which each goes for good."""
        days = self.portal.erased_days
        return {id: one.last_day(days) for id, one in self._requests.all().items() if one.proven}

    def unproven_request(self, case_id: str) -> ErasureRequest | None:
        """Return a request to erase this case which nobody has proven with its receipt, or None."""
        request = self._requests.of(case_id)
        return request if request and not request.proven else None

    def dismiss_request(self, case_id: str) -> None:
        """Forget a request that is not proven: the case stays. Raises Problem where there is no such case."""
        with self._busy:
            self.case(case_id)
            if self.unproven_request(case_id):
                self._requests.forget(case_id)

    def case(self, case_id: str) -> Case:
        """Return one case. Raises Problem where there is none of this id."""
        if last_day := self.resting().get(case_id):
            what = f"The person asked that it be erased. It goes for good on {last_day}."
            raise Problem(case_id, what, "Nothing needs to be done.")
        found = next((case for case in self.cases() if case.id == case_id), None)
        if found is None:
            raise Problem(case_id, "There is no such case here.", "It may be erased, or not fetched yet.")
        return found

    def alike(self) -> Mapping[str, tuple[str, ...]]:
        """Return cases that look alike, by case."""
        with self._busy:
            found = self.cases()
            letters = frozenset((case.id, case.first is not None) for case in found)
            if self._alike is None or letters != self._alike_of:  # entries change nothing of what was told
                self._alike, self._alike_of = alike(found), letters
            return self._alike

    def part(self, part_id: str) -> tuple[str, bytes]:
        """Return a photo or recording of a letter: its media type and its content, made anew in a process of its own.

        Raises Problem where it is not here, or holds nothing that can be shown safely.
        """
        kind, content = open_part(self.local_store.read("parts", part_id), self._identities)
        if kind not in attachments.MOST:
            raise Problem("part", "It is neither a photo nor a recording.", "Leave it.")
        try:
            clean = attachments.clean(kind, content)
        except attachments.NotTaken as wrong:
            if wrong.code == "busy":
                raise Problem("part", "Other photos and recordings are being opened.", "Load the page again.") from None
            todo = "It may be damaged or made to do harm. It stays sealed; export the case if it must be looked at."
            raise Problem("part", f"It cannot be shown safely ({wrong.code}).", todo) from None
        return clean.media_type, clean.content

    def unreadable(self) -> tuple[str, ...]:
        """Return the ids of letters and entries here that do not open with this machine's keys."""
        self.cases()
        return self._opened_index().unreadable()

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return other versions that came for letters and parts which are here; they change nothing."""
        return tuple(conflicts(self.local_store))

    def _opened_index(self) -> Index:
        if self._index is None:
            raise Problem("desk", "is locked.", "Type the passphrase.")
        return self._index

    # Fetching and bringing

    def sync(self) -> Synced:
        """Bring what waits here, fetch what waits there. Where the server is away nothing is lost, and it says so.

        A portal that cannot be read (this desk is older than its server) keeps no letter from being fetched.
        The public site is visited last, so that nobody waits for it.
        """
        synced = self._sync()
        if not synced.away:
            with suppress(Problem):
                self.watch_site()
        return synced

    def _sync(self) -> Synced:
        with self._busy:
            sent = new = wrong = 0
            away = outdated = ""
            self._days.look(self._today())
            try:
                outdated = self._look_at_keys()
                sent = self.outbox.send()
                new, wrong = self._fetch()
                with suppress(Problem):  # it never keeps anybody from letters; the doctor says what is wrong
                    self.compare_days()
            except ServerAway as told:
                away = str(told)
            notices, erased, asked = self._obey_deletions()
            self._changed()
            if not away:
                self._acknowledge()
                self._follow_statements()
            return Synced(max(0, new - notices), sent, self.outbox.waiting, away, erased, wrong, asked, outdated)

    def _fetch(self) -> tuple[int, int]:
        """Fetch letters and entries; return how many are new, and how many letters came damaged."""
        server, opened, restoring = self.server, opener(self.open_own), self.folder / keys.RESTORING
        had = set(self.local_store.ids("letters"))
        fetched = fetch_letters(self.local_store, server, opened, self._is_proven_copy, everything=restoring.exists())
        new = len(fetched.ids) + fetch_entries(self.local_store, server, opened, self._opened_index().unreadable())
        self._changed()
        with suppress(Problem):  # what does not come now is asked for at the next visit
            named = {part.id: case.id for case in self.cases() for part in case.spoken_answers}
            fetch_voices(self.local_store, server, opened, named)
        if not fetched.wrong:
            self._note_arrivals(() if restoring.exists() else set(fetched.ids) - had)
            restoring.unlink(missing_ok=True)
        try:
            self._secure()
        except ServerAway:
            raise
        except Problem:
            pass  # as where a key is not confirmed: it keeps no letter from being fetched, and is tried again
        return new, len(fetched.wrong)

    def _note_arrivals(self, new: Collection[str]) -> None:
        index = self._opened_index()
        index.refresh()
        arrived = list(index.arrived(new))
        self.arrivals.note(arrived, self.known_day.earliest)
        self.statements.note_given(((one.id, one.written) for one in arrived), self.known_day.earliest.isoformat())

    @property
    def statements(self) -> Statements:
        """What this machine remembers of the server's daily statements."""
        return Statements(self.folder)

    def _follow_statements(self) -> None:
        """Hold the server's daily statements against those before and against what came here."""
        known = self.statements.known()
        with suppress(Problem):  # an older server has none
            key, rows = self.server.statements(known.number - 1 if known.number else None)
            index = self._opened_index()
            erased = {id for thread in self._requests.all() for id in index.letter_ids(thread)}
            self.statements.take(key, rows, self.desk, lambda id: self.local_store.has("letters", id), erased)

    def contradicting_statements(self) -> tuple[Entry, ...]:
        """Return entries of colleagues whose machines were shown another statement than this one."""
        known = self.statements.known()
        found = (entry for case in self.cases() for entry in case.entries)
        return tuple(entry for entry in found if known.contradicts(entry.value.get("head")))

    def _acknowledge(self) -> None:
        """Tell people which of their letters are open here. What cannot be sent now is sent at the next fetch."""
        index, acknowledged = self._opened_index(), Acknowledged(self.folder)
        index.refresh()
        here, sent = opened(index.letters(), lambda part: self.local_store.has("parts", part)), []
        waiting = acknowledged.waiting(here)
        with suppress(Problem):  # ServerAway, or no portal that can be read
            cases = {case.id: case for case in self.cases()} if waiting else {}
            for found in waiting:
                with suppress(NotThere, Refused, NoKey):  # erased meanwhile, or nobody could read it
                    if found.first.id in cases:  # else it rests until it is erased
                        after = sent_answers(cases[found.first.id].entries)
                        made = sealed_acknowledgement(found.first, self._signer, self._today(), found.letters, after)
                        self.server.acknowledge_to_person(found.first.id, *made)
                sent.append(found)
        acknowledged.note(sent, here)

    @property
    def arrivals(self) -> Arrivals:
        """Return letters that came late, or again under another id."""
        return Arrivals(self.folder)

    def missing_letters(self) -> tuple[str, ...]:
        """Return the ids of letters that a colleague wrote about and that never came to this machine."""
        index = self._opened_index()
        index.refresh()
        resting = self._requests.all().keys()
        return tuple(id for id in index.entries_without_letter() if id not in resting)

    def _is_proven_copy(self, letter: str, item: str, sealed: bytes) -> bool:
        """Return whether a copy that came bears the signature of somebody whose key this machine knows."""
        try:
            return self.verifier.is_mark_proven(read_any_mark(self.open_own(sealed)), letter, item)
        except Problem:
            return False

    def unproven_parts(self, case: Case) -> frozenset[str]:
        """Return the ids of photos and recordings that are copies without a right signature. Raises Problem."""
        parts = (*(part for _, part in case.parts), *case.spoken_answers)
        return frozenset(part.id for part in parts if self._is_unproven_part(case.id, part.id))

    def _is_unproven_part(self, thread: str, id: str) -> bool:
        if not self.local_store.has("parts", id) or self.pinned.is_accepted(id):
            return False
        sealed = self.local_store.read("parts", id)
        return part_id(sealed) != id and not self._is_proven_copy(thread, id, sealed)

    def on_this_machine_alone(self) -> tuple[str, ...]:
        """Return the ids of letters of which the server keeps no copy. Raises Problem."""
        there = {row["id"] for row in self.server.waiting(everything=True)}
        index = self._opened_index()
        index.refresh()
        here = (letter.id for _, _, letter in index.letters() if isinstance(letter, Letter) and letter.form != DELETION)
        return tuple(sorted(id for id in here if id not in there))

    def _secure(self) -> None:
        """Bring copies of letters that lie here alone to the server, once a day, for the printed recovery key.

        A letter that came before there was a recovery key left the server when this desk had it.
        """
        today, seen = self._today().isoformat(), self.folder / "secured"
        if not self.own_desk.recovery or (seen.exists() and seen.read_text(encoding="utf-8") == today):
            return
        alone = set(self.on_this_machine_alone())
        for case in cases(self._opened_index().letters(), ()):
            ids = [id for id in self._opened_index().letter_ids(case.id) if id in alone]
            if ids:
                recipients = self.pinned.recipients(self.portal.desks, self.desk)
                self._sharing.secure(case, ids, recipients, self.desk)
        self.outbox.send()
        write_or_complain(seen, today.encode())

    def _fetch_portal_if_readable(self) -> str:
        """Fetch the portal; a sentence where this program cannot read it: letters come and go all the same."""
        try:
            self._fetch_portal()
        except Unreadable as told:
            return str(told)
        return ""

    def _look_at_keys(self) -> str:
        """Fetch the portal, and hold its keys against the pinned ones; a sentence where it cannot be read."""
        self._pinned = None  # another window or terminal of this machine may have confirmed something
        try:
            _ = self.pinned  # by the portal of before, if there is one
        except ServerAway:
            raise
        except Problem:
            pass  # the portal that is here is damaged: the one that comes is the first
        said = self._fetch_portal_if_readable()
        present = {str(self._identities[0].to_public()), self.signing_keys[0]} if self._identities else set()
        if not said:
            self.pinned.look(self.portal.desks, present, self.desk, self.member)
        return said

    def _fetch_portal(self) -> None:
        text = self.server.portal()
        try:
            parse(text, self.address)
        except Unreadable:
            raise
        except Problem:
            raise Problem(self.address, "gave a strange answer.", "Is it the portal's address?") from None
        write_or_complain(self.folder / "portal.json", text)
        self._portal = None

    @property
    def site_watch(self) -> SiteWatch:
        """What this machine knows of the public site."""
        return SiteWatch(self.folder, self.address)

    def watch_site(self) -> tuple[str, ...]:
        """Visit the public site as anybody does; what is other there than its publishers signed. Raises Problem."""
        return self.site_watch.look(self.portal, self._today())

    def compare_days(self) -> TrustedDate:
        """Hold this machine's clock and the server's against each other; what the server knows of the day.

        A clock that one of them doubts is believed where the other shows the same day. Raises Problem.
        """
        today, here = self._today(), self.server.is_this_machine
        there = self.server.day(None if here else today)
        if not here:
            self._days.hear(today, there.shown)
        return there

    def _obey_deletions(self) -> tuple[int, int, int]:
        """Take in notices of erasing; how many, how many cases are gone for good, how many are proven just now.

        What a notice is, the server says; whether it is true, its proof. All that lie here are looked at, not only
        those that just came: a line may have broken between fetching one and this.
        """
        notices = 0
        for id, label in self.local_store.labels().items():
            if label.get("form") == DELETION and self.local_store.has("letters", id):
                notices += self._take_in_notice(id)
        before = self.resting()
        for thread in self._requests.all():
            self._prove(thread)
        asked = len(self.resting().keys() - before.keys())
        return notices, self._erase_rested(), asked

    def _take_in_notice(self, id: str) -> bool:
        """Write down what a notice asks for, and drop it. False where it is none, or does not open here."""
        try:
            notice = open_letter(self.local_store.read("letters", id), self._identities)
        except Problem:
            return False
        if notice.form != DELETION:
            self.local_store.unlabel(id)  # the server called a letter a notice: it stands as the letter that it is
            return False
        if is_id(notice.follows):
            self._requests.note(notice.follows, notice.proof, self.known_day.latest)
        self.local_store.delete("letters", id)
        self.local_store.unlabel(id)
        return True

    def _prove(self, thread: str) -> None:
        """Hold a request against the letter that lies here. Where there is none for long, forget the request."""
        request = self._requests.of(thread)
        if request is None or request.proven:
            return
        if not self.local_store.has("letters", thread):
            if self.known_day.earliest > request.last_day(MOST_ERASED_DAYS):
                self._requests.forget(thread)
            return
        try:
            first = open_letter(self.local_store.read("letters", thread), self._identities)
        except Problem:
            return  # another key may open it later
        if first.id == thread and is_proof(request.proof, first.erase_hash):
            self.outbox.forget(thread)
            self._requests.prove(thread, self.known_day.latest)

    def _erase_rested(self) -> int:
        """Erase for good what has rested long enough, by the earliest day that it may be. How many cases."""
        erased = 0
        for thread, last_day in self.resting().items():
            if self.known_day.earliest >= last_day:
                erased += self.local_store.has("letters", thread)
                index = self._opened_index()
                for id in set(index.letter_ids(thread)) & set(index.unreadable()) - {thread}:
                    self.local_store.unlabel(id)  # only the server says that what does not open here belongs to it
                self._forget(thread)
                self._requests.forget(thread)
        return erased

    def _changed(self) -> None:
        self._cases = None

    # Doing

    def write(self, case_id: str, kind: str, after: Sequence[str] | None = None, **value: Any) -> Entry:
        """Add an entry to a case's log: durable here, then sent when the server is there.

        after: the entries that its writer saw (the page may be older than the log); all present ones if None.
        A state that the person is told of goes to their receipt too. Raises Problem.
        """
        with self._busy:
            case = self.case(case_id)
            known = {entry.id for entry in case.entries}
            seen = heads(case.entries) if after is None else [id for id in after if id in known]
            if kind in {"state", "merge"}:
                value["letters"] = len(case.letters)
            is_told = kind == "state" and value.get("state") in TOLD_STATES and case.first and case.first.reply_to
            told: tuple[str, bytes] | None = None
            if is_told and case.first:
                with suppress(NoKey):  # made by hand: nobody could read it, and the state stands all the same
                    told = self._sealed_answer(case, case.first, "", str(value["state"]))
                    value["sent"] = told[0]
            if told:  # before the entry that says so: a machine that stops in between must not say what nobody was told
                self._post_answer(case_id, *told)
            entry = self._keep_entry(new_entry(case_id, self.member, seen, kind, value))
            self.outbox.try_to_send()
            return entry

    def answer(self, case_id: str, text: str, state: str = "", recording: bytes = b"") -> None:
        """Answer the person, sealed to their receipt; `state` goes with it, and a recording that says the same.

        Raises Problem: also where a recording has no text beside it, which could be read, copied and exported.
        """
        if recording and not text.strip():
            raise Problem("answer", "A recording came without text.", "Write beside it what it says, in short.")
        sound = cleaned_voice(recording) if recording else None
        with self._busy:
            case = self.case(case_id)
            desk_keys = self._entry_keys()  # refused before anything is sent, if a key of this desk is in doubt
            if case.first is None:
                raise Problem("answer", "The first letter does not open here.", "Ask another machine of this desk.")
            voice = sealed_voice(case.first, sound, desk_keys) if sound and case.first.reply_to else None
            told = self._sealed_answer(case, case.first, text, state if state in TOLD_STATES else "", voice)
            seen = heads(case.entries)
            value: dict[str, Any] = {"text": text.strip(), "state": state, "sent": told[0]}
            if voice:  # first: an answer never names a voice that is not on its way
                self.local_store.save("parts", voice.id, voice.sealed)
                self.outbox.post("PUT", f"letters/{case_id}/answers/{voice.id}?voice=1", voice.sealed)
                value |= {"voice": voice.id, "seconds": voice.seconds}
            self._post_answer(case_id, *told)
            written = new_entry(case_id, self.member, seen, "answer", value)
            self._keep_entry(written)
            if state:
                self._keep_entry(
                    new_entry(
                        case_id, self.member, [written.id], "state", {"state": state, "letters": len(case.letters)}
                    )
                )
            self.outbox.try_to_send()

    def export(self, case_id: str, to: str) -> bytes:
        """Return one case as an age file with a list of hashes (exporting.py). to: an age recipient or a passphrase."""
        with self._busy:
            case, ids = self.case(case_id), self._opened_index().letter_ids(case_id)
            return exported(self._sharing.documents(case, ids), to)

    @property
    def _sharing(self) -> Sharing:
        return Sharing(self.local_store, self._identities, self.outbox, self._signer)

    def hand_over(self, case_id: str, desk_id: str) -> None:
        """Seal a whole case anew for another desk. Raises Problem: never to a desk that the person left out."""
        with self._busy:
            case = self.case(case_id)
            to = desk_for(case, desk_id, self.portal)
            self._entry_keys()
            recipients = self.pinned.recipients(self.portal.desks, to.id)
            self._sharing.hand_over(case, self._opened_index().letter_ids(case_id), recipients, to.id)
            self._keep_entry(new_entry(case_id, self.member, heads(case.entries), "handover", {"desk": desk_id}))
            self.outbox.try_to_send()

    def merge(self, case_id: str, into: str) -> Entry:
        """Put a case together with another that tells the same. Raises Problem."""
        if into and (into == case_id or self.case(into).merged_into):
            raise Problem("case", "cannot be put together with that one.", "Choose a case that stands by itself.")
        with self._busy:
            for flag in ("urgent", "child") if into else ():
                if getattr(self.case(case_id), flag) and not getattr(self.case(into), flag):
                    self.write(into, "flag", flag=flag, on=True)  # danger told in one must not leave the list with it
            return self.write(case_id, "merge", into=into)

    def mark_heard(self, part_id: str) -> None:
        """Write down that somebody listened to a recording. Where a letter has no words, that is reading it."""
        with self._busy:
            found = next((case for case in self.cases() if any(part.id == part_id for part in case.unheard)), None)
            if found is None:
                return
            value = {"heard": part_id, "letters": 0 if found.first_words else len(found.letters)}
            with suppress(Problem):
                self._keep_entry(new_entry(found.id, self.member, heads(found.entries), "read", value))

    def mark_read(self, case_id: str) -> None:
        """Write down that somebody opened a case. It is sent with what comes next: reading waits for no server."""
        with self._busy:
            case = self.case(case_id)
            if case.unread:
                with suppress(Problem):  # a key of this desk is in doubt: it can be read all the same
                    said = new_entry(case_id, self.member, heads(case.entries), "read", {"letters": len(case.letters)})
                    self._keep_entry(said)

    def erase(self, case_id: str) -> None:
        """Erase a case here and this desk's share of it on the server. Raises Problem (ServerAway: nothing is done)."""
        with self._busy:
            self.case(case_id)
            with suppress(NotThere):  # the server may have let go of it before
                self.server.delete(case_id)
            self._forget(case_id)
            self._requests.forget(case_id)
            self._changed()

    def old_cases(self) -> tuple[Case, ...]:
        """Return closed cases of which nothing happened for as long as portal.yml keeps concerns."""
        days, today = self.portal.days_kept("concerns_days"), self.known_day.earliest
        return tuple(case for case in self.cases() if case.state.value == "closed" and _age(case, today) > days)

    def _forget(self, thread: str) -> None:
        index = self._opened_index()
        index.refresh()
        parts: dict[bool, set[str]] = {True: set(), False: set()}
        for of, _, letter in index.letters():
            if isinstance(letter, Letter):
                parts[of == thread].update(part.id for part in letter.parts)
        for entry in index.entries():
            if is_id(entry.value.get("voice")):
                parts[entry.thread == thread].add(entry.value["voice"])
        for part in parts[True] - parts[False]:  # a hostile letter may name another's photo as its own
            self.local_store.delete("parts", part)
        gone = [entry.id for entry in index.entries() if entry.thread == thread]
        for id in gone:
            self.local_store.delete("entries", id)
        self.outbox.forget(thread)
        ids = set(index.letter_ids(thread))
        self.statements.forget(ids)
        for conflict in list(conflicts(self.local_store)):
            if conflict.item in ids | parts[True]:
                self.local_store.delete(CONFLICTS, conflict.name)
        with suppress(Problem):  # no portal that can be read has come here yet: nothing is pinned
            self.pinned.forget([*ids, *parts[True], *gone])
        for id in ids:
            self.local_store.delete("letters", id)
            self.local_store.unlabel(id)
        index.refresh()

    # Keys and colleagues

    def reseal(self, member_id: str) -> int:
        """Seal all that is still open anew for a member with a new key. How many cases. Raises Problem."""
        with self._busy:
            member = next((one for one in self.own_desk.members if one.id == member_id), None)
            if member is None:
                raise Problem(member_id, "is no member of this desk.", "Put the person into portal.yml and fetch.")
            [key] = self.pinned.recipients(self.portal.desks, self.desk, member_id)[:1]
            open_cases = [case for case in self.cases() if case.state.value != "closed"]
            for case in open_cases:
                self._sharing.reseal(case, self._opened_index().letter_ids(case.id), key, member_id)
            self.outbox.try_to_send()
            return len(open_cases)

    def key_changes(self) -> tuple[KeyChange, ...]:
        """Return how the published keys differ from those that this machine knows. Raises Problem."""
        return self.pinned.changes(self.portal.desks)

    def trust(self, who: str = "", *, stolen: bool = False) -> int:
        """A person has compared fingerprints: take over the changes of a person or desk (all if empty); how many.

        stolen: what comes signed by the old key counts no more; what is here already does. Raises Problem.
        """
        with self._busy:
            self._pinned = None
            count = self.pinned.confirm(self.portal.desks, who, self._proven_ids(), stolen=stolen)
            if not who:
                self.pinned.mark_compared()
            self._changed()
            return count

    def _proven_ids(self) -> list[str]:
        """Return the ids of entries and copies here that count now: they go on counting after a change of keys."""
        verifier, index = self.verifier, self._opened_index()
        index.refresh()
        letters = (letter for _, _, letter in index.letters() if isinstance(letter, Letter) and letter.copy)
        found = ((letter.id, verifier.provenance(letter)) for letter in letters)
        copies = [id for id, provenance in found if provenance and provenance.is_proven]
        return [*copies, *(entry.id for entry in verifier.split(index.entries())[0])]

    def refuse_keys(self, who: str) -> int:
        """Keep the keys that this machine knows for a person or desk; how many changes are refused. Raises Problem."""
        with self._busy:
            self._pinned = None
            return self.pinned.refuse(self.portal.desks, who)

    def unproven(self) -> tuple[Entry, ...]:
        """Return entries whose writer is not proved; they change nothing. Raises Problem."""
        return tuple(entry for case in self.cases() for entry in case.unproven)

    def unproven_copies(self) -> tuple[str, ...]:
        """Return the ids of letters and parts that are copies without a right signature. Raises Problem."""
        copies = [id for case in self.cases() for id, found in case.provenance.items() if not found.is_proven]
        return (*copies, *(id for case in self.cases() if case.provenance for id in self.unproven_parts(case)))

    def accept_unsigned(self) -> int:
        """Let entries and copies count that are here and not proven, as after a restore; how many. Raises Problem."""
        with self._busy:
            self._pinned = None
            ids = [*(entry.id for entry in self.unproven()), *self.unproven_copies()]
            self.pinned.accept(ids)
            self._changed()
            return len(ids)

    def change_key(self, passphrase: str | None) -> keys.Public:
        """Take a new key and token; see `keys.rotate`. Raises Problem."""
        with self._busy:
            public = keys.rotate(self.folder, passphrase)
            self._read_keys_again(passphrase)
            return public

    def forget_old_keys(self, passphrase: str | None) -> int:
        """Forget all keys of this machine but the present one; how many. Raises Problem.

        What they alone open is shut for good, in memory too: ask retiring.py first what that is.
        """
        with self._busy:
            count = keys.forget_old(self.folder, passphrase)
            self._read_keys_again(passphrase)
            return count

    def _read_keys_again(self, passphrase: str | None) -> None:
        self._identities = keys.identities(self.folder, lambda: passphrase or "")
        self._index = Index(self.local_store, self._identities)
        self._cases = self._alike = None

    def who_did_what(self) -> list[dict[str, Any]]:
        """Return what the members of this desk did, as the server wrote it down. Raises Problem."""
        return self.server.access()

    def seal_for_desk(self, plain: bytes) -> bytes:
        """Return a file that stays on this machine, encrypted to the pinned keys of this desk and to this machine's."""
        mine = str(self._identities[0].to_public())
        pinned = (key.text for key in self.pinned.all_keys(self.desk) if key.what != SIGNING)
        return seal_file(plain, list(dict.fromkeys([mine, *pinned])))

    def open_own(self, sealed: bytes) -> bytes:
        """Return what `seal_for_desk` sealed. Raises Problem."""
        return open_sealed(sealed, self._identities)

    # Sealed things on their way

    def _keep_entry(self, entry: Entry) -> Entry:
        """Sign an entry, make it durable here, and put it on its way. Raises Problem.

        It names the server's last statement, so that two machines which were shown different ones notice.
        """
        if head := self.statements.known().head:
            entry = replace(entry, value={**entry.value, "head": head})
        entry = replace(entry, signature=sign(statement_of(entry, self.desk), self._signer.key))
        sealed = sealed_entry(entry, self._entry_keys())
        # On its way first: should this machine stop in between, the entry comes back with the next fetch. The other
        # way round it would stand here alone for good.
        waiting = self.outbox.post("PUT", f"letters/{entry.thread}/entries/{entry.id}", sealed)
        try:
            self.local_store.save("entries", entry.id, sealed)
        except Problem:
            self.outbox.drop(waiting)
            raise
        self._changed()
        return entry

    def _entry_keys(self) -> list[str]:
        """Return the keys of this machine and of its desk. Raises UnconfirmedKey where one of them is in doubt."""
        mine = str(self._identities[0].to_public())
        return list(dict.fromkeys([mine, *self.pinned.recipients(self.portal.desks, self.desk)]))

    def _sealed_answer(
        self, case: Case, first: Letter, text: str, state: str, voice: Voice | None = None
    ) -> tuple[str, bytes]:
        return sealed_answer(first, self._signer, self._today(), text, state, sent_answers(case.entries), voice)

    def _post_answer(self, case_id: str, answer_id: str, sealed: bytes) -> None:
        self.outbox.post("PUT", f"letters/{case_id}/answers/{answer_id}", sealed)

    # Sign-ups (a desk that reads them)

    def signups(self) -> list[dict[str, Any]]:
        """Return all sign-ups as they stand in clear: id, event, people, state ... Raises Problem."""
        return self.server.signups()

    @property
    def has_passphrase(self) -> bool:
        """Whether the key stands under a passphrase (the demonstration's do not)."""
        return keys.has_passphrase(self.folder)


def _age(case: Case, today: date) -> int:
    # A letter's day is its writer's word: one that is no day, or still to come, keeps nothing from growing old.
    came = (letter.day for letter in case.letters if isinstance(letter, Letter))
    days = (read_day(text) for text in (*came, *(entry.at[:10] for entry in case.entries)))
    return (today - max((day for day in days if day and day <= today), default=date.min)).days
