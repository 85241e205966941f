"""Recover what was typed into a form whose request is too large: too large photos cost nobody their words."""

from collections.abc import Iterable, Iterator
from typing import IO
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from forms.web.no_trace import NoTraceRequest

READ_AT_MOST = 64 * 1024 * 1024
"""Bytes that are read of such a request."""

LONGEST_TEXT = 20_000
"""Letters of one answer that are given back: four times what any question takes."""

_CHUNK = 64 * 1024


class ReplayableBody:
    """A body as it is read, whose beginning can be read again: Werkzeug gives no half of a form that it refuses."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._begin, self._read = stream, b"", 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(size)
        self._read += len(data)
        self._begin += data[: _REMEMBERED - len(self._begin)]
        return data

    def again(self, length: int) -> Iterator[bytes]:
        """Yield a body of this length from its start; only its beginning, where more was read than is remembered."""
        yield self._begin
        left = length - self._read
        is_whole = self._read == len(self._begin)
        while left > 0 and (chunk := self._stream.read(min(left, _CHUNK))):
            left -= len(chunk)
            if is_whole:
                yield chunk


_REMEMBERED = 2 * NoTraceRequest.max_form_memory_size


def form_of(request: Request) -> tuple[MultiDict[str, str], bool]:
    """Return the answers of a request, and whether it was too large: then what could be read of it."""
    length = request.content_length or 0
    if length > (request.max_content_length or 0):
        return typed(request), True
    body = request.environ["wsgi.input"] = ReplayableBody(request.environ["wsgi.input"])
    try:
        return request.form, False
    except RequestEntityTooLarge:  # more text than any form has, beside photos
        boundary = parse_options_header(request.content_type)[1].get("boundary", "")
        return _shortened(_of_parts(body.again(length), boundary.encode("latin-1", "replace"))), True


def typed(request: Request) -> MultiDict[str, str]:
    """Return the answers that could be read, long ones cut; none where the body is no form. Keeps nothing of files."""
    length = min(request.content_length or 0, READ_AT_MOST)
    kind, options = parse_options_header(request.content_type)
    stream = request.environ["wsgi.input"]
    if kind == "multipart/form-data" and options.get("boundary"):
        found = _of_parts(_chunks(stream, length), options["boundary"].encode("latin-1", "replace"))
    elif kind == "application/x-www-form-urlencoded":
        found = _of_pairs(stream.read(min(length, NoTraceRequest.max_form_memory_size)))
    else:
        found = iter(())
    return _shortened(found)


def _shortened(found: Iterable[tuple[str, str]]) -> MultiDict[str, str]:
    return MultiDict((name, text[:LONGEST_TEXT]) for name, text in found)


def _of_pairs(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"), errors="replace", max_num_fields=NoTraceRequest.max_form_parts
        )
    except ValueError:  # more answers than any form has
        return
    yield from pairs


def _of_parts(body: Iterator[bytes], boundary: bytes) -> Iterator[tuple[str, str]]:
    decoder = MultipartDecoder(boundary, max_parts=NoTraceRequest.max_form_parts)
    name, text = "", b""
    try:
        for event in _events(decoder, body):
            if isinstance(event, Field):
                name, text = event.name, b""
            elif isinstance(event, File):
                name = ""
            elif isinstance(event, Data) and name:
                text += event.data[: 4 * LONGEST_TEXT - len(text)] if len(text) < 4 * LONGEST_TEXT else b""
                if not event.more_data:
                    yield name, text.decode("utf-8", "replace")
                    name = ""
    except (ValueError, HTTPException):  # broken, or too many parts: what was read before is given back
        pass
    for _ in body:  # a phone that is still sending sees no page
        pass
    if name:  # so much of the last one as came
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
