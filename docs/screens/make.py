"""Takes the pictures in this folder: pages in five languages on a phone of 360 px; of newer ones a longer piece.

Run with .venv/bin/python docs/screens/make.py after `python3 build.py test` (which gets a browser).
"""

import io
import sys
import tempfile
import threading
import wave
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, sync_playwright

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
    "tell": "tell/", "answer": "answer/", "events": "events/",
}  # fmt: skip
NEWER = {
    "event": "events/2027-03-meeting/", "open-day": "events/2027-03-open-day/", "you-said": "you-said/",
    "problem": "problems/debt-bondage/", "goods": "goods/",
}  # fmt: skip
LANGUAGES = ("en", "ta", "te", "hi", "or")
PHONE = {"width": 360, "height": 740}
LONG = {"width": 360, "height": 1180}
SMALL = {"width": 240, "height": 320}
DESKTOP = {"width": 1280, "height": 800}


def main() -> None:
    """Build into a temporary folder, serve it, take the pictures."""
    home = Path(tempfile.mkdtemp())
    keys = make_demonstration(home / "desk", ("police", "revenue", "legal", "partner", "events"))
    build(ROOT, home / "public", keys=keys, today=date.today(), say=print, handover=home / "portal.json")  # noqa: DTZ011
    settings = {"portal": home / "portal.json", "public": home / "public", "data": home / "server"}
    server = make(create_app(settings), "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    take(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()


def take(address: str) -> None:
    """Take the pictures of the portal that is served at this address."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        page = browser.new_page(viewport=PHONE, base_url=address)
        for language in LANGUAGES:
            for name, path in PAGES.items():
                page.goto(f"/{language}/{path}")
                save(page, f"{name}-{language}")
            concern(page, language)
            voice(page, language)
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
        for language in ("or", "ta"):
            small = browser.new_page(viewport=SMALL, base_url=address)
            for name in ("home", "answer"):
                small.goto(f"/{language}/{PAGES[name]}")
                save(small, f"{name}-240-{language}")
            voice(small, language, "-240")
            small.close()
        browser.close()


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


def voice(page: Any, language: str, size: str = "") -> None:
    """Telling by voice with pictures: the microphone, the questions, who may hear it, the receipt."""
    page.goto(f"/{language}/voice/")
    save(page, f"voice{size}-{language}")
    page.locator("#voice").set_input_files({"name": "a.wav", "mimeType": "audio/wav", "buffer": _silence()})
    page.locator(".mic--play").wait_for()
    for step, name in ((1, "voice-questions"), (2, "voice-who"), (3, "voice-receipt")):
        page.locator(f".ask--{step} .go").click()
        if name == "voice-receipt":
            page.locator(".code").wait_for()
        save(page, f"{name}{size}-{language}")


def _silence(seconds: int = 2, rate: int = 8000) -> bytes:
    """Return a recording in which nobody speaks."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(2 * seconds * rate))
    return written.getvalue()


def press(page: Any, value: str) -> None:
    page.locator(f'button[name="do"][value="{value}"]').click()


def save(page: Any, name: str, tries: int = 3) -> None:
    """Take a picture. Chromium without a graphics card fails at one now and then, and takes it the next time."""
    try:
        page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=55)
    except Error:
        if tries == 1:
            raise
        page.wait_for_timeout(500)
        save(page, name, tries - 1)


if __name__ == "__main__":
    main()
