#!/usr/bin/env python3
"""The door: sets itself up in .venv, then calls a wing. Run `python3 build.py --help`.

The upper part needs nothing but Python and must parse on old ones; the lower part runs inside .venv.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence, before anything newer is met
    sys.exit(
        "This is Python {}.{}. The portal needs Python 3.11 or newer.\n"
        "Install it, then run this again with it, like: python3.11 build.py serve".format(*sys.version_info[:2])
    )

import hashlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "installed"
INSIDE = "PORTAL_INSIDE_VENV"


def enter() -> None:
    """Install what is missing, then run this file again inside .venv. Does not return."""
    set_up(install)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "site")])
    environment = {**os.environ, INSIDE: str(VENV), "PYTHONPATH": paths, "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1"}
    arguments = [str(venv_python()), str(Path(__file__).resolve()), *sys.argv[1:]]
    if os.name == "posix":
        os.execve(arguments[0], arguments, environment)  # noqa: S606 - our own interpreter
    sys.exit(subprocess.call(arguments, env=environment))  # noqa: S603


def venv_python() -> Path:
    """The interpreter of .venv."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wanted() -> str:
    """What .venv should hold: other for another lock file, Python, or place of the folder."""
    return hashlib.sha256(LOCK.read_bytes() + sys.version.encode() + str(ROOT).encode()).hexdigest()


def set_up(install: Callable[[], None]) -> None:
    """Install unless .venv holds just what the lock file says. What was cut short is made anew."""
    try:
        if STAMP.exists() and STAMP.read_text() == wanted() and venv_python().exists():
            return
        install()
        STAMP.write_text(wanted())  # last: its being there means that all went well
    except OSError as error:
        what = f"{error.filename or VENV} cannot be written ({error.strerror})."
        sys.exit(f"{what}\nCopy the portal into a folder of your own and run it there.")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run starts the installation again.")


