"""Accepted answers on their way to a desk, and the photos and recordings that belong to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from forms.core.crypto import receipts
from forms.core.form_schema import Definition

LETTER_VERSION = 2


@dataclass(frozen=True)
class Part:
    """A sealed photo or recording that waits for its letter."""

    id: str
    kind: str
    seconds: int = 0

    @property
    def reference(self) -> dict[str, Any]:
        """The part as the letter names it."""
        return {"id": self.id, "kind": self.kind, **({"seconds": self.seconds} if self.seconds else {})}


@dataclass(frozen=True)
class Submission:
    """Accepted answers, the language in which the form was read, and the one-time value of its page.

    follows: the id of the letter to which this is added, or empty. seen: in an addition, the short ids of the answers
    that the person was shown.
    """

    definition: Definition
    language: str
    values: Mapping[str, Any]
    idempotency_key: str
    today: date
    with_receipt: bool = True
    parts: tuple[Part, ...] = ()
    follows: str = ""
    seen: tuple[str, ...] = ()

    @property
    def _content(self) -> dict[str, Any]:
        # with_receipt too: whoever sends without a receipt and then with one sends two letters, so that it opens one.
        head = {"form": self.definition.name, "language": self.language, "receipt": self.with_receipt}
        return {**head, "values": dict(self.values), "parts": [part.id for part in self.parts], "follows": self.follows}

    @property
    def words(self) -> str:
        """What was written, as one text; empty if there are only recordings or photos."""
        fields = (field.name for field in self.definition.fields if field.drawn_as in {"textarea", "text"})
        return "\n".join(str(self.values.get(name, "")) for name in fields).strip()

    @property
    def code(self) -> str:
        """The receipt of this submission: the same for the same page and answers."""
        return receipts.receipt(self.idempotency_key, self._content)

    @property
    def id(self) -> str:
        """The letter's id, 32 hexadecimal digits: the same for the same page and answers."""
        return receipts.letter_id(self.idempotency_key, self._content)

    def letter(self, answers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Return the letter as its desks read it."""
        head = {
            "form": self.definition.letter_form,
            "version": LETTER_VERSION,
            "id": self.id,
            "language": self.language,
            "sealed_by": "server",
        }
        return {**head, **more, "answers": dict(answers)}
