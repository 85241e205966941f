"""A flood of copies or of random letters: who writes something else without a script still reaches the first tray."""

import os
import random
import secrets
from typing import Any

import pytest

from forms.server.services.flood import likeness
from forms.server.services.flood.flood_control import FLOOD_THRESHOLD
from forms.server.services.flood.likeness import Likeness, is_gibberish
from forms.server.store.concerns.letters import PRIORITY_QUEUE, SECOND_QUEUE
from forms.server.web.current import state_of

from .test_attachments import files, recording
from .test_attachments import send as send_with_files

REAL = {
    "en": "My brother works at the kiln near the river. The owner keeps his papers and does not let him go home.",
    "ta": "என் தம்பி ஆற்றங்கரை செங்கல் சூளையில் வேலை செய்கிறான். முதலாளி அவனை வீட்டுக்குப் போக விடவில்லை.",
    "te": "మా తమ్ముడు నది పక్కన ఇటుక బట్టీలో పని చేస్తున్నాడు. యజమాని ఇంటికి వెళ్ళనివ్వడం లేదు.",
    "hi": "मेरा भाई नदी के पास ईंट भट्ठे पर काम करता है। मालिक उसे घर नहीं जाने देता। मजदूरी 300 रुपये।",
    "or": "ମୋ ଭାଇ ନଈ କୂଳରେ ଇଟା ଭାଟିରେ କାମ କରେ। ମାଲିକ ତାକୁ ଘରକୁ ଯିବାକୁ ଦିଏ ନାହିଁ।",
    "latin Tamil": "en thambi sengal soolaiyil velai seigiran muthalali avanai veettukku poga vidavillai call 98765 43210",
    "latin Hindi": "mera bhai int bhatte par kaam karta hai malik use ghar nahi jane deta majduri 3 mahine se nahi mili",
    "short": "help us please",
}  # fmt: skip
COPY = "Number {}: we all love the kiln owners of this district, they are the best people in the world, nobody suffers"
SYLLABLES = [a + b for a in "bdgklmnprstv" for b in "aeiou"]


def invented(seed: int) -> str:
    """Words that nobody has written before."""
    dice = random.Random(seed)
    return " ".join("".join(dice.choices(SYLLABLES, k=3)) for _ in range(12))


def tray_of(endpoint: Any, words: str, language: str = "en") -> int:
    """Send a concern without a script; in which tray it lies."""
    before = set(endpoint.letter_ids())
    once = secrets.token_hex(16)
    endpoint.code(endpoint.post("concern", language, do="send", once=once, what=words))
    [new] = [row for row in endpoint.pickup("letters").get_json()["letters"] if row["id"] not in before]
    return int(new["tray"])


@pytest.fixture
def flooded(endpoint: Any) -> Any:
    """An endpoint that somebody floods with copies of one letter, each a little different."""
    for number in range(4):
        endpoint.post("concern", do="send", once=secrets.token_hex(16), what=COPY.format(number))
    for _ in range(FLOOD_THRESHOLD * 2):
        state_of(endpoint.client.application).services.flood_control.count()
    return endpoint


def test_in_calm_times_all_go_to_the_first_tray(endpoint: Any) -> None:
    assert [tray_of(endpoint, COPY.format(number)) for number in range(4)] == [PRIORITY_QUEUE] * 4


@pytest.mark.parametrize("kind", sorted(REAL))
def test_in_a_flood_of_copies_who_writes_something_else_reaches_the_first_tray(flooded: Any, kind: str) -> None:
    assert tray_of(flooded, REAL[kind], kind if len(kind) == 2 else "en") == PRIORITY_QUEUE
    assert tray_of(flooded, COPY.format(99)) == SECOND_QUEUE


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper(), lambda text: text.replace(" ", "  "), lambda text: text.replace(",", "!!! "),
        lambda text: f"Dear desk, {text}", lambda text: f"{text} {secrets.token_hex(4)}", lambda text: text * 3,
        lambda text: "\uff21".join([text, ""]), lambda text: text + " 12 13 14 15 16",
    ],
)  # fmt: skip
def test_a_copy_that_is_changed_a_little_is_a_copy(flooded: Any, change: Any) -> None:
    assert tray_of(flooded, change(COPY.format(7))) == SECOND_QUEUE


