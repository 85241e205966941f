"""portal.yml: every key is tried, no secret is published or printed, and nothing stands twice unseen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pyrage
import pytest
import yaml
from click.testing import CliRunner
from sitegen.build import prepare
from sitegen.checks import settings_validation
from sitegen.checks.security import key_checks, secret_checks

from forms.core.yaml_reader import DuplicateKey, read_yaml
from forms.desk.cli.main import desk as desk_command
from forms.desk.crypto import keys
from forms.desk.crypto.keys import pickup_line
from tests.conftest import ROOT
from tests.sitegen.conftest import Folder

IDENTITY, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
GOOD, SECOND, SECRET = str(IDENTITY.to_public()), str(OTHER.to_public()), str(IDENTITY)
TOKEN = "aB3-_" + "xY7qLm" * 6 + "aB"
LINE, SECOND_LINE = pickup_line(TOKEN), pickup_line("another")
SIGNING = "ed25519:" + "58" + "66" * 31
Refusal = Callable[[], str]


def change(folder: Folder, **desk: Any) -> None:
    """Other lines at the police desk; "settings" changes the whole file."""
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["desks"][0] |= desk
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


def add(folder: Folder, text: str, file: str = "portal.yml") -> None:
    path = folder.root / "content" / file
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_whole_keys_are_taken(folder: Folder) -> None:
    people = [{"id": "anita", "key": GOOD, "pickup": LINE}, {"id": "babu", "key": SECOND, "pickup": SECOND_LINE}]
    change(folder, people=people, recovery=str(pyrage.x25519.Identity.generate().to_public()))
    assert folder.problems() == []


CHANGED = {
    "one letter changed": (GOOD[:30] + ("q" if GOOD[30] != "q" else "p") + GOOD[31:], "wrong character"),
    "shortened": (GOOD[:-1], "61 characters long"),
    "curly quotes": (f"“{GOOD}”", "a quote, a space, or an invisible"),
    "a space inside": (f"{GOOD[:9]} {GOOD[9:]}", "a quote, a space, or an invisible"),
    "an invisible character": (f"{GOOD[:9]}\u200b{GOOD[9:]}", "a quote, a space, or an invisible"),
    "a byte order mark": (f"\ufeff{GOOD}", "a quote, a space, or an invisible"),
    "a letter of another script": (GOOD.replace("a", "\u0430", 1), "a quote, a space, or an invisible"),
    "capitals": (GOOD.upper(), "capital letters"),
    "the pickup line": (LINE, "a key begins with age1"),
    "a list": ([GOOD], "no text"),
    "a number": (12345, "no text"),
    "the point zero": ("age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z", "wrong character"),
    "another kind": ("ssh-ed25519 AAAA", "a quote, a space, or an invisible"),
    "three dots": (f"{GOOD[:20]}...", "a quote, a space, or an invisible"),
}


@pytest.mark.parametrize("name", ["key", "recovery"])
@pytest.mark.parametrize(("value", "sentence"), CHANGED.values(), ids=CHANGED)
def test_a_key_that_nothing_can_be_encrypted_to_is_refused(
    folder: Folder, refusal: Refusal, name: str, value: Any, sentence: str
) -> None:
    change(folder, **{"key": GOOD, "pickup": LINE, name: value})
    message = refusal()
    assert f"content/portal.yml, desk police, {name}" in message
    assert sentence in message
    assert str(value) not in message, "a value is never printed: it may be a secret"


@pytest.mark.parametrize(
    "value",
    [LINE[:-1], LINE + "0", LINE.upper(), f"“{LINE}”", LINE.replace(":", ": "), f"{LINE}\u00a0", LINE[7:], GOOD, 5,
     LINE.replace("sha256", "sha512"), "sha256:...", LINE[:-1] + "g"],
)  # fmt: skip
def test_a_pickup_line_that_no_token_matches_is_refused(folder: Folder, refusal: Refusal, value: Any) -> None:
    change(folder, key=GOOD, pickup=value)
    assert "desk police, pickup" in refusal()


def test_a_signing_key_that_is_none_is_refused(folder: Folder, refusal: Refusal) -> None:
    change(folder, key=GOOD, pickup=LINE, signing=SIGNING[:-1])
    assert "desk police, signing" in refusal()


SECRETS = {
    "as it is": SECRET,
    "in small letters": SECRET.lower(),
    "with an invisible character": f"{SECRET[:7]}\u200b{SECRET[7:]}",
    "with typographic dashes": SECRET.replace("-", "\u2011"),
    "with spaces": SECRET.replace("-", " - "),
    "in full-width letters": "".join(chr(ord(char) + 0xFEE0) if char.isalnum() else char for char in SECRET),
    "of a plugin": "AGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQQQQQQ",
    "in PEM": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "of PGP": "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "cut short": SECRET[:30],
}
PLACES = [
    "\nrecovery: {}\n",
    "\n# {}\n",
    '\nopen_data: {{name: "{}"}}\n',
    "\nexit_url: '{}'\n",
    "\n{}: 1\n",
    "\n[ {} \n",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_anywhere_in_portal_yml_builds_nothing_and_is_not_printed(
    folder: Folder, refusal: Refusal, place: str
) -> None:
    add(folder, place.format(SECRET))
    message = refusal()
    assert "a secret key stands here. Treat it as known to everybody" in message
    assert "begins with age1" in message
    assert ", line " in message
    assert SECRET[16:30].lower() not in message.lower()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_known_in_whatever_form_it_was_pasted(secret: str, place: str) -> None:
    [danger] = secret_checks.secrets_in_text(place.format(secret), "here", tokens=True)
    assert secret[5:30] not in str(danger)
    assert danger.where == "here, line 2"


@pytest.mark.parametrize("file", ["en/index.md", "tables/places.csv", "en/notes.txt"])
def test_a_secret_in_a_page_or_a_table_is_refused_too(folder: Folder, refusal: Refusal, file: str) -> None:
    (folder.root / "content" / file).touch()
    add(folder, f"\n{SECRET}\n", file)
    assert f"content/{file}, line" in refusal()


@pytest.mark.parametrize("field", ["pickup: {}", "pickup: sha256:{}", "pickup: '{}'", "note: {}", "# {}"])
def test_a_pickup_token_is_refused_and_not_printed(folder: Folder, refusal: Refusal, field: str) -> None:
    add(folder, "\n" + field.format(TOKEN) + "\n")
    message = refusal()
    assert "what looks like a pickup token" in message
    assert TOKEN[3:20] not in message


def test_every_token_that_a_desk_makes_is_known_as_one(tmp_path: Any) -> None:
    for number in range(50):
        keys.make(tmp_path / str(number), None)
        text = f"pickup: {keys.token(tmp_path / str(number))}"
        assert list(secret_checks.secrets_in_text(text, "here", tokens=True)), text


def test_the_shipped_content_holds_nothing_that_looks_like_a_secret() -> None:
    assert list(secret_checks.problems(ROOT / "content")) == []


def test_one_value_in_two_places_is_refused(folder: Folder, refusal: Refusal) -> None:
    people = [{"id": "anita", "key": GOOD, "pickup": LINE}, {"id": "babu", "key": GOOD, "pickup": LINE}]
    change(folder, people=people, recovery=GOOD)
    message = refusal()
    assert "police/babu, key: is the same as at desk police/anita, key" in message
    assert "police/babu, pickup: is the same as at desk police/anita, pickup" in message
    assert "police, recovery: is the same as at desk police/anita, key" in message


def test_one_recovery_key_for_two_desks_is_refused(folder: Folder, refusal: Refusal) -> None:
    """Who holds it would read what a person kept from one of the two."""
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for row in settings["desks"]:
        row["recovery"] = GOOD
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert "desk events, recovery: is the same as at desk police, recovery" in refusal()


def test_a_key_beside_people_and_unknown_fields_are_refused(folder: Folder, refusal: Refusal) -> None:
    people = [{"id": "anita", "key": SECOND, "pickup": SECOND_LINE, "pick-up": "x"}]
    change(folder, people=people, key=GOOD, recovry="x", Key="y", **{"key\u200b": "z"})
    message = refusal()
    assert "has people, and a key" in message
    assert '"recovry" is not known here' in message
    assert '"pick-up" is not known here' in message
    assert '"Key" is not known here' in message


WRONG_KINDS = {
    "an id that leaves the folder": ("desks.0.people", [{"id": "../x"}], "people, ../x, id: "),
    "an id in capitals": ("desks.0.id", "Police", 'desks, Police, id: "Police" cannot be used here'),
    "an id of another script": ("desks.0.id", "காவல்", "cannot be used here"),
    "a number as a name": ("desks.0.name", {"en": 5}, 'desks, police, name, en: "5" is no text'),
    "a name in no language": ("desks.0.name", "Police", 'desks, police, name: "Police" is no text in languages'),
    "a language that is none": ("district", {"en": "A", "tm": "B"}, 'there is no language "tm" among languages'),
    "no source language": ("district", {"ta": "B"}, "district: en is missing"),
    "true as a word": ("demonstration", "true", 'demonstration: "true" is neither true nor false'),
    "false mistyped": ("demonstration", "flase", '"flase" is neither true nor false'),
    "yes as a number": ("demonstration", 1, "is neither true nor false"),
    "more days than the calendar has": ("keep.concerns_days", 10**9, "is more days than can be counted"),
    "part of a day": ("keep.concerns_days", 36.5, '"36.5" is no number of days'),
    "no days": ("keep.signups_days", None, "keep, signups_days: this is no number of days"),
    "an unknown kind of keeping": ("keep.concern_days", 5, '"concern_days" is not known here'),
    "a word for a list": ("menu", "index", 'menu: "index" is no list'),
    "a number in the menu": ("menu", ["index", 5], 'menu, 2: "5" is no text'),
    "an unknown setting": ("exiturl", "x", 'Did you mean "exit_url"?'),
    "a setting that is a number": (7, "x", '"7" is not known here'),
    "a script as an address": ("exit_url", "javascript:alert(1)", "is no address on the web"),
    "a pickup line without its key": ("desks.0.pickup", LINE, "has a pickup line and no key line"),
    "a key without its pickup line": ("desks.0.key", GOOD, "has a key line and no pickup line"),
    "a day that is none": ("launched", "last winter", 'launched: "last winter" is no date'),
}


@pytest.mark.parametrize(("path", "value", "sentence"), WRONG_KINDS.values(), ids=WRONG_KINDS)
def test_whatever_is_of_the_wrong_kind_is_said(
    folder: Folder, refusal: Refusal, path: Any, value: Any, sentence: str
) -> None:
    file = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    *way, last = [path] if isinstance(path, int) else path.split(".")
    inside = settings
    for step in way:
        inside = inside[int(step) if step.isdigit() else step]
    inside[last] = value
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    assert sentence in refusal()


@pytest.mark.parametrize("codes", [["or", "en", "ta"], ["ta"]])
def test_a_site_whose_first_language_is_not_the_source_says_that_alone(
    folder: Folder, refusal: Refusal, codes: list[str]
) -> None:
    """And not a sentence for each column of each table that the other language would need."""
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["languages"] = [{"code": code, "name": code} for code in codes]
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    sentence = "content/portal.yml, languages: the first language is not en. English is the source and comes first."
    assert refusal().splitlines() == [sentence]


def test_two_languages_whose_codes_differ_in_capitals_only_are_refused(folder: Folder, refusal: Refusal) -> None:
    """Windows and macOS hold content/zh-Hant and content/zh-hant to be one folder."""
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["languages"] += [{"code": code, "name": code} for code in ("zh-Hant", "zh-hant")]
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    assert "languages, zh-hant: stands there twice." in refusal()


def test_aliases_are_refused_before_they_unfold(folder: Folder, refusal: Refusal) -> None:
    levels = "".join(f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]\n" for before, one in pairwise("abcdefghijkl"))
    path = folder.root / "content" / "portal.yml"
    path.write_text(f"a: &a [x]\n{levels}" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert ", line 4: cannot be read." in refusal()


def test_days_beyond_the_calendar_cost_no_letter(folder: Folder) -> None:
    """A portal.json of an older build may hold them."""
    keys = {"police": (GOOD, LINE, ""), "events": (SECOND, SECOND_LINE, "")}
    built = prepare(folder.root, keys=keys, today=date(2026, 11, 25))[0].portal
    portal = replace(built, keep={"concerns_days": 10**12, "signups_days": -5})
    assert date(2026, 11, 25) - timedelta(days=portal.days_kept("requests_days"))
    assert portal.days_kept("signups_days") == 1
    assert portal.days_kept("answer_days") == 7


def test_two_key_lines_under_one_desk_are_refused(folder: Folder, refusal: Refusal) -> None:
    path = folder.root / "content" / "portal.yml"
    text = path.read_text(encoding="utf-8").replace("- id: police", f"- id: police\n  key: {GOOD}\n  key: {SECOND}")
    assert f"key: {SECOND}" in text
    path.write_text(text, encoding="utf-8")
    message = refusal()
    assert '"key" stands there twice: the first time in line' in message
    assert GOOD not in message


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: 2\na: 3\n", 3), ("a: {x: 1, x: 2}", 1), ("- {a: 1}\n- {a: 1, 'a': 2}", 2), ("1: a\n1: b", 2),
     ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n  d: 2\n", 5), ("? [a]\n: 1\n'a': 1\n\"a\": 2", 4)],
)  # fmt: skip
def test_a_key_that_stands_twice_is_refused_in_any_yaml(text: str, line: int) -> None:
    with pytest.raises(DuplicateKey) as error:
        read_yaml(text)
    assert error.value.line == line


def test_merged_keys_may_be_overridden() -> None:
    assert read_yaml("a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n")["c"] == {"b": 2}


def test_two_lines_of_one_name_in_a_page_are_refused(folder: Folder) -> None:
    folder.page("index", "Home.", title="A", changed="2026-12-01")
    path = folder.root / "content" / "en" / "index.md"
    path.write_text("---\ntitle: A\nconsent: one\nconsent: two\n---\n\n# A\n", encoding="utf-8")
    with pytest.raises(Exception, match=r'content/en/index.md, line 4: "consent" stands there twice') as error:
        folder.check()
    assert "the first time in line 3" in str(error.value)


def test_the_old_site_stays_where_a_trial_letter_fails(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    out = folder.build()
    before = (out / "en" / "index.html").read_bytes()
    folder.page("index", "Another home.")
    monkeypatch.setattr(key_checks, "can_encrypt", lambda _: False)
    with pytest.raises(Exception, match="a trial letter of the form concern cannot be encrypted"):
        folder.build()
    assert (out / "en" / "index.html").read_bytes() == before


def test_the_recovery_key_is_shown_public_line_first_and_the_secret_apart() -> None:
    output = CliRunner().invoke(desk_command, ["--desk", "police", "recovery-key"]).output
    public, secret = output.index("recovery: age1"), output.index("AGE-SECRET-KEY-1")
    assert output.index("1. PUBLIC") < public < output.index("2. SECRET") < secret
    assert "Never put it into portal.yml" in output


@pytest.mark.parametrize(
    "address",
    [
        "https://portal.example./", "https://portal.example//", "https://portal.example?", "https://portal..example",
        "https://.portal.example", "https://portal.example\u200b", "https://portal.example/#", "https://portal.example\\",
    ],
)  # fmt: skip
def test_the_address_of_the_site_is_that_of_a_host(folder: Folder, address: str) -> None:
    """It stands in every QR code and calendar: a dot at its end is the name of no certificate."""
    settings = yaml.safe_load((folder.root / "content" / "portal.yml").read_text(encoding="utf-8"))
    (found,) = (str(one) for one in settings_validation.problems({**settings, "address": address}, "portal.yml"))
    assert "is not the address of a whole host" in found or "is no address on the web" in found


@pytest.mark.parametrize("address", ["https://portal.example/", "http://[::1]:8000", "http://127.0.0.1:8000/"])
def test_the_address_of_a_host_is_taken(folder: Folder, address: str) -> None:
    settings = yaml.safe_load((folder.root / "content" / "portal.yml").read_text(encoding="utf-8"))
    assert not list(settings_validation.problems({**settings, "address": address}, "portal.yml"))


@pytest.mark.parametrize(
    "address",
    [
        "https://", "https://[", "https://:443", "http://x:99999", "https://a b.example/", "https://user:word@a.example",
        "https://a.example/\x00", "https://a.example\n", "https://a.example\\\\b", "https:///a", "https://\u202ea.example",
        "//a.example", "javascript:alert(1)", "HTTPS", "https:a.example",
    ],
)  # fmt: skip
def test_leaving_the_page_leads_somewhere(folder: Folder, address: str) -> None:
    """The button by which somebody leaves in a hurry: an address that no browser can go to leaves them on the page."""
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for exits in (address, {"en": "https://a.example/", "ta": address}):
        found = [str(one) for one in settings_validation.problems({**settings, "exit_url": exits}, "portal.yml")]
        assert len(found) == 1
        assert "is no address on the web" in found[0]
