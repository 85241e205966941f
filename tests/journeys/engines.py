"""Firefox and WebKitGTK from Debian, driven by the commands that both know (W3C WebDriver): one small client for two roads.

Firefox takes them over its own socket (Marionette: `length:json`), since Debian's stable has no geckodriver; WebKitGTK
over HTTP, from WebKitWebDriver. Playwright drives neither: its own builds cannot be had from a registry, and Firefox ESR
lacks commands that its BiDi road asks for at the start.
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
    "remote.prefs.recommended": False,  # they turn off what phones have on
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
    "network.dns.forceResolve": "127.0.0.1",  # nothing is asked of another host, whatever is clicked
    "dom.file.createInChild": True,  # files that are chosen
}
WAIT = PATIENCE
"""Seconds that a busy machine gets for anything; a quiet one needs two."""


class Failed(Exception):
    """The engine answered with an error, whose name it gives (W3C WebDriver, section 6.6)."""


class Road(Protocol):
    """Takes a command of W3C WebDriver to an engine."""

    def call(self, name: str, **values: Any) -> Any:
        """Return what the engine answers. Raises Failed."""


class Marionette:
    """Firefox's own socket."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), WAIT)
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
        _, _, wrong, result = self._message()
        if wrong:
            raise Failed(f"{name}: {wrong['error']}: {wrong['message']}")
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


class Http:
    """WebKitWebDriver's road."""

    def __init__(self, port: int, capabilities: dict[str, Any]) -> None:
        self._port = port
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{made['sessionId']}"

    def _ask(self, method: str, path: str, values: dict[str, Any]) -> Any:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2 * WAIT)
        try:
            line.request(method, path, json.dumps(values) if method == "POST" else None)
            value = json.loads(line.getresponse().read())["value"]
        finally:
            line.close()
        if isinstance(value, dict) and "error" in value:
            raise Failed(f"{path}: {value['error']}: {value['message']}")
        return value

    def call(self, name: str, **values: Any) -> Any:
        method, path = PATHS[name]
        return self._ask(method, f"{self._session}/{path.format(**values)}".rstrip("/"), values)

    def close(self) -> None:
        """Nothing is held open."""


class Engine:
    """A page in an engine, as a person has it: look, click, type, go back."""

    def __init__(self, road: Road, address: str) -> None:
        self.road, self._address = road, address

    def goto(self, path: str) -> None:
        self.goto_address(self._address + path)

    def goto_address(self, address: str) -> None:
        self.road.call("Navigate", url=address)

    def script(self, text: str, *arguments: Any) -> Any:
        """Return what a function body gives back; it runs with JavaScript off too, as the driver's own."""
        return self.road.call("ExecuteScript", script=text, args=list(arguments))

    def find(self, css: str) -> str:
        """Return the element that is there and seen, waiting for it."""
        give_up = time.monotonic() + WAIT
        while True:
            try:
                found: str = self.road.call("FindElement", using="css selector", value=css)[ELEMENT]
                shown = "return arguments[0].getClientRects().length > 0 || arguments[0].type === 'file'"
                if self.script(shown, {ELEMENT: found}):
                    return found
            except Failed as wrong:
                if not re.search(r"no such element|stale|navigation|unknown error|javascript error", str(wrong)):
                    raise
            if time.monotonic() > give_up:
                reasons = self.script(
                    "return [...document.querySelectorAll('[data-reason]')].map((one) => one.dataset.reason)"
                )
                raise Failed(f"{css} is not seen on {self.path()}, reasons {reasons}: {self.text()[:2000]}")
            time.sleep(0.1)  # and looks again

    def has(self, css: str) -> bool:
        return bool(
            self.script(
                "return [...document.querySelectorAll(arguments[0])].some((e) => e.getClientRects().length)", css
            )
        )

    def click(self, css: str) -> None:
        """Press it, in the middle of the screen: the bar at the top lies over what is scrolled below it."""
        found = self.find(css)
        self.script("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", {ELEMENT: found})
        self.road.call("ElementClick", id=found)

    def type(self, css: str, text: str) -> None:
        self.road.call("ElementSendKeys", id=self.find(css), text=text)

    def text(self) -> str:
        return str(self.script("return document.body ? document.body.innerText : ''"))

    def path(self) -> str:
        return str(self.road.call("GetCurrentURL")).removeprefix(self._address)

    def go(self, command: str) -> bool:
        """Go Back or Forward, as the browser's own button does; False where the engine shows a page of its own."""
        try:
            self.road.call(command)
        except Failed:
            return False
        time.sleep(0.3)  # a page that comes back whole may be about to replace itself
        with suppress(AssertionError):
            return until(self.is_whole)
        return False

    def is_whole(self) -> bool:
        """Return whether the page is there to its end."""
        with suppress(Failed):
            return bool(self.script("return document.readyState") == "complete")
        return False


