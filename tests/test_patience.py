"""What makes a right test fail on a busy machine, and is kept out of all tests (docs/decisions/0047)."""

import ast
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import patience
from tests.patience import free_port, until

FOLDER = Path(__file__).parent
LEAST, LEAST_MILLISECONDS = 120, 120_000
"""What a test waits for what must happen; nobody waits so long where all is well."""

SLEEPS = {"sleep", "wait_for_timeout"}
WAITS = {"wait", "join", "settimeout", "acquire", "result", "create_connection"}
"""Calls whose number is seconds of patience."""


def hasty(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and fault of each hasty wait in a file of tests, but where a comment beside it says why."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Call) and is_url(node.test.func):
            yield node.lineno, "wait for the address: walking.arrived()"
        if not isinstance(node, ast.Call) or "  # " in lines[node.lineno - 1]:
            continue
        name = getattr(node.func, "attr", "")
        if name in SLEEPS:
            yield node.lineno, "use patience.until(); or say beside the sleep why no test hangs on its length"
        for timeout in (one.value for one in node.keywords if one.arg == "timeout"):
            if isinstance(timeout, ast.Constant) and is_short(timeout.value):
                yield node.lineno, f"{timeout.value} is no patience"
        if name in WAITS and node.args and isinstance(node.args[-1], ast.Constant) and is_short(node.args[-1].value):
            yield node.lineno, f"{node.args[-1].value} is no patience"


def is_url(node: ast.AST) -> bool:
    """Whether this asks the address of a page of Playwright at once: page.url.endswith(...)."""
    return isinstance(node, ast.Attribute) and node.attr == "endswith" and getattr(node.value, "attr", "") == "url"


def is_short(value: object) -> bool:
    """Whether a number of seconds, or of Playwright's milliseconds, is too few. 0 asks without waiting."""
    return isinstance(value, int | float) and (0 < value < LEAST or 1000 < value < LEAST_MILLISECONDS)


def test_no_test_sleeps_in_hope_or_has_little_patience() -> None:
    found = [
        f"{path.relative_to(FOLDER)}:{line}: {fault}"
        for path in sorted(FOLDER.rglob("*.py"))
        if path.name != "patience.py"
        for line, fault in hasty(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(0.5)",
        "page.wait_for_timeout(400)",
        "requests.get(address, timeout=5)",
        "page.goto('/', timeout=30_000)",
        "thread.join(30)",
        "assert page.url.endswith('/ta/')",
    ],
)
def test_each_of_these_is_found(line: str) -> None:
    assert list(hasty(line))


def test_a_sleep_that_says_why_and_patience_are_let_through() -> None:
    assert list(hasty("time.sleep(1)  # between two tries\nthread.join(300)\nroom.acquire(timeout=0)")) == []


def test_until_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    assert until(lambda: calls.append(1) or len(calls) > 2)  # type: ignore[func-returns-value]
    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    with pytest.raises(AssertionError, match="did not happen"):
        until(lambda: None)


def test_a_port_is_given_once_and_is_none_that_the_system_gives_to_connections(monkeypatch: Any) -> None:
    """Two processes that look for one at the same moment; a program that holds one already."""
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    assert max(ports) < 32_768
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        refused = [ports[0], listener.getsockname()[1]]
        monkeypatch.setattr(random.SystemRandom, "sample", lambda *_: [*refused, *range(31_000, 32_000)])
        assert free_port() not in refused


def test_a_click_on_a_link_ends_on_a_whole_page(browser: Any) -> None:
    """Its last line comes late: what follows a click is asked of the page with that line."""
    context = browser.new_context()
    page = context.new_page()
    go_on = threading.Event()

    def slow(server: socket.socket) -> None:
        for _ in range(2):
            line, _ = server.accept()
            with line:
                path = line.recv(65536).split()[1]
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<title>x</title>")
                line.sendall(b"<a href='/second'>on</a><p>first</p>" * (path == b"/") + b"<p>" * (path != b"/"))
                if path != b"/":
                    go_on.wait(LEAST)
                    line.sendall(b"last</p>")

    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=slow, args=(server,))
        serving.start()
        page.goto(f"http://127.0.0.1:{server.getsockname()[1]}/")
        threading.Timer(0.5, go_on.set).start()
        page.locator("a").click()
        assert page.locator("p").count() == 1
        assert page.evaluate("document.querySelector('p').textContent") == "last"
        serving.join()
    context.close()
