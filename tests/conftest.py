"""What all tests share: the root of the project, and a browser."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]


def load_file(path: Path) -> ModuleType:
    """A Python file as a module, without running it as a program."""
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On two cores a file stays together, and so do all journeys: they share one built house, which speaks."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder == "journey" else item.path.stem))


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
        launched = playwright.chromium.launch(executable_path=path, args=list(finder.FLAGS))
        yield launched
        launched.close()
