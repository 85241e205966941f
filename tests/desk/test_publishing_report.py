"""Staff see at their desk why their push was not published, also if the server is hostile."""

from typing import Any

import pytest

from forms.core.builds import publishing_report
from forms.core.builds.publishing_report import PublishingReport
from forms.desk.doctor.examination import examine
from forms.desk.sync import client
from tests.desk.conftest import Office

pytestmark = pytest.mark.usefixtures("site_not_visited")

SENTENCE = "content/en/a.md:3: has no title. Write one."


def doctor_complaints(office: Office) -> str:
    return "\n".join(finding.sentence for finding in examine(office.machine("legal")) if not finding.ok)


def test_the_doctor_says_why_the_newest_pages_are_not_there(office: Office) -> None:
    assert "published" not in doctor_complaints(office)
    publishing_report.write(office.home.parent, PublishingReport("2027-01-01", SENTENCE))
    assert f"The newest pages were not published, those before stay. 2027-01-01: {SENTENCE}" in doctor_complaints(
        office
    )
    publishing_report.write(office.home.parent, PublishingReport("2027-01-02", ""))
    assert "published" not in doctor_complaints(office)


def test_only_a_desk_is_told(office: Office) -> None:
    publishing_report.write(office.home.parent, PublishingReport("2027-01-01", SENTENCE))
    answer = office.app.test_client().get("/pickup/v1/publishing")
    assert answer.status_code == 401
    assert SENTENCE not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "answer",
    [{}, {"day": "x", "problem": "y"}, {"day": ["2027-01-01"], "problem": "y"}, {"day": "2027-01-01", "problem": " "}],
)
def test_what_a_strange_server_says_is_nothing(office: Office, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    monkeypatch.setattr(client.Server, "get_json", lambda *_: answer)
    assert office.machine("legal").place.server().publishing_problem() == ""


def test_control_characters_of_a_hostile_server_are_left_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"day": "2027-01-01", "problem": "a\x1b[2Jb\u202e" + "x" * 90_000}
    monkeypatch.setattr(client.Server, "get_json", lambda *_: answer)
    problem = office.machine("legal").place.server().publishing_problem()
    assert problem.startswith("2027-01-01: a[2Jb")
    assert "\x1b" not in problem
    assert "\u202e" not in problem
    assert len(problem) < 4000


def test_an_older_server_has_no_such_page(office: Office) -> None:
    office.app.view_functions["pickup.server.publishing"] = lambda: ("<h1>Not found</h1>", 404)
    assert office.machine("legal").place.server().publishing_problem() == ""
    assert "strange answer" not in doctor_complaints(office)
