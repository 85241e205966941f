"""Random faults while people write, in small; bench/faults.py runs a thousand letters."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pyrage

from forms.core import portal as portals
from tests.server.test_threats_deploy import new_machine, pytestmark

__all__ = ["pytestmark"]

ROOT = Path(__file__).parents[2]


def test_whatever_fails_every_receipt_opens_and_every_sign_up_stands_once(
    tmp_path: Path, district: Any, load: Callable[[Path], ModuleType]
) -> None:
    faults = load(ROOT / "bench" / "faults.py")
    recovery = pyrage.x25519.Identity.generate()
    portal = faults.ready(district.portal, recovery)
    portals.write(portal, tmp_path / "portal.json")
    machine = new_machine(tmp_path / "portal.json")
    try:
        machine.install()
        shown = faults.run(machine, portal, 60)
        found = faults.lost(machine, shown, recovery)
    finally:
        machine.shut_down()
        shutil.rmtree(machine.root)
    assert found == {what: [] for what in found}
    assert len(shown.receipts) + len(shown.sign_ups) >= 60
    assert set(shown.faults) == set(faults.KINDS), "each kind of fault came at least once"
