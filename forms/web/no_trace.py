"""An app that keeps and says nothing of what people send: no file on a disk, no words in a log.

The endpoint and the desk's window are both made of it.
"""

from io import BytesIO
from typing import IO, Any

from flask import Flask, Request

LARGEST_REQUEST = 1024 * 1024
"""Bytes. 5,000 Tamil letters are 45,000 bytes form-encoded: room to say "too long" and lose nothing."""


class QuietRequest(Request):
    """A request that never spools to disk: Werkzeug would write uploads over 500 kB to a temporary file."""

    max_content_length = LARGEST_REQUEST  # forms with files allow themselves more: pages.LARGEST_UPLOAD
    max_form_memory_size = LARGEST_REQUEST
    max_form_parts = 200

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return BytesIO()


class QuietFlask(Flask):
    """An app whose error log has the kind and place of an error and no value: values are people's words."""

    request_class = QuietRequest

    def log_exception(self, exc_info: Any) -> None:
        """Log where an error arose and of what kind; never its text, the address or the request."""
        kind, _, traceback = exc_info
        while traceback and traceback.tb_next:
            traceback = traceback.tb_next
        place = traceback.tb_frame.f_code.co_qualname if traceback else "?"
        self.logger.error("%s in %s, line %s", kind.__name__, place, traceback.tb_lineno if traceback else 0)
