"""A taken-over server: it lies about chosen kinds of messages and passes on the honest server's other responses."""

import json
import re
import socketserver
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import responses
from io import BytesIO
from typing import Any

from flask import Flask
from hypothesis import strategies as st

from forms.core.crypto.encryption import seal_file
from tests.serving import serve_in_thread

KINDS = {
    "letters": r"GET letters",
    "letter": r"GET letters/[0-9a-f]{32}",
    "list of copies": r"GET letters/[0-9a-f]{32}/copies",
    "copy": r"GET copies/.*",
    "part": r"GET parts/.*",
    "acknowledge": r"POST letters/.*/acknowledge",
    "put": r"PUT .*",
    "delete": r"DELETE .*",
    "entries": r"GET entries",
    "entry": r"GET entries/.*",
    "desks": r"GET desks",
    "portal": r"GET portal",
    "day": r"POST day",
    "access": r"GET access",
    "statements": r"GET statements",
    "publishing": r"GET publishing",
    "signups": r"GET signups",
    "signup": r"GET signups/.*",
}
"""Every message of the desk API that a desk sends: method and path below /pickup/v1/."""


def kind_of(method: str, path: str) -> str:
    """Return the kind of a message (a key of KINDS), or empty if it is none of them."""
    request_line = f"{method} {path.removeprefix('/pickup/v1/').partition('?')[0]}"
    return next((kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, request_line)), "")


@dataclass(frozen=True)
class Honest:
    """The response of the honest server."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Raw:
    """Any bytes in place of an HTTP response."""

    content: bytes

    def response(self, _: Honest, __: "Known") -> bytes:
        return self.content


@dataclass(frozen=True)
class Other:
    """An HTTP response with another status, other headers, or another body (None: the honest one)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    def response(self, honest: Honest, _: "Known") -> bytes:
        headers = {**honest.headers, **dict(self.headers)}
        return http_answer(self.status, headers, honest.body if self.body is None else self.body)


@dataclass(frozen=True)
class Changed:
    """The honest JSON with one value replaced. at: which value, counted in reading order."""

    at: int
    value: Any

    def response(self, honest: Honest, known: "Known") -> bytes:
        try:
            data = json.loads(honest.body)
        except ValueError:
            return http_answer(honest.status, honest.headers, honest.body)
        holders = list(_holders(data))
        if holders:
            holder, key = holders[self.at % len(holders)]
            holder[key] = fill_ids(self.value, known)
        return http_answer(200, honest.headers, dump_json(data))


@dataclass(frozen=True)
class Listed:
    """The honest list with more rows before its own."""

    rows: tuple[Any, ...]

    def response(self, honest: Honest, known: "Known") -> bytes:
        try:
            data = json.loads(honest.body)
            name = next(key for key, value in data.items() if isinstance(value, list))
        except (ValueError, AttributeError, StopIteration):
            return http_answer(honest.status, honest.headers, honest.body)
        data[name] = [fill_ids(row, known) for row in self.rows] + data[name]
        return http_answer(200, honest.headers, dump_json(data))


@dataclass(frozen=True)
class Encrypted:
    """A file that is encrypted to the desk's own keys, which everybody knows, and holds anything."""

    plain: Any

    def response(self, honest: Honest, known: "Known") -> bytes:
        plain = self.plain if isinstance(self.plain, bytes) else dump_json(fill_ids(self.plain, known))
        return http_answer(200, honest.headers, seal_file(plain, list(known.keys)))


Lie = Raw | Other | Changed | Listed | Encrypted


@dataclass(frozen=True)
class Known:
    """What the attacker knows about the desk: its public keys, and the ids of what it holds."""

    keys: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class IdOf:
    """A placeholder for an id that the desk holds."""

    number: int


def fill_ids(value: Any, known: Known) -> Any:
    """Return the value with each IdOf replaced by an id that the desk holds."""
    if isinstance(value, IdOf):
        return known.ids[value.number % len(known.ids)] if known.ids else "0" * 32
    if isinstance(value, (list, tuple)):
        return [fill_ids(item, known) for item in value]
    if isinstance(value, dict):
        return {key: fill_ids(item, known) for key, item in value.items()}
    return value


