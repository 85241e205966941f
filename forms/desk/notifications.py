"""A word to staff that the desk should be opened: one fixed sentence, once a day at most, from sealed letters alone.

It needs no passphrase and opens, fetches and acknowledges nothing. docs/decisions/0015 tells what an onlooker learns.
"""

from datetime import date
from pathlib import Path
from typing import Any, Protocol

from forms.core.files.durable import write_or_complain
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import new_id
from forms.core.problem import Problem
from forms.desk.events.messaging.gateways import Gateway, dialled
from forms.desk.language import ENGLISH, chosen, offered, told

NOTICE = lazy_gettext("Something waits at the desk. Open it when you are alone.")
"""Always the same: it tells no number, no time, no kind and no desk. Said in the language chosen for this desk."""

_ASKED = "asked.txt"


class Waits(Protocol):
    """What is asked of the server here (forms.desk.fetch.Server has it)."""

    def waiting(self) -> list[dict[str, Any]]:
        """Return letters that this machine has not fetched."""


def notice(server: Waits, folder: Path, today: date) -> str:
    """Return NOTICE in the desk's language where anything waits for this machine, else empty.

    Empty too once it has asked today.

    Raises Problem where the server cannot be asked: that does not count as asked.
    """
    path = folder / _ASKED
    if path.exists() and path.read_text(encoding="utf-8", errors="replace").strip() == today.isoformat():
        return ""
    said = told(NOTICE, chosen(folder)) if server.waiting() else ""
    # The day of asking, not of speaking: a scheduler that calls each hour must not tell the hour in which a letter
    # came, and what stands on the disk is the same whether or not something waits.
    write_or_complain(path, f"{today.isoformat()}\n".encode())
    return said


def in_language(language: str) -> str:
    """Return NOTICE in a language, as somebody registered it with an operator; English where there is no such one."""
    return told(NOTICE, language if language in offered() else ENGLISH)


def number_of(phone: str) -> str:
    """Return the number to which notices go, as it is dialled. Raises Problem."""
    number = dialled(phone)
    if not number:
        raise Problem("PORTAL_NOTICE_NUMBER", "is no telephone number.", "Write it like +91 98765 43210.")
    return number


def send_notice(gateway: Gateway, number: str, said: str, template: str = "") -> None:
    """Send a notice to a number, once: where it fails, tomorrow's says the same. Raises Problem."""
    gateway.send(number, said, new_id(), template)
