"""Look a letter up with its receipt: its progress, the answers to it, and erasing it. No request, no HTML."""

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
from forms.server.services.sending import recipients
from forms.server.services.services import Services
from forms.server.services.submissions import LETTER_VERSION
from forms.server.store.concerns.letters import NewLetter, Progress
from forms.server.store.database import Store
from forms.server.store.faults import NotKept
from forms.server.store.restore_mark import last_restore

_SHA_256 = re.compile(r"[0-9a-f]{64}")
_VOICE_ID_LENGTH = 32
"""Digits of a recording's SHA-256 that are its id."""

VOICE_STEP = 32 * 1024
"""The size of a page with a voice is a multiple of these bytes, so that it reveals only one of three lengths."""

_MAX_METADATA_LENGTH = 64
"""Characters of an answer's id, time or state: a desk could write anything there."""


@dataclass(frozen=True)
class Reply:
    """What a desk encrypted for the person: a text, or the state in which it put the letter, or both.

    at: the time by the desk's clock (UTC), which orders the replies of one day. id: the desk's own, or empty. voice:
    the SHA-256 of the sealed recording that belongs to it, or empty; seconds: its length.
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
        """About the size of a page with this voice: base64 of 8 kbit/s, and the page itself."""
        return -(-(self.seconds * 1400 + 14_000) // VOICE_STEP) * VOICE_STEP // 1000


@dataclass(frozen=True)
class LookupResult:
    """A letter that a receipt opens, and its kind.

    replies: what the server could decrypt with the receipt; empty for a browser, which decrypts itself. proof: the
    erase secret in hexadecimal, or empty. sound: that of the chosen voice, or empty.
    """

    kind: Kind
    progress: Progress
    replies: tuple[Reply, ...]
    proof: str = ""
    sound: bytes = b""


def look_up(services: Services, code: str, voice: str = "") -> LookupResult | None:
    """Return the letter of a receipt, with its decrypted answers; None for an unknown receipt. Raises Busy, NotKept.

    voice: the SHA-256 of the voice of one of the answers, which is decrypted too, in memory.
    """
    for mailbox in services.mailboxes:
        keys = services.keys_for_lookup(code, mailbox.kind)
        progress = mailbox.store.receipts.progress(keys.lookup)
        if progress is not None:
            replies = _decrypt_replies(progress, keys)
            sound = b""
            if voice and voice in {reply.voice for reply in replies}:
                sealed = mailbox.store.receipts.sealed_voice(progress.id, voice[:_VOICE_ID_LENGTH])
                sound = _decrypt_voice(sealed, voice, keys)
            return LookupResult(mailbox.kind, progress, replies, keys.erase.hex(), sound)
    services.lookups.record_miss()
    return None


def why_unknown(store: Store) -> str:
    """Return why a well-formed number may be unknown: "restored" if a backup was restored, else "unknown"."""
    with suppress(NotKept):
        return "unknown" if last_restore(store) is None else "restored"
    return "unknown"


def look_up_sealed(services: Services, lookup: bytes, *, with_work: bool = False) -> LookupResult | None:
    """Return the letter with this look-up value, with its answers still sealed; None if there is none.

    with_work: the browser sent a proof of work. Raises Busy, NotKept.
    """
    with services.browser_lookups.slot(with_work=with_work):
        for mailbox in services.mailboxes:
            progress = mailbox.store.receipts.progress(lookup)
            if progress is not None:
                return LookupResult(mailbox.kind, progress, ())
    services.browser_lookups.record_miss(with_work=with_work)
    return None


def _decrypt_replies(progress: Progress, keys: Keys) -> tuple[Reply, ...]:
    replies = []
    for answer in progress.answers:
        try:
            content = receipts.open_answer(answer.sealed, keys)
        except ValueError:
            continue  # encrypted to another key by mistake: the person sees the other answers
        state, at, id = (_metadata(content.get(name)) for name in ("state", "at", "id"))
        voice, seconds = _voice_of(content)
        replies.append(Reply(answer.desk, answer.day, content["text"], state, at, id, voice, seconds))
    return tuple(sorted(replies, key=lambda reply: (reply.day, reply.at)))


def _metadata(value: object) -> str:
    """Return a field that a desk's program wrote, as a short text that is safe on a page and in a letter."""
    text = value if isinstance(value, str) else ""
    return without_surrogates(text)[:_MAX_METADATA_LENGTH]


def _voice_of(content: Mapping[str, Any]) -> tuple[str, int]:
    """Return the SHA-256 and the seconds of the recording that an answer names; empty and 0 if it names none."""
    voice, seconds = content.get("voice"), content.get("seconds")
    if not (isinstance(voice, str) and _SHA_256.fullmatch(voice)):
        return "", 0
    return voice, seconds if type(seconds) is int and 0 < seconds <= MAX_ANSWER_SECONDS else 0


def sealed_voice(services: Services, result: LookupResult, voice_id: str) -> bytes | None:
    """Return the sealed voice of an answer to this letter, or None."""
    return services.mailbox(result.kind).store.receipts.sealed_voice(result.progress.id, voice_id)


def _decrypt_voice(sealed: bytes | None, digest: str, keys: Keys) -> bytes:
    """Return the sound of a sealed voice with this SHA-256; empty if it is missing, or another one."""
    if sealed is None or hashlib.sha256(sealed).hexdigest() != digest:
        return b""
    return receipts.open_voice(sealed, keys) or b""


def delete(services: Services, code: str, today: date) -> bool:
    """Erase the letter of a receipt and all that belongs to it; ask the desks that have it to erase it too.

    Return False for an unknown receipt. Raises NotKept, Busy.
    """
    result = look_up(services, code)
    if result is None:
        return False
    erase(services, result, today)
    return True


def erase(services: Services, result: LookupResult, today: date) -> None:
    """Erase this letter and all that belongs to it; ask the desks that have it to erase it too. Raises NotKept."""
    thread, desk_ids = result.progress.id, result.progress.taken_by
    while True:
        desks = services.portal.receivers(desk_ids)
        notice = _deletion_notice(services.portal, thread, desks, today, result.proof) if desks else None
        desks_with_letter = services.mailbox(result.kind).store.erasing.erase_thread(thread, notice, desk_ids)
        if not desks_with_letter:
            return
        desk_ids = tuple(desks_with_letter)


def _deletion_notice(portal: Portal, thread: str, desks: Sequence[Desk], today: date, proof: str) -> NewLetter:
    """Return the sealed notice for desks that have the letter. They check `proof` against the hash in the letter."""
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
