#!/usr/bin/env python3
"""The command line of the whole project: installs its packages in .venvs, then runs a command. See `build.py --help`.

This file needs only Python's standard library, and its first lines must parse on old versions. The commands are in
site/commands, which runs in .venvs.
"""

# ruff: noqa: PLC0415 - what one system or one command needs is imported there
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - a sentence, before newer syntax or imports fail
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
VENV = ROOT / ".venv"  # a link to the environment in use, for systemd units and handbooks
ENVIRONMENTS = ROOT / ".venvs"  # one folder for each combination of lock files, Python and place (docs/decisions/0024)
CACHE = ENVIRONMENTS / "cache"  # of uv: environments share its files by hard links, so that it takes little room
LOCKS = ROOT / "locks"  # a lock file for each group of packages in pyproject.toml (docs/decisions/0034)
PREFETCHED_NODE = ROOT / ".build" / "node"  # downloaded during the first installation, for the build after it
UV_LOCK = LOCKS / "uv.lock"
DEFAULT_GROUPS = ("server", "desk", "site")
EDITOR_GROUPS = (*DEFAULT_GROUPS, "editor")
TEST_GROUPS = (*EDITOR_GROUPS, "test")
ALL_GROUPS = (*TEST_GROUPS, "docs")
STAMP = "installed"
IN_USE = "in-use"
INSIDE_VARIABLE = "PORTAL_INSIDE_VENV"


def enter() -> None:
    """Install missing packages, then run this file again inside its environment. Does not return."""
    groups = required_groups(sys.argv[1:])
    folder = set_up(lambda folder: install(folder, groups), groups)
    if sys.argv[1:2] == ["install"] and not {"-h", "--help"} & set(sys.argv):
        print(f"Installed in {folder}: {', '.join(groups)}.")
        sys.exit()
    paths = os.pathsep.join([str(ROOT), str(ROOT / "site")])
    settings = {INSIDE_VARIABLE: str(VENV), "PYTHONPATH": paths, "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1"}
    environment = {**os.environ, **settings}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # with it, each start compiles a thousand modules: a second more
    arguments = [str(venv_python(folder)), str(Path(__file__).resolve()), *sys.argv[1:]]
    if os.name == "posix":
        os.execve(arguments[0], arguments, environment)  # noqa: S606 - our own interpreter
    sys.exit(subprocess.call(arguments, env=environment))  # noqa: S603


def required_groups(arguments: list[str]) -> tuple[str, ...]:
    """Return the groups of packages that a command needs. Exits with a message if a group does not exist."""
    while arguments and arguments[0].partition("=")[0] == "--content":  # another district, before the command
        arguments = arguments[1 if "=" in arguments[0] else 2 :]
    if arguments[:1] == ["test"]:
        return TEST_GROUPS
    if arguments[:1] == ["edit"]:
        return EDITOR_GROUPS
    if arguments[:1] == ["install-server"] and "--serves-only" in arguments:
        return ("server",)
    chosen_groups = tuple(word for word in arguments[1:] if arguments[0] == "install" and not word.startswith("-"))
    if not set(chosen_groups) <= set(ALL_GROUPS):
        unknown = " ".join(sorted(set(chosen_groups) - set(ALL_GROUPS)))
        sys.exit(f"There is no group {unknown}. Choose from: {', '.join(ALL_GROUPS)}.")
    return tuple(group for group in ALL_GROUPS if group in (chosen_groups or DEFAULT_GROUPS))


