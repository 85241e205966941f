"""The built site: every language, light, whole or not at all."""

import gzip
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import brotli
import pytest
from jinja2 import FileSystemLoader
from sitegen import build as site_build
from sitegen import preloading, workers
from sitegen.publish import compression, page_weight

from forms.core import portal as portals
from forms.core.problem import Problem, Problems
from forms.core.rendering.environment import COMPILED
from tests.sitegen.conftest import KEY, ROOT, Folder

LARGEST_GZIP = 16 * 1024
"""Bytes of page and stylesheet on a first visit: the first TCP round trip (ANCHORS.md)."""


class Links(HTMLParser):
    """Everything that a page fetches by itself, or links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("rel") in {"stylesheet", "icon", "preload"}:
            self.fetched.append(values["href"] or "")
        if values.get("src"):
            self.fetched.append(values["src"] or "")
        if tag == "a":
            self.linked.append(values.get("href") or "")


def html(site: Path, path: str) -> str:
    return (site / path).read_text(encoding="utf-8")


def test_a_page_in_each_language_with_the_way_to_the_others(folder: Any) -> None:
    folder.page("rights")
    for language in ("ta", "or"):
        folder.page("rights", language=language)
    site = folder.build()
    for language in ("en", "ta", "or"):
        page = html(site, f"{language}/rights/index.html")
        assert f'<html lang="{language}">' in page
        for other, name in (("en", "English"), ("ta", "தமிழ்"), ("or", "ଓଡ଼ିଆ")):
            assert re.search(rf'<a href="/{other}/rights/" lang="{other}"[^>]*>{name}</a>', page)
            assert f'<link rel="alternate" hreflang="{other}" href="https://portal.example/{other}/rights/">' in page


def test_a_missing_page_falls_back_to_english_with_a_note_in_ones_own_language(folder: Any) -> None:
    folder.page("rights", "Only in English.")
    page = html(folder.build(), "ta/rights/index.html")
    assert '<html lang="ta">' in page
    assert '<article lang="en">' in page
    assert "Only in English." in page
    assert re.search(r'note--missing shell">[^<]*ஆங்கிலத்தில்', page)
    assert '<meta name="robots" content="noindex">' in page


def test_a_translation_that_nobody_checked_says_so_quietly(folder: Any) -> None:
    folder.page("index", language="ta", reviewed_by="nobody")
    site = folder.build()
    assert "note--translation" in html(site, "ta/index.html")
    assert "note--translation" not in html(site, "or/index.html")
    assert "note--translation" not in html(site, "en/index.html")


def test_a_stale_translation_says_so(folder: Any) -> None:
    folder.page("index", changed="2026-09-09")
    assert "note--stale" in html(folder.build(), "ta/index.html")


def test_each_language_has_its_404_page_and_the_root_asks_for_a_language(folder: Any) -> None:
    site = folder.build()
    for language in ("en", "ta", "or"):
        assert f'<html lang="{language}">' in html(site, f"{language}/404.html")
    root = html(site, "index.html")
    assert all(f'href="/{language}/"' in root for language in ("en", "ta", "or"))


def test_the_sitemap_names_each_page_only_in_languages_that_have_it(folder: Any) -> None:
    folder.page("rights")
    sitemap = html(folder.build(), "sitemap.xml")
    assert "https://portal.example/en/rights/" in sitemap
    assert "https://portal.example/ta/rights/" not in sitemap
    assert 'hreflang="ta" href="https://portal.example/ta/"' in sitemap


def test_blocks_become_what_they_name(folder: Any) -> None:
    folder.page("page", "Before.\n\n[[ helplines ]]\n\n[[ events: upcoming ]]\n\n[[ form: concern ]]\n\nAfter.")
    page = html(folder.build(), "en/page/index.html")
    assert page.index("Before.") < page.index('href="tel:112"', page.index("Before.")) < page.index("Meeting")
    assert "112</a>" in page[page.index("Before.") :], "the number itself, not the row it stands in"
    assert 'action="/forms/en/concern"' in page
    assert '<option value="north">North</option>' in page
    assert page.index("</form>") < page.index("After.")


def test_what_staff_write_cannot_become_a_script(folder: Any) -> None:
    """Tags are refused before (test_threats_html.py); what is let through is escaped all the same."""
    folder.row("events", title_en='Is 5 < 6 & "so" > 4?')
    folder.page("page", "[[ events: upcoming ]]")
    page = html(folder.build(), "en/page/index.html")
    assert "5 &lt; 6 &amp; &#34;so&#34; &gt; 4" in page
    assert "5 < 6" not in page


def test_no_page_asks_another_host_for_anything_and_all_links_lead_somewhere(folder: Any) -> None:
    folder.page("page", "[home](index.md)\n\n[[ helplines ]]")
    site = folder.build()
    portal_pages = {"help", "tell", "events", "privacy", "pages", "answer"}
    for path in site.rglob("*.html"):
        found = Links(path.read_text(encoding="utf-8"))
        for address in found.fetched:
            assert address.startswith(("/assets/", "data:")), f"{path} fetches {address}"
            assert address.startswith("data:") or (site / address[1:]).is_file()
        for address in found.linked:
            own = re.fullmatch(r"/([a-z]{2})/([^#?]*)", address)
            if own and own[2].strip("/") not in portal_pages:
                target = site / own[1] / own[2]
                assert (target if target.suffix else target / "index.html").is_file(), f"{path} links to {address}"


def test_help_numbers_and_the_way_out_stand_on_every_page(folder: Any) -> None:
    site = folder.build()
    for path in (path for path in site.rglob("*.html") if path != site / "index.html"):
        page = path.read_text(encoding="utf-8")
        assert 'href="tel:112"' in page
        assert re.search(r'data-exit rel="noreferrer noopener" href="https://neutral.example/"', page)
        assert "<script>" not in page
        assert " style=" not in page


def test_a_sensitive_page_has_a_neutral_title(folder: Any) -> None:
    folder.page("tell", sensitive="true", description="About a concern")
    page = html(folder.build(), "en/tell/index.html")
    assert "<title>Information</title>" in page
    assert "About a concern" not in page


def test_a_page_over_the_budget_is_named(folder: Any) -> None:
    folder.page("light", "[[ form: concern ]]")
    letters = str.maketrans("0123456789", "abcdefghij")
    folder.page("heavy", " ".join(str(number * 7919).translate(letters) for number in range(9000)))
    found = page_weight.visits(folder.build(), ("en", "ta", "or"))
    lines = [str(problem) for problem in page_weight.problems(found)]
    assert sorted(line.partition(":")[0] for line in lines) == ["/en/heavy/", "/or/heavy/", "/ta/heavy/"]
    assert next(iter(page_weight.table(found))).startswith("page")


def test_smaller_copies_stand_beside_every_page(folder: Any) -> None:
    site = folder.build()
    page = (site / "ta/index.html").read_bytes()
    assert gzip.decompress((site / "ta/index.html.gz").read_bytes()) == page
    assert brotli.decompress((site / "ta/index.html.br").read_bytes()) == page


def test_a_file_that_fits_one_packet_anyway_has_no_smaller_copies(folder: Any) -> None:
    site = folder.build()
    files = [path for path in site.rglob("*") if path.parent != site and path.suffix in compression.SUFFIXES]
    sizes = {path.stat().st_size: path.with_name(f"{path.name}.br").exists() for path in files}
    assert min(sizes) < compression.MIN_SIZE <= max(sizes)
    assert all(has_copies == (size >= compression.MIN_SIZE) for size, has_copies in sizes.items())


def test_what_a_full_form_weighs(folder: Any) -> None:
    """The heaviest page and the stylesheet together fit the first round trip."""
    folder.page("page", "[[ form: concern ]]\n\n" + "Words. " * 300)
    site = folder.build()
    weights = {
        path: len(gzip.compress(path.read_bytes())) for path in site.rglob("*") if path.suffix in {".html", ".css"}
    }
    css = next(size for path, size in weights.items() if path.suffix == ".css")
    assert max(weights.values()) + css <= LARGEST_GZIP


def test_materials_own_scripts_styles_and_fonts_are_not_in_the_site(folder: Any) -> None:
    site = folder.build()
    names = {path.name.split(".")[0] for path in (site / "assets").iterdir()}
    kinds = {path.suffix for path in site.rglob("*") if path.is_file()}
    assert {name.partition("-")[0] for name in names} == {
        "portal",
        "pictured",
        "scenes",
        "home",
        "search",
        "seal",
        "tablet",
        "icon",
    }
    kinds -= {
        ".svg",
        ".webmanifest",
        ".ics",
        ".zip",
        ".sig",
    }  # calendars; open data; the list's signature; the icon and name of a field tablet
    assert kinds == {".html", ".css", ".js", ".json", ".txt", ".xml", ".gz", ".br"}


def test_a_problem_leaves_the_old_site_as_it_was(folder: Any) -> None:
    site = folder.build()
    before = html(site, "en/index.html")
    folder.page("index", "[[ nonsense ]]")
    with pytest.raises((Problem, Problems)):
        folder.build()
    assert html(site, "en/index.html") == before
    assert [path.name for path in folder.root.iterdir() if path.name.startswith("public")] == ["public"]


def test_a_failure_in_the_middle_leaves_the_old_site_as_it_was(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site = folder.build()
    monkeypatch.setattr("sitegen.render.site_files.write", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        folder.build()
    assert (site / "en/index.html").is_file()
    assert [path.name for path in folder.root.iterdir() if path.name.startswith("public")] == ["public"]


def test_what_is_handed_to_the_forms_is_what_they_read(folder: Any) -> None:
    folder.build()
    portal = portals.read(folder.root / ".build" / "portal.json")
    assert [event.id for event in portal.events] == ["meeting"]
    assert portal.choices["places"][0].label["ta"] == "வடக்கு"
    assert [desk.id for desk in portal.readers("concern")] == ["police"]


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"districts": {}})])
def test_a_damaged_handover_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "portal.json"
    path.write_text(text)
    with pytest.raises(Problem, match=r"Build the site again"):
        portals.read(path)


def test_a_process_for_each_language_or_one_for_all_make_the_same_site(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.page("signs", "Look at [home](index.md).", description="What to look for.")
    alone = written_files(folder.build())
    monkeypatch.setattr(site_build, "FEW_PAGES", 0)
    assert written_files(folder.build()) == alone


def written_files(public: Path) -> dict[str, bytes]:
    """Every file of a built site but the list of the build, which counts builds."""
    files = {path.relative_to(public).as_posix(): path for path in public.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if "build" not in Path(name).name}


def test_the_thousands_of_files_of_the_theme_are_not_looked_at(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Material has 15,000, of which a site has none: to list them took a third of a second of each language."""

    def listed(_: object) -> list[str]:
        raise AssertionError("the theme's files are listed")

    monkeypatch.setattr(FileSystemLoader, "list_templates", listed)
    public = folder.build()
    assert not [path for path in public.rglob("*") if "icons" in path.name or path.name.startswith("bundle")]


