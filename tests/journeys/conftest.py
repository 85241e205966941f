"""The whole installation running on this machine: the built site, the forms, a desk, and a browser to walk through them."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result
from sitegen.build import build
from sitegen.media.audio_clips import AudioPipeline
from sitegen.publish import browser_bundle

from forms.core import portal as portals
from forms.core.crypto.receipts import Cost
from forms.core.files.durable import write_durably
from forms.core.portal import Clip, Portal
from forms.desk.cli.main import desk
from forms.desk.crypto.keys import make_demonstration
from forms.server.app import create_app
from forms.server.web.current import state_of
from forms.web.serving import make
from tests.patience import until
from tests.serving import serve_in_thread

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 12, 1)
"""The demonstration's events lie after this day; so the journeys work in any year."""

PHONE = {"width": 360, "height": 740}


@dataclass(frozen=True)
class Installation:
    """A running installation: where it answers, what it serves, and where its desks keep their keys."""

    address: str
    portal: Portal
    public: Path
    data: Path
    desks: Path
    day: date = TODAY

    def at_the_desk(self, *arguments: str, desk_name: str = "police", **more: Any) -> Result:
        """Run a command at a desk, as `build.py desk` does, on the journeys' day."""
        options = ["--home", str(self.desks), "--server", self.address, "--desk", desk_name]
        return CliRunner().invoke(desk, [*options, *arguments], obj=lambda: self.day, **more)


def copy_of_the_project(root: Path, change: Callable[[str], str]) -> Path:
    """A folder like this project's, with its content/ to be written into; change: what portal.yml says instead."""
    shutil.copytree(ROOT / "content", root / "content")
    shutil.copy(ROOT / "mkdocs.yml", root)
    (ROOT / ".build").mkdir(exist_ok=True)
    for name in ("site", "library", ".build"):  # the site generator, the library, what is kept between builds
        (root / name).symlink_to(ROOT / name)
    settings = root / "content" / "portal.yml"
    settings.write_text(change(settings.read_text(encoding="utf-8")), encoding="utf-8")
    return root


def _speaking_less(settings: str) -> str:
    """One voice of five: speech takes a minute of two cores. Each voice is heard in tests/sitegen/test_listen.py."""
    return re.sub(r"\{code: (en|te|hi|or), voice: \w+,", r"{code: \1,", settings)


@pytest.fixture(scope="session", autouse=True)
def cheap_terms() -> Iterator[None]:
    """The script takes the cheap receipts of these journeys. The script as it is: test_threats_terms.py."""
    make_script = browser_bundle.make

    def lowered(sources: Path, cache: Path) -> Path:
        script = make_script(sources, cache)
        cheap = script.with_name(script.name.replace("seal-", "seal-cheap-"))
        text = script.read_bytes()
        assert text.count(b'"19456/2"') == 1
        write_durably(cheap, text.replace(b'"19456/2"', b'"64/1"'))  # whole or not there: other workers read it
        return cheap

    with patch("sitegen.publish.browser_bundle.make", lowered):
        yield


HEARD_LONG = "help"
"""The page that is read aloud for over 20 seconds, so that a player finds the length of a file bit by bit (test_kit.py)."""

LONG, SHORT = 500, 80
"""Characters that are read aloud of that page, and of all other pages and questions: over 5 seconds."""


@contextmanager
def speaking_briefly(root: Path) -> Iterator[None]:
    """Read only the beginning of texts aloud in builds of this project: speech was three quarters of a build.

    Its clips are kept between runs, apart from those of a whole build, which would remove what it does not use.
    """
    own = ROOT / ".build" / "journeys"
    own.mkdir(exist_ok=True)
    for name in ("charts", "photos", "pictures", "seal", "tables"):
        (ROOT / ".build" / name).mkdir(exist_ok=True)
        with suppress(FileExistsError):
            (own / name).symlink_to(ROOT / ".build" / name)
    (root / ".build").unlink()
    (root / ".build").symlink_to(own)
    clip = AudioPipeline.clip

    def brief(pipeline: AudioPipeline, language: str, key: str, text: str) -> Clip | None:
        return clip(pipeline, language, key, text[: LONG if key == HEARD_LONG else SHORT])

    # In this process, for as long as it builds: others know nothing of what is patched here.
    with patch.object(AudioPipeline, "clip", brief), patch("sitegen.workers.in_this_process", True):
        yield


