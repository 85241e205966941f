"""Who is invited, who is removed, and what is kept of them."""

import pytest
from editor.editor import Editor
from editor.office.passphrases import DUMMY_HASH as OWN_DUMMY_HASH
from editor.office.passphrases import HASHER as OWN_HASHER
from editor.office.passphrases import GuessLimiter, Wait, hash_passphrase, suggest, verify
from editor.office.state import FILE

from forms.core.problem import Problem
from tests.editor.office_helpers import PASSPHRASE, Clock, Place, open_office


@pytest.fixture
def place(editor: Editor) -> Place:
    return open_office(editor)


def test_a_passphrase_costs_64_mib_and_three_passes() -> None:
    """And nobody's as much. Other tests hash more cheaply (conftest.py)."""
    for stored_hash in (OWN_HASHER.hash("four words are enough"), OWN_DUMMY_HASH):
        assert stored_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_an_invitation_works_once_and_for_some_days(place: Place) -> None:
    token = place.invite("M. Devi", "writer")
    page = place.visitor().get(f"/invited/{token}")
    assert "M. Devi" in page, "a mail program that looks at the link uses nothing up"
    person = place.visitor()
    person.accept(token)
    assert person.is_in()
    late = place.visitor()
    assert "used already" in late.accept(token, status=400).text
    assert not late.is_in()
    old = place.invite("K. Rao", "writer")
    place.clock.now += 3 * 86_400 + 1
    assert "too old" in place.visitor().get(f"/invited/{old}", 400)
    assert not place.visitor().accept(old, status=400).headers.get("Set-Cookie")


def test_what_is_kept_opens_nothing_and_only_this_user_reads_it(place: Place) -> None:
    token = place.invite("M. Devi", "writer")
    person = place.visitor()
    person.accept(token)
    open_one = place.invite("K. Rao", "writer")
    file = place.office.state_store.folder / FILE
    text = file.read_text("utf-8")
    cookies = [cookie.value for cookie in person.client._cookies.values()]  # type: ignore[attr-defined]
    assert len(cookies) == 2
    for secret in (token, open_one, PASSPHRASE, *cookies):
        assert secret not in text
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert not file.is_relative_to(place.editor.content), "it never gets into git or onto the site"


def test_who_is_removed_is_out_at_the_next_request(place: Place) -> None:
    place.invite("B. Das", "publisher")
    person = place.person("M. Devi", "writer")
    assert person.is_in()
    place.office.accounts.remove("m.  devi")
    assert not person.is_in()
    person.post("/pages/new", 401, name="x", title="What she typed", form_token="x")
    assert place.visitor().sign_in("M. Devi", status=400)


def test_a_reset_ends_every_way_in_of_before(place: Place) -> None:
    person = place.person("M. Devi", "writer")
    token = place.office.accounts.reset("M. Devi")
    assert not person.is_in()
    assert not place.visitor().sign_in("M. Devi", status=400).headers.get("Location")
    again = place.visitor()
    again.accept(token, "another passphrase here")
    assert again.is_in()


def test_the_last_publisher_is_not_lost_unseen(place: Place) -> None:
    place.invite("B. Das", "publisher", "writer")
    for lose in (
        lambda: place.office.accounts.remove("B. Das"),
        lambda: place.office.accounts.change("B. Das", ["writer"], []),
    ):
        with pytest.raises(Problem, match="the only publisher"):
            lose()
    place.invite("K. Rao", "publisher")
    place.office.accounts.remove("B. Das")
    place.office.accounts.remove("K. Rao", anyway=True)
    assert place.office.state_store.read().accounts == []


def test_roles_change_at_the_next_request(place: Place) -> None:
    person = place.person("M. Devi", "writer")
    person.post("/pages/new", name="one", title="One")
    place.office.accounts.change("M. Devi", ["reviewer"], ["ta"])
    person.post("/pages/new", 403, name="two", title="Two")


@pytest.mark.parametrize("name", ["m. devi", "M.  Devi", "Ｍ. Devi", "M. Devi<>", "M. DEVI"])
def test_nobody_has_anothers_name(place: Place, name: str) -> None:
    """The history and a second person's agreement know people by their names."""
    place.invite("M. Devi", "writer")
    with pytest.raises(Problem, match="has an account"):
        place.invite(name, "writer")


@pytest.mark.parametrize(("name", "roles", "languages"), [
    ("?", ["writer"], []), ("", ["writer"], []), ("x" * 81, ["writer"], []), ("A", [], []), ("A", ["admin"], []),
    ("A", ["writer"], ["xx"]), ("A", ["reviewer"], []),
])  # fmt: skip
def test_what_is_no_account_is_refused(place: Place, name: str, roles: list[str], languages: list[str]) -> None:
    with pytest.raises(Problem):
        place.office.accounts.invite(name, roles, languages)
    assert place.office.state_store.read().accounts == []


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"accounts": [{"id": "x"}]}', '{"unknown": 1}'])
def test_a_damaged_file_lets_nobody_in_and_is_not_written_over(place: Place, damaged: str) -> None:
    person = place.person("M. Devi", "publisher")
    file = place.office.state_store.folder / FILE
    file.write_text(damaged)
    assert person.ask("/").status_code == 400
    assert "cannot be read" in person.ask("/").text
    with pytest.raises(Problem, match="cannot be read"):
        place.invite("K. Rao", "publisher")
    assert file.read_text() == damaged


def test_passphrases_that_are_soon_guessed_are_refused_and_the_offered_one_is_not() -> None:
    for weak in (
        "short",
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababababab",
        "M. Devi M. Devi",
        "x" * 201,
        "1234123412341234",
    ):
        with pytest.raises(Problem):
            hash_passphrase(weak, "M. Devi")
    offer = suggest()
    assert verify(offer, hash_passphrase(offer, "M. Devi"))
    assert not verify(offer, "")
    assert not verify("", "")
    assert offer != suggest()


def test_who_guesses_waits_longer_each_time_and_a_known_browser_does_not() -> None:
    clock = Clock()
    limiter = GuessLimiter(clock)
    waits = []
    for _ in range(40):
        try:
            limiter.begin("M. Devi", "")
        except Wait as wait:
            waits.append(wait.seconds)
            clock.now += wait.seconds
            limiter.begin("M. Devi", "")
    assert waits[:3] == [2, 4, 8]
    assert max(waits) == 900, "the honest come in again after a quarter of an hour at most"
    with pytest.raises(Wait):
        limiter.begin("m. devi", "")
    limiter.begin("M. Devi", "a browser that has signed in before")
    limiter.reset("M. Devi", "")
    limiter.begin("M. Devi", "")


def test_all_names_together_are_slowed_down_and_memory_stays_small() -> None:
    clock = Clock()
    limiter = GuessLimiter(clock)
    for at in range(30):
        limiter.begin(f"name {at}", "")
    with pytest.raises(Wait):
        limiter.begin("one more", "")
    for at in range(2000):
        clock.now += 60
        limiter.begin(f"another {at}", "")
    assert len(limiter.recent) <= 30