@contextmanager
def firefox(address: str, **preferences: Any) -> Iterator[Engine]:
    """Firefox ESR without a screen, with a profile of its own."""
    with _home() as home:
        yield from _firefox(address, home, preferences)


@contextmanager
def _home() -> Iterator[Path]:
    """A folder for what an engine writes, whose name is short: the path of a socket has 108 bytes at most."""
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
        port = int(_appears(home / "MarionetteActivePort"))
        road = Marionette(port)
        road.call("NewSession", acceptInsecureCerts=True, unhandledPromptBehavior="accept")
        road.call("SetTimeouts", pageLoad=int(WAIT * 1000), script=int(WAIT * 1000))
        yield Engine(road, address)
        road.close()


@contextmanager
def webkit(address: str) -> Iterator[Engine]:
    """WebKitGTK's small browser on a screen in memory."""
    with _home() as home:
        yield from _webkit(address, home)


def _webkit(address: str, home: Path) -> Iterator[Engine]:
    read, write = os.pipe()
    screen = ["Xvfb", "-displayfd", str(write), "-screen", "0", "480x800x24", "-nolisten", "tcp"]
    with _running(screen, home, pass_fds=(write,)):
        os.close(write)
        display = ""
        while not display.endswith("\n"):
            piece = os.read(read, 20).decode()
            if not piece:
                raise Failed("Xvfb did not start")
            display += piece
        display = display.strip()
        os.close(read)
        port = free_port()
        with _running(["WebKitWebDriver", f"--port={port}", "--host=127.0.0.1"], home, DISPLAY=f":{display}"):
            until(lambda: _listens(port))
            binary = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
            options = {"binary": str(binary), "args": ["--automation", "--enable-mock-capture-devices=true"]}
            road = Http(
                port,
                {"webkitgtk:browserOptions": options, "unhandledPromptBehavior": "accept", "acceptInsecureCerts": True},
            )
            road.call("SetTimeouts", pageLoad=int(WAIT * 1000), script=int(WAIT * 1000))
            yield Engine(road, address)
            road.call("DeleteSession")


@contextmanager
def _running(arguments: list[str], home: Path, pass_fds: tuple[int, ...] = (), **more: str) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "MOZ_CRASHREPORTER_DISABLE": "1", "GDK_BACKEND": "x11",
                   "LIBGL_ALWAYS_SOFTWARE": "1", "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "NO_AT_BRIDGE": "1", "no_proxy": "127.0.0.1", **more}  # fmt: skip
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
            _end_group(process.pid)


def _end_group(group: int) -> None:
    """End what a browser started beside itself and left: its group is its own."""
    with suppress(ProcessLookupError):
        os.killpg(group, 9)


def _appears(path: Path) -> str:
    return until(lambda: path.exists() and path.read_text(encoding="utf-8")) or ""


@contextmanager
def secured(address: str, folder: Path) -> Iterator[str]:
    """Give the same site over https, as people have it: what a browser keeps of a page hangs on that."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    behind = urlsplit(address)

    class Passing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as near,
                socket.create_connection((behind.hostname, behind.port)) as far,
            ):
                back = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
                back.start()
                _pass_on(near, far)
                back.join(WAIT)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Passing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), WAIT).close()
    except OSError:
        return False
    return True


def is_there(name: str) -> bool:
    """Return whether an engine is on this machine."""
    return all(
        shutil.which(program) for program in {"firefox": ("firefox-esr",), "webkit": ("WebKitWebDriver", "Xvfb")}[name]
    )
