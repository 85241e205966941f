"""The kit as people get it: a folder opened from a memory card with no internet, and papers with letters that are real."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sitegen.build import prepare
from sitegen.print import leaflets
from sitegen.publish import offline_card

from forms.core.crypto.fingerprints import desk_fingerprint
from forms.core.i18n import fonts
from tests.journeys.conftest import ROOT, TODAY, Installation  # type: ignore[import-not-found]
from tests.journeys.walking import wait_for_address  # type: ignore[import-not-found]


@pytest.fixture(scope="module")
def folder(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, unpacked as a phone does."""
    home = tmp_path_factory.mktemp("memory card")
    offline_card.write(installation.public, home / "portal.zip", installation.portal)
    with zipfile.ZipFile(home / "portal.zip") as packed:
        packed.extractall(home / "with space")
    return home / "with space"


def test_every_link_picture_and_sound_of_the_card_is_there(folder: Path) -> None:
    looked_at = 0
    for page in folder.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert '<form class="form"' not in html
        for address in re.findall(r'\b(?:href|src)="([^"#]+)', html):
            if re.match(r"(tel|https?|about|data):", address):
                continue
            assert not address.startswith("/"), f"{page}: {address}"
            assert (page.parent / address).is_file(), f"{page}: {address}"
            looked_at += 1
    assert looked_at > 1000


def test_the_card_holds_no_copy_for_servers_and_no_time(folder: Path) -> None:
    endings = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert endings == {".html", ".css", ".js", ".opus", ".ics", ".zip"}, "calendars, and the open data as a zip"
    with zipfile.ZipFile(folder.parent / "portal.zip") as packed:
        assert {entry.date_time[0] for entry in packed.infolist()} == {1980}


def test_a_walk_over_the_card_with_no_internet(folder: Path, whole_browser: Any) -> None:
    context = whole_browser.new_context(viewport={"width": 360, "height": 740}, offline=True)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("link", name="ଓଡ଼ିଆ").click()
    page.locator('main a[href*="help"]').first.click()
    assert page.locator("html").get_attribute("lang") == "or"
    assert page.locator('main a[href="tel:112"]').first.is_visible()
    page.locator("header summary").click()
    page.get_by_role("link", name="தமிழ்").click()
    wait_for_address(page, "/ta/help/index.html")
    # The page's own player: the speakers beside the numbers are players too, until the script has made buttons of them.
    seconds = page.locator("figure.listen audio").first.evaluate(
        """async player => { player.load();
        for (let tries = 0; tries < 300 && !(player.duration > 20); tries++) await new Promise(done => setTimeout(done, 100));
        return player.duration; }"""
    )
    assert seconds > 20, "the length of a local file is found out bit by bit"
    page.locator(".exit").click()
    page.wait_for_url("about:blank")
    context.close()


def test_the_card_runs_its_own_script_and_no_other(folder: Path, browser: Any) -> None:
    """No server adds a header here: the policy stands in the page. A browser holds no file of a folder against a hash."""
    home = folder / "en" / "index.html"
    hostile = folder / "en" / "hostile.html"
    hostile_html = "<script>window.ran = 1</script><img src='https://evil.example/x' onerror='window.ran = 2'>"
    hostile.write_text(home.read_text("utf-8").replace("</article>", f"{hostile_html}</article>"), encoding="utf-8")
    (folder / "assets" / "probe.js").write_text("window.own = 1")
    hostile.write_text(
        hostile.read_text("utf-8").replace("</body>", '<script src="../assets/probe.js"></script></body>')
    )
    page = browser.new_page()
    stopped: dict[str, str] = {}
    page.on("requestfailed", lambda request: stopped.update({request.url: str(request.failure)}))
    page.goto(hostile.as_uri())
    assert page.evaluate("[window.ran, window.own]") == [None, 1]
    assert "csp" in stopped["https://evil.example/x"], "not merely unreachable: never asked for"
    assert page.evaluate("document.styleSheets.length") == 2, "its own and that of home"
    assert "integrity=" not in home.read_text(encoding="utf-8")
    page.close()
    hostile.unlink()
    (folder / "assets" / "probe.js").unlink()


def test_where_a_form_was_the_card_says_where_it_is(folder: Path, installation: Installation) -> None:
    html = (folder / "hi" / "tell" / "index.html").read_text(encoding="utf-8")
    assert f"{installation.portal.address}/hi/" in html
    assert "इस फॉर्म के लिए इंटरनेट चाहिए" in html


@pytest.mark.parametrize("language", ["en", "ta", "te", "hi", "or"])
def test_the_papers_have_the_right_size_and_no_missing_glyph(
    language: str, installation: Installation, tmp_path: Path
) -> None:
    context, _ = prepare(
        ROOT,
        keys={
            desk.id: (desk.members[0].key, desk.members[0].pickup, desk.members[0].signing)
            for desk in installation.portal.desks
        },
        today=TODAY,
    )
    own = replace(context, language=language)
    pages = leaflets.Pages(
        *((installation.public / language / name / "index.html").read_text("utf-8") for name in ("", "rights"))
    )
    papers = {path.name: path.read_bytes() for path in leaflets.write(tmp_path, own, pages, ROOT / "content" / "media")}
    sizes = {
        "leaflet": (419.53, 595.28),
        "poster": (595.28, 841.89),
        "card": (240.94, 153.07),
        "keys": (595.28, 841.89),
    }
    for kind, (width, height) in sizes.items():
        data = papers[f"{kind}-{language}.pdf"]
        boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", data)
        assert boxes
        assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(round(width), round(height))}
        if language != "en":
            assert fonts.font_of(language).replace(" ", "").encode() in data, "set in the script's own typeface"
    sheets = {kind: len(re.findall(rb"/MediaBox", papers[f"{kind}-{language}.pdf"])) for kind in sizes}
    sheet = leaflets.fingerprints_of(own.portal, language)
    assert {row["number"] for row in sheet["desks"]} == {desk_fingerprint(desk) for desk in own.portal.desks}
    assert sheets == {"leaflet": 2, "poster": 1, "card": 2, "keys": 1}, "front and back of one sheet"


def test_a_machine_without_the_typeface_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaflets, "installed_typefaces", lambda: frozenset({"Noto Sans"}))
    assert re.search(r"ta: no papers.*Noto Sans Tamil.*apt install fonts-noto-core", leaflets.missing_typeface("ta"))
    assert leaflets.missing_typeface("en") == ""
