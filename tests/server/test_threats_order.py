"""Who takes the disk learns the day of a letter, and after that day's night no order of arrival within it."""

import secrets
import threading
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest

from forms.core.crypto.encryption import seal
from forms.server.maintenance import watch
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import Access, NewLetter
from forms.server.web.current import state_of

from .conftest import TODAY

LETTERS = 105
DESKS = ("legal", "partner", "police")
KEY = str(pyrage.x25519.Identity.generate().to_public())


def keep(store: ConcernStore) -> list[NewLetter]:
    """Letters in the order in which they came."""
    came = []
    for number in range(LETTERS):
        id = secrets.token_hex(16)
        sealed = seal({"form": "concern", "answers": {"what": str(number)}}, [KEY], 24576)
        came.append(NewLetter(id, id, "concern", TODAY, secrets.token_bytes(32), sealed, DESKS))
        assert store.intake.save(came[-1])
        store.access_log.note_access(secrets.token_hex(16), "police", Access("2027-01-01", "police", "fetched", id))
    return came


def in_order(places: Sequence[int]) -> float:
    """The share of pairs whose places are in the order of arrival: 1 where all are, about a half by chance."""
    pairs = [first < second for first, second in combinations(places, 2)]
    return sum(pairs) / len(pairs)


def overflow(content: bytes, came: Sequence[NewLetter]) -> list[int]:
    """Where a run of bytes from the midst of each letter stands; pages cut some runs in two, so several are tried."""
    found = []
    for letter in came:
        runs = (letter.sealed[at : at + 32] for at in range(8000, 12_000, 100))
        found.append(next(place for run in runs if (place := content.find(run)) >= 0))
    return found


def within_pages(content: bytes, marks: Sequence[bytes]) -> float:
    """Of two small rows on one page: the share that lies in the order of arrival, or against it, whichever is more."""
    pages: dict[int, list[int]] = {}
    for mark in marks:
        place = content.find(mark)
        assert place >= 0
        pages.setdefault(place // 4096, []).append(place)
    pairs = [first < second for page in pages.values() for first, second in combinations(page, 2)]
    assert len(pairs) > 200
    return max(sum(pairs), len(pairs) - sum(pairs)) / len(pairs)


def test_after_the_rewriting_no_place_in_the_file_tells_the_order_of_arrival(tmp_path: Path) -> None:
    """105 letters: chance is 0.5 with a standard deviation of 0.034 (Kendall); the bounds lie six of them away."""
    store = ConcernStore(f"sqlite:///{tmp_path}/concerns.db")
    came = keep(store)
    store.forget_traces()
    before = (tmp_path / "concerns.db").read_bytes()
    assert in_order(overflow(before, came)) > 0.9, "before, the file tells it: within the day that is so"
    small = [(letter.id + "legal").encode() for letter in came]
    accesses = [b"policefetched" + letter.id.encode() for letter in came]
    store.rewrite_in_random_order()
    after = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("concerns.db*")))
    assert 0.3 < in_order(overflow(after, came)) < 0.7
    assert within_pages(after, small) < 0.7
    assert within_pages(after, accesses) < 0.7
    waiting = store.inbox.waiting("police", "police")
    assert {row.id for row in waiting} == {letter.id for letter in came}
    assert all(store.inbox.sealed_letter(letter.id, "police", "police") == letter.sealed for letter in came)
    assert all(store.receipts.progress(letter.lookup or b"") for letter in came)
    assert len(store.access_log.accesses("police")) == LETTERS
    store.close()


def test_letters_go_on_while_it_is_rewritten_and_what_is_erased_leaves_no_byte(tmp_path: Path) -> None:
    store = ConcernStore(f"sqlite:///{tmp_path}/concerns.db")
    came = keep(store)
    rewriting = threading.Thread(target=store.rewrite_in_random_order)
    rewriting.start()
    begun = time.monotonic()
    more = keep(store)[:20]
    assert time.monotonic() - begun < 120
    rewriting.join()
    gone = came[0]
    assert store.erasing.erase_thread(gone.id, None, ["police"]) == frozenset()
    assert {row.id for row in store.inbox.waiting("police", "police")} >= {letter.id for letter in (*came[1:], *more)}
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(gone.sealed[at : at + 32] in left for at in range(1000, 20_000, 500))
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("concerns.db")] == []
    store.close()


def test_the_watching_thread_does_it_once_a_day(make_endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [TODAY]
    app = make_endpoint(clock=lambda: days[0]).client.application
    done: list[str] = []
    monkeypatch.setattr(ConcernStore, "rewrite_in_random_order", lambda _: done.append("concerns"))
    for _ in range(3):
        watch(state_of(app))
    assert len(done) == 2, "concerns and requests"
    days[0] = TODAY.replace(day=2)
    watch(state_of(app))
    assert len(done) == 4


def test_the_access_log_tells_the_day_only(endpoint: Any) -> None:
    endpoint.send("concern", what="x")
    [id] = endpoint.letter_ids()
    endpoint.pickup(f"letters/{id}")
    concerns = state_of(endpoint.client.application).services.concerns
    concerns.access_log.note_access(
        "0" * 32, "police", Access("2026-12-31T23:59", "police", "fetched", id)
    )  # an older version's
    concerns.retention.correct_future_days(TODAY)
    rows = endpoint.pickup("access").get_json()["access"]
    assert len(rows) == 2
    assert all(len(row["at"]) == len("2027-01-01") for row in rows)


def test_on_postgresql_neither_rows_nor_their_numbers_tell_it(postgres: str) -> None:
    plain = postgres.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ordered")
    store = ConcernStore(postgres.replace("/postgres?", "/ordered?"))
    came = keep(store)
    with psycopg.connect(plain.replace("/postgres?", "/ordered?"), autocommit=True) as connection:

        def places(what: str) -> list[int]:
            rows = connection.execute(f"SELECT id FROM letters ORDER BY {what}, ctid").fetchall()
            at = {row[0]: place for place, row in enumerate(rows)}
            return [at[letter.id] for letter in came]

        orders = ("ctid", "xmin::text::bigint")
        assert all(in_order(places(what)) == 1 for what in orders)
        store.rewrite_in_random_order()
        for what in orders:
            assert 0.3 < in_order(places(what)) < 0.7
        toast = "SELECT c.reltoastrelid::regclass FROM pg_class c WHERE c.relname = 'letters'"
        [table] = connection.execute(toast).fetchone() or [""]
        chunks = connection.execute(f"SELECT chunk_id, chunk_data FROM {table} WHERE chunk_seq = 1").fetchall()
        numbers = {bytes(data)[:32]: number for number, data in chunks}
        at = [next(number for data, number in numbers.items() if data in letter.sealed) for letter in came]
        assert 0.3 < in_order(at) < 0.7
    assert {row.id for row in store.inbox.waiting("police", "police")} == {letter.id for letter in came}
    store.close()