def test_random_letters_go_to_the_second_tray(flooded: Any) -> None:
    for junk in JUNK.values():
        assert tray_of(flooded, junk) == SECOND_QUEUE


DICE = random.Random(12)
JUNK = {
    "hexadecimal": "3f9a0c b71e2d 99c0de a1b2c3 0ff1ce d3adb33f 77aa1c",
    "base 64": "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6 c2Vjb25k",
    "random letters": " ".join("".join(DICE.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(30)),
    "random Tamil signs": " ".join("".join(DICE.choices("ாிீுூெேைகசட", k=6)) for _ in range(30)),
    "one long word": "x" * 200,
}


@pytest.mark.parametrize("kind", sorted(JUNK))
def test_what_is_no_text_is_told(kind: str) -> None:
    assert is_gibberish(JUNK[kind])


@pytest.mark.parametrize("kind", sorted(REAL))
def test_what_people_write_is_text(kind: str) -> None:
    assert not is_gibberish(REAL[kind])


@pytest.mark.parametrize("words", ["9876543210", "112", "", "SOS", "pls cm fst", "3000rs 2 months", "!!!", "\u0bbe"])
def test_odd_words_of_people_do_no_harm(words: str, endpoint: Any) -> None:
    is_gibberish(words)
    gauge = Likeness()
    gauge.add(words)
    gauge.is_common(words)


def test_a_recording_alone_reaches_the_first_tray(flooded: Any) -> None:
    send_with_files(flooded, **files(voice=recording(1)))
    [row] = [row for row in flooded.pickup("letters").get_json()["letters"] if row["parts"]]
    assert row["tray"] == PRIORITY_QUEUE


def test_a_flood_that_never_repeats_fills_no_more_than_its_share_of_the_first_tray(flooded: Any) -> None:
    trays = [tray_of(flooded, invented(seed)) for seed in range(FLOOD_THRESHOLD + 15)]
    assert trays[:FLOOD_THRESHOLD] == [PRIORITY_QUEUE] * FLOOD_THRESHOLD
    assert trays[-1] == SECOND_QUEUE


def test_a_letter_that_is_sent_again_is_not_its_own_copy(flooded: Any) -> None:
    form = {"do": "send", "what": REAL["en"], "once": secrets.token_hex(16)}
    for _ in range(5):
        assert flooded.post("concern", **form).status_code == 200
    rows = flooded.pickup("letters").get_json()["letters"]
    assert [row["tray"] for row in rows].count(PRIORITY_QUEUE) == 5, "four before the flood, and this one"
    assert tray_of(flooded, REAL["en"]) == PRIORITY_QUEUE, "one person came, not five"


# What is kept of a text


def test_no_word_of_a_text_is_kept_and_nobody_else_has_the_key() -> None:
    one, other = Likeness(), Likeness()
    for gauge in (one, other):
        gauge.add(REAL["en"])
        for word in REAL["en"].split():
            assert word.encode() not in bytes(gauge.memory)
    assert bytes(one.memory) != bytes(other.memory)
    assert sum(bytes(one.memory)[8:]) == len(REAL["en"].split()) - 2


def test_it_is_forgotten_after_twenty_minutes() -> None:
    now = [10_000.0]
    gauge = Likeness(lambda: now[0])
    for _ in range(3):
        gauge.add(REAL["en"])
    now[0] += likeness.PERIOD
    assert gauge.is_common(REAL["en"])
    now[0] += likeness.PERIOD
    assert not gauge.is_common(REAL["en"])
    assert not any(bytes(gauge.memory)[8:])


@pytest.mark.parametrize("jump", [-5e8, 5e8])
def test_a_clock_that_jumps_empties_it(jump: float) -> None:
    now = [1e9]
    gauge = Likeness(lambda: now[0])
    for _ in range(3):
        gauge.add(REAL["en"])
    now[0] += jump
    assert not gauge.is_common(REAL["en"])


def test_workers_of_one_server_share_it() -> None:
    gauge = Likeness()
    for _ in range(2):
        child = os.fork()
        if not child:
            gauge.add(REAL["en"])
            os._exit(0)
        os.waitpid(child, 0)
    assert gauge.is_common(REAL["en"])