def _holders(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every position in a JSON document: its container and its key or index."""
    places = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in list(places):
        yield data, key
        yield from _holders(value)


def dump_json(data: Any) -> bytes:
    """Return JSON, with what Python writes beyond the standard: NaN, Infinity, lone surrogates."""
    return json.dumps(data).encode()


def http_answer(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return an HTTP/1.1 response after which the connection is closed."""
    lengths = {"content-length", "transfer-encoding"}
    sent_headers = (
        headers if lengths & {name.lower() for name in headers} else {**headers, "Content-Length": str(len(body))}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in sent_headers.items())
    start = f"HTTP/1.1 {status} {responses.get(status, 'Odd')}\r\nConnection: close\r\n"
    return (start + head + "\r\n").encode("latin-1", "replace") + body


# What is drawn

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from([
        "", "../identity", "..", "/etc/passwd", "a" * 32, "A" * 32, "\ud800", "\x00", "9999-12-31", "0000-00-00", "2027-02-30",
        "x" * 100_000, float("inf"), float("nan"), [], {}, [[]], [None], {"id": "../token"}, "deletion", "concern",
    ]),
    st.builds(IdOf, st.integers(0, 9)),
    st.lists(st.none(), min_size=50, max_size=50).map(lambda nones: _nested(len(nones))),
)  # fmt: skip


def _nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


ANY_JSON = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8
)


def rows(*fields: str) -> st.SearchStrategy[dict[str, Any]]:
    """Rows that have some of these fields, each with an odd value or an id that the desk has."""
    return st.dictionaries(st.sampled_from(fields), ODD | st.builds(IdOf, st.integers(0, 9)), max_size=len(fields))


_LETTER_FIELDS = ("id", "thread", "form", "day", "tray", "parts", "copies", "maker", "letter", "event", "people", "state",
                  "turn", "version", "at", "member", "what", "item", "digest", "number", "before", "signature", "nonce", "arrived", "gone")  # fmt: skip
_TOLD_FIELDS = ("id", "form", "language", "day", "desks", "answers", "reply_to", "event", "people", "parts", "follows",
                "sealed_by", "version", "thread", "member", "at", "after", "kind", "value")  # fmt: skip
_HEADERS = st.sampled_from([
    ("Content-Encoding", "gzip"), ("Content-Encoding", "identity, br"), ("Content-Length", "99999999999"), ("Content-Length", "-1"),
    ("Content-Length", "x"), ("Transfer-Encoding", "chunked"), ("Location", "http://127.0.0.1:1/"), ("Location", "file:///etc/passwd"),
    ("Date", "yesterday"), ("Date", "Thu, 99 Foo 99999 99:99:99 GMT"), ("Date", "Mon, 1 Jan 2027 00:00:00 +9999"), ("Set-Cookie", "a=b"),
    ("Portal-Answer", ""), ("Content-Type", "text/html; charset=\xff"), ("Retry-After", "1e400"),
])  # fmt: skip
RAW = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest),
    st.binary(max_size=300).map(lambda rest: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + rest),
    st.just(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n"),
)
STATUSES = st.sampled_from(
    [200, 201, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 409, 410, 418, 428, 429, 500, 503, 999]
)
LIES = st.one_of(
    st.builds(Raw, RAW),
    st.builds(Other, STATUSES, st.lists(_HEADERS, max_size=3).map(tuple), st.none() | st.binary(max_size=300)),
    st.builds(Other, st.just(200), st.just(()), ANY_JSON.map(lambda value: dump_json(fill_ids(value, Known())))),
    st.builds(Changed, st.integers(0, 500), ODD | ANY_JSON),
    st.builds(Listed, st.lists(rows(*_LETTER_FIELDS) | ODD, max_size=4).map(tuple)),
    st.builds(Encrypted, st.binary(max_size=200) | ANY_JSON | rows(*_TOLD_FIELDS)),
)


# What an attacker makes up who knows the messages well: each value fits by itself

_THEIR_IDS = st.builds(IdOf, st.integers(0, 9))
_NEW_IDS = st.sampled_from(["f" * 32, "e" * 32])
_ANY_ID = _THEIR_IDS | _NEW_IDS
_WORDS = st.fixed_dictionaries({"what": st.just("Forged"), "danger": st.sampled_from(["yes", "no"])})
_FORMS = st.sampled_from(["concern", "followup", "deletion", "visit", "entry", "answer"])
KNOWING_ROWS = st.fixed_dictionaries(
    {"id": _ANY_ID},
    optional={
        "thread": _ANY_ID, "form": _FORMS, "day": st.just("2027-01-01"), "tray": st.sampled_from([1, 2]), "copies": st.booleans(),
        "parts": st.lists(_ANY_ID, max_size=2), "maker": st.sampled_from(["police/babu", "legal"]), "letter": _ANY_ID,
    },
)  # fmt: skip
KNOWING_LETTERS = st.fixed_dictionaries(
    {"form": _FORMS, "id": _ANY_ID, "answers": _WORDS},
    optional={
        "follows": _ANY_ID, "day": st.just("2026-12-31"), "proof": st.text("0123456789abcdef", min_size=64, max_size=64),
        "erase_hash": st.just("0" * 64), "parts": st.lists(st.fixed_dictionaries({"id": _ANY_ID, "kind": st.just("photo")}), max_size=2),
    },
)  # fmt: skip
_SETTINGS = st.sampled_from([
    ("state", {"state": "closed", "outcome": "Nothing found"}), ("assign", {"member": "police/babu"}), ("due", {"day": "2027-05-05"}),
    ("flag", {"flag": "urgent", "on": False}), ("theme", {"theme": "wages"}), ("merge", {"into": IdOf(1)}), ("note", {"text": "Forged"}),
])  # fmt: skip
KNOWING_ENTRIES = st.builds(
    lambda id, thread, setting, after: {
        "form": "entry", "version": 1, "id": id, "thread": thread, "member": "police/anita", "at": "2027-01-03T10:00",
        "after": after, "kind": setting[0], "value": setting[1],
    },
    _ANY_ID, _THEIR_IDS, _SETTINGS, st.lists(_THEIR_IDS, max_size=3),
)  # fmt: skip
_GONE = st.sampled_from([Other(404, (), b"{}"), Other(204, (), b""), Other(409, (), b"{}"), Other(401, (), b"{}")])
_LISTED = st.builds(Listed, st.lists(KNOWING_ROWS, min_size=1, max_size=3).map(tuple))
LETTER_STORIES = st.fixed_dictionaries(
    {"letters": _LISTED},
    optional={
        "letter": st.builds(Encrypted, KNOWING_LETTERS | KNOWING_ENTRIES) | _GONE, "acknowledge": _GONE,
        "part": st.builds(Encrypted, st.just(b'{"kind": "photo", "bytes": 3}\nxyz')) | _GONE,
        "list of copies": st.builds(Listed, st.just(({"item": IdOf(0), "digest": "0" * 64, "maker": "legal"},))), "put": _GONE,
    },
)  # fmt: skip
ENTRY_STORIES = st.fixed_dictionaries(
    {"entries": _LISTED, "entry": st.builds(Encrypted, KNOWING_ENTRIES | KNOWING_LETTERS) | _GONE},
    optional={"put": _GONE},
)


# The server itself


@dataclass
class Hostile:
    """A server that listens on `address`. lies: what it sends in place of the honest response, by kind of message."""

    honest: Flask
    known: Known = field(default_factory=Known)
    lies: Mapping[str, Lie] = field(default_factory=dict)
    requested_kinds: set[str] = field(default_factory=set)
    address: str = ""

    def answer(self, method: str, path: str, request_headers: Mapping[str, str], body: bytes) -> bytes:
        kind = kind_of(method, path)
        if path.startswith("/pickup/"):  # the desk also looks at the site as a visitor does
            self.requested_kinds.add(kind)
        with self.honest.test_client() as client:
            honest_response = client.open(
                path, method=method, headers=list(request_headers.items()), input_stream=BytesIO(body)
            )
            headers = {name: value for name, value in honest_response.headers.items() if name != "Content-Length"}
            truth = Honest(honest_response.status_code, headers, honest_response.get_data())
        lie = self.lies.get(kind)
        if lie is None:
            return http_answer(truth.status, truth.headers, truth.body)
        return lie.response(truth, self.known)


@contextmanager
def hostile_server(honest: Flask) -> Iterator[Hostile]:
    """Run a hostile server in a thread."""
    hostile = Hostile(honest)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            start = self.rfile.readline().decode("latin-1").split()
            headers: dict[str, str] = {}
            while line := self.rfile.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.strip()] = value.strip()
            body = self.rfile.read(int(headers.get("Content-Length", 0)))
            if len(start) == 3:
                with suppress(OSError):
                    self.wfile.write(hostile.answer(start[0], start[1], headers, body))

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with serve_in_thread(Listener(("127.0.0.1", 0), Handler)) as address:
        hostile.address = address
        yield hostile
