"""A connection to `serve` that sends nothing more is closed, and keeps nobody else waiting meanwhile."""

import gc
import socket
import threading
from contextlib import ExitStack
from urllib.request import urlopen

from flask import Flask

from forms.web.serving import NoTraceRequestHandler, closing, make


def test_those_that_hang_are_closed_and_others_are_answered() -> None:
    app = Flask("hanging")
    app.add_url_rule("/", "page", lambda: "a page")

    class Impatient(NoTraceRequestHandler):
        timeout = 0.5

    server = make(app, "127.0.0.1", 0)
    server.RequestHandlerClass = Impatient
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with ExitStack() as stack:
            hung = [
                stack.enter_context(socket.create_connection(("127.0.0.1", server.server_port), 300)) for _ in range(40)
            ]
            for each, start in zip(
                hung,
                (b"GET / HT", b"", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx", b"\x16\x03") * 10,
                strict=True,
            ):
                each.sendall(start)
            with urlopen(f"http://127.0.0.1:{server.server_port}/", timeout=300) as answer:
                assert answer.read() == b"a page"
            for each in hung:
                while each.recv(65536):  # until it is closed
                    pass
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_nothing_hangs_longer_than_a_minute() -> None:
    assert NoTraceRequestHandler.timeout <= 60


class Pieces(list[bytes]):
    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_file_is_closed_when_a_browser_breaks_off() -> None:
    """As werkzeug lets the answer go: without a call of its close()."""
    pieces = Pieces([b"a", b"b"])
    answer = iter(closing(lambda _environ, _start: pieces)({}, lambda *_: lambda _: None))
    assert next(answer) == b"a"
    assert not pieces.closed
    del answer
    gc.collect()
    assert pieces.closed


def test_a_whole_answer_is_closed_too_and_one_without_an_end_is_no_fault() -> None:
    pieces = Pieces([b"a", b"b"])
    assert list(closing(lambda _environ, _start: pieces)({}, lambda *_: lambda _: None)) == [b"a", b"b"]
    assert pieces.closed
    assert list(closing(lambda _environ, _start: [b"a"])({}, lambda *_: lambda _: None)) == [b"a"]
