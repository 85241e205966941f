"""Takes the pictures in this folder: pages in five languages on a phone of 360 px; of newer ones a longer piece.

Run with .venv/bin/python docs/screens/make.py after `python3 build.py test` (which gets a browser).
"""

import sys
import tempfile
import threading
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site"), str(ROOT / "tests")]

from browser import FLAGS, find  # noqa: E402
from sitegen.build import build  # noqa: E402

from forms.desk.crypto.keys import make_demonstration  # noqa: E402
from forms.server.app import create_app  # noqa: E402
from forms.web.serving import make  # noqa: E402

PAGES = {
    "home": "", "signs": "signs/", "help": "help/", "check": "is-this-me/", "police": "approach-police/",
    "tell": "tell/", "events": "events/",
}  # fmt: skip
NEWER = {
    "event": "events/2027-03-meeting/", "open-day": "events/2027-03-open-day/", "you-said": "you-said/",
    "problem": "problems/debt-bondage/", "goods": "goods/",
}  # fmt: skip
LANGUAGES = ("en", "ta", "te", "hi", "or")
PHONE = {"width": 360, "height": 740}
LONG = {"width": 360, "height": 1180}
DESKTOP = {"width": 1280, "height": 800}


def main() -> None:
    """Build into a temporary folder, serve it, take the pictures."""
    home = Path(tempfile.mkdtemp())
    keys = make_demonstration(home / "desk", ("police", "revenue", "legal", "partner", "events"))
    build(ROOT, home / "public", keys=keys, today=date.today(), say=print, handover=home / "portal.json")  # noqa: DTZ011
    settings = {"portal": home / "portal.json", "public": home / "public", "data": home / "server"}
    server = make(create_app(settings), "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        page = browser.new_page(viewport=PHONE, base_url=address)
        for language in LANGUAGES:
            for name, path in PAGES.items():
                page.goto(f"/{language}/{path}")
                save(page, f"{name}-{language}")
            concern(page, language)
            page.set_viewport_size(LONG)
            for name, path in NEWER.items():
                page.goto(f"/{language}/{path}")
                save(page, f"{name}-{language}")
            page.set_viewport_size(PHONE)
        for language in ("en", "ta"):
            for scheme, size in (("light", DESKTOP), ("dark", PHONE)):
                kind = "desktop" if size == DESKTOP else scheme
                other = browser.new_page(viewport=size, base_url=address, color_scheme=scheme)
                for name in ("home", "events"):
                    other.goto(f"/{language}/{PAGES[name]}")
                    save(other, f"{name}-{kind}-{language}")
                other.close()
        browser.close()
    server.shutdown()


def concern(page: Any, language: str) -> None:
    """The form with a mistake, and the receipt."""
    page.goto(f"/forms/{language}/concern")
    press(page, "check")
    page.locator(".error-summary").scroll_into_view_if_needed()
    save(page, f"mistake-{language}")
    page.locator("#what").fill("…")
    press(page, "check")
    press(page, "send")
    save(page, f"receipt-{language}")


def press(page: Any, value: str) -> None:
    page.locator(f'button[name="do"][value="{value}"]').click()


def save(page: Any, name: str) -> None:
    page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=55)


if __name__ == "__main__":
    main()
