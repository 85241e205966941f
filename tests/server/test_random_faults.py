"""Random faults while people write, in small; bench/faults.py runs a thousand letters."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pyrage
import pytest

from forms.core import portal as portals
from tests.server.test_threats_deploy import new_machine, pytestmark

__all__ = ["pytestmark"]

ROOT = Path(__file__).parents[2]


def test_whatever_fails_every_receipt_opens_and_every_sign_up_stands_once(
    tmp_path: Path, district: Any, load: Callable[[Path], ModuleType]
) -> None:
    faults = load(ROOT / "bench" / "faults.py")
    recovery = pyrage.x25519.Identity.generate()
    portal = faults.make_ready(district.portal, recovery)
    portals.write(portal, tmp_path / "portal.json")
    machine = new_machine(tmp_path / "portal.json")
    try:
        machine.install()
        shown = faults.run(machine, portal, 60)
        found = faults.find_losses(machine, shown, recovery)
    finally:
        machine.shut_down()
        shutil.rmtree(machine.root)
    assert found == {what: [] for what in found}
    assert len(shown.receipts) + len(shown.sign_ups) >= 60
    assert set(shown.faults) == set(faults.KINDS), "each kind of fault came at least once"


def test_nobody_writes_on_after_a_fault_that_could_not_be_mended(
    monkeypatch: pytest.MonkeyPatch, district: Any, load: Callable[[Path], ModuleType]
) -> None:
    """Else six threads ask a server that is gone, beside all tests that follow."""
    faults = load(ROOT / "bench" / "faults.py")
    before = set(threading.enumerate())

    def never_mended(*_: object) -> None:
        raise AssertionError("it did not happen within 30 seconds")

    monkeypatch.setattr(faults, "PATIENCE", 0.01)
    monkeypatch.setattr(faults, "post", lambda *_: (0, ""))
    monkeypatch.setattr(faults, "fault", never_mended)
    with pytest.raises(AssertionError, match="30 seconds"):
        faults.run(None, district.portal, 1_000_000)
    for thread in set(threading.enumerate()) - before:
        thread.join(300)
        assert not thread.is_alive()
