"""No site goes live with keys, numbers, names or meetings that endanger who relies on them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pyrage
import pytest
import yaml
from commands.site import Site
from sitegen import build as sitegen_build

from forms.core.problem import Problems
from forms.desk.crypto import keys
from forms.desk.crypto.keys import pickup_line
from tests.commands import run
from tests.conftest import ROOT
from tests.sitegen.conftest import ROWS, TODAY, Folder

PUBLIC = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(4)]
Change = Callable[[dict[str, Any]], Any]


def make_real(folder: Folder, change: Change = lambda _: None) -> None:
    """Write the settings of a district that may go live, with one change."""
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings |= {
        "demonstration": False,
        "address": "https://portal.district.gov.in",
        "exit_url": "https://www.wikipedia.org/",
        "responsible": dict.fromkeys(("en", "ta", "or"), "The District Collector"),
    }
    for number, row in enumerate(settings["desks"]):
        row |= {"key": PUBLIC[2 * number], "recovery": PUBLIC[2 * number + 1], "pickup": pickup_line(str(number))}
    change(settings)
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


def blocking_problems(folder: Folder, unprotected: frozenset[str] = frozenset(), today: date = TODAY) -> list[str]:
    """Return what blocks a real build."""
    report = sitegen_build.prepare(folder.root, keys=None, today=today, unprotected=unprotected)[1]
    return [str(problem) for problem in report.problems]


def test_a_district_that_is_ready_builds(folder: Folder) -> None:
    make_real(folder)
    assert blocking_problems(folder) == []
    sitegen_build.build(folder.root, folder.root / "public", keys=None, today=TODAY, say=lambda _: None)
    assert (folder.root / "public" / "en" / "index.html").is_file()


UNNAMED_TEXTS = "இந்தத் தளத்துக்கு யார் பொறுப்பு என்பது இன்னும் குறிப்பிடப்படவில்லை."
CHANGES: dict[str, tuple[Change, str]] = {
    "nobody responsible": (lambda s: s["responsible"].update(ta=UNNAMED_TEXTS), "responsible, ta: nobody is named"),
    "in one language": (lambda s: s["responsible"].pop("or"), "responsible, or: nobody is named"),
    "this machine": (lambda s: s.update(address="http://127.0.0.1:8000"), "address: "),
    "in clear": (lambda s: s.update(address="http://portal.district.gov.in"), "address: "),
    "an example": (lambda s: s.update(address="https://portal.example"), "address: "),
    "a number at home": (lambda s: s.update(address="https://192.168.1.4"), "address: "),
    "an exit to itself": (lambda s: s.update(exit_url="https://portal.district.gov.in/en/"), "exit_url: "),
    "one of many to itself": (
        lambda s: s.update(exit_url={"en": "https://en.wikipedia.org", "ta": "https://portal.district.gov.in/"}),
        "exit_url: https://portal.district.gov.in/ does not",
    ),
    "an exit to nowhere": (lambda s: s.update(exit_url="https://neutral.example/"), "exit_url: "),
    "no recovery key": (lambda s: s["desks"][0].pop("recovery"), "desk police: has one key and no recovery key"),
}


@pytest.mark.parametrize(("change", "sentence"), CHANGES.values(), ids=CHANGES)
def test_what_endangers_people_blocks_the_build(folder: Folder, change: Change, sentence: str) -> None:
    make_real(folder, change)
    [problem] = blocking_problems(folder)
    assert sentence in problem
    with pytest.raises(Problems):
        sitegen_build.build(folder.root, folder.root / "public", keys=None, today=TODAY, say=lambda _: None)
    assert not (folder.root / "public").exists()


def test_an_onion_address_needs_no_https(folder: Folder) -> None:
    make_real(folder, lambda settings: settings.update(address=f"http://{'a' * 56}.onion"))
    assert blocking_problems(folder) == []


def test_a_demonstration_key_goes_live_nowhere(folder: Folder) -> None:
    home = folder.root / "var" / "desk"
    demonstration = keys.make_demonstration(home, ["police"])["police"]
    make_real(folder, lambda settings: settings["desks"][0].update(key=demonstration[0], pickup=demonstration[1]))
    assert keys.unprotected_keys(home) == {demonstration[0]}
    [problem] = blocking_problems(folder, keys.unprotected_keys(home))
    assert "desk police: has a demonstration key" in problem


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [({"checked_by": "Portal team: source read, not yet called"}, "nobody has called"),
     ({"checked_on": "2026-03-01"}, "was last checked on 2026-03-01")],
)  # fmt: skip
def test_a_number_that_nobody_called_blocks_the_build(folder: Folder, cells: dict[str, str], sentence: str) -> None:
    make_real(folder)
    folder.row("helplines", **cells)
    [problem] = blocking_problems(folder)
    assert f"content/tables/helplines.csv, 112: {sentence}" in problem


def test_an_example_meeting_blocks_the_build(folder: Folder) -> None:
    make_real(folder)
    folder.table("events", {**ROWS["events"][0], "example": "true"})
    [problem] = blocking_problems(folder)
    assert "content/tables/events.csv, meeting: is an example" in problem


def test_what_endangers_nobody_is_listed_and_builds(folder: Folder) -> None:
    make_real(folder)
    folder.page("index", "Home.", "ta", reviewed_by="nobody")
    report = sitegen_build.prepare(folder.root, keys=None, today=TODAY)[1]
    assert report.problems == ()
    assert any("content/ta: nobody has reviewed 1 pages, like index.md" in warning for warning in report.warnings)


def test_the_demonstration_builds_and_its_list_says_what_is_open(folder: Folder) -> None:
    demo = keys.make_demonstration(folder.root / "var", ["police", "events"])
    items = sitegen_build.go_live_list(folder.root, keys=demo, today=TODAY, unprotected=frozenset({demo["police"][0]}))
    listed = "\n".join(map(str, items))
    assert "MUST  content/portal.yml, desk police: has a demonstration key" in listed
    assert "should  content/portal.yml, demonstration: is true" in listed
    assert folder.problems() == []


def test_the_shipped_words_for_nobody_are_known() -> None:
    """So that the demonstration's sentence never stands on a real site as a name."""
    from sitegen.checks.go_live import UNNAMED_TEXTS  # noqa: PLC0415

    shipped = yaml.safe_load((ROOT / "content" / "portal.yml").read_text(encoding="utf-8"))["responsible"]
    assert set(shipped.values()) == set(UNNAMED_TEXTS)


def test_the_command_says_it_and_fails_while_something_endangers(folder: Folder, here: Site) -> None:
    result = run(here, "check", "--go-live")
    assert result.exit_code == 1
    assert "things endanger people" in result.output
    assert "MUST  content/portal.yml, responsible, ta" in result.output
    make_real(folder)
    result = run(here, "check", "--go-live")
    assert result.exit_code == 0, result.output
    assert "Nothing endangers people." in result.output
