"""Fixtures and settings of all tests: the project's root, and a browser."""

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

# Without bytecode, each worker and each program that a test starts compiles a thousand modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Tests use servers on this machine only: no proxy, and no search for one at each request.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

MEMORY = Path("/dev/shm")


def is_usable(folder: Path) -> bool:
    """Return whether a folder is writable, allows programs, and has 4 GiB left."""
    usable = folder.is_dir() and os.access(folder, os.W_OK) and not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return usable and shutil.disk_usage(folder).free > 4 << 30


# Temporary files are in memory if there is room: each durable write would wait for a disk that no test needs.
if is_usable(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# By default Hypothesis fails after 200 ms, which a busy machine exceeds. Benchmarks are in bench/.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


expect.set_options(timeout=120_000)


def load_file(path: Path) -> ModuleType:
    """Return a Python file as a module, without running it as a program."""
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Run the tests of a file on one worker: they share their fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    config.option.loadscopereorder = False  # xdist starts with the files of most tests; we with the longest
    return FilesTogether(config, log)


SLOWEST_FIRST = (
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
"""Slow tests that start first, so that no worker waits for another one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the slowest files to the front; the order inside a file stays."""
    items.sort(
        key=lambda item: next((index for index, name in enumerate(SLOWEST_FIRST) if item.nodeid.startswith(name)), 99)
    )


def pytest_collection_finish() -> None:
    """Exclude the objects loaded so far from garbage collection, which took a seventh of all processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by its argument if the value has a new random key: all workers must collect the same names."""
    return argname if isinstance(val, str) and ("age1" in val.lower() or "age-secret-key-" in val.lower()) else None


@pytest.fixture(autouse=True, scope="session")
def rules_built_once() -> Iterator[None]:
    """Compile each URL rule once in a process: werkzeug compiles it for each application, a third of its start.

    The compiled code gets its rule as an argument, so that equal rules can share it. werkzeug has no public hook.
    """
    build, builders = Rule._compile_builder, {}

    def built_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, str(rule._trace), str(rule.defaults), append_unknown)
        if key not in builders:
            builders[key] = build(rule, append_unknown)
        return builders[key]

    Rule._compile_builder = built_once
    yield
    Rule._compile_builder = build


@pytest.fixture(autouse=True, scope="session")
def same_bytes_compressed_once() -> Iterator[None]:
    """Compress equal files once in a process: most sites of tests share pages, and Brotli took half a build."""
    with patch.object(compression, "compressed", lru_cache(maxsize=2_000)(compression.compressed)):
        yield


@pytest.fixture(autouse=True)
def patient_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a decoder run long by the clock: other tests run beside it. Its processor time stays limited."""
    monkeypatch.setattr(decoder_process, "LONGEST", 600.0)


@pytest.fixture(autouse=True)
def kept_work_closed() -> Iterator[None]:
    """Close the kept work of a test's folder: a worker had more than 1,100 open files, most of them deleted."""
    yield
    kept_work.close_all()


@pytest.fixture
def load() -> Callable[[Path], ModuleType]:
    """Return the function that loads a Python file that is not imported elsewhere."""
    return load_file


@pytest.fixture(autouse=True, scope="session")
def clicks_wait_for_loaded_pages() -> Iterator[None]:
    """Let a click that leads to another page wait until that page is loaded, with its scripts and pictures.

    Playwright's own click returns when the page begins to load: it may then have half its text and no script.
    """
    methods = [(Locator, Locator.click), (Page, Page.click), (Locator, Locator.press)]
    for kind, method in methods:
        setattr(kind, method.__name__, _until_loaded(method))
    yield
    for kind, method in methods:
        setattr(kind, method.__name__, method)


def _until_loaded(method: Callable[..., None]) -> Callable[..., None]:
    @wraps(method)
    def wrapper(self: Any, *arguments: Any, **options: Any) -> None:
        page, navigated = self if isinstance(self, Page) else self.page, list[Frame]()

        def note(frame: Frame) -> None:
            navigated.append(frame)

        page.on("framenavigated", note)
        try:
            method(self, *arguments, **options)
        finally:
            page.remove_listener("framenavigated", note)
        if page.main_frame in navigated:
            page.wait_for_load_state()

    return wrapper


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[str | None], Any]]:
    """Return the function that launches a headless Chromium by its path."""
    finder = load_file(ROOT / "tests" / "browser.py")
    with sync_playwright() as playwright:

        def launch_browser(path: str | None) -> Any:
            if path is None:
                assert not os.environ.get("CI"), "CI must have a browser: see tests/browser.py"
                pytest.skip("no Chromium on this machine")
            # Playwright disables the back-forward cache; phones have it, so tests need it.
            chromium = playwright.chromium.launch(
                executable_path=path, args=list(finder.FLAGS), ignore_default_args=["--disable-back-forward-cache"]
            )
            new_context = chromium.new_context

            def patient_context(**options: Any) -> Any:
                """Return a context with a timeout that suits a busy machine."""
                context = new_context(**options)
                context.set_default_timeout(120_000)
                return context

            chromium.new_context = patient_context
            return chromium

        yield launch_browser


@pytest.fixture(scope="session")
def browser(launch: Callable[[str | None], Any]) -> Iterator[Any]:
    """Return Chromium without windows, or else the full one. Without either the test is skipped, but fails in CI."""
    launched = launch(load_file(ROOT / "tests" / "browser.py").find())
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def whole_browser(launch: Callable[[str | None], Any]) -> Iterator[Any]:
    """Return Chromium with windows, for tests that need them, such as of the microphone."""
    launched = launch(load_file(ROOT / "tests" / "browser.py").find(full=True))
    yield launched
    launched.close()
