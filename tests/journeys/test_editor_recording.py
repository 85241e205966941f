"""A recording made in the editor's window with the browser's microphone, listened to, and sent."""

import re
from typing import Any

import pytest
from editor.editor import Editor
from editor.window.app import create_window

from forms.web.local.entrance import entrance_of
from forms.web.local.running import run
from tests.journeys.test_editor import editor, folder, kept_tables, seal_cache
from tests.journeys.walking import assert_accessible, assert_fits
from tests.sitegen.conftest import Folder

__all__ = ["editor", "folder", "kept_tables", "seal_cache"]

MICROPHONE = """navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  await context.resume();
  return out.stream;
};"""
"""A microphone that hears a tone: what Chromium has of its own must be asked for when it is started."""

PLAYED_TO_THE_END = """player => new Promise((heard, failed) => {
  player.addEventListener("loadedmetadata", heard);
  player.addEventListener("error", () => failed(player.error.message));
  player.preload = "auto";
  player.load();
})"""


@pytest.mark.parametrize("microphone", [True, False])
def test_a_page_is_recorded_in_the_window(browser: Any, editor: Editor, folder: Folder, microphone: bool) -> None:
    editor.remember(name="M. Devi")
    app = create_window(editor)
    window = run(app, entrance_of(app))
    context = browser.new_context(viewport={"width": 360, "height": 740})
    try:
        page = context.new_page()
        refused = "navigator.mediaDevices.getUserMedia = async () => { throw new Error('refused'); };"
        page.add_init_script(MICROPHONE if microphone else refused)
        page.goto(window.enter)
        page.goto(f"{page.url}recordings/en/index")
        assert_accessible(page)
        assert_fits(page)
        page.get_by_role("button", name="Record").click()
        if not microphone:
            page.get_by_text("This browser has no microphone").wait_for()
            assert page.locator("#file").is_visible(), "a file can still be chosen"
            return
        page.get_by_role("button", name=re.compile(r"Stop 0:0[1-9]|Stop 0:[1-5]\d")).click()
        page.get_by_role("button", name="Record again").wait_for()
        page.locator("form audio").evaluate(PLAYED_TO_THE_END)
        page.get_by_label("Somebody of the programme").check()
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("Saved.").wait_for()
        assert (folder.root / "content" / "media" / "audio" / "en" / "index.opus").stat().st_size > 1000
        page.locator("main > audio").evaluate(PLAYED_TO_THE_END)
    finally:
        context.close()
        window.stop()
