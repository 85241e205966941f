"""Takes the pictures of the desk's window in this folder, from made-up letters.

Run with .venv/bin/python docs/screens/desk.py after `python3 build.py test` (which gets a browser).
"""

import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site"), str(ROOT / "tests")]

from browser import FLAGS, find  # noqa: E402

from forms.desk.window import start  # noqa: E402
from tests.desk.window_helpers import Office, fill, running  # noqa: E402

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 860}


def main() -> None:
    """An office of today with a week's letters, some of them worked on; pictures of its pages."""
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as home, running(Path(home), today) as office, sync_playwright() as playwright:
        ids = fill(office)
        work(office, ids)
        window = start.start(office.place(), today=lambda: today)
        browser = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        page = browser.new_page(viewport=DESKTOP, base_url=window.pages)
        page.goto(window.enter)
        page.get_by_role("button", name="Open").click()
        take(page, ids)
        browser.close()
        window.stop()


def work(office: Office, ids: Mapping[str, str]) -> None:
    """A note, an assignment, and two machines that disagree."""
    session = office.session()
    session.sync.run()
    session.log.write(ids["first"], "assign", member="police")
    session.log.write(
        ids["first"], "note", text="The taluk office knows the kiln. Two officers who speak Odia are free."
    )
    session.log.write(ids["hindi"], "state", after=[], state="looking")
    session.log.write(ids["hindi"], "state", after=[], state="closed", outcome="Wages paid")
    session.lock()


def take(page: Any, ids: Mapping[str, str]) -> None:
    """The list and a case, wide, narrow and in the dark; the keys."""
    pages = {"inbox": "./", "case": f"case/{ids['first']}", "conflict": f"case/{ids['hindi']}", "keys": "keys/"}
    for name, path in pages.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        save(page, f"desk-{name}")
    for name in ("inbox", "case"):
        page.goto(pages[name])
        page.set_viewport_size(PHONE)
        save(page, f"desk-{name}-phone")
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="dark")
        save(page, f"desk-{name}-dark")
        page.emulate_media(color_scheme="light")


def save(page: Any, name: str) -> None:
    """One picture, small."""
    page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=55)


if __name__ == "__main__":
    main()
