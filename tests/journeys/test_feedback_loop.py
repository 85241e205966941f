"""The whole feedback loop: people tell, a desk answers, a quarter passes, a count is published, and "you said, we did".

In an installation of its own, with a copy of content/ in two languages: here staff write into it.
"""

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from sitegen.build import build

from forms.core.i18n import translator
from forms.desk.crypto.keys import make_demonstration
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.window import start
from tests.journeys.conftest import PHONE, TODAY, Installation, copy_of_the_project, serving  # type: ignore[import-not-found]
from tests.journeys.telling import tell

LANGUAGES = ("en", "ta")
SETTLED = datetime(2026, 12, 2, 10, 0, tzinfo=UTC)
QUARTER, QUARTER_IS_OVER = "2026-q4", date(2027, 1, 4)
MARKED = "marked-words-கூலி"
MIN_PUBLISHED = 5
NUMBERS = ".number_marks text"

# Two letters about one problem would point at two people; and what stands beside them must not give them away.
LETTERS = (
    [("wages-withheld", "ponneri")] * 6 + [("debt-bondage", "tiruttani")] * 5 + [("not-free-to-leave", "avadi")] * 2
)

PROMISE = {
    "taluk": "ponneri", "theme": "wages-withheld", "asked_on": "2026-12-10", "example": "false",
    "who_en": "The labour office", "who_ta": "தொழிலாளர் அலுவலகம்",
}  # fmt: skip
FULFILLED_PROMISE = {
    **PROMISE, "id": "wages-day", "asked_en": "A day on which wages are paid before witnesses",
    "asked_ta": "சாட்சிகள் முன் கூலி தரும் நாள்", "promised_en": "Every Saturday", "promised_ta": "ஒவ்வொரு சனிக்கிழமையும்",
    "due": "2026-12-31", "state": "done", "done_on": "2026-12-26", "evidence": "heard/example-meeting",
}  # fmt: skip
BROKEN_PROMISE = {
    **PROMISE, "id": "wages-list", "asked_en": "A list of wages that are still owed",
    "asked_ta": "இன்னும் தராத கூலியின் பட்டியல்", "promised_en": "The list is read out", "promised_ta": "பட்டியல் வாசிக்கப்படும்",
    "due": "2026-12-20", "state": "under-way",
}  # fmt: skip


@dataclass(frozen=True)
class District:
    """A district's folder and the installation that is built from it."""

    root: Path
    installation: Installation

    @property
    def tables(self) -> Path:
        return self.root / "content" / "tables"

    def build(self, today: date) -> None:
        """Build the site anew, as staff do daily; without speech."""
        home = self.installation.public.parent
        keys = make_demonstration(self.installation.desks, ("police", "revenue", "legal", "partner", "events"))
        build(
            self.root, self.installation.public, keys=keys, today=today, say=lambda _: None, handover=home / "portal.json",
            speak=False,
        )  # fmt: skip

    def promise(self, *rows: dict[str, str]) -> None:
        """Add rows to commitments.csv, as somebody with a spreadsheet does."""
        path = self.tables / "commitments.csv"
        columns = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, columns, restval="").writerows(rows)


def _two_languages(settings: str) -> str:
    """Return portal.yml without the other languages, and without their texts: a text in no language is refused."""
    fewer = re.sub(r"(?m)^  - \{code: (?!en|ta)\w+,.*\n", "", settings)
    fewer = re.sub(r"(?m)^ +(?:te|hi|or): .*\n", "", fewer)
    return re.sub(r", (?:te|hi|or): (?:\"[^\"]*\"|[^,}\n]*)(?=[,}])", "", fewer)


def _keep_columns(table: Path, is_kept: Callable[[str], bool]) -> None:
    """Write a table anew with the columns whose names are kept: one in a language that portal.yml lacks is refused."""
    with table.open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    places = [place for place, name in enumerate(head) if is_kept(name)]
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [row[place] for place in places] for row in [head, *rows] if row
        )


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    root = copy_of_the_project(tmp_path / "district", _two_languages)
    for left_out in ("te", "hi", "or"):
        shutil.rmtree(root / "content" / left_out)
    for table in (root / "content" / "tables").glob("*.csv"):
        _keep_columns(table, lambda name: not name.endswith(("_te", "_hi", "_or")))
    district = District(root, Installation("", None, tmp_path / "public", tmp_path / "server", tmp_path / "desk"))
    district.build(TODAY)
    with serving(tmp_path / "portal.json", tmp_path / "public", tmp_path / "server") as address:
        yield replace(district, installation=replace(district.installation, address=address))


@pytest.fixture
def phone(browser: Any, district: District) -> Iterator[Any]:
    context = browser.new_context(viewport=PHONE, base_url=district.installation.address)
    yield context.new_page()
    context.close()


def post(address: str, **answers: str) -> None:
    """Tell a concern as a browser without a script does."""
    form = f"{address}/forms/ta/concern"
    once = re.search(r'name="once" value="([0-9a-f]+)"', requests.post(form, data=answers, timeout=120).text)
    assert once
    response = requests.post(form, data={**answers, "do": "send", "once": once[1]}, timeout=120)
    assert 'class="code"' in response.text


def settle_in_the_window(browser: Any, place: DeskPlace, theme: str, taluk: str) -> None:
    """At the desk's window: read the only letter, answer it, close it, give it its public theme."""
    window = start.start(place, today=lambda: TODAY)
    context = browser.new_context()
    desk = context.new_page()
    desk.goto(window.enter)
    desk.get_by_role("button", name="Open").click()
    desk.locator("li.letter .open").click()
    assert MARKED in desk.locator("article").inner_text()
    desk.get_by_role("link", name="Everything about this case").click()
    desk.get_by_label("Your answer").fill("நாளை வருகிறோம்.")
    desk.get_by_label("What the person sees beside it").select_option("closed")
    desk.get_by_role("button", name="Seal and send").click()
    desk.get_by_role("status").wait_for()
    desk.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert desk.get_by_label("Part of the district").input_value() == taluk, "what the person told stands there"
    desk.locator("#theme").select_option(theme)
    with desk.expect_navigation(wait_until="load"):
        desk.locator('form[action$="/theme"] button').click()
    context.close()
    window.stop()


