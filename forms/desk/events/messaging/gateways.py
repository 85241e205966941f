"""Gateways for reminders: a file that somebody sends by hand, or an SMS provider's HTTP address from settings."""

import io
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import requests

from forms.core.files.spreadsheet_csv import for_spreadsheets
from forms.core.i18n.digits import digits_of
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem

TIMEOUT = (10, 30)
"""Seconds to connect and to wait for an answer."""

_HEAD = ("number", "text", "template")
_LONGEST_NUMBER = 15
"""Digits of the longest telephone number (ITU-T E.164)."""
_SHORTEST_NUMBER = 6

_INDIAN_MOBILE = re.compile(r"(?:(?:00|0)?91)?0?([6-9]\d{9})")
"""Ten digits from 6 to 9 (National Numbering Plan, 2003), as people write them: with 0, 91, +91, +91 (0) or nothing."""


class DeliveryUnknown(Problem):
    """Nobody knows whether the text went out."""


class Gateway(Protocol):
    """A gateway for texts."""

    def send(self, number: str, text: str, key: str, template: str = "") -> None:
        """Send a text to a number. `key`: the same for the same reminder, for providers that know such keys.

        template: the DLT template number of the text (TRAI TCCCPR 2018), or empty.

        Raises DeliveryUnknown where nobody knows whether it went, else Problem: then it surely did not.
        """


def dialable_number(phone: str) -> str:
    """Return a number as it is dialled, the same for each way to write it; empty where it is none.

    Digits only, a leading + as 00 (ITU-T E.123): a spreadsheet takes a cell that begins with + for a formula. An Indian
    mobile number gets its country code, with or without the 0 or 91 before it.
    """
    digits = digits_of(phone)
    if unicodedata.normalize("NFKC", phone).strip().strip("()").startswith("+"):
        digits = f"00{digits}"
    if found := _INDIAN_MOBILE.fullmatch(digits):
        return f"0091{found[1]}"
    whole = digits.removeprefix("00")
    return digits if _SHORTEST_NUMBER <= len(whole) <= _LONGEST_NUMBER else ""


@dataclass(frozen=True)
class FileOutbox:
    """A CSV file, number and text, that the person chooses and sends by hand. It is opened data."""

    path: Path

    def send(self, number: str, text: str, key: str, template: str = "") -> None:  # noqa: ARG002 - no keys in a file
        """Add a line, durable when this returns. Raises Problem; the file is as it was then."""
        try:
            with self.path.open("a+b") as file:
                start = file.seek(0, io.SEEK_END)
                try:
                    file.write(_line(_HEAD, first=True) if start == 0 else b"")
                    file.write(_line((number, text, template)))
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(start)  # the file stays as it was
                    raise
        except OSError as error:
            todo = "Choose another file or make room, then send again: what is in it is not written twice."
            raise Problem(
                str(self.path), lazy_gettext("cannot be written (%(reason)s).", reason=error.strerror), todo
            ) from None


@dataclass
class DownloadOutbox:
    """The same lines in memory, for the window to hand out as a download."""

    content: bytes = b""
    count: int = 0

    def send(self, number: str, text: str, key: str, template: str = "") -> None:  # noqa: ARG002 - no keys in a file
        """Add a line."""
        self.content += (b"" if self.count else _line(_HEAD, first=True)) + _line((number, text, template))
        self.count += 1


def _line(cells: tuple[str, ...], *, first: bool = False) -> bytes:
    return for_spreadsheets([cells], first=first)


