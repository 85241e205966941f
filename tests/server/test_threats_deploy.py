"""The handbook's commands, carried out: it starts, survives restarts in any order, and stands up to hanging clients."""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from forms.core import portal as portals
from forms.operations.installing.server_files import has_ipv6
from tests.patience import until

from .deployed import DEPLOY
from .installed import Machine, find_nginx, handbook_commands, settings

NOT_SENT = b"Not sent, in Tamil"
NAME = "help.district.example"
MEGABYTE = 1_000_000


pytestmark = pytest.mark.skipif(
    not find_nginx() and not os.environ.get("CI"),
    reason="this machine has no nginx; CI must have: see tests/browser.py",
)


def new_machine(handover: Path) -> Machine:
    """A machine with the built site, before the handbook's first command."""
    machine = Machine(Path(tempfile.mkdtemp(prefix="p", dir="/tmp")), NAME)  # short: a socket's path has 107 bytes
    machine.root.chmod(0o755)  # nginx's workers are another user where the tests run as root
    public = machine.root / "made"
    for name, text in {"ta/index.html": "Tamil home", "away.html": "away", "ta/away.html": NOT_SENT.decode()}.items():
        (public / name).parent.mkdir(parents=True, exist_ok=True)
        (public / name).write_text(text)
    machine.install_site(public, handover)
    return machine


@pytest.fixture(scope="module")
def handover(tmp_path_factory: pytest.TempPathFactory, district: Any) -> Path:
    path = tmp_path_factory.mktemp("handover") / "portal.json"
    portals.write(district.portal, path)
    return path


@pytest.fixture(scope="module")
def machine(handover: Path) -> Iterator[Machine]:
    """A machine on which the whole handbook was carried out."""
    made = new_machine(handover)
    try:
        made.install()
        yield made
    finally:
        made.shut_down()
        shutil.rmtree(made.root)