def build_once(folder: Path, handover_file: Path) -> None:
    """Build the site, portal.json and the desks' keys: the first worker that comes does it, and the others wait.

    whole: the file that is there when all went well.
    """
    try:
        folder.mkdir()
    except FileExistsError:
        until(handover_file.exists, times=3)  # another worker builds it
        return
    keys = make_demonstration(folder / "desk", ("police", "revenue", "legal", "partner", "events"))
    root = copy_of_the_project(folder / "project", _speaking_less)
    handover = folder / "portal.new.json"
    with speaking_briefly(root):
        build(root, folder / "public", keys=keys, today=TODAY, say=lambda _: None, handover=handover)
    handover.rename(handover_file)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the folder of the site that all workers share. Nobody may change it."""
    own_folder = tmp_path_factory.getbasetemp()
    folder = (own_folder if worker_id == "master" else own_folder.parent) / "built"
    build_once(folder, folder / "portal.json")
    return folder


@pytest.fixture(scope="session")
def installation(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The installation of this worker: a copy of what was built, which its tests may change, with letters of its own."""
    home = tmp_path_factory.mktemp("installation")
    for name in ("public", "desk"):
        shutil.copytree(built / name, home / name)
    shutil.copy(built / "portal.json", home)
    with serving(home / "portal.json", home / "public", home / "server") as address:
        yield Installation(address, portals.read(home / "portal.json"), home / "public", home / "server", home / "desk")


@contextmanager
def serving(portal: Path, public: Path, data: Path, **more: Any) -> Iterator[str]:
    """The endpoint and the built site on a free port of this machine; the address.

    No flood is noticed: together the journeys tell more letters in ten minutes than a quiet district does.
    """
    cost = Cost(memory=64, passes=1)
    app = create_app(
        {
            "portal": portal,
            "public": public,
            "data": data,
            "today": lambda: TODAY,
            "cost": cost,
            "flood_threshold": 10_000,
            **more,
        }
    )
    server = make(app, "127.0.0.1", 0)
    with serve_in_thread(server) as address:
        yield address
    state_of(app).services.close()


@pytest.fixture
def own_browser(request: pytest.FixtureRequest) -> Any:
    """Chromium for one test: with its windows where it is marked so."""
    return request.getfixturevalue("whole_browser" if request.node.get_closest_marker("windows") else "browser")


@pytest.fixture(params=["no script", "script"])
def page(request: pytest.FixtureRequest, own_browser: Any, installation: Installation) -> Iterator[Any]:
    """A phone's page, with JavaScript off and on; anything asked of another host fails the test."""
    context = own_browser.new_context(
        viewport=PHONE,
        java_script_enabled=request.param == "script",
        base_url=installation.address,
        service_workers="block",
    )
    elsewhere: list[str] = []
    context.on(
        "request",
        lambda asked: (
            elsewhere.append(asked.url)
            if not asked.url.startswith((installation.address, f"blob:{installation.address}", "data:"))
            else None
        ),
    )
    opened = context.new_page()
    yield opened
    cookies = context.cookies()
    context.close()
    assert elsewhere == [] or request.node.get_closest_marker("leaves") is not None, elsewhere
    assert cookies == []


@pytest.fixture
def phones(own_browser: Any, installation: Installation) -> Iterator[Callable[..., Any]]:
    """Opens a phone's page, with JavaScript or without; before: a script that changes the browser before ours comes."""
    opened = []

    def make(before: str = "", *, script: bool = True, **more: Any) -> Any:
        context = own_browser.new_context(
            viewport=PHONE, base_url=installation.address, service_workers="block", java_script_enabled=script, **more
        )
        if before:
            context.add_init_script(before)
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        opened.append(context)
        return page

    yield make
    for context in opened:
        context.close()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "windows: only the whole Chromium does it (keeps pages for Back, asks for a microphone)"
    )
    config.addinivalue_line("markers", "leaves: this journey leaves the site on purpose")
