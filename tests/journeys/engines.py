"""Drive Firefox and WebKitGTK from Debian with W3C WebDriver commands: a small client for two transports.

Firefox accepts them over its own socket (Marionette: `length:json`), since Debian stable has no geckodriver; WebKitGTK
over HTTP, with WebKitWebDriver. Playwright can drive neither: no registry has its own builds, and Firefox ESR lacks
BiDi commands that it needs at the start.
"""

import http.client
import json
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.patience import PATIENCE, free_port, until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of a reference to an element (W3C WebDriver, section 12.1)."""

PREFERENCES = {
    "marionette.port": 0,
    "remote.prefs.recommended": False,  # they disable features that phones have
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "app.normandy.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "extensions.update.enabled": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.aboutwelcome.enabled": False,
    "browser.startup.page": 0,
    "browser.newtabpage.enabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "dom.disable_beforeunload": True,
    "network.dns.forceResolve": "127.0.0.1",  # no request reaches another host
    "dom.file.createInChild": True,  # files that are chosen
}
TIMEOUT = PATIENCE
"""Seconds for each step on a busy machine; an idle one needs two."""


class EngineError(Exception):
    """An error of the engine, with its name (W3C WebDriver, section 6.6)."""


class Driver(Protocol):
    """Sends commands of W3C WebDriver to an engine."""

    def call(self, name: str, **values: Any) -> Any:
        """Return the response of the engine. Raises EngineError."""


class Marionette:
    """A driver over Firefox's own socket."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self._read = self._socket.makefile("rb")
        self._message()
        self._number = 0

    def _message(self) -> Any:
        length = b""
        while (char := self._read.read(1)) != b":":
            length += char
        return json.loads(self._read.read(int(length)))

    def call(self, name: str, **values: Any) -> Any:
        self._number += 1
        text = json.dumps([0, self._number, name if ":" in name else f"WebDriver:{name}", values]).encode()
        self._socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._message()
        if error:
            raise EngineError(f"{name}: {error['error']}: {error['message']}")
        return result.get("value", result) if isinstance(result, dict) else result

    def close(self) -> None:
        self._read.close()
        self._socket.close()


PATHS = {
    "Navigate": ("POST", "url"),
    "GetCurrentURL": ("GET", "url"),
    "Back": ("POST", "back"),
    "Forward": ("POST", "forward"),
    "FindElement": ("POST", "element"),
    "ElementClick": ("POST", "element/{id}/click"),
    "ElementSendKeys": ("POST", "element/{id}/value"),
    "ExecuteScript": ("POST", "execute/sync"),
    "SetTimeouts": ("POST", "timeouts"),
    "DeleteSession": ("DELETE", ""),
}