COMPILED_FIRST = """
import sys
from pathlib import Path
from sitegen import workers
from sitegen.render import templates
from tests.sitegen.test_build import compiled_templates

with workers.workers(Path(sys.argv[1]), beside=True) as pool:
    print(pool.start(compiled_templates).result(), templates.compile_all())
"""
"""Prints how many templates a worker has compiled when it begins, and how many there are."""


def test_templates_are_compiled_before_workers_are_forked(tmp_path: Path) -> None:
    """In a process as build.py starts it: a fork server knows no path that was only added in the process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "site")))}
    command = [sys.executable, "-c", COMPILED_FIRST, str(tmp_path / "stopped")]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    compiled, all_of_them = process.stdout.split()
    assert compiled == all_of_them != "0"


def compiled_templates() -> int:
    return len(COMPILED.compiled)


def test_a_first_worker_that_cannot_start_is_said_by_the_first_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no process")

    monkeypatch.setattr(workers.ProcessPoolExecutor, "submit", refuse)
    with pytest.raises(OSError, match="no process"), workers.workers(tmp_path / "stopped", beside=True) as pool:
        pool.start(int)


def test_one_of_many_forks_starts_no_process_that_loads_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "in_this_process", False)
    with workers.workers(tmp_path / "stopped", beside=True) as pool:
        assert pool.beside, "a build by itself uses all processors"
    preloading.load(ROOT)
    with workers.workers(tmp_path / "stopped", beside=True) as pool:
        assert not pool.beside
        assert pool.start(os.getpid).result() == os.getpid()


BUILD = """
import sys
from datetime import date
from pathlib import Path
from sitegen import build, preloading
from sitegen.languages import table_schemas
from sitegen.publish import compression