def settle_the_rest(place: DeskPlace) -> None:
    """The same work on all other letters, by the session that window and commands share."""
    session = Session.unlock(place, None, lambda: TODAY)
    session.sync.run()
    for case in [case for case in session.cases.all() if case.state.value != "closed"]:
        _, theme, taluk = str(case.answers["what"]).split(" ")
        session.log.write(case.id, "theme", theme=theme, place=taluk, work="")
        session.log.write(case.id, "state", state="closed", outcome=MARKED)
    assert len(session.cases.all()) == len(LETTERS)


def shown_numbers(page: Any) -> list[str]:
    """Every number of the page's charts and of their tables."""
    return [
        text
        for text in page.locator(f".chart {NUMBERS}, .chart td").evaluate_all("all => all.map(one => one.textContent)")
        if text.isdigit()
    ]


def see_the_counts(page: Any) -> None:
    """The six letters are counted in public; the two are nowhere, nor the five from which they could be worked out."""
    page.goto("/en/numbers/")
    shown_text = page.locator("main").inner_text()
    assert "December 2026: Letters that got a problem from a desk: 13." in shown_text
    assert "invented" not in shown_text, "the examples are gone"
    problems = page.locator(".chart").first
    assert [text for text in problems.locator(NUMBERS).all_text_contents() if text.isdigit()] == ["6"]
    assert {"6", "13"} >= set(shown_numbers(page)) > set()

    for theme, total in (("wages-withheld", "6"), ("debt-bondage", ""), ("not-free-to-leave", "")):
        page.goto(f"/en/problems/{theme}/")
        count = total or "fewer than 5, or kept back"
        assert f"Letters about this: {count}." in page.locator("main").inner_text()
        assert set(shown_numbers(page)) <= {"6"}


def open_data(page: Any) -> dict[str, list[dict[str, str]]]:
    """The tables that anybody can download, by name."""
    with zipfile.ZipFile(io.BytesIO(page.request.get("/open-data/open-data.zip").body())) as packed:
        found = {}
        for name in packed.namelist():
            text = packed.read(name).decode("utf-8-sig")
            assert MARKED not in text
            if name.endswith(".csv"):
                found[Path(name).stem] = list(csv.DictReader(io.StringIO(text)))
        return found


def see_what_was_done(page: Any, language: str) -> None:
    """The promise that was kept is fulfilled, with what shows it; the other is late, though nobody wrote that."""
    _ = translator(language)
    page.goto(f"/{language}/you-said/")
    for row, state in ((FULFILLED_PROMISE, "done"), (BROKEN_PROMISE, "late")):
        card = page.locator(".card", has_text=row[f"asked_{language}"])
        assert card.locator(f".state--{state}").inner_text() == _(state.capitalize())
        assert row[f"promised_{language}"] in card.inner_text()
        assert _("An example, to show how this page works. Nobody asked or promised it.") not in card.inner_text()
    fulfilled = page.locator(".card", has_text=FULFILLED_PROMISE[f"asked_{language}"])
    assert fulfilled.locator("a").get_attribute("href") == f"/{language}/heard/example-meeting/"
    page.goto(f"/{language}/problems/wages-withheld/")
    assert page.locator(".card", has_text=FULFILLED_PROMISE[f"asked_{language}"]).locator(".state--done").is_visible()


def test_from_a_concern_to_a_published_count_to_we_did(
    district: District, phone: Any, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forms.desk.cases.log.case_log.datetime", SimpleNamespace(now=lambda _: SETTLED))
    installation = district.installation
    police = DeskPlace("police", installation.desks / "police", installation.address)

    (theme, taluk), *others = LETTERS
    phone.goto("/ta/tell/")
    tell(phone, what=f"{MARKED} {theme} {taluk}", place=taluk)
    settle_in_the_window(browser, police, theme, taluk)
    for theme, taluk in others:
        post(installation.address, what=f"{MARKED} {theme} {taluk}", place=taluk)
    settle_the_rest(police)

    early = installation.at_the_desk("publish", "--content", str(district.root / "content"))
    assert early.output.startswith("Nothing new to publish: 13 cases"), "the quarter is not over"
    later = replace(installation, day=QUARTER_IS_OVER)
    published = later.at_the_desk("publish", "--content", str(district.root / "content"))
    assert f"heard.csv: {QUARTER}." in published.output, published.output

    district.build(QUARTER_IS_OVER)
    see_the_counts(phone)
    rows = open_data(phone)["heard"]
    assert {row["quarter"] for row in rows} == {QUARTER}
    assert all(int(row["letters"]) >= MIN_PUBLISHED for row in rows)
    assert {row["theme"] for row in rows} == {"all", "wages-withheld"}
    assert not {row["taluk"] for row in rows} & {"tiruttani", "avadi"}

    district.promise(FULFILLED_PROMISE, BROKEN_PROMISE)
    district.build(QUARTER_IS_OVER)
    for language in LANGUAGES:
        see_what_was_done(phone, language)
    assert {"wages-day", "wages-list"} <= {row["id"] for row in open_data(phone)["commitments"]}
    assert not [path for path in installation.public.rglob("*.html") if MARKED in path.read_text(encoding="utf-8")]