class WebKitDriver:
    """A driver over HTTP, for WebKitWebDriver."""

    def __init__(self, port: int, capabilities: dict[str, Any]) -> None:
        self._port = port
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{session['sessionId']}"

    def _ask(self, method: str, path: str, values: dict[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2 * TIMEOUT)
        try:
            connection.request(method, path, json.dumps(values) if method == "POST" else None)
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise EngineError(f"{path}: {value['error']}: {value['message']}")
        return value

    def call(self, name: str, **values: Any) -> Any:
        method, path = PATHS[name]
        return self._ask(method, f"{self._session}/{path.format(**values)}".rstrip("/"), values)

    def close(self) -> None:
        """Do nothing: no connection is open."""


class Engine:
    """A page in an engine, with the actions of a person: look, click, type, go back."""

    def __init__(self, driver: Driver, address: str) -> None:
        self.driver, self._address = driver, address

    def goto(self, path: str) -> None:
        self.goto_address(self._address + path)

    def goto_address(self, address: str) -> None:
        self.driver.call("Navigate", url=address)

    def script(self, text: str, *arguments: Any) -> Any:
        """Return the result of a function body. As the driver's own script it also runs with JavaScript off."""
        return self.driver.call("ExecuteScript", script=text, args=list(arguments))

    def find(self, css: str) -> str:
        """Return the visible element of a selector, waiting for it. Raises EngineError after TIMEOUT."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                element: str = self.driver.call("FindElement", using="css selector", value=css)[ELEMENT]
                is_visible = "return arguments[0].getClientRects().length > 0 || arguments[0].type === 'file'"
                if self.script(is_visible, {ELEMENT: element}):
                    return element
            except EngineError as error:
                if not re.search(r"no such element|stale|navigation|unknown error|javascript error", str(error)):
                    raise
            if time.monotonic() > deadline:
                reasons = self.script(
                    "return [...document.querySelectorAll('[data-reason]')].map((one) => one.dataset.reason)"
                )
                raise EngineError(f"{css} is not seen on {self.path()}, reasons {reasons}: {self.text()[:2000]}")
            time.sleep(0.1)  # between two looks; the deadline above ends them

    def has(self, css: str) -> bool:
        return bool(
            self.script(
                "return [...document.querySelectorAll(arguments[0])].some((e) => e.getClientRects().length)", css
            )
        )

    def click(self, css: str) -> None:
        """Click an element in the middle of the screen, where the bar at the top does not cover it."""
        element = self.find(css)
        self.script("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", {ELEMENT: element})
        self.driver.call("ElementClick", id=element)

    def type(self, css: str, text: str) -> None:
        self.driver.call("ElementSendKeys", id=self.find(css), text=text)

    def text(self) -> str:
        return str(self.script("return document.body ? document.body.innerText : ''"))

    def path(self) -> str:
        return str(self.driver.call("GetCurrentURL")).removeprefix(self._address)

    def go(self, command: str) -> bool:
        """Go Back or Forward like the browser's own button. Return False if the engine shows a page of its own."""
        try:
            self.driver.call(command)
        except EngineError:
            return False
        time.sleep(0.3)  # a page from the back-forward cache may be about to replace itself
        with suppress(AssertionError):
            return until(self.is_loaded)
        return False

    def is_loaded(self) -> bool:
        """Return whether the page is loaded."""
        with suppress(EngineError):
            return bool(self.script("return document.readyState") == "complete")
        return False


@contextmanager
def firefox(address: str, **preferences: Any) -> Iterator[Engine]:
    """Run headless Firefox ESR with a profile of its own."""
    with _home() as home:
        yield from _firefox(address, home, preferences)


@contextmanager
def _home() -> Iterator[Path]:
    """Yield a temporary folder with a short name for an engine: the path of a socket has at most 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="engine-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _firefox(address: str, home: Path, preferences: dict[str, Any]) -> Iterator[Engine]:
    lines = (
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
        for name, value in {**PREFERENCES, **preferences}.items()
    )
    (home / "user.js").write_text("".join(lines), encoding="utf-8")
    arguments = [
        "firefox-esr",
        "--headless",
        "--marionette",
        "--remote-allow-system-access",
        "--no-remote",
        "--profile",
        str(home),
    ]
    with _running(arguments, home):
        port = int(_wait_for_file(home / "MarionetteActivePort"))
        driver = Marionette(port)
        driver.call("NewSession", acceptInsecureCerts=True, unhandledPromptBehavior="accept")
        driver.call("SetTimeouts", pageLoad=int(TIMEOUT * 1000), script=int(TIMEOUT * 1000))
        yield Engine(driver, address)
        driver.close()


@contextmanager
def webkit(address: str) -> Iterator[Engine]:
    """Run WebKitGTK's MiniBrowser on a screen in memory."""
    with _home() as home:
        yield from _webkit(address, home)


def _webkit(address: str, home: Path) -> Iterator[Engine]:
    read, write = os.pipe()
    screen = ["Xvfb", "-displayfd", str(write), "-screen", "0", "480x800x24", "-nolisten", "tcp"]
    with _running(screen, home, pass_fds=(write,)):
        os.close(write)
        display = ""
        while not display.endswith("\n"):
            chunk = os.read(read, 20).decode()
            if not chunk:
                raise EngineError("Xvfb did not start")
            display += chunk
        display = display.strip()
        os.close(read)
        port = free_port()
        with _running(["WebKitWebDriver", f"--port={port}", "--host=127.0.0.1"], home, DISPLAY=f":{display}"):
            until(lambda: _is_listening(port))
            binary = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
            options = {"binary": str(binary), "args": ["--automation", "--enable-mock-capture-devices=true"]}
            driver = WebKitDriver(
                port,
                {"webkitgtk:browserOptions": options, "unhandledPromptBehavior": "accept", "acceptInsecureCerts": True},
            )
            driver.call("SetTimeouts", pageLoad=int(TIMEOUT * 1000), script=int(TIMEOUT * 1000))
            yield Engine(driver, address)
            driver.call("DeleteSession")


@contextmanager
def _running(arguments: list[str], home: Path, pass_fds: tuple[int, ...] = (), **variables: str) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "MOZ_CRASHREPORTER_DISABLE": "1", "GDK_BACKEND": "x11",
                   "LIBGL_ALWAYS_SOFTWARE": "1", "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "NO_AT_BRIDGE": "1", "no_proxy": "127.0.0.1", **variables}  # fmt: skip
    with (home / f"{Path(arguments[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(
            arguments, env=environment, stdout=log, stderr=log, pass_fds=pass_fds, start_new_session=True
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _kill_group(process.pid)


def _kill_group(group: int) -> None:
    """Kill the processes that a browser left behind, which are in a process group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(group, 9)


def _wait_for_file(path: Path) -> str:
    return until(lambda: path.exists() and path.read_text(encoding="utf-8")) or ""


@contextmanager
def serve_over_https(address: str, folder: Path) -> Iterator[str]:
    """Serve the same site over https, on which a browser's caching of pages depends."""
    key, session = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(session)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(session, key)
    upstream = urlsplit(address)

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as client_socket,
                socket.create_connection((upstream.hostname, upstream.port)) as server_socket,
            ):
                responses = threading.Thread(target=_relay, args=(server_socket, client_socket), daemon=True)
                responses.start()
                _relay(client_socket, server_socket)
                responses.join(TIMEOUT)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Relay) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _relay(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), TIMEOUT).close()
    except OSError:
        return False
    return True


def is_installed(name: str) -> bool:
    """Return whether an engine is installed on this machine."""
    return all(
        shutil.which(program) for program in {"firefox": ("firefox-esr",), "webkit": ("WebKitWebDriver", "Xvfb")}[name]
    )
