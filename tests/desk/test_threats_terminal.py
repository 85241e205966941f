"""Nothing that a server, a letter or a site says reaches a terminal as a control character or as a line of ours."""

import ast
from dataclasses import replace

import click
from click.testing import CliRunner

from forms.core.problem import Problem
from forms.desk.cases.case_builder import build_cases
from forms.desk.cases.log.case_log import Entry
from forms.desk.cases.plain_text import case_line, letter_lines, log_lines, printable
from forms.desk.cli.errors import show_problems
from forms.desk.cli.terminal import say
from forms.desk.crypto.decryption import read_letter
from tests.conftest import ROOT
from tests.server.conftest import TODAY

EVIL = "x\x1b[2J\x07\u202e\ud800\r\n   2  2027-01-01  closed   nothing to see"
ID = "a" * 32


def test_whatever_others_say_writes_no_control_character_to_a_terminal() -> None:
    @click.command()
    @show_problems
    def speak() -> None:
        say(EVIL)
        raise Problem(EVIL, EVIL, EVIL)

    result = CliRunner().invoke(speak)
    assert result.exit_code == 1
    assert not set("\x1b\x07\u202e\r") & set(result.output)
    assert result.output.count("nothing to see") == 4


def test_every_word_of_the_desk_goes_through_the_same_function() -> None:
    for path in (ROOT / "forms" / "desk" / "cli").glob("*.py"):
        if path.name not in {"terminal.py", "start.py"}:
            names = {
                ast.unparse(node.func)
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(node, ast.Call)
            }
            assert not names & {"click.echo", "click.secho", "print"}, path.name


def test_a_letter_is_one_line_of_the_list() -> None:
    fields = {"form": EVIL, "id": ID, "day": EVIL, "language": EVIL, "desks": [EVIL]}
    letter = read_letter({**fields, "answers": {"what": EVIL, "place": EVIL, EVIL: "x"}})
    entry = Entry("b" * 32, ID, EVIL, EVIL, (), "note", {EVIL: EVIL})
    entry = replace(entry, kind=EVIL)
    [case] = build_cases([(ID, 1, letter)], [entry], unproven=[entry])
    assert len(case_line(1, case, TODAY).splitlines()) == 1
    assert [len(line.splitlines()) for line in log_lines(case)] == [1, 1]
    assert all(len(line.splitlines()) <= 1 for line in letter_lines(letter))


def test_letters_that_are_younger_than_this_python_are_shown_and_marks_beside_them_not() -> None:
    assert printable("\U0001e4db\U0003fffd\x1b[31m\u2065\ufffe") == "\U0001e4db\U0003fffd\u00b7[31m\u00b7\u00b7"
