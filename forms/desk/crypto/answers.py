"""Encrypt answers to the key that only the letter's receipt yields."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from forms.core.crypto.encryption import LETTER_SIZE, SIZE_CLASSES, part_id, seal, seal_part
from forms.core.crypto.signing import content_hash
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.media.attachments import MAX_ANSWER_SECONDS, MAX_FILE_BYTES, Clean, FileRefused, clean
from forms.core.problem import Problem
from forms.core.proofs.receipt_proofs import MAX_IDS, AnswerRecord, is_key, newest_short_ids, prove, short
from forms.desk.crypto.copies import Signer
from forms.desk.crypto.decryption import Letter

MAX_ANSWER_LENGTH = 4000
"""Characters of the longest answer: it fits the same size class as a concern in every script."""


class NoKey(Problem):
    """The letter's reply key is invalid: an answer could not be decrypted by anybody."""


@dataclass(frozen=True)
class Voice:
    """An encrypted recording that goes with an answer. sound: SHA-256 of the audio, which detects a second sending."""

    sealed: bytes
    seconds: int
    sound: str

    @property
    def id(self) -> str:
        """The id under which it is stored, like that of any photo or recording."""
        return part_id(self.sealed)

    @property
    def digest(self) -> str:
        """The SHA-256 of the encrypted file, as the answer names it."""
        return hashlib.sha256(self.sealed).hexdigest()


_NOT_TAKEN = {
    "empty": ("holds nothing.", "Record it again."),
    "large": (f"has more than {MAX_FILE_BYTES['answer'] // 1024**2} MB.", "Choose a shorter one."),
    "kind": ("is no recording that is known here.", "Save it as Opus, MP3, M4A, AMR or WAV."),
    "long": (f"is longer than {MAX_ANSWER_SECONDS} seconds.", "Say it in a minute, and write the rest."),
    "busy": ("has to wait: other photos and recordings are being opened.", "Try again in a moment."),
}


def read_recording(path: Path) -> bytes:
    """Read a recording, at most one byte more than the limit, so that the caller notices one that is too large.

    Raises Problem if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES["answer"] + 1)
    except OSError as error:
        raise Problem(
            str(path),
            lazy_gettext("cannot be read (%(reason)s).", reason=error.strerror),
            "Name a recording of this machine.",
        ) from None


def clean_recording(recording: bytes) -> Clean:
    """Return a recording as the person will hear it: encoded again in a confined process, without its tags.

    Raises Problem if it is empty, too large, too long or not a known recording.
    """
    try:
        return clean("answer", recording)
    except FileRefused as error:
        what, todo = _NOT_TAKEN.get(error.code, ("cannot be read. It may be damaged.", "Record it again."))
        raise Problem("The recording", what, todo) from None


def encrypt_recording(letter: Letter, sound: Clean, keys: Sequence[str]) -> Voice:
    """Encrypt a cleaned recording to the receipt and to the desk's own keys, in one file. Raises NoKey."""
    head = {"type": sound.media_type, "kind": "voice", "seconds": sound.seconds}
    try:
        sealed = seal_part(head, sound.content, [str(letter.reply_to), *keys])[1]
    except Problem:
        raise _no_key() from None
    return Voice(sealed, sound.seconds, hashlib.sha256(sound.content).hexdigest())


def encrypt_answer(
    letter: Letter,
    signer: Signer,
    day: date,
    text: str,
    state: str = "",
    after: Sequence[str] = (),
    voice: Voice | None = None,
) -> tuple[str, bytes]:
    """Return the id and the encrypted bytes of an answer. The same answer to the same letter has the same id.

    The answer is signed. It names the desk but not the member: the holder of the receipt need not learn a name.

    state: the state that the person is shown (one of REPORTED_STATES in cases/case.py), or empty. The text may only be
    empty with a state. after: the ids of this desk's earlier answers, oldest first. voice: a recording of the text.
    Raises NoKey, or Problem if the person took no receipt, or the text is empty or too long.
    """
    words, desk = text.strip(), signer.desk
    if letter.reply_to is None:
        raise Problem("answer", "This person took no receipt and cannot be answered here.", "See `contact`, if any.")
    if (not words and not state) or len(words) > MAX_ANSWER_LENGTH:
        raise Problem(
            "answer",
            lazy_gettext("It has %(number)s letters.", number=len(words)),
            lazy_gettext("Write 1 to %(number)s.", number=MAX_ANSWER_LENGTH),
        )
    # Not a plain hash of the text, which could be guessed: only the desks and the person know reply_to.
    identity = f"{letter.reply_to}\0{desk}\0{words}" + (f"\0{state}\0{day}" if state else "")
    voice_fields: dict[str, Any] = {}
    if voice:
        identity += f"\0voice {voice.sound}"
        voice_fields = {"voice": voice.digest, "seconds": voice.seconds}
    answer = _new_answer(
        letter, signer, day, identity, words, state=state, after=newest_short_ids(after), **voice_fields
    )
    return answer.id, _encrypt(letter, signer, answer, LETTER_SIZE)


def encrypt_acknowledgement(
    letter: Letter, signer: Signer, day: date, opened: Sequence[Letter], after: Sequence[str] = ()
) -> tuple[str, bytes]:
    """Return the id and the encrypted bytes of an acknowledgement: which letters this desk has opened.

    letter: the first letter; opened: it and its follow-ups. All machines of a desk give it the same id. Raises NoKey.
    """
    ids = sorted(each.id for each in opened)
    identity = f"{letter.reply_to}\0{signer.desk}\0\0opened\0{','.join(ids)}"
    days = tuple((short(each.id), each.day[:10]) for each in opened[-MAX_IDS:])
    answer = _new_answer(letter, signer, day, identity, "", after=newest_short_ids(after), letters=days)
    return answer.id, _encrypt(letter, signer, answer, SIZE_CLASSES[0])


def _new_answer(letter: Letter, signer: Signer, day: date, identity: str, text: str, **fields: Any) -> AnswerRecord:
    """Return an answer of now. identity: what its id is the hash of."""
    return AnswerRecord(
        id=hashlib.sha256(identity.encode()).hexdigest(),
        letter=letter.id,
        desk=signer.desk,
        day=day.isoformat(),
        at=datetime.now(UTC).strftime("%H:%M:%S.%f"),
        text=text,
        **{"state": "", **fields},
    )


def _encrypt(letter: Letter, signer: Signer, answer: AnswerRecord, size: int) -> bytes:
    """Encrypt an answer, with its proof and signature, to the receipt. Raises NoKey."""
    fields = {name: value for name, value in asdict(answer).items() if answer.voice or name not in {"voice", "seconds"}}
    data: dict[str, Any] = {"form": "answer", "version": 1, **fields}
    if is_key(letter.answer_key):
        data["proof"] = prove(letter.answer_key, answer.claim)
        if answer.voice:
            data["voice_proof"] = prove(letter.answer_key, answer.voice_claim)
    data["signature"] = signer.sign("answer", letter.id, answer.id, content_hash(data))
    try:
        return seal(data, [str(letter.reply_to)], size)
    except Problem:
        raise _no_key() from None


def _no_key() -> NoKey:
    todo = "Whoever made this letter did not use our form. Answer another way."
    return NoKey("answer", "The letter names no key to which an answer can be sealed.", todo)
