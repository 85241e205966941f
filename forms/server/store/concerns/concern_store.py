"""Sealed concerns, the parts and answers that belong to them, and the desks' sealed case log."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from forms.core.crypto.encryption import require_encrypted
from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns.letters import (
    FETCHED,
    MOST_ANSWERS,
    MOST_COPIES,
    MOST_ENTRIES,
    MOST_VOICES,
    Access,
    Answer,
    Copy,
    EntryRow,
    LetterGone,
    NewLetter,
    PartsMissing,
    Progress,
    Waiting,
    WriteRefused,
)
from forms.server.store.connections import Limit
from forms.server.store.database import Store
from forms.server.store.faults import AlreadyThere
from forms.server.store.repeating import repeated, repeated_even_if_done

# What every letter and every fetch asks of the tables is put together once: that takes longer than the answer.
_NEW_LEFT_OUT = t.left_out.insert()
_HAS = sa.select(t.letters.c.id).where(t.letters.c.id == sa.bindparam("id"))
_NEW_RECIPIENT = t.recipients.insert()
_ANYTHING = sa.select(
    sa.or_(*(sa.exists(sa.select(sa.literal(1)).select_from(table)) for table in t.METADATA.sorted_tables))
)
_PARTS_OF_DESK = (
    sa.select(t.parts.c.letter, t.parts.c.id)
    .join(t.recipients, t.recipients.c.letter == t.parts.c.letter)
    .where(t.recipients.c.desk == sa.bindparam("desk"))
    .order_by(t.parts.c.id)
)
_ENTRIES = (
    sa.select(t.entries.c.id, t.entries.c.letter, t.entries.c.day)
    .where(t.entries.c.desk == sa.bindparam("desk"), t.entries.c.day >= sa.bindparam("since"))
    .order_by(t.entries.c.day, t.entries.c.id)
)


@cache
def _waiting(*, everything: bool) -> sa.Select[Any]:
    """Return the query for the letters that a `member` of a `desk` can fetch (see ConcernStore.waiting)."""
    desk: sa.BindParameter[str] = sa.bindparam("desk")
    member: sa.BindParameter[str] = sa.bindparam("member")
    taken = sa.select(t.taken.c.letter).where(t.taken.c.member == member)
    copied = sa.union_all(
        sa.select(t.shared_copies.c.item).where(t.shared_copies.c.reader.in_([desk, member])),
        sa.select(t.copies.c.item).where(t.copies.c.reader.in_([desk, member])),
    )
    return (
        sa.select(
            t.letters.c.id,
            t.letters.c.thread,
            t.letters.c.form,
            t.letters.c.day,
            t.letters.c.tray,
            sa.func.coalesce(t.recipients.c.maker, "").label("maker"),
            t.letters.c.id.in_(copied).label("copies"),
        )
        .join(t.recipients)
        .where(t.recipients.c.desk == desk, sa.true() if everything else t.letters.c.id.not_in(taken))
        .where(sa.or_(t.letters.c.sealed != b"", t.letters.c.id.in_(copied)))
        .order_by(t.letters.c.tray, t.letters.c.day, t.letters.c.id)
    )


class ConcernStore(Store):
    """Letters, who may fetch them, what the desks wrote."""

    def __init__(self, url: str, beside: Store | None = None, limit: Limit | None = None) -> None:
        super().__init__(url, t.METADATA, beside, limit)
        # No error of the database where it is there already: PostgreSQL would write its id and the time into a log.
        self._new_letter = self._insert(t.letters).on_conflict_do_nothing().returning(t.letters.c.id)

    @repeated_even_if_done
    def save(self, coming: NewLetter) -> bool:
        """Keep a letter and claim its parts durably. False where this very letter was kept before.

        Raises NotKept (AlreadyThere: another letter has its id or look-up value; LetterGone), or PartsMissing where a
        part is not here; then nothing is kept.
        """
        row: dict[str, Any] = {name: getattr(coming, name) for name in ("id", "thread", "form", "day", "tray")}
        row["lookup"] = coming.lookup and _hashed(coming.lookup)
        try:
            with self.writing() as connection:
                if coming.thread != coming.id:
                    _require_first(connection, coming.thread)
                if coming.parts:  # before the look-up value: who has no parts learns nothing of another's
                    _require_parts(connection, coming)
                written = connection.execute(self._new_letter, {**row, "sealed": require_encrypted(coming.sealed)})
                _require_written(written.first())
                connection.execute(
                    _NEW_RECIPIENT, [{"letter": coming.id, "desk": desk} for desk in sorted(coming.desks)]
                )
                if coming.left_out:
                    connection.execute(
                        _NEW_LEFT_OUT, [{"letter": coming.id, "desk": desk} for desk in sorted(coming.left_out)]
                    )
                if coming.parts:
                    _claim(connection, coming)
        except AlreadyThere:
            if self._is_kept(row):
                self.wait_for_replicas()
                return False
            raise
        return True

    def _is_kept(self, row: Mapping[str, Any]) -> bool:
        """Return whether this letter is stored; its bytes cannot be compared, since sending again encrypts again."""
        same = {name: row[name] for name in ("id", "thread", "form", "lookup")}
        with self.reads() as connection:
            return connection.execute(sa.select(t.letters.c.id).filter_by(**same)).first() is not None

    @repeated
    def has(self, letter_id: str) -> bool:
        """Return whether this letter is here."""
        with self.reads() as connection:
            return connection.execute(_HAS, {"id": letter_id}).first() is not None

    @repeated
    def number(self, tray: int | None = None, day: date | None = None) -> int:
        """Return how many letters there are: all, those of a queue, or those since a day. Raises NotKept."""
        chosen = [] if tray is None else [t.letters.c.tray == tray]
        chosen += [] if day is None else [t.letters.c.day >= day]
        with self.reads() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(t.letters).where(*chosen)).scalar() or 0

    @repeated_even_if_done
    def save_part(self, part_id: str, day: date, desks: Sequence[str], sealed: bytes) -> None:
        """Keep a sealed part until its letter claims it, or two days. The same part again changes nothing."""
        row = {"id": part_id, "letter": None, "desks": _listed(desks), "day": day, "sealed": require_encrypted(sealed)}
        with self.writing() as connection:
            connection.execute(self._insert(t.parts).values(row).on_conflict_do_nothing())

    @repeated
    def has_parts(self, part_ids: Sequence[str], desks: Sequence[str]) -> bool:
        """Return whether all these parts are here, unclaimed, and sealed for just these desks."""
        query = sa.select(sa.func.count()).where(
            t.parts.c.id.in_(part_ids), t.parts.c.letter.is_(None), t.parts.c.desks == _listed(desks)
        )
        with self.reads() as connection:
            return connection.execute(query).scalar() == len(set(part_ids))

    # What desks fetch

    @repeated
    def waiting(self, desk: str, member: str, *, everything: bool = False) -> tuple[Waiting, ...]:
        """Return letters that this member can fetch: priority queue first, then oldest day.

        Without `everything` only those that the member has not acknowledged yet.
        """
        with self.reads() as connection:
            parts: dict[str, list[str]] = {}
            for letter, part in connection.execute(_PARTS_OF_DESK, {"desk": desk}):
                parts.setdefault(letter, []).append(part)
            rows = connection.execute(_waiting(everything=everything), {"desk": desk, "member": member}).mappings()
            return tuple(
                Waiting(**{**row, "copies": bool(row["copies"]), "parts": tuple(parts.get(row["id"], ()))})
                for row in rows
            )

    @repeated
    def held(self, day: date) -> tuple[tuple[str, str], ...]:
        """Return desk and id of each letter of this day or before, also of those that all desks have taken."""
        query = sa.select(t.recipients.c.desk, t.letters.c.id).join(t.letters)
        with self.reads() as connection:
            rows = connection.execute(query.where(t.letters.c.day <= day, t.letters.c.form != "deletion"))
            return tuple((row.desk, row.id) for row in rows)

    @repeated
    def sealed(self, letter_id: str, desk: str, member: str) -> bytes | None:
        """Return the encrypted letter: the original for a desk that had it from the start, else a copy; or None.

        None where it is not this desk's, or gone.
        """
        return self._for_reader(t.letters, t.letters.c.id, letter_id, desk, member)

    @repeated
    def part(self, part_id: str, desk: str, member: str) -> bytes | None:
        """Return an encrypted part, likewise; or the voice of an answer of this desk."""
        query = sa.select(t.voices.c.sealed).filter_by(id=part_id, desk=desk)
        with self.reads() as connection:
            voice: bytes | None = connection.execute(query).scalar()
        return voice or self._for_reader(t.parts, t.parts.c.letter, part_id, desk, member)

    def _for_reader(
        self, table: sa.Table, letter: sa.ColumnElement[str], item: str, desk: str, member: str
    ) -> bytes | None:
        mine = sa.select(t.recipients.c.letter).filter_by(desk=desk)
        original = sa.select(table.c.sealed).where(
            table.c.id == item, letter.in_(mine.where(t.recipients.c.maker.is_(None))), table.c.sealed != b""
        )
        with self.reads() as connection:
            found = connection.execute(original).scalar()
            return found or connection.execute(_copies_of(mine, desk, member, item)).scalars().first()

    @repeated
    def copies(self, letter_id: str, desk: str, member: str) -> tuple[Copy, ...]:
        """Return the copies of a letter, its parts and entries that were made for this member or its whole desk."""
        mine = sa.select(t.shared_copies.c.item, t.shared_copies.c.digest, t.shared_copies.c.maker).where(
            t.shared_copies.c.letter == letter_id, t.shared_copies.c.reader.in_((desk, member))
        )
        older = sa.select(t.copies.c.item, t.copies.c.sealed).where(
            t.copies.c.letter == letter_id, t.copies.c.reader.in_((desk, member))
        )
        with self.reads() as connection:
            found = [Copy(*row) for row in connection.execute(mine)]
            found += [Copy(row.item, hashlib.sha256(row.sealed).hexdigest(), "") for row in connection.execute(older)]
        return tuple(sorted(found, key=lambda copy: (copy.item, copy.digest)))

    @repeated
    def copied(self, item: str, digest: str, desk: str, member: str) -> bytes | None:
        """Return one copy that was made for this member or its whole desk, or None."""
        mine = sa.select(t.recipients.c.letter).filter_by(desk=desk)
        with self.reads() as connection:
            found = connection.execute(_copies_of(mine, desk, member, item)).scalars()
            return next((sealed for sealed in found if hashlib.sha256(sealed).hexdigest() == digest), None)

    @repeated_even_if_done
    def acknowledge(
        self,
        letter_id: str,
        desk: str,
        member: str,
        members: Mapping[str, Sequence[str]],
        recoverable: Collection[str] = (),
    ) -> bool:
        """Record that a member has the letter; once all members of its desks do, the encrypted text leaves the server.

        members: the present members by desk. recoverable: desks with a printed recovery key; a letter of one of them
        stays until it is erased, so that a lost machine loses nothing. False where the letter is not this desk's.
        """
        with self.writing() as connection:
            if not self._is_for(connection, letter_id, desk):
                return False
            row = {"letter": letter_id, "member": member}
            connection.execute(self._insert(t.taken).values(row).on_conflict_do_nothing())
            released = self._release(connection, letter_id, members, recoverable)
        if released:
            self.forget_traces()
        return True

    def _is_for(self, connection: sa.Connection, letter_id: str, desk: str) -> bool:
        query = sa.select(t.recipients.c.desk).filter_by(letter=letter_id, desk=desk)
        return connection.execute(query).first() is not None

    def _release(
        self,
        connection: sa.Connection,
        letter_id: str,
        members: Mapping[str, Sequence[str]],
        recoverable: Collection[str],
    ) -> bool:
        desks = connection.execute(sa.select(t.recipients.c.desk).filter_by(letter=letter_id)).scalars().all()
        if not set(desks).isdisjoint(recoverable):
            return False
        taken = set(connection.execute(sa.select(t.taken.c.member).filter_by(letter=letter_id)).scalars())
        readers = {member for desk in desks for member in members.get(desk, ())}
        if not readers <= taken:
            return False
        connection.execute(t.letters.update().filter_by(id=letter_id).values(sealed=b""))
        connection.execute(t.parts.update().filter_by(letter=letter_id).values(sealed=b""))
        connection.execute(t.copies.delete().filter_by(letter=letter_id))
        connection.execute(t.shared_copies.delete().filter_by(letter=letter_id))
        return True

    @repeated_even_if_done
    def release(self, members: Mapping[str, Sequence[str]], recoverable: Collection[str] = ()) -> None:
        """Let go of texts that only waited for members who are members no longer."""
        with self.writing() as connection:
            held = sa.select(t.taken.c.letter).distinct().join(t.letters).where(t.letters.c.sealed != b"")
            letters = connection.execute(held).scalars().all()
            released = [id for id in letters if self._release(connection, id, members, recoverable)]
        if released:
            self.forget_traces()

    # What desks bring

    @repeated_even_if_done
    def answer(self, answer_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep what a desk sealed for the person, once. False where the letter is not this desk's.

        Raises WriteRefused where there are enough answers of this desk.
        """
        row_id = answer_row(desk, letter_id, answer_id)
        row = {"id": row_id, "letter": letter_id, "desk": desk, "day": day, "sealed": require_encrypted(sealed)}
        with self.writing() as connection:
            if not self._is_for(connection, letter_id, desk):
                return False
            mine = set(connection.execute(sa.select(t.answers.c.id).filter_by(letter=letter_id, desk=desk)).scalars())
            if not mine.isdisjoint({row_id, answer_id}):  # an older version kept it under the desk's own id
                return True
            if len(mine) >= MOST_ANSWERS:
                raise WriteRefused("store", "There are enough answers of this desk.", "Erase the case.")
            connection.execute(self._insert(t.answers).values(row).on_conflict_do_nothing())
        return True

    @repeated_even_if_done
    def keep_voice(self, voice_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep the voice of an answer, once. False where the letter is not this desk's. Raises WriteRefused."""
        row = {"id": voice_id, "letter": letter_id, "desk": desk, "day": day, "sealed": require_encrypted(sealed)}
        mine = sa.select(t.voices.c.id).filter_by(letter=letter_id, desk=desk)
        with self.writing() as connection:
            if not self._is_for(connection, letter_id, desk):
                return False
            there = set(connection.execute(mine).scalars())
            if voice_id not in there and len(there) >= MOST_VOICES:
                raise WriteRefused("store", f"There are {MOST_VOICES} voices at this letter.", "Answer in writing.")
            connection.execute(self._insert(t.voices).values(row).on_conflict_do_nothing())
        return True

    @repeated_even_if_done
    def enter(self, entry: EntryRow, desk: str, sealed: bytes) -> bool:
        """Keep an entry of a desk's case log, once. False where the letter is not this desk's.

        Raises WriteRefused where there are enough entries.
        """
        row = {
            "id": entry.id,
            "letter": entry.letter,
            "desk": desk,
            "day": entry.day,
            "sealed": require_encrypted(sealed),
        }
        with self.writing() as connection:
            if not self._is_for(connection, entry.letter, desk):
                return False
            mine = sa.select(sa.func.count()).select_from(t.entries).filter_by(letter=entry.letter, desk=desk)
            if (connection.execute(mine).scalar() or 0) >= MOST_ENTRIES:
                raise WriteRefused("store", "There are enough entries in the log of this case.", "Erase the case.")
            connection.execute(self._insert(t.entries).values(row).on_conflict_do_nothing())
        return True

    @repeated
    def entries(self, desk: str, since: date) -> tuple[EntryRow, ...]:
        """Return the entries of a desk's case log of this day or later."""
        with self.reads() as connection:
            return tuple(EntryRow(*row) for row in connection.execute(_ENTRIES, {"desk": desk, "since": since}))

    @repeated
    def entry(self, entry_id: str, desk: str) -> bytes | None:
        """Return an encrypted entry of this desk's log, or None."""
        query = sa.select(t.entries.c.sealed).filter_by(id=entry_id, desk=desk)
        with self.reads() as connection:
            return connection.execute(query).scalar() or None

    @repeated_even_if_done
    def copy(self, item: str, letter_id: str, maker: str, reader: str, sealed: bytes) -> bool:
        """Keep a copy of a letter, part or entry that a member encrypted anew for a reader (a member or a whole desk).

        A copy never stands before an original, and none replaces another. A desk to which a letter is handed over
        becomes one of its desks. False where the letter is not the maker's, or the item not the letter's. Raises
        WriteRefused where the reader's desk has the original, was left out by the person, or has enough copies.
        """
        desk, to_desk, digest = desk_of(maker), desk_of(reader), hashlib.sha256(require_encrypted(sealed)).hexdigest()
        row = {"item": item, "letter": letter_id, "reader": reader, "digest": digest, "maker": maker, "sealed": sealed}
        with self.writing() as connection:
            if not (self._is_for(connection, letter_id, desk) and _is_of(connection, item, letter_id, desk)):
                return False
            if to_desk != desk:
                _require_added_reader(connection, letter_id, to_desk)
                to = {"letter": letter_id, "desk": to_desk, "maker": maker}
                connection.execute(self._insert(t.recipients).values(to).on_conflict_do_nothing())
            same = sa.select(t.shared_copies.c.digest, t.shared_copies.c.maker).filter_by(item=item, reader=reader)
            found = connection.execute(same).all()
            there, own = {row.digest for row in found}, [row for row in found if row.maker == maker]
            if digest not in there and len(own) >= MOST_COPIES:  # of this maker: nobody uses up another's
                raise WriteRefused("store", "There are enough copies for this reader.", "Erase the case, or wait.")
            connection.execute(self._insert(t.shared_copies).values(row).on_conflict_do_nothing())
            if item == letter_id and digest not in there:
                connection.execute(t.taken.delete().filter_by(letter=letter_id, member=reader))
        return True

    # What a receipt opens

    @repeated
    def progress(self, lookup: bytes) -> Progress | None:
        """Return what a receipt's look-up value shows, or None."""
        with self.reads() as connection:
            first = connection.execute(sa.select(t.letters.c.id).where(t.letters.c.lookup == _hashed(lookup))).scalar()
            if first is None:
                return None
            days = connection.execute(sa.select(t.letters.c.day).filter_by(thread=first).order_by(t.letters.c.day))
            desks = connection.execute(sa.select(t.recipients.c.desk).filter_by(letter=first).order_by("desk"))
            members = connection.execute(sa.select(t.taken.c.member).filter_by(letter=first))
            answers = connection.execute(
                sa.select(t.answers.c.desk, t.answers.c.day, t.answers.c.sealed)
                .filter_by(letter=first)
                .order_by(t.answers.c.day, t.answers.c.id)
            )
            return Progress(
                id=first,
                days=tuple(days.scalars()),
                desks=tuple(desks.scalars()),
                taken_by=tuple(sorted({desk_of(member) for member in members.scalars()})),
                answers=tuple(Answer(*row) for row in answers),
            )

    @repeated
    def voice(self, letter_id: str, voice_id: str) -> bytes | None:
        """Return the encrypted voice of an answer to this first letter, or None."""
        query = sa.select(t.voices.c.sealed).filter_by(id=voice_id, letter=letter_id)
        with self.reads() as connection:
            return connection.execute(query).scalar() or None

    # Letting go

    @repeated
    def forget(self, thread: str, notice: NewLetter | None, taken_by: Collection[str] = ()) -> frozenset[str]:
        """Erase a letter and all that belongs to it, and leave the notice of it for the desks that have it.

        taken_by: the desks that are known to have it. Where more have fetched it, nothing is erased and all that have
        are returned: they need the notice too.
        """
        if notice:
            self.save(notice)  # first: a second notice does no harm, a missing one would
        theirs = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self.writing() as connection:
            connection.execute(theirs.with_for_update())  # a desk that is just taking it waits, or was first
            desks = _that_have(connection, theirs)
            if not desks <= set(taken_by):
                return desks
            self.mark_erased(connection, thread)
            self._delete(connection, theirs)
        self.forget_traces()
        return frozenset()

    @repeated
    def delete(self, thread: str, desk: str) -> bool:
        """Erase a desk's share of a letter and what follows it; the rest goes with its last desk. False: not its."""
        theirs = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self.writing() as connection:
            gone = connection.execute(
                t.recipients.delete().where(t.recipients.c.desk == desk, t.recipients.c.letter.in_(theirs))
            ).rowcount
            connection.execute(t.entries.delete().where(t.entries.c.desk == desk, t.entries.c.letter.in_(theirs)))
            if gone:
                self.mark_erased(connection, thread, desk)
            read = sa.select(t.recipients.c.letter)
            self._delete(
                connection, sa.select(t.letters.c.id).where(t.letters.c.thread == thread, t.letters.c.id.not_in(read))
            )
        self.forget_traces()
        return bool(gone)

    @repeated
    def threads(self) -> dict[str, frozenset[str]]:
        """Return the id of each first letter, and the desks that have a share of it."""
        query = sa.select(t.letters.c.thread, t.recipients.c.desk).join(t.recipients).distinct()
        found: dict[str, set[str]] = {}
        with self.reads() as connection:
            for thread, desk in connection.execute(query):
                found.setdefault(thread, set()).add(desk)
        return {thread: frozenset(desks) for thread, desks in found.items()}

    @repeated
    def that_have(self, thread: str) -> frozenset[str]:
        """Return the desks that have this letter, or something that was added to it."""
        with self.reads() as connection:
            return _that_have(connection, sa.select(t.letters.c.id).filter_by(thread=thread))

    @repeated
    def is_empty(self) -> bool:
        """Return whether nothing is kept here that could ever be erased. Raises NotKept."""
        with self.reads() as connection:
            return not connection.execute(_ANYTHING).scalar()

    @repeated_even_if_done
    def erase(self, before: date) -> int:
        """Erase letters of days before this one that all their desks have taken, with what follows. How many."""
        taken_by_desk = sa.and_(
            t.taken.c.letter == t.recipients.c.letter,
            sa.or_(t.taken.c.member == t.recipients.c.desk, t.taken.c.member.startswith(t.recipients.c.desk + "/")),
        )
        untaken = sa.select(t.recipients.c.letter).outerjoin(t.taken, taken_by_desk).where(t.taken.c.letter.is_(None))
        kept = sa.select(t.letters.c.thread).where(sa.or_(t.letters.c.day >= before, t.letters.c.id.in_(untaken)))
        worked_on = sa.union_all(
            *(sa.select(table.c.letter).where(table.c.day >= before) for table in (t.answers, t.entries))
        )
        old = sa.select(t.letters.c.id).where(t.letters.c.thread.not_in(kept), t.letters.c.thread.not_in(worked_on))
        with self.writing() as connection:
            connection.execute(t.access.delete().where(t.access.c.at < before.isoformat()))
            gone = self._delete(connection, old)
        self.forget_traces()
        return gone

    @repeated_even_if_done
    def bring_back(self, latest: date) -> None:
        """Set dates in the future, left by a clock that was ahead, to the latest possible day."""
        to_come = date.fromordinal(min(latest.toordinal() + 2, date.max.toordinal()))  # UTC may be a day ahead of us
        with self.writing() as connection:
            for table in (t.letters, t.parts, t.answers, t.voices, t.entries):
                connection.execute(table.update().where(table.c.day > latest).values(day=latest))
            ahead = t.access.update().where(t.access.c.at >= to_come.isoformat())
            connection.execute(ahead.values(at=latest.isoformat()))
            # An older version wrote minutes, by which letters could be told apart within their day.
            minutes = t.access.update().where(t.access.c.at.contains("T"))
            connection.execute(minutes.values(at=sa.func.substr(t.access.c.at, 1, len("2027-01-31"))))

    @repeated_even_if_done
    def erase_loose_parts(self, before: date) -> None:
        """Erase parts of days before this one that no letter has claimed."""
        with self.writing() as connection:
            connection.execute(t.parts.delete().where(t.parts.c.letter.is_(None), t.parts.c.day < before))

    def _delete(self, connection: sa.Connection, ids: sa.Select[Any]) -> int:
        # The ids first: SQLite may look into the table anew while it deletes.
        found = connection.execute(ids).scalars().all()
        for start in range(0, len(found), 500):
            connection.execute(t.letters.delete().where(t.letters.c.id.in_(found[start : start + 500])))
        return len(found)

    # Who did what

    @repeated
    def note_access(self, access_id: str, desk: str, access: Access) -> None:
        """Log what a member did."""
        row = {"id": access_id, "desk": desk, "at": access.at, "member": access.member, "what": access.what}
        with self.writing() as connection:
            connection.execute(t.access.insert(), {**row, "letter": access.letter})

    @repeated
    def accesses(self, desk: str) -> tuple[Access, ...]:
        """Return what the members of a desk did, oldest first."""
        query = sa.select(t.access.c.at, t.access.c.member, t.access.c.what, t.access.c.letter).filter_by(desk=desk)
        with self.reads() as connection:
            return tuple(Access(*row) for row in connection.execute(query.order_by(t.access.c.at, t.access.c.id)))


def _that_have(connection: sa.Connection, letters: sa.Select[Any]) -> frozenset[str]:
    """Return the desks that acknowledged one of these letters, or fetched it without acknowledging it."""
    members = connection.execute(sa.select(t.taken.c.member).where(t.taken.c.letter.in_(letters))).scalars()
    fetched = sa.select(t.access.c.desk).where(t.access.c.letter.in_(letters), t.access.c.what == FETCHED)
    return frozenset([*map(desk_of, members), *connection.execute(fetched).scalars()])


def _is_of(connection: sa.Connection, item: str, letter_id: str, desk: str) -> bool:
    """Return whether this is the letter, one of its parts, or an entry or a voice of the desk about it."""
    voices = sa.select(t.voices.c.id).filter_by(id=item, letter=letter_id, desk=desk)
    parts = sa.select(t.parts.c.id).filter_by(id=item, letter=letter_id)
    entries = sa.select(t.entries.c.id).filter_by(id=item, letter=letter_id, desk=desk)
    return item == letter_id or any(connection.execute(query).first() for query in (parts, entries, voices))


def _copies_of(mine: sa.Select[Any], desk: str, member: str, item: str) -> Any:
    """Return the query for the copies of an item for this member, then for its desk; older ones last."""
    queries = (
        sa.select(table.c.sealed).where(table.c.item == item, table.c.letter.in_(mine), table.c.reader == reader)
        for table in (t.shared_copies, t.copies)
        for reader in dict.fromkeys((member, desk))
    )
    return sa.union_all(*queries)


def _require_added_reader(connection: sa.Connection, letter_id: str, desk: str) -> None:
    """Raise WriteRefused where this desk was a recipient from the start, or was left out by the person.

    Whom the person left out stands with the first letter, and holds for all that was added to it.
    """
    threads = sa.select(t.letters.c.thread).filter_by(id=letter_id)
    of_all = sa.or_(t.left_out.c.letter == letter_id, t.left_out.c.letter.in_(threads))
    out = sa.select(t.left_out.c.desk).where(of_all, t.left_out.c.desk == desk)
    if connection.execute(out).first():
        raise WriteRefused("store", "The person left this desk out.", "Respect it.")
    first = sa.select(t.recipients.c.desk).filter_by(letter=letter_id, desk=desk).where(t.recipients.c.maker.is_(None))
    if connection.execute(first).first():
        raise WriteRefused("store", "This desk has the original.", "It needs no copy.")


def _require_written(row: object) -> None:
    """Raise AlreadyThere where a row was not written, since its id or look-up value is taken."""
    if row is None:
        raise AlreadyThere("store", "Another letter has this id or look-up value.")


def _require_first(connection: sa.Connection, thread: str) -> None:
    """Raise LetterGone where the first letter is not here; where it is, whoever erases it waits for us."""
    first = sa.select(t.letters.c.id).filter_by(id=thread).with_for_update(read=True)
    if connection.execute(first).first() is None:
        raise LetterGone("store", "The letter that this one follows is not here.", "It may be erased.")


def _require_parts(connection: sa.Connection, coming: NewLetter) -> None:
    """Raise PartsMissing where a part is not here, was sealed for other desks, or is another letter's."""
    free = sa.or_(t.parts.c.letter.is_(None), t.parts.c.letter == coming.id)
    here = sa.select(t.parts.c.id).where(t.parts.c.id.in_(coming.parts), t.parts.c.desks == _listed(coming.desks), free)
    missing = set(coming.parts) - set(connection.execute(here).scalars())
    if missing:
        raise PartsMissing(sorted(missing))


def _claim(connection: sa.Connection, coming: NewLetter) -> None:
    """Give a letter its parts. Raises PartsMissing where one is not here, or was sealed for other desks."""
    loose = sa.and_(
        t.parts.c.id.in_(coming.parts), t.parts.c.letter.is_(None), t.parts.c.desks == _listed(coming.desks)
    )
    claimed = connection.execute(
        t.parts.update().where(loose).values(letter=coming.id).returning(t.parts.c.id)
    ).scalars()
    missing = set(coming.parts) - set(claimed)
    if missing:
        raise PartsMissing(sorted(missing))


def _hashed(lookup: bytes) -> bytes:
    """Return the hash that the table stores: a copy of it is not enough to look a letter up or have it erased."""
    return hashlib.sha256(lookup).digest()


def answer_row(desk: str, letter: str, answer_id: str) -> str:
    """Return the id under which an answer is kept.

    A desk can work out the id that another desk's answer will have, and must not be able to take its place before.
    """
    return hashlib.sha256(f"{desk}\0{letter}\0{answer_id}".encode()).hexdigest()


def desk_of(member: str) -> str:
    """Return the desk of a member: "police/anita" is the police desk's; a desk with one key is its own only member."""
    return member.partition("/")[0]


def _listed(desks: Sequence[str]) -> str:
    return ",".join(sorted(desks))
