"""Gateways for reminders: a file of texts that somebody sends by hand, or an SMS provider's HTTP address."""

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
"""Seconds to connect and to wait for a response."""

_HEADER = ("number", "text", "template")
_MAX_NUMBER_DIGITS = 15
"""Digits of the longest telephone number (ITU-T E.164)."""
_MIN_NUMBER_DIGITS = 6

_INDIAN_MOBILE = re.compile(r"(?:(?:00|0)?91)?0?([6-9]\d{9})")
"""Ten digits from 6 to 9 (National Numbering Plan, 2003), as people write them: with 0, 91, +91, +91 (0) or nothing."""


class DeliveryUnknown(Problem):
    """It is unknown whether the text was sent."""


class Gateway(Protocol):
    """Something that sends texts."""

    def send(self, number: str, text: str, key: str, template: str = "") -> None:
        """Send a text to a number.

        key: an idempotency key, for providers that support it: the same for the same reminder. template: the DLT
        template number of the text (TRAI TCCCPR 2018), or empty. Raises DeliveryUnknown if it is unknown whether the
        text was sent, and another Problem if it was certainly not sent.
        """


def dialable_number(phone: str) -> str:
    """Return a number as it is dialled, in one form for all ways to write it; empty if it is not a number.

    Digits only, a leading + as 00 (ITU-T E.123): spreadsheets treat a cell that begins with + as a formula. An Indian
    mobile number gets its country code, whether it was written with 0, 91 or without.
    """
    digits = digits_of(phone)
    if unicodedata.normalize("NFKC", phone).strip().strip("()").startswith("+"):
        digits = f"00{digits}"
    if match := _INDIAN_MOBILE.fullmatch(digits):
        return f"0091{match[1]}"
    significant = digits.removeprefix("00")
    return digits if _MIN_NUMBER_DIGITS <= len(significant) <= _MAX_NUMBER_DIGITS else ""


@dataclass(frozen=True)
class FileOutbox:
    """A gateway that writes a CSV file of numbers and texts, to be sent by hand. The file is not encrypted."""

    path: Path

    def send(self, number: str, text: str, key: str, template: str = "") -> None:  # noqa: ARG002 - no keys in a file
        """Add a line, durable when this returns. Raises Problem, and leaves the file as it was then."""
        try:
            with self.path.open("a+b") as file:
                start = file.seek(0, io.SEEK_END)
                try:
                    file.write(_line(_HEADER, first=True) if start == 0 else b"")
                    file.write(_line((number, text, template)))
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(start)
                    raise
        except OSError as error:
            todo = "Choose another file or make room, then send again: what is in it is not written twice."
            raise Problem(
                str(self.path), lazy_gettext("cannot be written (%(reason)s).", reason=error.strerror), todo
            ) from None


@dataclass
class DownloadOutbox:
    """A gateway that collects the same lines in memory, as a download from the window."""

    content: bytes = b""
    count: int = 0

    def send(self, number: str, text: str, key: str, template: str = "") -> None:  # noqa: ARG002 - no keys in a file
        """Add a line."""
        self.content += (b"" if self.count else _line(_HEADER, first=True)) + _line((number, text, template))
        self.count += 1


def _line(cells: tuple[str, ...], *, first: bool = False) -> bytes:
    return for_spreadsheets([cells], first=first)


@dataclass(frozen=True)
class HttpGateway:
    """A provider's HTTP address that takes one text per request. The *_field values are the provider's field names."""

    address: str
    token: str
    number_field: str = "number"
    text_field: str = "text"
    method: str = "POST"
    as_json: bool = True
    template_field: str = "template_id"

    def send(self, number: str, text: str, key: str, template: str = "") -> None:
        """Send one request. A 2xx status means accepted. Redirects are not followed, since they would get the token.

        Raises DeliveryUnknown if it is unknown whether the text was sent, and another Problem if it was not.
        """
        fields = {
            self.number_field: number,
            self.text_field: text,
            **({self.template_field: template} if template else {}),
        }
        json, data = (fields, None) if self.as_json else (None, fields)
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        try:
            response = requests.request(
                self.method, self.address, json=json, data=data, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.ConnectTimeout:
            raise Problem(self.name, "does not answer.", "Nothing was sent. Try again later.") from None
        except (requests.Timeout, requests.exceptions.ChunkedEncodingError):
            todo = "Look in the provider's list whether it went, then send again or leave it."
            raise DeliveryUnknown(self.name, "took a text and never said whether it went.", todo) from None
        except requests.ConnectionError as error:
            raise self._connection_problem(error) from None
        except requests.RequestException:
            raise Problem(self.name, "cannot be asked.", "Look at the settings PORTAL_SMS_...") from None
        if not response.ok or response.is_redirect:
            raise self._status_problem(response.status_code)

    @property
    def name(self) -> str:
        """The provider's host."""
        return urlsplit(self.address).hostname or "gateway"

    def _connection_problem(self, error: requests.ConnectionError) -> Problem:
        if "Remote end closed" in str(error) or "Connection aborted" in str(error):
            todo = "Look in the provider's list whether it went, then send again or leave it."
            return DeliveryUnknown(self.name, "broke off in the middle.", todo)
        return Problem(self.name, "cannot be reached.", "Nothing was sent. Is this machine online?")

    def _status_problem(self, status: int) -> Problem:
        if status in {requests.codes.unauthorized, requests.codes.forbidden}:
            return Problem(self.name, "does not know the token.", "Set PORTAL_SMS_TOKEN to the provider's.")
        if status >= requests.codes.internal_server_error:
            todo = "Look in the provider's list whether it went, then send again or leave it."
            return DeliveryUnknown(self.name, lazy_gettext("is in trouble (status %(status)s).", status=status), todo)
        todo = "Look at the settings PORTAL_SMS_... and at the provider's description."
        return Problem(self.name, lazy_gettext("refused the text (status %(status)s).", status=status), todo)


def http_gateway(settings: Mapping[str, str]) -> HttpGateway | None:
    """Return the HTTP gateway of the settings (environment), or None if they name none. Raises Problem.

    PORTAL_SMS_URL (https), PORTAL_SMS_TOKEN, and for a provider with other field names: PORTAL_SMS_METHOD (POST),
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
