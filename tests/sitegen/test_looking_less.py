"""Quick first tests skip only texts in which the full search finds nothing."""

import itertools
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sitegen import page_keys
from sitegen.checks.security import secret_checks
from sitegen.content.pages import PageSource
from sitegen.lint import structure, translations
from sitegen.lint.artefacts import artefact, known_artefacts
from sitegen.render import search_index

from forms.core.i18n import digits, search_words, written_digits

ROOT = Path(__file__).parents[2]
INDIC = "".join(chr(code) for code in range(0x900, 0xE00) if unicodedata.name(chr(code), ""))
ANY_WORDS = st.text(
    st.one_of(st.sampled_from(f"{INDIC} \n  -.,;:#12345679AaKkıſKΣ\u0345\u0301\ufb01①²\xa0\u200d।"), st.characters())
)


@pytest.mark.parametrize("kind", known_artefacts.ARTEFACTS, ids=lambda kind: kind.what[:40])
def test_every_match_of_an_artefact_passes_its_quick_test(kind: artefact.Artefact) -> None:
    @given(st.from_regex(kind.pattern))
    def holds(text: str) -> None:
        assert kind.may_be_in(text, set(text))

    holds()


@given(st.from_regex(structure.WORD_HTML))
def test_every_line_pasted_from_word_passes_its_quick_test(line: str) -> None:
    page = PageSource("a.md", "en", {"title": "A"}, line, 1)
    problems = [str(problem) for problem in structure.problems(page, "<h1>A</h1> a")]
    marks = [part for part in page.text.split("\n") if structure.WORD_HTML.search(part)]
    assert len([problem for problem in problems if "Word" in problem]) == len(marks)


@given(st.from_regex(secret_checks.SECRET_KEY), ANY_WORDS, st.sampled_from(["", " ", "-", "\xa0", "\u200b", "\u00ad"]))
def test_a_secret_key_is_found_however_it_is_spread(key: str, around: str, between: str) -> None:
    line = f"{around}\n{between.join(key)}"
    assert secrets_in(line) == secrets_by_full_search(line)


@given(ANY_WORDS)
@example("ＢＥＧＩＮ PRIVATE KEY")
@example("BEGIN PRıVATE KEY")
@example("ᴬGE-SECRET-KEY-1AAAAAAAA")
def test_the_quick_test_for_secrets_calls_no_text_clean_that_is_not(text: str) -> None:
    assert secrets_in(text) == secrets_by_full_search(text)


def secrets_in(text: str) -> list[str]:
    return [str(problem) for problem in secret_checks.secrets_in_text(text, "x", tokens=False)]


def secrets_by_full_search(text: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secret_checks, "has_no_key", lambda _: False)
        return secrets_in(text)


def characters_outside(pattern: re.Pattern[str]) -> list[str]:
    return [char for char in map(chr, range(sys.maxunicode + 1)) if not pattern.match(char)]


def test_no_character_that_is_passed_over_becomes_one_of_ascii() -> None:
    """By NFKC or in capitals, in either order: else it could be part of a secret that the short look does not see."""
    for char in characters_outside(secret_checks.MAY_BE_LATIN):
        plain = unicodedata.normalize("NFKC", char).upper()
        assert char.isascii() or not any(one.isascii() and one.isalnum() for one in plain), hex(ord(char))


def test_no_character_that_is_passed_over_is_a_sign_for_digits() -> None:
    """A digit of another script is one, and has been replaced before."""
    for char in characters_outside(written_digits.MAY_BE_SIGN):
        assert char.isascii() or char.isdecimal() or written_digits.digits_of_sign(char) == char, hex(ord(char))


@given(ANY_WORDS)
def test_digits_of_all_scripts_are_found(text: str) -> None:
    digit_of = {ord(char): str(unicodedata.decimal(char)) for char in set(text) if char.isdecimal()}
    assert digits.ascii_digits(text) == text.translate(digit_of)


