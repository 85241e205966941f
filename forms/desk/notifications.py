"""Tell staff that letters wait at the desk: one fixed sentence, at most once a day.

It needs no passphrase and does not decrypt, fetch or acknowledge. docs/decisions/0015 says what an onlooker learns.
"""

from datetime import date
from pathlib import Path
from typing import Any, Protocol

from forms.core.files.durable import write_or_complain
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import new_id
from forms.core.problem import Problem
from forms.desk.events.messaging.gateways import Gateway, dialable_number
from forms.desk.language import ENGLISH, chosen_language, offered_languages, translated

NOTICE = lazy_gettext("Something waits at the desk. Open it when you are alone.")
"""Always the same: it reveals no number, time, kind or desk. Written in the language chosen for this desk."""

_LAST_CHECK_FILE = "asked.txt"


class LetterQueue(Protocol):
    """The part of forms.desk.sync.client.Server that is used here."""

    def waiting(self) -> list[dict[str, Any]]:
        """Return letters that this machine has not fetched."""


def notice(server: LetterQueue, folder: Path, today: date) -> str:
    """Return NOTICE in the desk's language if letters wait for this machine, else an empty text.

    Also empty if the server was asked today already. Raises Problem if the server cannot be asked; then the next call
    asks again.
    """
    path = folder / _LAST_CHECK_FILE
    if path.exists() and path.read_text(encoding="utf-8", errors="replace").strip() == today.isoformat():
        return ""
    text = translated(NOTICE, chosen_language(folder)) if server.waiting() else ""
    # The day of the check, not of a notice: a scheduler that runs each hour must not reveal the hour in which a letter
    # came, and the file is the same whether or not letters wait.
    write_or_complain(path, f"{today.isoformat()}\n".encode())
    return text


def notice_in(language: str) -> str:
    """Return NOTICE in a language, as registered with an operator; English if the language is not offered."""
    return translated(NOTICE, language if language in offered_languages() else ENGLISH)


def notice_number(phone: str) -> str:
    """Return the number to which notices go, as it is dialled. Raises Problem."""
    number = dialable_number(phone)
    if not number:
        raise Problem("PORTAL_NOTICE_NUMBER", "is no telephone number.", "Write it like +91 98765 43210.")
    return number


def send_notice(gateway: Gateway, number: str, text: str, template: str = "") -> None:
    """Send a notice to a number once, without retries: tomorrow's says the same. Raises Problem."""
    gateway.send(number, text, new_id(), template)
