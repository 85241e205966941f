"""The drill with a lost server: backed up while letters come, destroyed, restored; every receipt opens.

`python bench/backup.py [letters]` (in .venv; PYTHONPATH=.:site): in this process, SQLite, receipts of cheap derivation.
"""

import re
import secrets
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

import pyrage  # noqa: E402

from forms.core import portal as portals  # noqa: E402
from forms.operations.backup import making, restoring, verifying  # noqa: E402
from forms.operations.backup.opening import Opening  # noqa: E402
from forms.server import config  # noqa: E402
from forms.server.app import create_app  # noqa: E402
from forms.server.web.current import state_of  # noqa: E402
from tests.server.conftest import CHEAP, TODAY, make_district  # noqa: E402

SENDERS = 4


def send(client: Any) -> str:
    """Send a letter; its receipt."""
    words = {"what": "They keep our papers. " * 20, "do": "send", "once": secrets.token_hex(16)}
    page = client.post("/forms/en/concern", data=words).get_data(as_text=True)
    found = re.search(r'class="code"[^>]*>\s*([0-9 ]+)', page)
    if found is None:
        raise SystemExit("a letter was refused")
    return found[1].strip()


def keep_sending(app: Any, receipts: list[str], took: list[float], ended: threading.Event) -> None:
    """Send letters until told to end."""
    client = app.test_client()
    while not ended.is_set():
        begun = time.monotonic()
        receipts.append(send(client))
        took.append(time.monotonic() - begun)


def p99(took: list[float]) -> str:
    return f"p99 {1000 * statistics.quantiles(took, n=100)[98]:.0f} ms of {len(took)}"


def main() -> None:
    """Print the figures for docs/measured.md."""
    letters = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    identity = pyrage.x25519.Identity.generate()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        portals.write(make_district().portal, folder / "portal.json")
        options = {"portal": folder / "portal.json", "data": folder / "data", "cost": CHEAP, "today": lambda: TODAY}
        app, settings = create_app(options), config.read(options)
        receipts, took, ended = [], [], threading.Event()
        arguments = (app, receipts, took, ended)
        senders = [threading.Thread(target=keep_sending, args=arguments) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        while len(receipts) < letters:
            time.sleep(0.05)
        before, so_far = list(receipts), len(took)
        begun = time.monotonic()
        backup = making.make(settings, folder / "backups", [str(identity.to_public())], TODAY, {})
        seconds, meanwhile = time.monotonic() - begun, took[so_far:]
        ended.set()
        for sender in senders:
            sender.join()
        print(f"{letters} letters and more coming: {backup.size / 1e6:.0f} MB in {seconds:.1f} s")
        print(f"  sending before: {p99(took[:so_far])}; meanwhile: {p99(meanwhile)}")
        state_of(app).services.close()
        shutil.rmtree(folder / "data")
        begun = time.monotonic()
        verifying.check(backup.path, [str(identity)], backup.signer)
        print(f"  every row read with the key: {time.monotonic() - begun:.1f} s")
        begun = time.monotonic()
        found = restoring.restore(settings, backup.path, Opening([str(identity)], backup.signer), TODAY)
        print(f"  restored: {found.rows} rows in {time.monotonic() - begun:.1f} s")
        client = create_app(options).test_client()
        opened = sum(client.post("/forms/en/answer", data={"code": code}).status_code == 200 for code in before)  # noqa: PLR2004
        print(f"  receipts shown before the backup that open: {opened} of {len(before)}")


if __name__ == "__main__":
    main()
