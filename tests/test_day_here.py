"""The day of a machine whose time zone is changed while a window is open."""

import os
import sys
import time

import pytest

from forms.core.trusted_date import day_here


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks for the zone each time")
def test_the_day_follows_the_zone_that_the_machine_has_now() -> None:
    """These two zones are 26 hours apart: never on the same day."""
    before = os.environ.get("TZ")
    days = []
    try:
        for zone in ("<+14>-14", "<-12>12", "<+14>-14"):
            os.environ["TZ"] = zone
            days.append(day_here())
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
    assert (days[0] - days[1]).days in {1, 2}
    assert days[2] >= days[0]