def venv_python(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment_id(groups: tuple[str, ...] = DEFAULT_GROUPS) -> str:
    """Return the id of an environment: a hash of its lock files, Python's version and the checkout's path."""
    locks = b"".join((LOCKS / f"{group}.lock").read_bytes() for group in groups)
    return hashlib.sha256(locks + sys.version.encode() + str(ROOT).encode()).hexdigest()


def is_complete(folder: Path, groups: tuple[str, ...] = DEFAULT_GROUPS) -> bool:
    """Return whether this environment has exactly the packages in the lock files of these groups."""
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == environment_id(groups) and venv_python(folder).exists()


def is_own_folder(path: Path) -> bool:
    """Return whether this is a folder, not a link: .venv is a folder in older checkouts."""
    return path.is_dir() and not path.is_symlink()


def environment_folder(groups: tuple[str, ...] = DEFAULT_GROUPS) -> Path:
    """Return the folder of the environment for these groups, which may not exist."""
    return VENV if is_own_folder(VENV) and is_complete(VENV, groups) else ENVIRONMENTS / environment_id(groups)[:16]


def installed_groups(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the groups of a complete environment with at least these, preferably the current one; else these."""
    larger = (choice for choice in (DEFAULT_GROUPS, EDITOR_GROUPS, TEST_GROUPS) if set(groups) < set(choice))
    complete = [choice for choice in (groups, *larger) if is_complete(environment_folder(choice), choice)]
    current = [choice for choice in complete if environment_folder(choice).resolve() == VENV.resolve()]
    return (current or complete or [groups])[0]


def set_up(install: Callable[[Path], object], groups: tuple[str, ...] = DEFAULT_GROUPS) -> Path:
    """Return the folder of a complete environment. If there is none, install one beside those that may be in use.

    Exits with a message if that fails.
    """
    try:
        groups = installed_groups(groups)
        folder = environment_folder(groups)
        if not hold(folder, groups):
            with install_lock():
                install_if_missing(folder, install, groups)
        with suppress(OSError):  # a read-only folder is good enough to run from
            switch_to(folder)
    except OSError as error:
        problem = f"{error.filename or ENVIRONMENTS} cannot be written ({error.strerror})."
        todo = "Copy the portal into a folder of your own and run it there; on a server, run it as root (sudo)."
        sys.exit(f"{problem}\n{todo}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run starts the installation again.")
    return folder


def install_if_missing(folder: Path, install: Callable[[Path], object], groups: tuple[str, ...]) -> None:
    """Install unless another run did meanwhile. An interrupted installation has no stamp, and is repeated."""
    if not is_complete(folder, groups):
        install(folder)
        (folder / IN_USE).touch()
        (folder / STAMP).write_text(environment_id(groups))  # last: it marks a complete environment
    hold(folder, groups)


def hold(folder: Path, groups: tuple[str, ...] = DEFAULT_GROUPS) -> bool:
    """Return whether the environment is complete. It is not removed while this program runs."""
    if os.name == "posix" and (folder / IN_USE).exists():
        import fcntl

        descriptor = os.open(folder / IN_USE, os.O_RDONLY)  # stays open, also after execve
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.set_inheritable(descriptor, True)
    return is_complete(folder, groups)


@contextmanager
def install_lock() -> Iterator[None]:
    """Lock installing and switching, so that one run does it at a time. Waits for another run."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / "lock").open("a+b") as file:
        os.set_inheritable(file.fileno(), True)  # pip keeps the lock if this run is killed before pip ends
        if not try_to_lock(file.fileno()):
            print("Another run is installing. Waiting for it ...", flush=True)
            while not try_to_lock(file.fileno()):
                time.sleep(0.2)
        yield


def try_to_lock(descriptor: int) -> bool:
    """Lock this open file for this program alone; return whether that was possible."""
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


def switch_to(folder: Path) -> None:
    """Make .venv lead to this environment, and remove old ones that no program uses."""
    if folder == VENV or VENV.resolve() == folder.resolve():
        return
    with install_lock():
        if os.name == "posix":
            replace_link(folder)
        elif not VENV.is_dir():
            VENV.write_text(f"{folder}\n")  # on Windows only administrators can make links
        remove_old(folder)


def replace_link(folder: Path) -> None:
    """Make .venv a link to the environment, atomically. A folder there is moved away unless a program uses it."""
    if is_own_folder(VENV):
        if is_in_use(VENV, unknown=True):
            link_programs(folder)
            return
        VENV.rename(ENVIRONMENTS / f"before-{time.time_ns()}")
    link = ENVIRONMENTS / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(ENVIRONMENTS.name) / folder.name)  # relative to its final place
    link.replace(VENV)


def link_programs(folder: Path) -> None:
    """Replace the programs in the old .venv with links to the new environment. Running programs keep the old files."""
    print("A program still runs from the old .venv: it is replaced at the first run after that has ended.", flush=True)
    (VENV / STAMP).unlink(missing_ok=True)
    for program in (folder / "bin").iterdir():
        if not program.name.lower().startswith(("python", "activate")):
            link = ENVIRONMENTS / "link"
            link.unlink(missing_ok=True)
            link.symlink_to(program)
            link.replace(VENV / "bin" / program.name)


def is_in_use(folder: Path, *, unknown: bool) -> bool:
    """Return whether a program runs from this folder, on Linux; elsewhere return `unknown`."""
    if not Path("/proc/self/maps").exists():
        return unknown
    prefix = f"{folder}{os.sep}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command_line = (process / "cmdline").read_bytes()
            if prefix in command_line or was_started_by_relative_path(process, command_line, folder):
                return True
            if prefix in (process / "maps").read_bytes():
                return True
    return False


def was_started_by_relative_path(process: Path, command_line: bytes, folder: Path) -> bool:
    """Return whether a program was started by a path like .venv/bin/python, relative to the checkout."""
    relative = f"{os.path.relpath(folder, VENV.parent)}{os.sep}".encode()
    if not any(word.startswith(relative) for word in command_line.split(b"\0")):
        return False
    try:
        return (process / "cwd").readlink() == VENV.parent
    except PermissionError:
        return True  # of another user: it may be


def remove_old(folder: Path) -> None:
    """Remove all environments except this one, the previous one, and those that a program uses."""
    others = [
        path for path in ENVIRONMENTS.iterdir() if is_own_folder(path) and path not in {folder, CACHE, uv_folder()}
    ]
    installed_at = {path: (path / STAMP).stat().st_mtime for path in others if (path / STAMP).exists()}
    previous = max(installed_at, key=lambda path: installed_at[path], default=None)
    for path in others:
        if path != previous and not is_in_use(path, unknown=False):
            with suppress(OSError):  # Windows cannot move a folder from which a program runs
                remove_unless_in_use(path)


def remove_unless_in_use(path: Path) -> None:
    """Remove an environment unless a program holds its lock (deploy/gunicorn.conf.py does so too)."""
    with ExitStack() as locked:
        if os.name == "posix" and (path / IN_USE).exists():
            file = locked.enter_context((path / IN_USE).open("rb"))
            if not try_to_lock(file.fileno()):
                return
        removed = path.rename(ENVIRONMENTS / f"old-{time.time_ns()}")
    shutil.rmtree(removed, ignore_errors=True)


NO_VENV = "Python cannot make a virtual environment here. On Debian and Ubuntu: sudo apt install python3-venv"
NO_NETWORK = (
    "The packages could not be fetched. Is this machine on the internet? It must be, this once.\n"
    "Then run the same command again; it goes on from the start."
)
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install"]
LOCKED = ["--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]


def install(folder: Path, groups: tuple[str, ...]) -> None:
    """Create the environment and install the locked packages, each checked against its hash."""
    started = time.monotonic()
    print("Installing what the portal needs (about half a minute).", flush=True)
    uv = create_environment(folder)
    node_thread = threading.Thread(target=fetch_node, args=(PREFETCHED_NODE,))
    if uv and sys.argv[1:2] in (["serve"], ["build"]):
        node_thread.start()
    install_packages(folder, groups, uv, CACHE)
    if node_thread.ident:
        node_thread.join()
    print(f"  Packages are installed ({time.monotonic() - started:.0f} s).", flush=True)


def create_environment(folder: Path) -> str:
    """Create an environment without packages, and return the path of uv; empty if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".writable").touch()  # a read-only disk gives our message, not that of venv
    has_pip, uv = find_spec("pip") is not None, find_uv()
    options = ["--without-pip"] if uv or has_pip else []
    step([sys.executable, "-m", "venv", "--clear", *options, str(folder)], NO_VENV)
    return uv or fetch_uv(sys.executable if has_pip else str(venv_python(folder)))


def install_packages(folder: Path, groups: tuple[str, ...], uv: str, cache: Path) -> None:
    """Install the locked packages of these groups into an empty environment, with uv or else with pip."""
    python = str(venv_python(folder))
    lock_files = [word for group in groups for word in ("-r", str(LOCKS / f"{group}.lock"))]
    arguments = [*LOCKED, "--cache-dir", str(cache), "--python", python, *lock_files]
    if sys.argv[1:2] in (["build"], ["install"]):
        arguments.append("--compile-bytecode")  # a service cannot write here, and would compile at each start
    if uv and not run([uv, "pip", "install", *arguments]).returncode:
        return
    print("  uv could not be used. Fetching the packages with pip (about a minute) ...", flush=True)
    step([sys.executable, "-m", "venv", "--clear", str(folder)], NO_VENV)
    step([python, *PIP, *LOCKED, *lock_files], NO_NETWORK)


def fetch_node(folder: Path) -> Path:
    """Install node in an environment below the folder, and return that. A build bundles the script, then removes it."""
    shutil.rmtree(folder, ignore_errors=True)
    install_packages(folder / "env", ("node",), create_environment(folder / "env"), folder / "cache")
    (folder / STAMP).touch()
    return folder / "env"


def node_environment(folder: Path, purpose: str) -> Path:
    """Return an environment with node below this folder: the prefetched one, or else one that is fetched now.

    purpose: what needs node, for a message.
    """
    if (PREFETCHED_NODE / STAMP).exists():
        with suppress(OSError):  # another build has just taken it
            return PREFETCHED_NODE.rename(folder) / "env"
    print(f"  Fetching node, to bundle this: {purpose} ...", flush=True)
    return fetch_node(folder)


def find_uv() -> str:
    """Return the path of this machine's uv, or of one that was fetched before; empty if there is none."""
    candidates = (path for path in (uv_folder() / "bin").glob("uv*") if path.stem == "uv")
    return shutil.which("uv") or next((str(path) for path in candidates), "")


def fetch_uv(python: str) -> str:
    """Fetch uv with pip, checked against its hash, and return its path; empty if that fails."""
    partial = ENVIRONMENTS / f"new-{uv_folder().name}"
    shutil.rmtree(partial, ignore_errors=True)
    run([python, *PIP, *LOCKED, "--retries", "1", "--no-compile", "--target", str(partial), "-r", str(UV_LOCK)])
    if partial.exists():
        partial.rename(uv_folder())
    return find_uv()


def uv_folder() -> Path:
    """Return the folder of the uv in the lock file."""
    return ENVIRONMENTS / f"uv-{hashlib.sha256(UV_LOCK.read_bytes()).hexdigest()[:8]}"


def step(arguments: list[str], remedy: str) -> None:
    """Run one step of the installation. If it fails, exit with its last lines and the remedy."""
    result = run(arguments)
    if result.returncode:
        last_lines = [line for line in result.stdout.decode(errors="replace").splitlines() if line.strip()][-3:]
        sys.exit("\n".join([*(f"  | {line}" for line in last_lines), remedy]))


def run(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a program without our environment. Return its status and output."""
    removed = {"PYTHONPATH", "PYTHONHOME", INSIDE_VARIABLE}
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    environment["UV_SYSTEM_CERTS"] = environment["UV_NATIVE_TLS"] = (
        "1"  # an office's proxy may have its own certificate
    )
    return subprocess.run(  # noqa: S603 - our own arguments
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=environment,
        close_fds=False,  # the child keeps install_lock()
    )


def run_command() -> None:
    """Run the command inside the environment, where packages can be imported."""
    from commands import unchanged
    from commands.site import Program, Site

    program = Program(Path(__file__).resolve(), VENV, DEFAULT_GROUPS, node_environment)
    if unchanged.answer(Site(program.root, program), sys.argv[1:]):
        return
    from commands.cli.main import main

    main(program)


if __name__ == "__main__":
    if os.environ.get(INSIDE_VARIABLE) == str(VENV):
        run_command()
    else:
        enter()
