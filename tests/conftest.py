"""What all tests share: the root of the project, and a browser."""

import gc
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Frame, Locator, Page, expect, sync_playwright
from sitegen import kept_work
from sitegen.publish import compression
from werkzeug.routing import Rule
from xdist.scheduler import LoadScopeScheduling

from forms.core.media import decoder_process

ROOT = Path(__file__).parents[1]

# Where bytecode is not kept, each worker and each program that a test starts compiles a thousand modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Tests ask servers on this machine: no proxy that somebody has set, and none to be looked for at each request.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

MEMORY = Path("/dev/shm")


def has_room(folder: Path) -> bool:
    """Whether a folder takes files and programs, and has 4 GiB left."""
    usable = folder.is_dir() and os.access(folder, os.W_OK) and not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return usable and shutil.disk_usage(folder).free > 4 << 30


# What tests write is kept in memory where there is room: each durable write would wait for a disk that no test needs.
if has_room(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Hypothesis fails what takes longer than 200 ms: on a busy machine anything does. How fast things are is for bench/.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


expect.set_options(timeout=120_000)


def load_file(path: Path) -> ModuleType:
    """A Python file as a module, without running it as a program."""
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Keeps the tests of a file on one worker: they share what their fixtures made."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    config.option.loadscopereorder = False  # xdist starts with the files of most tests; we with the longest
    return FilesTogether(config, log)


LONGEST = (
    "tests/server/test_random_faults.py",
    "tests/desk/test_threats_any_bytes.py",
    "tests/server/test_threats_operator.py",
    "tests/journeys/",
    "tests/server/test_attachments.py",
    "tests/server/test_days.py",
    "tests/desk/test_window.py",
    "tests/desk/test_session.py",
    "tests/desk/test_threats_desks.py",
    "tests/sitegen/test_threats_",
)
"""What is started first, so that no worker waits for another one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the files that take longest to the front; the order inside a file stays."""
    items.sort(key=lambda item: next((at for at, name in enumerate(LONGEST) if item.nodeid.startswith(name)), 99))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays to the end: it took a seventh of all processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by its argument where the value holds a new random key: all workers must collect the same names."""
    return argname if isinstance(val, str) and ("age1" in val.lower() or "age-secret-key-" in val.lower()) else None


@pytest.fixture(autouse=True, scope="session")
def rules_built_once() -> Iterator[None]:
    """Build the code of each address once in a process: werkzeug compiles it for each application, a third of its start.

    The code gets its rule as an argument, so that of equal rules is the same. It has no public place to ask for it.
    """
    build, built = Rule._compile_builder, {}

    def built_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, str(rule._trace), str(rule.defaults), append_unknown)
        if key not in built:
            built[key] = build(rule, append_unknown)
        return built[key]

    Rule._compile_builder = built_once
    yield
    Rule._compile_builder = build


@pytest.fixture(autouse=True, scope="session")
def same_bytes_compressed_once() -> Iterator[None]:
    """Compress equal files once in a process: the same pages stand in most sites of tests, and Brotli took half a build."""
    with patch.object(compression, "compressed", lru_cache(maxsize=2_000)(compression.compressed)):
        yield


@pytest.fixture(autouse=True)
def patient_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a decoder take its processor time however long that is by the clock: other tests run beside it."""
    monkeypatch.setattr(decoder_process, "LONGEST", 600.0)


@pytest.fixture(autouse=True)
def kept_work_closed() -> Iterator[None]:
    """Close the kept work of a test's own folder: a worker held more than 1,100 files, most of them deleted."""
    yield
    kept_work.close_all()


@pytest.fixture
def load() -> Callable[[Path], ModuleType]:
    """Loads a Python file that nobody imports."""
    return load_file


@pytest.fixture(autouse=True, scope="session")
def clicks_end_on_whole_pages() -> Iterator[None]:
    """Let a click that leads to another page end when that page is whole, its scripts and pictures too.

    Playwright's ends as soon as the other page has begun: what is asked of it then may have half its text and no script.
    """
    own = [(Locator, Locator.click), (Page, Page.click), (Locator, Locator.press)]
    for kind, act in own:
        setattr(kind, act.__name__, _until_whole(act))
    yield
    for kind, act in own:
        setattr(kind, act.__name__, act)


def _until_whole(act: Callable[..., None]) -> Callable[..., None]:
    @wraps(act)
    def acted(self: Any, *arguments: Any, **options: Any) -> None:
        page, left = self if isinstance(self, Page) else self.page, list[Frame]()

        def note(frame: Frame) -> None:
            left.append(frame)

        page.on("framenavigated", note)
        try:
            act(self, *arguments, **options)
        finally:
            page.remove_listener("framenavigated", note)
        if page.main_frame in left:
            page.wait_for_load_state()

    return acted


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[str | None], Any]]:
    """Starts a headless Chromium by its path."""
    finder = load_file(ROOT / "tests" / "browser.py")
    with sync_playwright() as playwright:

        def started(path: str | None) -> Any:
            if path is None:
                assert not os.environ.get("CI"), "CI must have a browser: see tests/browser.py"
                pytest.skip("no Chromium on this machine")
            # Playwright turns the back-forward cache off; phones have it on, so what it keeps is tested.
            opened = playwright.chromium.launch(
                executable_path=path, args=list(finder.FLAGS), ignore_default_args=["--disable-back-forward-cache"]
            )
            new_context = opened.new_context

            def patient(**options: Any) -> Any:
                """A context that waits as long as a busy machine needs."""
                context = new_context(**options)
                context.set_default_timeout(120_000)
                return context

            opened.new_context = patient
            return opened

        yield started


@pytest.fixture(scope="session")
def browser(launch: Callable[[str | None], Any]) -> Iterator[Any]:
    """Chromium without its windows, or the whole one where there is no other. Where none is: skipped, never in CI."""
    launched = launch(load_file(ROOT / "tests" / "browser.py").find())
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def whole_browser(launch: Callable[[str | None], Any]) -> Iterator[Any]:
    """Chromium as people have it: for what it can only do with its windows, such as asking for the microphone."""
    launched = launch(load_file(ROOT / "tests" / "browser.py").find(whole=True))
    yield launched
    launched.close()
