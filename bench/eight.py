"""Eight clients at once for a minute on both roads: does any get an error, is anything lost?

`python bench/eight.py [60]` (in .venv; PYTHONPATH=.:site). tests/server/test_faults.py does the same for four seconds.
"""

import secrets
import sys
import tempfile
import threading
import time
from pathlib import Path

from intake import ROOT, district, gunicorn, plain_request, sealed_request, send_request, socket

sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core import portal as portals  # noqa: E402
from forms.core.crypto import encryption  # noqa: E402
from forms.core.form_schema import load  # noqa: E402
from forms.server.store.concerns.concern_store import ConcernStore  # noqa: E402


def main() -> None:
    """Send, then count."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    portal, keys = district()
    sealed = encryption.seal({"what": secrets.token_hex(8)}, keys, load("concern").pad_to)
    accepted, bad = [0] * 8, [0] * 8
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        portals.write(portal, folder / "portal.json")
        settings = {"PORTAL_PORTAL": str(folder / "portal.json"), "PORTAL_DATA": str(folder / "data")}
        with gunicorn(folder, **settings, PORTAL_FLOOD_THRESHOLD=str(10**9), PORTAL_BUDGET=str(10**11)) as (port, _):
            end = time.monotonic() + seconds

            def client(number: int) -> None:
                connection = socket.create_connection(("127.0.0.1", port), timeout=60)
                while time.monotonic() < end:
                    status = send_request(connection, plain_request(b"") if number % 2 else sealed_request(sealed))
                    accepted[number] += status in {200, 201}
                    bad[number] += status not in {200, 201}
                connection.close()

            threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        stored = len(ConcernStore(f"sqlite:///{folder}/data/concerns.db").inbox.waiting("desk-0", "desk-0"))
    print(f"{sum(accepted)} answered as kept, {sum(bad)} errors, {stored} there after {seconds:.0f} s")
    sys.exit(bool(sum(bad)) or stored != sum(accepted))


if __name__ == "__main__":
    main()
