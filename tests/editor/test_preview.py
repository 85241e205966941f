"""The page beside the form: in another language, and dark."""

import re

from tests.editor.conftest import Browser, browser, editor, folder, kept_tables, seal_cache
from tests.sitegen.conftest import Folder

__all__ = ["browser", "editor", "folder", "kept_tables", "seal_cache"]


def language_of(page: str) -> str:
    match = re.search(r'<html lang="(\w+)"', page)
    assert match
    return match[1]


def test_what_is_typed_is_seen_in_the_languages_of_its_readers(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "Saved.")
    folder.page("rights", "சேமித்தது.", "ta")
    folder.page("help", "Saved too.")
    for name, expected in (("rights", "சேமித்தது."), ("help", "Typed now.")):
        path, form = f"/preview/en/{name}.md", {**browser.form(f"/pages/en/{name}.md"), "text": "Typed now."}
        own = browser.post(path, 200, **form).text
        assert (language_of(own), "Typed now." in own) == ("en", True)
        other = browser.post(path, 200, **form, shown_in="ta").text
        assert (language_of(other), expected in other) == ("ta", True), "the English where nobody has translated it"
        assert language_of(browser.post(path, 200, **form, shown_in="xx").text) == "en"


def test_the_page_is_light_whatever_the_staffs_own_machine_and_dark_where_that_is_ticked(browser: Browser) -> None:
    form = browser.form("/pages/en/index.md")
    light, dark = (browser.post("/preview/en/index.md", 200, **form, **more).text for more in ({}, {"dark": "on"}))
    for page, applied, other in (
        (light, "(max-width: 0)", "(min-width: 0)"),
        (dark, "(min-width: 0)", "(max-width: 0)"),
    ):
        assert f"@media screen and {applied}" in page
        assert f"@media screen and {other}" not in page
        assert "(prefers-color-scheme: dark)" not in page


def test_how_a_page_is_looked_at_is_not_saved(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.")
    form = browser.form("/pages/en/rights.md")
    browser.post("/pages/en/rights.md", **{**form, "text": "Two."}, shown_in="ta", dark="on")
    stored = (folder.root / "content" / "en" / "rights.md").read_text("utf-8")
    assert "Two." in stored
    assert not re.search("dark|shown_in", stored)
