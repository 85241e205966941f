"""Answers a letter: sealed to the key that its receipt alone derives."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from forms.core.encryption import LETTER_SIZE, SIZE_CLASSES, seal
from forms.core.problem import Problem
from forms.core.proofs.receipt_proofs import MOST_NAMED, Answered, is_key, named, prove, short
from forms.core.signing import content_hash
from forms.desk.crypto.copies import Signer
from forms.desk.crypto.decryption import Letter

LONGEST = 4000
"""Letters (characters) of the longest answer: it fits the same size class as a concern in every script."""


class NoKey(Problem):
    """What the letter names as its key is none: nobody could read an answer."""


def sealed_answer(
    letter: Letter, signer: Signer, day: date, text: str, state: str = "", after: Sequence[str] = ()
) -> tuple[str, bytes]:
    """Return the answer's id and its sealed text. The same answer to the same letter has the same id: sent once.

    It is signed, and names the desk but not the person of it: whoever has the receipt need not learn a name.

    state: what the person is told of how it stands (casework.TOLD_STATES), or empty; then the text may be empty.
    after: the ids of this desk's earlier answers, oldest first.
    Raises Problem where the person wanted no answer, or the text is empty or too long (NoKey: see there).
    """
    words, desk = text.strip(), signer.desk
    if letter.reply_to is None:
        raise Problem("answer", "This person took no receipt and cannot be answered here.", "See `contact`, if any.")
    if (not words and not state) or len(words) > LONGEST:
        raise Problem("answer", f"It has {len(words)} letters.", f"Write 1 to {LONGEST}.")
    # Not a plain hash of the text, which could be tried out: reply_to is known to desks and person only.
    told = f"{letter.reply_to}\0{desk}\0{words}" + (f"\0{state}\0{day}" if state else "")
    said = _answered(letter, signer, day, told, words, state=state, after=named(after))
    return said.id, _sealed(letter, signer, said, LETTER_SIZE)


def sealed_acknowledgement(
    letter: Letter, signer: Signer, day: date, held: Sequence[Letter], after: Sequence[str] = ()
) -> tuple[str, bytes]:
    """Return the id and the encrypted bytes of what tells the person which letters this desk has opened.

    letter: the first; held: it and what was added. All machines of a desk give it the same id. Raises NoKey.
    """
    ids = sorted(one.id for one in held)
    told = f"{letter.reply_to}\0{signer.desk}\0\0opened\0{','.join(ids)}"
    days = tuple((short(one.id), one.day[:10]) for one in held[-MOST_NAMED:])
    said = _answered(letter, signer, day, told, "", after=named(after), letters=days)
    return said.id, _sealed(letter, signer, said, SIZE_CLASSES[0])


def _answered(letter: Letter, signer: Signer, day: date, told: str, text: str, **more: Any) -> Answered:
    return Answered(
        id=hashlib.sha256(told.encode()).hexdigest(),
        letter=letter.id,
        desk=signer.desk,
        day=day.isoformat(),
        at=datetime.now(UTC).strftime("%H:%M:%S.%f"),
        text=text,
        **{"state": "", **more},
    )


def _sealed(letter: Letter, signer: Signer, said: Answered, size: int) -> bytes:
    """Return an answer with its proof and signature, encrypted to the receipt. Raises NoKey."""
    answer: dict[str, Any] = {"form": "answer", "version": 1, **asdict(said)}
    if is_key(letter.answer_key):
        answer["proof"] = prove(letter.answer_key, said.claim)
    answer["signature"] = signer.sign("answer", letter.id, said.id, content_hash(answer))
    try:
        return seal(answer, [str(letter.reply_to)], size)
    except Problem:
        todo = "Whoever made this letter did not use our form. Answer another way."
        raise NoKey("answer", "The letter names no key to which an answer can be sealed.", todo) from None