@cache
def trusting() -> ssl.SSLContext:
    """Return what takes any certificate. Made once, and without this machine's list of authorities: it is long."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(
    machine: Machine, path: str, method: str = "GET", body: bytes | None = None, host: str = "127.0.0.1"
) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPSConnection(host, machine.https, timeout=120, context=trusting())
    try:
        connection.request(method, path, body, {"Host": NAME})
        with connection.getresponse() as answer:
            return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def ask_onion(machine: Machine, path: str) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection("onion.example", timeout=120)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(120)
    try:
        connection.sock.connect(str(machine.root / "run/portal-nginx/onion.sock"))
        connection.request("GET", path)
        with connection.getresponse() as answer:
            return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def assert_all_is_well(machine: Machine) -> None:
    assert ask(machine, "/ta/")[0] == 200
    assert ask(machine, "/forms/ta/concern")[0] == 200
    assert ask_onion(machine, "/forms/ta/concern")[0] == 200


def shown_certificate(machine: Machine) -> bytes:
    """The certificate that a new connection gets."""
    with (
        socket.create_connection(("127.0.0.1", machine.https), 120) as plain,
        trusting().wrap_socket(plain, server_hostname=NAME) as secure,
    ):
        found = secure.getpeercert(binary_form=True)
        assert found
        return found


def make_certificate(folder: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", f"/CN={NAME}",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def renew(machine: Machine, lineage: Path) -> None:
    """What certbot does with its deploy hook, as the handbook names it."""
    hook = re.search(r"--deploy-hook (\S+)", next(line for line in handbook_commands() if "certbot cert" in line))
    assert hook
    machine.shell(machine.here(hook[1]), RENEWED_LINEAGE=str(lineage))


# It starts, and goes on


def test_the_handbooks_commands_give_a_running_portal(machine: Machine) -> None:
    assert_all_is_well(machine)
    assert [line.split()[0] for line in machine.skipped] == [
        "apt-get",
        "cd",
        "adduser",
        "adduser",
        "chown",
        "certbot",
        "cd",
    ]


def test_a_restart_of_the_service_takes_nothing_from_nginx(machine: Machine, tmp_path: Path) -> None:
    machine.systemctl(["restart", "portal"])
    assert_all_is_well(machine)
    before = shown_certificate(machine)
    make_certificate(tmp_path / "live")
    renew(machine, tmp_path / "live")
    until(lambda: shown_certificate(machine) != before)  # nginx's old workers answer until the new ones run
    assert_all_is_well(machine)


def test_nginx_shows_the_site_before_the_service_is_there_and_the_forms_once_it_is(machine: Machine) -> None:
    machine.systemctl(["stop", "portal.socket"])
    machine.systemctl(["stop", "portal"])
    machine.systemctl(["restart", "nginx"])
    assert ask(machine, "/ta/")[0] == 200
    assert ask(machine, "/forms/ta/concern")[::2] == (503, NOT_SENT)
    assert ask(machine, "/forms/ta/concern", "POST", b"what=words")[::2] == (503, NOT_SENT)
    machine.systemctl(["start", "portal.socket"])
    machine.systemctl(["start", "portal"])
    assert_all_is_well(machine)


def test_what_comes_while_the_service_restarts_waits_and_is_answered(machine: Machine) -> None:
    machine.stop("portal")
    with ThreadPoolExecutor(4) as people:
        responses = [people.submit(ask, machine, "/forms/ta/concern") for _ in range(4)]
        machine.start("portal")
        assert [one.result()[0] for one in responses] == [200] * 4


def test_while_the_service_cannot_start_people_are_told_at_once_and_it_starts_by_itself(machine: Machine) -> None:
    handover = machine.root / "srv/portal/published/current/portal.json"
    machine.stop("portal")
    handover.rename(handover.with_name("away"))
    try:
        machine.start("portal", waits=False)
        assert ask(machine, "/forms/ta/concern")[::2] == (503, NOT_SENT)
        assert ask(machine, "/ta/")[0] == 200
    finally:
        handover.with_name("away").rename(handover)
    until(machine.has_workers)
    assert_all_is_well(machine)


def test_what_a_killed_worker_did_not_answer_is_answered_by_another(machine: Machine) -> None:
    """Each is killed once at most while it is asked; the form comes back, since a body without a type is none.

    Who is killed between the head of an answer and its body cannot be replaced: the person's browser says that it broke off.
    """
    assert machine.service
    workers = Path(f"/proc/{machine.service.pid}/task/{machine.service.pid}/children")
    broke_off = 0
    with ThreadPoolExecutor(1) as person:
        for _ in range(12):
            response = person.submit(ask, machine, "/forms/ta/concern", "POST", b"what=words")
            time.sleep(0.01)  # the worker is killed at another moment of the request each time
            killed = workers.read_text().split()[0]
            os.kill(int(killed), signal.SIGKILL)
            try:
                assert response.result()[0] == 422
            except http.client.IncompleteRead:
                broke_off += 1
            # A killed worker stands in the list until the service has collected it: only then are the two others than it.
            until(lambda killed=killed: killed not in (now := workers.read_text().split()) and len(now) == 2)
    assert broke_off < 12


def test_nginx_restarts_and_the_service_goes_on(machine: Machine) -> None:
    assert machine.service
    number = machine.service.pid
    machine.systemctl(["restart", "nginx"])
    assert (machine.service.pid, machine.service.poll()) == (number, None)
    assert_all_is_well(machine)


def test_a_socket_that_a_killed_nginx_left_behind_does_not_keep_the_next_one_from_starting(machine: Machine) -> None:
    machine.kill_nginx()
    machine.systemctl(["start", "nginx"])
    assert_all_is_well(machine)


def test_both_units_start_again_whatever_ends_them_and_however_often() -> None:
    for name, when in (("portal.service", "always"), ("nginx-portal.conf", "on-failure")):
        unit = (DEPLOY / name).read_text()
        assert f"\nRestart={when}\n" in unit
        assert "\nStartLimitIntervalSec=0\n" in unit


def test_neither_unit_waits_for_the_other_or_stops_with_it() -> None:
    for name in ("portal.service", "nginx-portal.conf"):
        unit = (DEPLOY / name).read_text()
        assert not re.search(r"^(PartOf|BindsTo|Requires|Requisite)=", unit, re.M)
        assert not re.search(r"^(After|Before)=.*(nginx|portal)", unit, re.M)


def test_what_nginx_needs_lies_in_no_directory_of_the_service(machine: Machine) -> None:
    service = [settings((DEPLOY / "portal.socket").read_text())["ListenStream"][0].split("/")[2]]
    conf = (DEPLOY / "nginx.conf").read_text()
    made = re.findall(r"(?:listen unix:|_temp_path )(/run/[^/]+)/", conf)
    assert set(made) == {f"/run/{name}" for name in machine.unit("nginx")["RuntimeDirectory"]}
    assert not {f"/run/{name}" for name in service} & set(made)
    assert made[0] in (DEPLOY / "torrc").read_text()


# Certificates and addresses


@pytest.mark.parametrize("spoil", ["foreign key", "no certificate"])
def test_a_certificate_that_nginx_refuses_is_an_error_and_the_old_one_stays(
    machine: Machine, tmp_path: Path, spoil: str
) -> None:
    before, place = shown_certificate(machine), (machine.root / "etc/portal-tls/current").readlink()
    make_certificate(tmp_path / "live")
    if spoil == "foreign key":
        make_certificate(tmp_path / "other")
        shutil.copy(tmp_path / "other/privkey.pem", tmp_path / "live/privkey.pem")
    else:
        (tmp_path / "live/fullchain.pem").write_text("nonsense")
    with pytest.raises(AssertionError):
        renew(machine, tmp_path / "live")
    assert (machine.root / "etc/portal-tls/current").readlink() == place
    assert not (machine.root / "etc/portal-tls/privkey.pem").exists()
    machine.systemctl(["restart", "nginx"])
    assert shown_certificate(machine) == before


def test_a_reload_that_changes_nothing_is_an_error(machine: Machine, tmp_path: Path) -> None:
    """nginx says of a failed reload only in a log that is not kept, so the script looks."""
    make_certificate(tmp_path / "live")
    stub = (machine.root / "usr/bin/systemctl").read_text()
    machine.program("systemctl", "exit 0")
    machine.program("sleep", "exit 0")
    try:
        with pytest.raises(AssertionError, match="nginx still shows another one"):
            renew(machine, tmp_path / "live")
    finally:
        machine.program("systemctl", stub.split("\n", 1)[1])
        (machine.root / "usr/bin/sleep").unlink()


def test_keys_of_old_certificates_do_not_stay(machine: Machine, tmp_path: Path) -> None:
    make_certificate(tmp_path / "live")
    renew(machine, tmp_path / "live")
    keys = list((machine.root / "etc/portal-tls").rglob("privkey.pem"))
    assert len([key for key in keys if not key.parent.is_symlink()]) == 1
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)


def test_a_renewal_leaves_the_certificates_of_districts_alone(machine: Machine, tmp_path: Path) -> None:
    own = machine.root / "etc/portal-tls/districts/north/AA"
    make_certificate(own)
    make_certificate(tmp_path / "live")
    renew(machine, tmp_path / "live")
    assert (own / "privkey.pem").exists()
    shutil.rmtree(own.parents[1])


def test_http_leads_to_https_and_the_authority_finds_its_proof(machine: Machine) -> None:
    proof = machine.root / "var/www/portal-acme/.well-known/acme-challenge/token"
    proof.parent.mkdir(parents=True, exist_ok=True)
    proof.write_text("proof")
    connection = http.client.HTTPConnection("127.0.0.1", machine.http, timeout=120)
    connection.request("GET", "/ta/help/?a=b", headers={"Host": "other.example"})
    answer = connection.getresponse()
    answer.read()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/ta/help/?a=b")
    connection.request("GET", "/.well-known/acme-challenge/token", headers={"Host": NAME})
    assert connection.getresponse().read() == b"proof"
    connection.close()


@pytest.mark.parametrize("path", ["/ta/", "/ta/nothing/", "/forms/ta/concern", "/away.html"])
def test_https_is_kept_for_a_year_but_the_onion_address_hears_nothing_of_it(machine: Machine, path: str) -> None:
    assert ask(machine, path)[1].get_all("Strict-Transport-Security") == ["max-age=31536000"]
    assert "Strict-Transport-Security" not in ask_onion(machine, path)[1]


@pytest.mark.skipif(not has_ipv6() and not os.environ.get("CI"), reason="this machine has no IPv6")
def test_it_is_reached_over_ipv6_too(machine: Machine) -> None:
    assert ask(machine, "/ta/", host="::1")[0] == 200
    with socket.create_connection(("::1", machine.http), 120):
        pass


def test_nothing_is_logged_whichever_way_one_comes(machine: Machine) -> None:
    ask(machine, "/ta/marked-path")
    ask_onion(machine, "/forms/ta/marked-path")
    files = [path for path in machine.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if path.suffix == ".log"]
    assert not [path for path in files if b"marked-path" in path.read_bytes()]


# Many hang on it


def unfinished(machine: Machine, length: int, sent: int, *, stated: bool = True) -> ssl.SSLSocket:
    """A POST of `length` bytes that stops after `sent`; its length is stated, or it comes in chunks."""
    plain = socket.create_connection(("127.0.0.1", machine.https), 120)
    secure = trusting().wrap_socket(plain, server_hostname=NAME)
    how = f"Content-Length: {length}" if stated else "Transfer-Encoding: chunked"
    start = f"POST /forms/ta/concern HTTP/1.1\r\nHost: {NAME}\r\n{how}\r\n"
    secure.sendall(f"{start}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
    piece = b"x" * 65536 if stated else b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with suppress(OSError):  # refused
        for _ in range(sent // 65536):
            secure.sendall(piece)
    return secure


def memory_of_nginx(machine: Machine) -> int:
    """Bytes that nginx's processes really take."""
    pid = machine.nginx_pid()
    assert pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    texts = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in [str(pid), *children]]
    return sum(1024 * int(re.findall(r"^Pss: +(\d+)", text, re.M)[0]) for text in texts)