@dataclass(frozen=True)
class HttpGateway:
    """A provider's address that takes one text a request. fields: the names of number and text there."""

    address: str
    token: str
    number_field: str = "number"
    text_field: str = "text"
    method: str = "POST"
    as_json: bool = True
    template_field: str = "template_id"

    def send(self, number: str, text: str, key: str, template: str = "") -> None:
        """Send one request. A 2xx status means taken; redirects are not followed, the token would go with them.

        Raises Problem where it was not sent, and DeliveryUnknown where nobody can tell.
        """
        fields = {
            self.number_field: number,
            self.text_field: text,
            **({self.template_field: template} if template else {}),
        }
        json, data = (fields, None) if self.as_json else (None, fields)
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        try:
            answer = requests.request(
                self.method, self.address, json=json, data=data, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.ConnectTimeout:
            raise Problem(self.name, "does not answer.", "Nothing was sent. Try again later.") from None
        except (requests.Timeout, requests.exceptions.ChunkedEncodingError):
            todo = "Look in the provider's list whether it went, then send again or leave it."
            raise DeliveryUnknown(self.name, "took a text and never said whether it went.", todo) from None
        except requests.ConnectionError as error:
            raise self._broken(error) from None
        except requests.RequestException:
            raise Problem(self.name, "cannot be asked.", "Look at the settings PORTAL_SMS_...") from None
        if not answer.ok or answer.is_redirect:
            raise self._refused(answer.status_code)

    @property
    def name(self) -> str:
        """The provider's host."""
        return urlsplit(self.address).hostname or "gateway"

    def _broken(self, error: requests.ConnectionError) -> Problem:
        if "Remote end closed" in str(error) or "Connection aborted" in str(error):
            todo = "Look in the provider's list whether it went, then send again or leave it."
            return DeliveryUnknown(self.name, "broke off in the middle.", todo)
        return Problem(self.name, "cannot be reached.", "Nothing was sent. Is this machine online?")

    def _refused(self, status: int) -> Problem:
        if status in {requests.codes.unauthorized, requests.codes.forbidden}:
            return Problem(self.name, "does not know the token.", "Set PORTAL_SMS_TOKEN to the provider's.")
        if status >= requests.codes.internal_server_error:
            todo = "Look in the provider's list whether it went, then send again or leave it."
            return DeliveryUnknown(self.name, lazy_gettext("is in trouble (status %(status)s).", status=status), todo)
        todo = "Look at the settings PORTAL_SMS_... and at the provider's description."
        return Problem(self.name, lazy_gettext("refused the text (status %(status)s).", status=status), todo)


def http_gateway(settings: Mapping[str, str]) -> HttpGateway | None:
    """Return the HTTP gateway that the settings (environment) name, or None where they name none. Raises Problem.

    PORTAL_SMS_URL (https), PORTAL_SMS_TOKEN, and for a provider with other names: PORTAL_SMS_METHOD (POST),
    PORTAL_SMS_NUMBER_FIELD (number), PORTAL_SMS_TEXT_FIELD (text), PORTAL_SMS_TEMPLATE_FIELD (template_id),
    PORTAL_SMS_BODY (json or form).
    """
    address = settings.get("PORTAL_SMS_URL", "").strip()
    if not address:
        return None
    if urlsplit(address).scheme != "https" or not urlsplit(address).hostname:
        raise Problem("PORTAL_SMS_URL", "is no https address.", "Numbers and token would be seen on the way.")
    token = settings.get("PORTAL_SMS_TOKEN", "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise Problem("PORTAL_SMS_TOKEN", "is empty or has strange signs.", "Set it to the provider's token.")
    method, body = settings.get("PORTAL_SMS_METHOD", "POST").upper(), settings.get("PORTAL_SMS_BODY", "json")
    if method not in {"POST", "PUT"}:
        raise Problem(
            "PORTAL_SMS_METHOD",
            lazy_gettext("%(method)s cannot be used.", method=method),
            "Take POST or PUT: addresses are logged.",
        )
    if body not in {"json", "form"}:
        raise Problem("PORTAL_SMS_BODY", lazy_gettext("%(body)s is unknown.", body=body), "Take json or form.")
    number, text = (settings.get(f"PORTAL_SMS_{what}_FIELD", what.lower()) for what in ("NUMBER", "TEXT"))
    template = settings.get("PORTAL_SMS_TEMPLATE_FIELD", "template_id")
    return HttpGateway(address, token, number, text, method, body == "json", template)
