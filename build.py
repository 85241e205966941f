#!/usr/bin/env python3
"""The command line of the whole project: installs its packages in .venvs, then runs a command. See `build.py --help`.

This file needs only Python's standard library, and its first lines must parse on old versions. The commands are in
site/commands, which runs in .venvs.
"""

# ruff: noqa: PLC0415 - what one system or one command needs is imported there
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence, before anything newer is met
    sys.exit(
        "This is Python {}.{}. The portal needs Python 3.11 or newer.\n"
        "Install it, then run this again with it, like: python3.11 build.py serve".format(*sys.version_info[:2])
    )

import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

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
    while arguments and arguments[0].partition("=")[0] == "--content":  # another district, before the command
        arguments = arguments[1 if "=" in arguments[0] else 2 :]
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
        todo = "Copy the portal into a folder of your own and run it there; on a server, run it as root (sudo)."
        sys.exit(f"{what}\n{todo}")
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


def node_in(folder: Path, told: str) -> Path:
    """Return the environment with node below this folder: fetched already beside the installation, else fetched now.

    told: what it is for.
    """
    if (NODE_AHEAD / STAMP).exists():
        with suppress(OSError):  # another build has just taken it
            return NODE_AHEAD.rename(folder) / "env"
    print(f"  Fetching node, to bundle this: {told} ...", flush=True)
    return fetch_node(folder)


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


def run_command() -> None:
    """Run the command inside the environment: what follows may import packages."""
    from commands import unchanged
    from commands.site import Program, Site

    program = Program(Path(__file__).resolve(), VENV, EVERYDAY, node_in)
    if unchanged.answer(Site(program.root, program), sys.argv[1:]):
        return
    from commands.cli.main import main

    main(program)


if __name__ == "__main__":
    if os.environ.get(INSIDE) == str(VENV):
        run_command()
    else:
        enter()
