"""Recover what was typed into a form whose request is too large, so that nobody loses their words to a large photo."""

from collections.abc import Iterable, Iterator
from typing import IO
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from forms.web.no_trace import NoTraceRequest

MAX_READ_BYTES = 64 * 1024 * 1024
"""Bytes that are read of such a request."""

MAX_TEXT_LENGTH = 20_000
"""Characters of one answer that are shown again: four times what any question takes."""

_CHUNK = 64 * 1024


class ReplayableBody:
    """A request's body whose beginning can be read again: Werkzeug returns nothing of a form that it refuses."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._begin, self._read = stream, b"", 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(size)
        self._read += len(data)
        self._begin += data[: _MAX_REPLAY_BYTES - len(self._begin)]
        return data

    def replay(self, length: int) -> Iterator[bytes]:
        """Yield a body of this length from its start; only its beginning, if more was read than is kept."""
        yield self._begin
        remaining = length - self._read
        is_complete = self._read == len(self._begin)
        while remaining > 0 and (chunk := self._stream.read(min(remaining, _CHUNK))):
            remaining -= len(chunk)
            if is_complete:
                yield chunk


_MAX_REPLAY_BYTES = 2 * NoTraceRequest.max_form_memory_size


def read_form(request: Request) -> tuple[MultiDict[str, str], bool]:
    """Return the answers of a request, and whether it was too large. If it was, some answers may be missing or cut."""
    length = request.content_length or 0
    if length > (request.max_content_length or 0):
        return read_answers(request), True
    body = request.environ["wsgi.input"] = ReplayableBody(request.environ["wsgi.input"])
    try:
        return request.form, False
    except RequestEntityTooLarge:  # more text than any form has, apart from photos
        boundary = parse_options_header(request.content_type)[1].get("boundary", "")
        return _shorten(_read_multipart(body.replay(length), boundary.encode("latin-1", "replace"))), True


def read_answers(request: Request) -> MultiDict[str, str]:
    """Return the answers that can be read, long ones cut; none if the body is not a form. Skips files."""
    length = min(request.content_length or 0, MAX_READ_BYTES)
    media_type, options = parse_options_header(request.content_type)
    stream = request.environ["wsgi.input"]
    if media_type == "multipart/form-data" and options.get("boundary"):
        answers = _read_multipart(_chunks(stream, length), options["boundary"].encode("latin-1", "replace"))
    elif media_type == "application/x-www-form-urlencoded":
        answers = _read_urlencoded(stream.read(min(length, NoTraceRequest.max_form_memory_size)))
    else:
        answers = iter(())
    return _shorten(answers)


def _shorten(answers: Iterable[tuple[str, str]]) -> MultiDict[str, str]:
    return MultiDict((name, text[:MAX_TEXT_LENGTH]) for name, text in answers)


def _read_urlencoded(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"), errors="replace", max_num_fields=NoTraceRequest.max_form_parts
        )
    except ValueError:  # more answers than any form has
        return
    yield from pairs


def _read_multipart(body: Iterator[bytes], boundary: bytes) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of a multipart body, of which the last may be cut. Reads the body to its end."""
    decoder = MultipartDecoder(boundary, max_parts=NoTraceRequest.max_form_parts)
    name, text = "", b""
    try:
        for event in _events(decoder, body):
            if isinstance(event, Field):
                name, text = event.name, b""
            elif isinstance(event, File):
                name = ""
            elif isinstance(event, Data) and name:
                text += event.data[: 4 * MAX_TEXT_LENGTH - len(text)] if len(text) < 4 * MAX_TEXT_LENGTH else b""
                if not event.more_data:
                    yield name, text.decode("utf-8", "replace")
                    name = ""
    except (ValueError, HTTPException):  # malformed, or too many parts: what was read before has been yielded
        pass
    for _ in body:  # a phone shows no page while it is still sending
        pass
    if name:  # the part of the last answer that came
        yield name, text.decode("utf-8", "replace")


def _events(decoder: MultipartDecoder, body: Iterator[bytes]) -> Iterator[object]:
    for chunk in body:
        decoder.receive_data(chunk)
        while not isinstance(event := decoder.next_event(), NeedData):
            yield event
            if isinstance(event, Epilogue):
                return


def _chunks(stream: IO[bytes], length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := stream.read(min(length, _CHUNK))):
        length -= len(chunk)
        yield chunk