@pytest.mark.parametrize("kind", ["header", "handshake"])
def test_a_thousand_half_open_connections_refuse_nobody(machine: Machine, kind: str) -> None:
    """Many more than nginx had room for (512 for each worker)."""
    with ExitStack() as hanging:
        for _ in range(1500):
            if kind == "handshake":
                each = hanging.enter_context(socket.create_connection(("127.0.0.1", machine.https), 120))
                each.sendall(b"\x16\x03\x01")
            else:
                each = hanging.enter_context(socket.create_connection(("127.0.0.1", machine.http), 120))
                each.sendall(b"GET /ta/ HTTP/1.1\r\nHost: x\r\n")
        assert_all_is_well(machine)
    timeout = re.search(r"client_header_timeout (\d+)s;", (DEPLOY / "nginx.conf").read_text())
    assert timeout
    assert int(timeout[1]) <= 20


@pytest.mark.parametrize("length", [2_000, 60_000])
def test_a_thousand_unfinished_forms_keep_no_words_out(machine: Machine, length: int) -> None:
    """A promised length costs nothing; over the onion address, since both ways share the limits."""
    start = f"POST /forms/ta/concern HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nwhat="
    with ExitStack() as hanging:
        for _ in range(1500):
            each = hanging.enter_context(socket.socket(socket.AF_UNIX))
            each.connect(str(machine.root / "run/portal-nginx/onion.sock"))
            each.sendall(start.encode())
        words = b"what=" + b"w" * (length - 5)
        assert ask(machine, "/forms/ta/concern", "POST", words)[0] == 422, "the form itself answers"
        assert_all_is_well(machine)


