"""The office behind the shipped nginx, over TLS, served by gunicorn on its socket."""

import http.client
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from editor.office.office import accounts_of

from forms.operations.installing.server_installation import ServerInstallation
from tests.patience import until
from tests.sitegen.conftest import Folder, folder, kept_tables, seal_cache

from .deployed import ROOT
from .installed import Machine, find_nginx

__all__ = ["folder", "kept_tables", "seal_cache"]

SITE, OFFICE = "help.district.example", "office.district.example"
PASSPHRASE = "four words are enough"
PROGRAM = """
import sys
from pathlib import Path
from editor.office import office, serving
from editor.window.app import create_window
from tests.editor.conftest import make_editor
from tests.sitegen.conftest import Folder
editor = make_editor(Folder(Path(sys.argv[1])))
place = office.create_office(sys.argv[3], editor.memory, editor.store.languages)
serving.serve(create_window(editor, place), f"unix:{sys.argv[2]}", lambda: None)
"""

pytestmark = pytest.mark.skipif(
    not find_nginx() and not os.environ.get("CI"),
    reason="this machine has no nginx; CI must have: see tests/browser.py",
)


class Server(Machine):
    """A machine whose nginx alone is started: the forms are not what this is about."""

    def systemctl(self, words: list[str]) -> None:
        if words[-1].startswith("nginx") and words[0] != "enable":
            super().systemctl(words)

    def installation(self) -> ServerInstallation:
        return ServerInstallation(self.root, self.root / "srv/portal", SITE, self.said.append, self.run, office=OFFICE)


@dataclass
class Browser:
    """What a browser knows: the port of nginx, and a cookie."""

    machine: Server
    cookie: str = ""

    def ask(self, method: str, path: str, body: str = "", name: str = OFFICE) -> tuple[http.client.HTTPResponse, str]:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.machine.https, context=context, timeout=120)
        connection.connect()
        headers = {"Host": name, "Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded",
                   "Origin": f"https://{name}", "Sec-Fetch-Site": "same-origin", "User-Agent": "A phone of this kind"}  # fmt: skip
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text


@pytest.fixture
def machine(folder: Folder) -> Iterator[Server]:
    machine = Server(Path(tempfile.mkdtemp(prefix="p", dir="/tmp")), SITE)  # short: a socket's path has 107 bytes
    machine.root.chmod(0o755)
    (machine.root / "made").mkdir()
    (machine.root / "made/index.html").write_text("What readers see")
    (machine.root / "portal.json").write_text("{}")
    machine.install_site(machine.root / "made", machine.root / "portal.json")
    path = machine.root / "run/portal-office/office.sock"
    path.parent.mkdir(parents=True)
    machine.installation().install()
    paths = os.pathsep.join([str(ROOT), str(ROOT / "site")])
    office = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, folder.root, path, f"https://{OFFICE}"], env={**os.environ, "PYTHONPATH": paths}
    )
    try:
        until(lambda: path.exists() or office.poll() is not None)
        assert path.exists(), "the office ended at its start; its error stands above"
        path.chmod(0o666)  # systemd gives it to nginx's group
        yield machine
    finally:
        office.terminate()
        office.wait(120)
        machine.stop("nginx")


def test_staff_sign_in_behind_nginx_and_readers_see_nothing_of_it(machine: Server, folder: Folder) -> None:
    browser = Browser(machine)
    answer, _ = browser.ask("GET", "/")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    token = accounts_of(folder.root / "var" / "editor", ("en",)).invite("M. Devi", ["writer"], [])
    answer, _ = browser.ask("POST", f"/invited/{token}", f"passphrase={PASSPHRASE.replace(' ', '+')}")
    assert answer.status == 303
    browser.cookie = "; ".join(cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie") or [])
    answer, text = browser.ask("GET", "/")
    assert answer.status == 200
    assert "M. Devi" in text
    answer, text = browser.ask("GET", "/", name=SITE)
    assert "What readers see" in text
    answer, text = browser.ask("GET", "/sign-in", name=SITE)
    assert answer.status == 404
    answer, text = browser.ask("GET", "/sign-in", name="another.example")
    assert "passphrase" not in text, "a name that nobody gave is the public site"
    answer, _ = browser.ask("POST", "/language", "x" * 30_000_000)
    assert answer.status == 413
    written = b"".join(
        path.read_bytes() for path in machine.root.rglob("*") if path.is_file() and "srv" not in path.parts
    )
    for mark in (b"A phone of this kind", token.encode(), browser.cookie.split("=")[1].split(";")[0].encode()):
        assert mark not in written
    assert b"A phone of this kind" not in b"".join(
        path.read_bytes() for path in (folder.root / "var").rglob("*") if path.is_file()
    )
