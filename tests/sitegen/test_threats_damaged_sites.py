"""Whatever is damaged in a built site, what is withdrawn leaves it, and what had to be removed is said."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from commands.site import Site
from sitegen.content.consent import consent_table
from sitegen.publish.withdrawals import cleaning, withdrawal, withdrawn_quotes

from forms.core.problem import Problems
from tests.commands import run
from tests.sitegen.test_threats_consented_media import CONSENT as PICTURE_CONSENT
from tests.sitegen.test_threats_consented_media import QUOTED, photo
from tests.sitegen.test_threats_withdrawal import CONSENT, SECRET

ROOT = Path(__file__).parents[2]
TODAY = date(2027, 1, 1)
LISTS = ("withdrawn.json", "consented.json", "quoted.json", "moved.json", "sitemap.xml", "build-manifest.json")
DAMAGE = (b"", b"[]", b"{}", b"7", b"null", b"[[[" * 40_000, b"\xff\xfe\x00", b'{"en/told": 7}', b'["/en/stories/a/"]')
ROWS = (
    CONSENT,
    {**PICTURE_CONSENT, "media": "visit.png", "languages": "en ta or"},
    {**QUOTED, "languages": "en ta or"},
)


def mark_of(folder: Any) -> str:
    """Write a story, a quote and a photo with their consents; return what the photo is called by on the site."""
    folder.page("stories/a", f"{SECRET} story.", title=f"{SECRET} title", consent="a-story")
    folder.page("told", f"> {SECRET} quote.\n> consent: told\n\nWords that stay.\n\n![Her face](/media/visit.png)")
    folder.page("pages", "[[ pages ]]\n\n[[ stories ]]")
    folder.table("consents", *ROWS)
    return photo(folder.root / "content" / "media" / "visit.png", "red")


@pytest.fixture(scope="module")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the site is kept that the first test builds."""
    return tmp_path_factory.mktemp("site") / "public"


@pytest.fixture
def site(folder: Any, built_site: Path) -> Path:
    """A site with a story, a quote and a photo, whose consents are then withdrawn."""
    mark, public = mark_of(folder), Path(folder.root / "public")
    if built_site.exists():
        shutil.copytree(built_site, public)
    else:
        shutil.copytree(folder.build(), built_site)
    assert remaining_in(public) == {"words", "photo"}
    assert list(public.glob(f"pictures/{mark}*"))
    folder.table("consents", *({**row, "withdrawn_on": "2026-12-31"} for row in ROWS))
    return public


def remaining_in(site: Path) -> set[str]:
    """Return what stands on a site of that which was withdrawn."""
    files = [path for path in site.rglob("*") if path.is_file() and path.suffix not in {".gz", ".br"}]
    words = any(word in path.read_bytes() for path in files for word in (SECRET.encode(), SECRET.lower().encode()))
    return ({"words"} if words else set()) | ({"photo"} if any((site / "pictures").glob("*")) else set())


def purge(site: Path, folder: Any) -> list[str]:
    messages: list[str] = []
    withdrawal.purge(site, folder.root / "content", TODAY, say=messages.append)
    return messages


@pytest.mark.parametrize("damage", [None, *DAMAGE], ids=lambda damage: repr(damage)[:20])
def test_no_damaged_list_keeps_what_is_withdrawn(folder: Any, site: Path, damage: bytes | None) -> None:
    for name in LISTS:
        copy = site.with_name(f"public.{name}")
        shutil.copytree(site, copy)
        (copy / name).unlink(missing_ok=True) if damage is None else (copy / name).write_bytes(damage)
    shutil.rmtree(site)
    with_all = site.with_name(f"public.{LISTS[0]}")
    shutil.copytree(with_all, site)
    for name in LISTS:
        (site / name).unlink(missing_ok=True) if damage is None else (site / name).write_bytes(damage)
    purge(site, folder)
    assert {path.name: remaining_in(path) for path in (site, *site.parent.glob("public.*"))} == {
        "public": set(), **{f"public.{name}": set() for name in LISTS}
    }  # fmt: skip
    assert purge(site, folder) == []


def pages_and_search(site: Path) -> list[Path]:
    return sorted([*site.glob("*/search/*.json"), *site.rglob("*.html")])


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe\x00\xd8", b"[[[" * 40_000, b'["not", {"what": "was"}]'])
def test_no_damaged_page_or_search_keeps_what_is_withdrawn_elsewhere(folder: Any, site: Path, damage: bytes) -> None:
    harmed = [path for path in pages_and_search(site) if "stories/a" not in path.as_posix()][::2]
    for path in harmed:
        path.write_bytes(damage)
    purge(site, folder)
    assert remaining_in(site) == set()


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"\xc3", b"\xed\xa0\x80"], ids=repr)
def test_bytes_that_are_no_utf_8_hide_nothing_from_a_withdrawal(folder: Any, site: Path, damage: bytes) -> None:
    for path in pages_and_search(site):
        path.write_bytes(path.read_bytes() + damage)
    messages = purge(site, folder)
    assert remaining_in(site) == set()
    assert "Words that stay." in (site / "en/told/index.html").read_text(encoding="utf-8", errors="replace")
    assert any(
        "search/pages-0.json could not be cleaned and is removed. Build the site again." in one for one in messages
    )
    assert not (site / "en" / "search" / "pages-0.json").exists()


def test_a_quote_without_an_end_takes_its_page_along(folder: Any, site: Path) -> None:
    page = site / "en" / "told" / "index.html"
    page.write_text(page.read_text(encoding="utf-8").partition("</blockquote>")[0], encoding="utf-8")
    assert any(f"{page} was damaged; a neutral page stands there." in one for one in purge(site, folder))
    assert remaining_in(site) == set()


def test_a_story_that_is_there_goes_though_the_site_lists_it_as_withdrawn(folder: Any, site: Path) -> None:
    (site / "withdrawn.json").write_text('["/en/stories/a/", "/ta/stories/a/"]', encoding="utf-8")
    purge(site, folder)
    assert remaining_in(site) == set()


@pytest.mark.parametrize("rows", [[], [{**row, "id": f"other-{row['id']}"} for row in ROWS]], ids=["gone", "renamed"])
@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"[]")])
def test_lists_and_rows_may_both_be_gone(folder: Any, site: Path, rows: Any, harm: Callable[[Path], object]) -> None:
    for name in LISTS[:3]:
        harm(site / name)
    folder.table("consents", *rows)
    purge(site, folder)
    assert "words" not in remaining_in(site)


