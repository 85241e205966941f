"""What all tests share: the root of the project, and a browser."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]


def load_file(path: Path) -> ModuleType:
    """A Python file as a module, without running it as a program."""
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Together(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """On two cores a file of tests stays together, and so do all journeys: they share one built house, which speaks."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "journeys" if file.startswith("tests/journeys/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by its argument where the value holds a new random key: all workers must collect the same names."""
    return argname if isinstance(val, str) and ("age1" in val.lower() or "age-secret-key-" in val.lower()) else None


@pytest.fixture
def load() -> Callable[[Path], ModuleType]:
    """Loads a Python file that nobody imports."""
    return load_file


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium. Where none is: skipped, but never in CI."""
    finder = load_file(ROOT / "tests" / "browser.py")
    path = finder.find()
    if path is None:
        assert not os.environ.get("CI"), "CI must have a browser: see tests/browser.py"
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        # Playwright turns the back-forward cache off; phones have it on, so what it keeps is tested.
        launched = playwright.chromium.launch(
            executable_path=path, args=list(finder.FLAGS), ignore_default_args=["--disable-back-forward-cache"]
        )
        yield launched
        launched.close()