def noted(where, name):
    given, work = [], getattr(where, name)
    setattr(where, name, lambda data: given.append(data) or work(data))
    return given

program, root = map(Path, sys.argv[1:3])
preloading.load(program)
loaded = {*sys.modules}
packed, parsed = noted(compression, "compressed"), noted(table_schemas, "read_yaml")
keys = {name: (sys.argv[3], "sha256:0") for name in ("police", "events")}
build.build(root, root / "public", keys=keys, today=date(2027, 1, 1), say=lambda _: None)
assert packed, "pages"
again = [path.name for path in (root / "public" / "assets").iterdir() if path.read_bytes() in packed]
print(*sorted({*sys.modules} - loaded), "|", *again, *parsed)
"""
"""Prints what a build loads after what is loaded before builds are forked | styles it packs and schemas it reads."""


def test_what_builds_load_is_loaded_before_they_are_forked(folder: Folder) -> None:
    """Of 38 districts each would load it again: tables' checks alone take half a second of a processor."""
    (folder.root / site_build.KEPT_TABLES).unlink()  # so that tables are checked
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "site")))
    environment = {**os.environ, "PYTHONPATH": paths}
    command = [sys.executable, "-c", BUILD, str(ROOT), str(folder.root), KEY]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    own_or_large = {"sitegen", "forms", "frictionless", "jsonschema", "markdown", "pygments", "babel", "icalendar"}
    modules, again = process.stdout.split("|")
    assert [name for name in modules.split() if name.partition(".")[0] in own_or_large] == []
    assert again.split() == []
    assets = folder.root / "public" / "assets"
    copied = [path for path in assets.iterdir() if path.with_name(f"{path.name}.br").exists()]
    assert {path.suffix for path in copied} == {".css", ".js"}
    for path in copied:
        copies = tuple(path.with_name(f"{path.name}{ending}").read_bytes() for ending in compression.ENDINGS)
        assert copies == compression.compressed(path.read_bytes()), "as a build by itself makes them"