@pytest.mark.parametrize("stated", [True, False])
def test_unfinished_large_bodies_take_bounded_memory_and_words_still_pass(machine: Machine, stated: bool) -> None:
    machine.systemctl(["restart", "nginx"])
    before = memory_of_nginx(machine)
    with ExitStack() as hanging:
        for _ in range(20):
            hanging.enter_context(unfinished(machine, 20 * MEGABYTE, 19 * MEGABYTE, stated=stated))
        time.sleep(0.5)  # it may still be writing: then too much would be found later, never too little
        assert memory_of_nginx(machine) - before < 6 * 24 * 1024**2
        assert ask(machine, "/forms/ta/concern", "POST", b"x" * 11 * MEGABYTE)[::2] == (503, NOT_SENT)
        assert ask(machine, "/forms/ta/concern", "POST", b"what=words")[0] == 422, "the form itself answers"
        assert_all_is_well(machine)
    until(lambda: ask(machine, "/forms/ta/concern", "POST", b"x" * 11 * MEGABYTE)[0] != 503)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_whose_length_is_not_stated_is_bounded_too(machine: Machine, method: str) -> None:
    """Chunked over HTTP/1.1, and over HTTP/2 with nothing at all, as curl sends standard input."""
    for version in ("--http1.1", "--http2"):
        done = subprocess.run(
            ["curl", "-sk", version, "-X", method, "-T", "-", "-o", "/dev/null", "-w", "%{http_code}",
             "-H", "Expect:", f"https://127.0.0.1:{machine.https}/forms/ta/concern"],
            input=b"x" * 30 * MEGABYTE, capture_output=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.stdout.decode() == "413", version
    assert_all_is_well(machine)


def test_no_body_reaches_a_disk_however_many_hang(machine: Machine) -> None:
    with ExitStack() as hanging:
        for length, count in ((90_000, 30), (900_000, 20), (9 * MEGABYTE, 5), (20 * MEGABYTE, 5)):
            for _ in range(count):
                hanging.enter_context(unfinished(machine, length, length - 1000))
        time.sleep(0.5)  # it may still be writing: then too much would be found later, never too little
        front = machine.root / "run/portal-nginx"
        assert [path for path in front.rglob("*") if path.is_file()] == []
        pid = machine.nginx_pid()
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            for link in Path(f"/proc/{child}/fd").iterdir():
                assert "deleted" not in str(link.readlink()) or "/body" not in str(link.readlink())


def test_the_worst_that_the_bounds_allow_fits_into_the_units_memory() -> None:
    places = (DEPLOY / "portal-places.conf").read_text()
    limits = {name: int(number) for name, number in re.findall(r"limit_conn portal_(\w+) (\d+);", places)}
    largest = {"words": 10_000, "small": 100_000, "middle": MEGABYTE, "large": 10 * MEGABYTE, "largest": 24 * 1024**2}
    assert set(limits) == set(largest)
    bodies = sum(limits[name] * largest[name] for name in limits)
    maximum = re.search(r"\nMemoryMax=(\d+)M", (DEPLOY / "nginx-portal.conf").read_text())
    assert maximum
    assert bodies < int(maximum[1]) * MEGABYTE / 1.3
