"""Answers a letter: sealed to the key that its receipt alone derives."""

import hashlib
from datetime import UTC, date, datetime

from forms.core.encryption import LETTER_SIZE, seal
from forms.core.problem import Problem
from forms.core.signing import content_hash
from forms.desk.crypto.copies import Signer
from forms.desk.crypto.decryption import Letter

LONGEST = 4000
"""Letters (characters) of the longest answer: it fits the same size class as a concern in every script."""


class NoKey(Problem):
    """What the letter names as its key is none: nobody could read an answer."""


def sealed_answer(letter: Letter, signer: Signer, day: date, text: str, state: str = "") -> tuple[str, bytes]:
    """The answer's id and its sealed text. The same answer to the same letter has the same id: sent once.

    It is signed, and names the desk but not the person of it: whoever has the receipt need not learn a name.

    state: what the person is told of how it stands (casework.TOLD_STATES), or empty; then the text may be empty.
    Raises Problem where the person wanted no answer, or the text is empty or too long (NoKey: see there).
    """
    words, desk = text.strip(), signer.desk
    if letter.reply_to is None:
        raise Problem("answer", "This person took no receipt and cannot be answered here.", "See `contact`, if any.")
    if (not words and not state) or len(words) > LONGEST:
        raise Problem("answer", f"It has {len(words)} letters.", f"Write 1 to {LONGEST}.")
    answer = {
        "form": "answer", "version": 1, "letter": letter.id, "desk": desk, "day": day.isoformat(), "text": words,
        "at": datetime.now(UTC).strftime("%H:%M:%S.%f"), **({"state": state} if state else {}),
    }  # fmt: skip
    # Not a plain hash of the text, which could be tried out: reply_to is known to desks and person only.
    told = f"{letter.reply_to}\0{desk}\0{words}" + (f"\0{state}\0{day}" if state else "")
    answer_id = hashlib.sha256(told.encode()).hexdigest()
    answer["signature"] = signer.sign("answer", letter.id, answer_id, content_hash(answer))
    try:
        return answer_id, seal(answer, [letter.reply_to], LETTER_SIZE)
    except Problem:
        todo = "Whoever made this letter did not use our form. Answer another way."
        raise NoKey("answer", "The letter names no key to which an answer can be sealed.", todo) from None
