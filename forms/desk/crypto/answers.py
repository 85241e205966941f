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

LONGEST = 4000
"""Letters (characters) of the longest answer: it fits the same size class as a concern in every script."""


class NoKey(Problem):
    """The letter's reply key is invalid: nobody could read an answer."""


@dataclass(frozen=True)
class Voice:
    """A recording beside an answer, encrypted. sound: SHA-256 of what is heard, by which sending twice is noticed."""

    sealed: bytes
    seconds: int
    sound: str

    @property
    def id(self) -> str:
        """Return the id under which it is kept, as that of any photo or recording."""
        return part_id(self.sealed)

    @property
    def digest(self) -> str:
        """Return what the answer names: SHA-256 of the encrypted file."""
        return hashlib.sha256(self.sealed).hexdigest()


_NOT_TAKEN = {
    "empty": ("holds nothing.", "Record it again."),
    "large": (f"has more than {MAX_FILE_BYTES['answer'] // 1024**2} MB.", "Choose a shorter one."),
    "kind": ("is no recording that is known here.", "Save it as Opus, MP3, M4A, AMR or WAV."),
    "long": (f"is longer than {MAX_ANSWER_SECONDS} seconds.", "Say it in a minute, and write the rest."),
    "busy": ("has to wait: other photos and recordings are being opened.", "Try again in a moment."),
}


def read_recording(path: Path) -> bytes:
    """Return the bytes of a recording that staff name, no more than tell that it is too large. Raises Problem."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES["answer"] + 1)
    except OSError as wrong:
        raise Problem(
            str(path),
            lazy_gettext("cannot be read (%(reason)s).", reason=wrong.strerror),
            "Name a recording of this machine.",
        ) from None


def cleaned_voice(recording: bytes) -> Clean:
    """Return what staff recorded as the person will hear it: decoded in a confined process, its tags gone.

    Raises Problem with a sentence where it cannot be taken.
    """
    try:
        return clean("answer", recording)
    except FileRefused as wrong:
        told = _NOT_TAKEN.get(wrong.code, ("cannot be read. It may be damaged.", "Record it again."))
        raise Problem("The recording", *told) from None


def sealed_voice(letter: Letter, sound: Clean, keys: Sequence[str]) -> Voice:
    """Return a cleaned recording, encrypted to the receipt and to the desk's own keys in one file. Raises NoKey."""
    head = {"type": sound.media_type, "kind": "voice", "seconds": sound.seconds}
    try:
        sealed = seal_part(head, sound.content, [str(letter.reply_to), *keys])[1]
    except Problem:
        raise _no_key() from None
    return Voice(sealed, sound.seconds, hashlib.sha256(sound.content).hexdigest())


def sealed_answer(
    letter: Letter,
    signer: Signer,
    day: date,
    text: str,
    state: str = "",
    after: Sequence[str] = (),
    voice: Voice | None = None,
) -> tuple[str, bytes]:
    """Return the answer's id and its sealed text. The same answer to the same letter has the same id: sent once.

    It is signed, and names the desk but not the person of it: whoever has the receipt need not learn a name.

    state: what the person is told of how it stands (casework.TOLD_STATES), or empty; then the text may be empty.
    after: the ids of this desk's earlier answers, oldest first. voice: the text read out, or said in other words.
    Raises Problem where the person wanted no answer, or the text is empty or too long (NoKey: see there).
    """
    words, desk = text.strip(), signer.desk
    if letter.reply_to is None:
        raise Problem("answer", "This person took no receipt and cannot be answered here.", "See `contact`, if any.")
    if (not words and not state) or len(words) > LONGEST:
        raise Problem(
            "answer",
            lazy_gettext("It has %(number)s letters.", number=len(words)),
            lazy_gettext("Write 1 to %(number)s.", number=LONGEST),
        )
    # Not a plain hash of the text, which could be tried out: reply_to is known to desks and person only.
    told = f"{letter.reply_to}\0{desk}\0{words}" + (f"\0{state}\0{day}" if state else "")
    spoken: dict[str, Any] = {}
    if voice:
        told += f"\0voice {voice.sound}"
        spoken = {"voice": voice.digest, "seconds": voice.seconds}
    said = _answered(letter, signer, day, told, words, state=state, after=newest_short_ids(after), **spoken)
    return said.id, _sealed(letter, signer, said, LETTER_SIZE)


def sealed_acknowledgement(
    letter: Letter, signer: Signer, day: date, held: Sequence[Letter], after: Sequence[str] = ()
) -> tuple[str, bytes]:
    """Return the id and the encrypted bytes of what tells the person which letters this desk has opened.

    letter: the first; held: it and what was added. All machines of a desk give it the same id. Raises NoKey.
    """
    ids = sorted(one.id for one in held)
    told = f"{letter.reply_to}\0{signer.desk}\0\0opened\0{','.join(ids)}"
    days = tuple((short(one.id), one.day[:10]) for one in held[-MAX_IDS:])
    said = _answered(letter, signer, day, told, "", after=newest_short_ids(after), letters=days)
    return said.id, _sealed(letter, signer, said, SIZE_CLASSES[0])


def _answered(letter: Letter, signer: Signer, day: date, told: str, text: str, **more: Any) -> AnswerRecord:
    return AnswerRecord(
        id=hashlib.sha256(told.encode()).hexdigest(),
        letter=letter.id,
        desk=signer.desk,
        day=day.isoformat(),
        at=datetime.now(UTC).strftime("%H:%M:%S.%f"),
        text=text,
        **{"state": "", **more},
    )


def _sealed(letter: Letter, signer: Signer, said: AnswerRecord, size: int) -> bytes:
    """Return an answer with its proof and signature, encrypted to the receipt. Raises NoKey."""
    fields = {name: value for name, value in asdict(said).items() if said.voice or name not in {"voice", "seconds"}}
    answer: dict[str, Any] = {"form": "answer", "version": 1, **fields}
    if is_key(letter.answer_key):
        answer["proof"] = prove(letter.answer_key, said.claim)
        if said.voice:
            answer["voice_proof"] = prove(letter.answer_key, said.voice_claim)
    answer["signature"] = signer.sign("answer", letter.id, said.id, content_hash(answer))
    try:
        return seal(answer, [str(letter.reply_to)], size)
    except Problem:
        raise _no_key() from None


def _no_key() -> NoKey:
    todo = "Whoever made this letter did not use our form. Answer another way."
    return NoKey("answer", "The letter names no key to which an answer can be sealed.", todo)
