"""A Flask app that stores and logs nothing of what people send.

The endpoint and the desk's window are both made of it.
"""

import time
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Flask, Request
from werkzeug.formparser import FormDataParser

if TYPE_CHECKING:
    from werkzeug.formparser import t_parse_result

LARGEST_REQUEST = 1024 * 1024
"""Bytes. 5,000 Tamil letters are 45,000 bytes form-encoded: room to say "too long" and lose nothing."""


class ReplacingFormParser(FormDataParser):
    """Reads a form of one kind as it reads that of the other: bytes that are no UTF-8 become U+FFFD.

    Werkzeug writes them as %E9 in the one without files, which nobody could tell from what was typed, so an old phone's
    letter in another encoding reached the desk unreadable, and its writer was told nothing.
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> "t_parse_result":
        """Return a body's stream, answers and files."""
        if mimetype != "application/x-www-form-urlencoded":
            return super().parse(stream, mimetype, content_length, options)
        pairs = parse_qsl(stream.read().decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
        return stream, self.cls(pairs), self.cls()


class NoTraceRequest(Request):
    """A request that never spools to disk: Werkzeug would write uploads over 500 kB to a temporary file."""

    max_content_length = LARGEST_REQUEST  # forms with files allow themselves more: requests.MAX_UPLOAD_BYTES
    max_form_memory_size = LARGEST_REQUEST
    max_form_parts = 200
    form_data_parser_class = ReplacingFormParser

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return BytesIO()


class NoTraceFlask(Flask):
    """An app whose error log has the kind and place of an error and no value: values are people's words."""

    request_class = NoTraceRequest

    def log_exception(self, exc_info: Any) -> None:
        """Log the place in our code and the kind of an error; never its text, the address or the request.

        Each once an hour: a fault that each request meets does not fill the log, nor tell when requests come.
        """
        kind, _, traceback = exc_info
        said = f"{kind.__name__} in {_place(traceback)}"
        now, known = time.monotonic(), self.extensions.setdefault("said_errors", {})
        if now - known.get(said, -_ONCE_IN) >= _ONCE_IN:
            known[said] = now
            self.logger.error("%s", said)


_ONCE_IN = 3600.0
_OURS = ("forms.", "sitegen.")


def _place(traceback: Any) -> str:
    """Return the last line of our own code, like forms.server.app:12; of a library's where there is none of ours."""
    place = "?"
    ours = False
    while traceback:
        module = str(traceback.tb_frame.f_globals.get("__name__", "?"))
        if module.startswith(_OURS) or not ours:
            place, ours = f"{module}:{traceback.tb_lineno}", ours or module.startswith(_OURS)
        traceback = traceback.tb_next
    return place
