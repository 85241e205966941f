"""What a receipt opens: how a letter stands, the answers to it, asking that it be erased. No request, no HTML."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from forms.core.crypto import receipts
from forms.core.crypto.encryption import LETTER_SIZE, seal
from forms.core.crypto.receipts import Keys
from forms.core.form_schema import Kind
from forms.core.i18n.characters import without_surrogates
from forms.core.ids import new_id
from forms.core.media.attachments import MAX_ANSWER_SECONDS
from forms.core.portal import Desk, Portal
from forms.server.services.mailbox import LETTER_VERSION, Services, recipients
from forms.server.store.concerns.letters import NewLetter, Progress
from forms.server.store.database import Store
from forms.server.store.faults import NotKept

_SHA_256 = re.compile(r"[0-9a-f]{64}")
_ID_DIGITS = 32  # of a SHA-256, by which a sealed recording is kept

VOICE_STEP = 32 * 1024
"""Bytes of which a page with a voice has a multiple: its size tells no more of the length than three classes do."""

_LONGEST_MARK = 64
"""Characters of an answer's id, time or state: a desk could write anything there."""


@dataclass(frozen=True)
class Reply:
    """What a desk sealed for the person: a text, or a state in which it has put the letter, or both.

    at: the desk's clock (UTC), by which replies of one day are put in order. id: as the desk names it, or empty.
    voice: SHA-256 of the sealed recording beside it, or empty; seconds: its length.
    """

    desk: str
    day: date
    text: str
    state: str
    at: str = ""
    id: str = ""
    voice: str = ""
    seconds: int = 0

    @property
    def kilobytes(self) -> int:
        """Return about how much a page with this voice weighs: base64 of 8 kbit/s, and the page itself."""
        return -(-(self.seconds * 1400 + 14_000) // VOICE_STEP) * VOICE_STEP // 1000


@dataclass(frozen=True)
class LookupResult:
    """A letter that a receipt opens, and its kind.

    replies: what could be opened here; a browser opens its own. proof: the erase secret in hexadecimal, where the
    receipt was typed here or a browser has sent it. sound: of the voice that was asked for, where it is here.
    """

    kind: Kind
    progress: Progress
    replies: tuple[Reply, ...]
    proof: str = ""
    sound: bytes = b""


def look_up(services: Services, code: str, hear: str = "") -> LookupResult | None:
    """How a letter stands and the answers to it, opened with its receipt; None for an unknown receipt. Raises Busy.

    hear: the SHA-256 that an answer names of its voice: that is opened too, in memory.
    """
    for box in services.mailboxes:
        keys = services.looked_up(code, box.purpose)
        progress = box.store.receipts.progress(keys.lookup)
        if progress is not None:
            replies = _replies(progress, keys)
            named = hear if hear and hear in {reply.voice for reply in replies} else ""
            sound = _sound(box.store.receipts.voice(progress.id, named[:_ID_DIGITS]), named, keys) if named else b""
            return LookupResult(box.purpose, progress, replies, keys.erase.hex(), sound)
    services.lookups.missed()
    return None


def why_unknown(store: Store) -> str:
    """Return why a well-formed number may find nothing: "unknown", or "restored" from a backup."""
    with suppress(NotKept):
        return "unknown" if store.restored() is None else "restored"
    return "unknown"


def find(services: Services, lookup: bytes, *, worked: bool = False) -> LookupResult | None:
    """Return how a letter stands, for a browser that derived its look-up value: answers stay sealed. Raises Busy."""
    with services.browser_lookups.one(worked=worked):
        for box in services.mailboxes:
            progress = box.store.receipts.progress(lookup)
            if progress is not None:
                return LookupResult(box.purpose, progress, ())
    services.browser_lookups.missed(worked=worked)
    return None


def _replies(progress: Progress, keys: Keys) -> tuple[Reply, ...]:
    replies = []
    for answer in progress.answers:
        try:
            opened = receipts.open_answer(answer.sealed, keys)
        except ValueError:
            continue  # sealed to somebody else's key by mistake: the person sees the other answers
        state, at, id = (_mark(opened.get(name)) for name in ("state", "at", "id"))
        voice, seconds = _named_voice(opened)
        replies.append(Reply(answer.desk, answer.day, opened["text"], state, at, id, voice, seconds))
    return tuple(sorted(replies, key=lambda reply: (reply.day, reply.at)))


def _mark(value: object) -> str:
    """Return what a desk's program wrote beside its words: a short text that can stand on a page and in a letter."""
    text = value if isinstance(value, str) else ""
    return without_surrogates(text)[:_LONGEST_MARK]


def _named_voice(opened: Mapping[str, Any]) -> tuple[str, int]:
    """Return the SHA-256 and the seconds of the recording that an answer names; empty and 0 where it names none."""
    voice, seconds = opened.get("voice"), opened.get("seconds")
    if not (isinstance(voice, str) and _SHA_256.fullmatch(voice)):
        return "", 0
    return voice, seconds if type(seconds) is int and 0 < seconds <= MAX_ANSWER_SECONDS else 0


def sealed_voice(services: Services, found: LookupResult, voice_id: str) -> bytes | None:
    """Return the sealed voice of an answer to a letter that was found, or None."""
    return services.mailbox(found.kind).store.receipts.voice(found.progress.id, voice_id)


def _sound(sealed: bytes | None, digest: str, keys: Keys) -> bytes:
    """Return the sound of the sealed voice that an answer names; empty where it is not here, or another one."""
    if sealed is None or hashlib.sha256(sealed).hexdigest() != digest:
        return b""
    return receipts.open_voice(sealed, keys) or b""


def delete(services: Services, code: str, today: date) -> bool:
    """Erase a letter and all that belongs to it here; desks that have it are asked to. False: unknown receipt.

    Raises NotKept, Busy.
    """
    found = look_up(services, code)
    if found is None:
        return False
    erase(services, found, today)
    return True


def erase(services: Services, found: LookupResult, today: date) -> None:
    """Erase a letter that was found, likewise. Raises NotKept."""
    thread, taken_by = found.progress.id, found.progress.taken_by
    while True:
        have = services.portal.receivers(taken_by)
        notice = _deletion_notice(services.portal, thread, have, today, found.proof) if have else None
        more = services.mailbox(found.kind).store.erasing.forget(thread, notice, taken_by)
        if not more:
            return
        taken_by = tuple(more)


def _deletion_notice(portal: Portal, thread: str, desks: Sequence[Desk], today: date, proof: str) -> NewLetter:
    """Return the sealed notice for desks that have the letter. They hold `proof` against the hash in the letter."""
    notice_id = new_id()
    letter = {
        "form": "deletion", "version": LETTER_VERSION, "id": notice_id, "day": today.isoformat(), "follows": thread,
        "desks": [desk.id for desk in desks], "answers": {}, "proof": proof or None,
    }  # fmt: skip
    return NewLetter(
        id=notice_id,
        thread=notice_id,
        form="deletion",
        day=today,
        lookup=None,
        sealed=seal(letter, recipients(portal, desks), LETTER_SIZE),
        desks=tuple(desk.id for desk in desks),
    )
