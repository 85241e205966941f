"""What a first visit to any real page costs: page, stylesheet and script, as a phone fetches them."""

import gzip
from typing import Any

FIRST_ROUND_TRIP = 16 * 1024
"""Bytes, gzip (ANCHORS.md: 14 KB brotli, 16 KB gzip)."""


def test_every_first_visit_fits_the_first_round_trip(house: Any) -> None:
    def weight(path: Any) -> int:
        return len(gzip.compress(path.read_bytes(), 9))

    shared = sum(weight(path) for path in (house.public / "assets").iterdir())
    heavy = {
        path.relative_to(house.public).as_posix(): weight(path) + shared
        for path in house.public.rglob("*.html")
        if weight(path) + shared > FIRST_ROUND_TRIP
    }
    assert heavy == {}
