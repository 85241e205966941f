"""Commands that can be pasted as they are shown, and that mean the same on each machine of a desk."""

import re
import shlex
from datetime import timedelta

import pytest
import yaml
from click.testing import CliRunner, Result

from forms.core.problem import Problem
from forms.desk.cli.main import desk as desk_command
from forms.desk.command_line import command
from forms.desk.sync.client import Server
from tests.desk.conftest import Office
from tests.desk.test_session import only

pytestmark = pytest.mark.usefixtures("site_not_visited")

ANITA, BABU = "police/anita", "police/babu"


def shell(office: Office, *words: str, desk: str = ANITA, typed: str = "") -> Result:
    options = ["--home", str(office.home), "--server", office.address, "--desk", desk]
    return CliRunner().invoke(desk_command, [*options, *words], input=typed, obj=lambda: office.day)


def test_a_command_that_is_named_runs_as_it_stands(office: Office) -> None:
    office.tell(what="one")
    output = shell(office, "list").output
    [opening] = re.findall(r"Read one: (.*?)  ", output)
    _, *words = shlex.split(opening)
    assert {"--home", "--server", "--desk"} <= set(words)
    again = CliRunner().invoke(desk_command, words)
    assert again.exit_code == 0, again.output
    assert "one" in again.output
    assert command("list") == "desk list", "and what was noted ends with the program"


def test_what_the_doctor_says_to_type_has_this_desks_server_and_folder(office: Office) -> None:
    only_one = office.machine(ANITA)
    only_one.sync.run()
    output = shell(office, "doctor").output
    assert f"--home {office.home} --server {office.address}" in output or f"--server {office.address}" in output
    assert not re.search(r"[:.] desk [a-z]", output), output


def test_the_first_digits_of_an_id_name_a_letter_on_every_machine(office: Office) -> None:
    office.tell(what="a letter of that day")
    assert "No letter was fetched to this machine yet" in shell(office, "open", "1", desk=BABU).output
    case = only(office.machine(ANITA))
    shell(office, "list", desk=BABU)
    for desk in (ANITA, BABU):
        assert case[:8] in shell(office, "list", desk=desk).output
        assert "a letter of that day" in shell(office, "open", case[:8], desk=desk).output
    assert "There is no such letter here" in shell(office, "open", "0" * 7).output


def test_a_case_is_not_handed_over_to_who_has_it(office: Office) -> None:
    office.tell(what="once")
    anita = office.machine(ANITA)
    case = only(anita)
    with pytest.raises(Problem, match="has this case already"):
        anita.sharing.hand_over(case, "police")


def test_the_access_list_says_a_thing_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"at": "2027-01-12", "member": ANITA, "what": "sealed anew", "letter": "a" * 32}
    monkeypatch.setattr(Server, "get_rows", lambda *_: [row, dict(row), {**row, "what": "answered"}])
    assert [one["what"] for one in office.machine(ANITA).place.server().access()] == ["sealed anew", "answered"]


@pytest.mark.usefixtures("quick_passphrase")
@pytest.mark.parametrize("desk", ["legal", "legal/anita"])
def test_new_key_says_lines_that_can_be_pasted(office: Office, desk: str) -> None:
    home = office.home / "new"
    options = ["--home", str(home), "--desk", desk, "new-key", "--passphrase", "five plain words for tests"]
    output = CliRunner().invoke(desk_command, options).output
    lines = [line for line in output.splitlines() if re.match(r" {4,}\S", line)]
    pasted = yaml.safe_load("\n".join(["desks:", "  - id: legal", *lines]))["desks"][0]
    entry = pasted if desk == "legal" else pasted["people"][0]
    assert {"key", "pickup", "signing"} <= set(entry)
    assert desk == "legal" or entry["id"] == "anita"


def answers_by_first_words(office: Office) -> dict[str, list[str]]:
    """What was answered to whom: the words of the first letter, and those of the answers."""
    cases = office.machine(ANITA).cases.all()
    return {
        str(case.first_words): [entry.value["text"] for entry in case.entries if entry.kind == "answer"]
        for case in cases
    }


def first_row(office: Office, desk: str = ANITA) -> str:
    """The words in the first row of the list."""
    [row] = re.findall(r"^ *1 .* (\w+)$", shell(office, "list", desk=desk).output, re.MULTILINE)
    return str(row)


def test_an_answer_given_twice_goes_once_and_never_to_another_person(office: Office) -> None:
    for words in ("one", "other"):
        office.tell(what=words)
    office.day += timedelta(days=8)
    first = first_row(office)
    other = {"one": "other", "other": "one"}[first]
    assert shell(office, "answer", "1", "--text", "We come.", "--state", "looking").exit_code == 0
    again = shell(office, "answer", "1", "--text", "We come.", "--state", "looking")
    assert "not sent twice" in again.output
    assert answers_by_first_words(office) == {first: ["We come."], other: []}
    assert shell(office, "answer", "1", "--text", "We come.", "--again").exit_code == 0
    assert shell(office, "answer", "1", "--text", "On Monday.").exit_code == 0
    assert answers_by_first_words(office) == {first: ["We come.", "We come.", "On Monday."], other: []}
    assert first_row(office) == other, "what is late stands first, else this test would show nothing"


def test_a_number_means_the_list_that_was_shown_whatever_another_program_fetched_since(office: Office) -> None:
    office.tell(what="first")
    shell(office, "list")
    office.tell(what="second")
    office.machine(ANITA).sync.run()
    assert "first" in shell(office, "open", "1").output
    assert "no such letter" in shell(office, "open", "2").output
    shell(office, "list")
    assert "first" not in shell(office, "open", "2").output or "first" not in shell(office, "open", "1").output
    assert "no such letter" not in shell(office, "open", "2").output


def test_a_damaged_memory_of_the_list_keeps_nobody_from_letters(office: Office) -> None:
    office.tell(what="first")
    shell(office, "list")
    (office.home / ANITA / "list.json").write_bytes(b"{")
    assert "Show the list again" in shell(office, "open", "1").output
    shell(office, "list")
    assert "first" in shell(office, "open", "1").output