def install() -> None:
    """Make .venv anew and install the locked packages, each checked against its hash."""
    started = time.monotonic()
    print("First run: installing what the portal needs (about a minute).", flush=True)
    VENV.mkdir(exist_ok=True)
    (VENV / ".writable").touch()  # a read-only disk is said in our sentence, not in venv's
    no_venv = "Python cannot make a virtual environment here. On Debian and Ubuntu: sudo apt install python3-venv"
    step([sys.executable, "-m", "venv", "--clear", str(VENV)], no_venv)
    print(f"  1 of 2: .venv is made ({time.monotonic() - started:.0f} s). Fetching packages ...", flush=True)
    no_network = (
        "The packages could not be fetched. Is this machine on the internet? It must be, this once.\n"
        "Then run the same command again; it goes on from the start."
    )
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    step([*pip, "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(LOCK)], no_network)
    print(f"  2 of 2: packages are installed ({time.monotonic() - started:.0f} s).", flush=True)


def step(arguments: list[str], sentence: str) -> None:
    """Run one step of the installation. Where it fails: its last lines, and what to do."""
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME", INSIDE}}
    done = subprocess.run(  # noqa: S603 - our own arguments
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, env=clean
    )
    if done.returncode:
        last = [line for line in done.stdout.decode(errors="replace").splitlines() if line.strip()][-3:]
        sys.exit("\n".join([*(f"  | {line}" for line in last), sentence]))


if __name__ == "__main__" and os.environ.get(INSIDE) != str(VENV):
    enter()

# From here on inside .venv. Wings are imported where they are called: `--help` and a second `serve` start fast.
# ruff: noqa: E402, PLC0415
import click

from forms.core.problem import Problem, Problems
from forms.desk.cli.main import desk, replace_default


@contextmanager
def in_sentences() -> Iterator[None]:
    """Problems as sentences on the error stream, and exit code 1."""
    try:
        yield
    except (Problem, Problems) as told:
        raise click.ClickException(str(told)) from None
    except OSError as error:
        what = f"{error.filename or ROOT} cannot be written or read ({error.strerror})."
        raise click.ClickException(f"{what} Is the disk full, or the folder not yours?") from None


HOST = "127.0.0.1"
ADDRESS = f"http://{HOST}"
HANDOVER = ROOT / ".build" / "portal.json"
BUILT = ROOT / ".build" / "built"


def today() -> date:
    """The day on this machine: which events are over is told by it."""
    return date.today()  # noqa: DTZ011 - a day as the staff's calendar has it


def insist_on_port(port: int) -> None:
    """Raise Problem where another program listens on the port, naming the next free one."""
    free = next((number for number in range(port, min(port + 50, 65536)) if is_free(number)), None)
    if free != port:
        todo = f"Try: python3 build.py serve --port {free}" if free else "Choose another with --port."
        raise Problem(f"port {port}", "is taken by another program.", todo)


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of this machine."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def demonstration_keys() -> Mapping[str, tuple[str, str, str]]:
    """Keys for the desks that portal.yml leaves without, made on first use; none once it is for real."""
    from sitegen.content.settings import read_settings

    from forms.desk.crypto.keys import make_demonstration

    settings = read_settings(ROOT / "content")
    if not settings.get("demonstration"):
        return {}
    return make_demonstration(ROOT / "var" / "desk", [row["id"] for row in settings["desks"] if not row.get("key")])


def unprotected_keys() -> frozenset[str]:
    """Public keys of the demonstration's desks on this machine: a real site must not use them."""
    from forms.desk.crypto.keys import unprotected

    return unprotected(ROOT / "var" / "desk")


def build_if_changed(out: Path, *, again: bool = False, speak: bool = True) -> bool:
    """Build into `out` where anything changed since the last time (or `again`); whether it did.

    speak: make speech that is not kept yet; a site built without it is built again when it may be made.
    """
    from sitegen.cache import fingerprint

    keys = demonstration_keys()
    mark = fingerprint(ROOT, f"{out}{sorted(keys.items())}{today()}")
    good = {mark} if speak else {mark, f"{mark} silent"}
    if not again and out.exists() and HANDOVER.exists() and BUILT.exists() and BUILT.read_text() in good:
        return False
    from sitegen import build as press

    click.echo("Building the site ...")
    built = press.build(
        ROOT, out, keys=keys, today=today(), say=click.echo, handover=HANDOVER, speak=speak,
        unprotected=unprotected_keys(),
    )  # fmt: skip
    BUILT.write_text(mark if speak else f"{mark} silent")
    waiting = f" {len(built.warnings)} things wait for a person: python3 build.py check" if built.warnings else ""
    click.echo(f"Built {built.pages} pages in {built.seconds:.1f} s.{waiting}")
    return True


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


def follow(then: Callable[[], None]) -> None:
    """Build again whenever something was edited; what is wrong is said once, and the old site stays."""
    from sitegen.cache import fingerprint

    seen = ""
    while True:
        try:
            now = fingerprint(ROOT)
            if now != seen:
                seen = now
                if build_if_changed(ROOT / "public"):
                    then()
                    click.echo("The site is new. Reload the page to see it.")
        except (Problem, Problems, OSError) as told:
            click.echo(f"{told}\nThe old site stays until this is mended.", err=True)
        time.sleep(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def portal() -> None:
    """The Safe Community Portal: a public site in five languages, sign-ups, and sealed, anonymous concerns.

    First time here?  python3 build.py serve  shows everything on this machine.
    """


@portal.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where to listen.")
def serve(port: int) -> None:
    """Show the site and its forms here, and follow what you edit."""
    with in_sentences():
        insist_on_port(port)
        build_if_changed(ROOT / "public", speak=False)
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
def build(out: Path) -> None:
    """Check everything and build the site in all languages into public/."""
    with in_sentences():
        build_if_changed(out, again=True)


@portal.command()
@click.option("--weight", is_flag=True, help="Build, and show what a first visit to each page costs.")
@click.option("--go-live", is_flag=True, help="List what is open before people rely on the site.")
def check(weight: bool, go_live: bool) -> None:
    """Say what is wrong with pages and tables, and what waits for a person."""
    from sitegen.build import prepare

    with in_sentences():
        if weight:
            weigh()
            return
        if go_live:
            list_go_live()
            return
        _, report = prepare(ROOT, keys=demonstration_keys(), today=today(), unprotected=unprotected_keys())
        click.echo("\n".join(f"  {warning}" for warning in report.warnings))
        if report.problems:
            raise Problems(report.problems)
        click.echo(f"Nothing is wrong. {len(report.warnings)} things wait for a person.")


@portal.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "kit", help="Folder for the files.")
def kit(out: Path) -> None:
    """Make the site for a memory card, and in each language leaflet, posters, pocket card and papers of events."""
    from sitegen.publish import kit as press_kit

    with in_sentences():
        build_if_changed(ROOT / "public")
        press_kit.make(ROOT, ROOT / "public", out, keys=demonstration_keys(), today=today(), say=click.echo)
        click.echo(f"The kit is in {out}.")


@portal.command()
def words() -> None:
    """Show what each language still lacks; bring the interface words (forms/core/i18n/*.po) up to date."""
    from sitegen.build import prepare
    from sitegen.checks import plain_english, translation_progress
    from sitegen.media import audio_clips

    from forms.core.i18n import extraction

    with in_sentences():
        extraction.update(extraction.translated())
        context, _ = prepare(ROOT, keys=demonstration_keys(), today=today())
        names = {language.code: language.name for language in context.portal.languages}
        found = translation_progress.progress(context.library, audio_clips.recordings(ROOT / "content"))
        click.echo("\n".join(translation_progress.table(found, names)))
        click.echo("\nPlain English, as advice:")
        click.echo("\n".join(f"  {line}" for line in plain_english.advice(context.library)) or "  Nothing to say.")


@portal.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run all tests, in a real browser too. What follows `test` goes to pytest, like: test -k receipt."""
    os.chdir(ROOT)
    sys.exit(subprocess.call([sys.executable, str(ROOT / "tests" / "browser.py")]) or _pytest(arguments))  # noqa: S603


def _pytest(arguments: tuple[str, ...]) -> int:
    import pytest

    # The whole suite on two cores, see tests/conftest.py; a chosen few start faster alone.
    return int(pytest.main(list(arguments) or ["-n", "2", "--dist", "loadscope"]))


desk.params = [replace_default(parameter, ROOT / "var" / "desk") for parameter in desk.params]
portal.add_command(desk)

if __name__ == "__main__":
    portal(prog_name="python3 build.py")
