"""The bundled script is made once, whoever asks for it at the same time."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from sitegen.publish import browser_bundle
from sitegen.publish.browser_bundle import make  # as it is: the journeys put a cheaper one in its place

from tests.sitegen.conftest import ROOT


class Node:
    """node and npm that note how many of them run at once."""

    ROOT_DIR = "/nowhere"

    def __init__(self) -> None:
        self.now = self.most = 0
        self.called: list[str] = []
        self._busy = threading.Lock()

    def npm(self, arguments: list[str], **_: Any) -> CompletedProcess[str]:
        return self._run("npm", arguments)

    def node(self, arguments: list[str], **_: Any) -> CompletedProcess[str]:
        out = next(one for one in arguments if one.startswith("--outfile="))
        Path(out.removeprefix("--outfile=")).write_text("script", encoding="utf-8")
        return self._run("node", arguments)

    def _run(self, name: str, arguments: list[str]) -> CompletedProcess[str]:
        with self._busy:
            self.now += 1
            self.most = max(self.most, self.now)
            self.called.append(name)
        time.sleep(0.05)  # gives others the chance to run beside it
        with self._busy:
            self.now -= 1
        return CompletedProcess(arguments, 0, "", "")


def test_two_at_once_fetch_and_bundle_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would else empty and fill the same folder, and both fail."""
    sources, node = tmp_path / "browser", Node()
    (sources / "src").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "src/main.js"):
        (sources / name).write_text("{}", encoding="utf-8")
    monkeypatch.setattr(browser_bundle, "import_module", lambda _: node)
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: make(sources, tmp_path / "kept"), range(4)))
    assert {path.read_text(encoding="utf-8") for path in paths} == {"script"}
    assert (node.called, node.most) == (["npm", "node"], 1)


@pytest.mark.parametrize("folder", ["site/browser", "site/editor/browser"])
def test_each_package_is_named_with_its_hash_and_without_a_registrys_address(folder: str) -> None:
    lock = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert [name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []
