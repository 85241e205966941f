"""Recover what was typed into a form whose request is too large: too large photos cost nobody their words."""

from collections.abc import Iterator
from typing import IO
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from forms.web.no_trace import NoTraceRequest

READ_AT_MOST = 64 * 1024 * 1024
"""Bytes that are read of such a request."""

LONGEST_TEXT = 20_000
"""Letters of one answer that are given back: four times what any question takes."""

_CHUNK = 64 * 1024


def typed(request: Request) -> MultiDict[str, str]:
    """Return the answers that could be read, long ones cut; none where the body is no form. Keeps nothing of files."""
    length = min(request.content_length or 0, READ_AT_MOST)
    kind, options = parse_options_header(request.content_type)
    stream = request.environ["wsgi.input"]
    if kind == "multipart/form-data" and options.get("boundary"):
        found = _of_parts(stream, length, options["boundary"].encode("latin-1", "replace"))
    elif kind == "application/x-www-form-urlencoded":
        found = _of_pairs(stream.read(min(length, NoTraceRequest.max_form_memory_size)))
    else:
        found = iter(())
    return MultiDict((name, text[:LONGEST_TEXT]) for name, text in found)


def _of_pairs(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"), errors="replace", max_num_fields=NoTraceRequest.max_form_parts
        )
    except ValueError:  # more answers than any form has
        return
    yield from pairs


def _of_parts(stream: IO[bytes], length: int, boundary: bytes) -> Iterator[tuple[str, str]]:
    decoder = MultipartDecoder(boundary, max_parts=NoTraceRequest.max_form_parts)
    name, text = "", b""
    try:
        for event in _events(decoder, stream, length):
            if isinstance(event, Field):
                name, text = event.name, b""
            elif isinstance(event, File):
                name = ""
            elif isinstance(event, Data) and name:
                text += event.data[: 4 * LONGEST_TEXT - len(text)] if len(text) < 4 * LONGEST_TEXT else b""
                if not event.more_data:
                    yield name, text.decode("utf-8", "replace")
    except (ValueError, HTTPException):  # broken, or too many parts: what was read before is given back
        return


def _events(decoder: MultipartDecoder, stream: IO[bytes], length: int) -> Iterator[object]:
    while length > 0 and (chunk := stream.read(min(length, _CHUNK))):
        length -= len(chunk)
        decoder.receive_data(chunk)
        while not isinstance(event := decoder.next_event(), NeedData):
            yield event
            if isinstance(event, Epilogue):
                return
