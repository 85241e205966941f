"""SQLite's locks hold while other programs come and go: the operator's commands, a second service, a worker that ends."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from forms.server.store.concerns.concern_store import ConcernStore

from .test_two_machines import letter

OTHER_PROGRAM = (
    "import sys; from forms.server.store.concerns.concern_store import ConcernStore; s = ConcernStore(sys.argv[1]);"
)


def elsewhere(url: str, what: str) -> str:
    """What another program says that opens this database and closes it again."""
    done = subprocess.run(
        [sys.executable, "-c", f"{OTHER_PROGRAM} {what}; s.close()", url], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("connections", [1, 4])
def test_no_letter_is_lost_when_another_program_closes_the_database(tmp_path: Path, connections: int) -> None:
    """It was: each new connection opened the file to make it private, and closing that took all locks of SQLite away.

    The next program to leave then removed the write-ahead log, into which the service went on writing.
    """
    url = f"sqlite:///{tmp_path / 'concerns.db'}"
    store, together = ConcernStore(url), Barrier(connections)

    def connect() -> None:
        with store.reading():
            together.wait()

    with ThreadPoolExecutor(connections) as pool:
        for each in [pool.submit(connect) for _ in range(connections)]:
            each.result()
    for number in range(1, 6):
        assert elsewhere(url, "s.intake.count()") == ""
        assert store.intake.save(letter(number))
        assert elsewhere(url, "print(s.intake.count())") == str(number)
        assert store.intake.count() == number
    store.close()


def test_a_database_that_others_could_read_is_made_private_without_opening_it(tmp_path: Path) -> None:
    path = tmp_path / "concerns.db"
    ConcernStore(f"sqlite:///{path}").intake.has("0" * 32)
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    ConcernStore(f"sqlite:///{path}").intake.has("0" * 32)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