def refuse_writes(monkeypatch: pytest.MonkeyPatch, refused: Callable[[Path], bool]) -> None:
    """Let the disk be full for some files."""
    write = cleaning.write_durably

    def full(path: Path, data: bytes) -> None:
        if refused(path):
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(cleaning, "write_durably", full)


def test_on_a_full_disk_what_cannot_be_written_is_removed_and_said(
    folder: Any, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        refuse_writes(patched, lambda _: True)
        with pytest.raises(Problems, match="could not be cleaned of what was withdrawn"):
            purge(site, folder)
        assert remaining_in(site) == set()


@pytest.mark.parametrize(
    "failing_place", ["told/index.html", "stories/a/index.html", "pages/index.html", "search", ".json"]
)
def test_what_cannot_be_written_in_one_place_stops_nothing_in_another(
    folder: Any, site: Path, failing_place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_writes(
        monkeypatch,
        lambda path: (
            f"en/{failing_place}" in path.as_posix() or (failing_place == ".json" and path.suffix == failing_place)
        ),
    )
    messages: list[str] = []
    try:
        messages = purge(site, folder)
    except Problems as problems:
        messages = [str(problems)]
    assert "could not be cleaned" in " ".join(messages)
    assert remaining_in(site) == set()


def test_cut_off_at_any_moment_the_next_look_finishes_it(
    folder: Any, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, unlink, steps = cleaning.write_durably, Path.unlink, 0
    built_site = site.with_name("kept")
    shutil.copytree(site, built_site)

    def cut_off(remaining_steps: list[int], real: Callable[..., None]) -> Callable[..., None]:
        def do(*args: Any, **options: Any) -> None:
            remaining_steps[0] -= 1
            if remaining_steps[0] < 0:
                raise KeyboardInterrupt
            real(*args, **options)

        return do

    while steps < 200:
        shutil.rmtree(site)
        shutil.copytree(built_site, site)
        remaining_steps = [steps]
        with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
            patched.setattr(cleaning, "write_durably", cut_off(remaining_steps, write))
            patched.setattr(Path, "unlink", cut_off(remaining_steps, unlink))
            purge(site, folder)
        purge(site, folder)
        assert remaining_in(site) == set(), f"cut off at step {steps}"
        assert "/en/told/quote-" in (site / "withdrawn.json").read_text(encoding="utf-8")
        assert json.loads((site / withdrawn_quotes.LIST).read_text(encoding="utf-8")).get("en/told", []) == []
        if remaining_steps[0] >= 0:
            break
        steps += 1
    assert 20 < steps < 200, "each write and each removal was the last one once"


def test_withdraw_writes_the_day_though_the_site_could_not_be_cleaned(
    folder: Any, here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark_of(folder)
    site = folder.build()
    refuse_writes(monkeypatch, lambda path: path.name == "index.html")
    result = run(here, "withdraw", "a", "--out", site)
    assert result.exit_code == 1
    assert "2027-01-01" in folder.csv("consents").read_text(encoding="utf-8")
    assert f"{SECRET} story" not in " ".join(path.read_text("utf-8") for path in site.rglob("*.html"))


def test_a_fault_of_ours_in_reading_consents_counts_as_no_consent(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mark_of(folder)
    site = folder.build()
    monkeypatch.setattr(consent_table, "read_leniently", lambda _: 1 / 0)
    with pytest.raises(Problems, match="every story is taken off"):
        purge(site, folder)
    assert remaining_in(site) == set()


def test_a_story_that_one_language_alone_has_is_called_taken_away_in_no_other(folder: Any) -> None:
    folder.page("stories/a", f"{SECRET} story.", "ta", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", {**CONSENT, "languages": "en ta or"})
    site = folder.build()
    assert "This page is not here" in (site / "en/stories/a/index.html").read_text(encoding="utf-8")
    assert withdrawal.purge(site, folder.root / "content", TODAY) == []
    folder.table("consents", {**CONSENT, "languages": "en ta or", "withdrawn_on": "2026-12-31"})
    assert "/ta/stories/a/" in withdrawal.purge(site, folder.root / "content", TODAY)
    assert remaining_in(site) == set()