@given(st.lists(st.one_of(ANY_WORDS, st.sampled_from(["one", "TWO", "ek", "ஒன்", "एक", "5", "௫", "seven."]))))
def test_words_that_are_digits_are_found_side_by_side(parts: list[str]) -> None:
    words = [word.casefold() for word in written_digits.WORD.findall(" ".join(parts))]
    are = [word in written_digits.READ_OUT or (len(word) == 1 and word.isdecimal()) for word in words]
    assert written_digits.may_be_spoken(" ".join(parts)) == any(map(all, itertools.pairwise(are)))


@given(ANY_WORDS)
@example("ΟΔΟΣ ΟΔΟΣ")
@example("98 400\n12345")
@example("गङ्गा")
def test_a_text_has_the_tokens_of_its_parts(text: str) -> None:
    assert search_index.normalised_tokens(text) == search_words.index_words(text, search_index.MIN_TOKEN_LENGTH)


@given(st.text(st.sampled_from("ab.md()<>[]\"' \n#,/")))
@example("[x](a.md#b.md,c)d.md")
def test_links_are_found_where_they_may_begin(text: str) -> None:
    assert page_keys.LINKED.findall(text) == re.findall(r"[^\s()<>\[\]\"']+\.md", text)


BLOCKS = (0x900, 0x980, 0xA00, 0xA80, 0xB00, 0xC00, 0xC80, 0xD00)
NASALS = (0x19, 0x1E, 0x23, 0x28, 0x2E)
AFTER = (
    *range(0x15, 0x19),
    *range(0x1A, 0x1E),
    *range(0x1F, 0x23),
    *range(0x24, 0x28),
    *range(0x2A, 0x2E),
    0x36,
    0x37,
    0x38,
)
FORMER = re.compile(
    "|".join(
        f"[{''.join(chr(b + n) for n in NASALS)}]{chr(b + 0x3C)}?{chr(b + 0x4D)}(?=[{''.join(chr(b + n) for n in AFTER)}])"
        for b in BLOCKS
    )
)


@given(
    st.text(st.sampled_from([chr(b + place) for b in BLOCKS for place in (0x19, 0x1E, 0x28, 0x3C, 0x4D, 0x15, 0x36)]))
)
def test_half_nasals_are_those_of_one_script(text: str) -> None:
    assert search_words.HALF_NASAL.sub("", text) == FORMER.sub("", text)


@given(ANY_WORDS, st.sampled_from(["TAMIL", "LATIN", "DEVANAGARI"]))
def test_letters_of_a_script_are_counted_word_by_word(text: str, script: str) -> None:
    letters = {char: count for char, count in Counter(text).items() if char.isalpha()}
    own = sum(count for char, count in letters.items() if translations.script_of(char) == script)
    every = sum(letters.values())
    assert translations.script_share(text, script) == (every, own / max(every, 1))


FORKED = """
import sys
from pathlib import Path
from sitegen import kept_work, workers
from tests.sitegen.test_looking_less import place_of, Unsendable

root = Path(sys.argv[1])
kept = kept_work.at(root, "any")
kept.put(b"key", b"value"); kept.save()
before = kept.connection()
with workers.workers(root / "stopped", beside=True) as pool:
    values = [one.result() for one in pool.start_each(place_of, [Unsendable(root, 1), Unsendable(root, 2)])]
    print(values, pool.start(int).result(), kept.get(b"key"), kept.connection() is before)
"""


class Unsendable:
    """A value that a forked process has, and that cannot be sent to any."""

    def __init__(self, root: object, number: int) -> None:
        self.root, self.number = root, number

    def __reduce__(self) -> tuple[Callable[..., object], ...]:
        raise AssertionError("it was sent")


def place_of(value: Unsendable) -> int:
    return value.number


@pytest.mark.skipif(sys.platform != "linux", reason="a fork server elsewhere")
def test_forked_workers_have_what_was_read_and_no_open_file_of_kept_work(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "site")))}
    process = subprocess.run(
        [sys.executable, "-c", FORKED, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert process.stdout.split("\n")[0] == "[1, 2] 0 b'value' False", process.stderr
