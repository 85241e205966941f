"""The office on the internet: strangers, other sites, colleagues of lesser role, stolen cookies, guessers, odd passkeys."""

import json
import re
from itertools import product

import pytest
from editor.editor import Editor
from editor.office.roles import NEEDS, Right
from editor.office.sessions import FRESH_SECONDS, MAX_AGE, MAX_IDLE

from tests.editor.office_helpers import (
    NAME,
    ORIGIN,
    OURS,
    PASSPHRASE,
    Device,
    Place,
    challenge_of,
    fetch_challenge,
    open_office,
    send_passkey,
    with_passkey,
)
from tests.sitegen.conftest import Folder

FORMS = {
    "home.language": "/language", "pages.new": "/pages/new", "pages.save": "/pages/en/index.md", "preview.show": "/preview/en/index.md",
    "preview.look": "/look/en/index.md", "pages.ready": "/ready/en/index.md", "stories.new": "/stories/new", "tables.save": "/tables/helplines/row",
    "tables.upload": "/tables/helplines/upload", "tables.replace": "/tables/helplines/replace", "tables.withdraw": "/consents/withdraw",
    "helplines.called": "/helplines/called", "translating.save": "/translate/ta/index.md", "translating.sign": "/sign/ta/index.md", "translating.throw_away": "/drafts/ta/index.md/gone", "texts.save": "/texts/ta/words",
    "reviewing.take": "/review/ta/take", "reviewing.look": "/review/ta/", "recordings.add": "/recordings/ta/index.md", "paste.paste": "/paste", "paste.word": "/word/en/index.md", "pictures.add": "/pictures/add",
    "publishing.publish": "/publish/", "publishing.undo": "/publish/undo", "publishing.both": "/publish/both", "signing.ask": "/publish/sign/ask", "signing.sign": "/publish/sign", "signing.leave": "/publish/unsigned", "approving.agree": "/approve/", "history.back": f"/history/{'0' * 40}/back",
    "home.who": "/who", "office.with_passphrase": "/sign-in", "office.ask_passkey": "/sign-in/ask", "office.with_passkey": "/sign-in/passkey",
    "office.accept": "/invited/x", "office.accept_ask": "/invited/x/ask", "office.accept_passkey": "/invited/x/passkey",
    "office.again_with_passphrase": "/again", "office.again_ask": "/again/ask", "office.again_with_passkey": "/again/passkey",
    "office.new_passphrase": "/me/passphrase", "office.new_passkey_ask": "/me/passkey/ask", "office.new_passkey": "/me/passkey",
    "office.forget_passkey": "/me/passkey/forget", "office.sign_out": "/sign-out", "office.sign_out_everywhere": "/sign-out/everywhere",
}  # fmt: skip
OPEN = {"static", "office.sign_in", "office.with_passphrase", "office.ask_passkey", "office.with_passkey", "office.invited",
        "office.accept", "office.accept_ask", "office.accept_passkey"}  # fmt: skip
ROLES = {
    "writer": (("writer",), ()), "writer of ta": (("writer",), ("ta",)), "reviewer of ta": (("reviewer",), ("ta",)),
    "reviewer of or": (("reviewer",), ("or",)), "publisher": (("publisher",), ()),
    "all": (("writer", "reviewer", "publisher"), ("ta", "en")),
}  # fmt: skip


@pytest.fixture
def place(editor: Editor) -> Place:
    return open_office(editor)


def test_each_page_names_what_it_needs_and_an_unknown_one_is_refused(place: Place) -> None:
    endpoints = {rule.endpoint for rule in place.app.url_map.iter_rules()}
    assert set(NEEDS) - endpoints == set(), "nothing is named that there is not"
    assert endpoints - set(NEEDS) == {"home.who"}, "a name is an account's: nobody types one"
    assert {name for name, need in NEEDS.items() if need.right is Right.OPEN} == OPEN
    posts = {rule.endpoint for rule in place.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posts == set(FORMS), "every form is known to these tests"
    person = place.person("M. Devi", "writer", "publisher")
    person.post("/who", 403, name="Somebody Else")
    place.app._got_first_request = False
    place.app.add_url_rule("/new-page", "new.page", lambda: "shown to nobody")
    person.get("/new-page", 403)
    place.visitor().get("/new-page", 303)


def test_a_stranger_sees_the_way_in_and_nothing_else(place: Place) -> None:
    stranger = place.visitor()
    for rule in place.app.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "index.md", rule.rule).replace("/index.md/index.md", "/en/index.md")
        for method in ("GET", "POST", "HEAD", "OPTIONS"):
            answer = stranger.ask(path, method, OURS)
            if rule.endpoint not in OPEN:
                assert answer.status_code in {303, 401, 405}, (path, method, answer.status_code)
                assert "Home." not in answer.text
    assert stranger.ask("/nowhere").headers["Location"] == "/sign-in"


def test_other_names_and_other_sites_get_nothing(place: Place, folder: Folder) -> None:
    person = place.person("M. Devi", "writer", "publisher")
    token = person.token()
    before = everything(folder)
    for host in ("evil.example", "office.example.evil.example", "127.0.0.1", f"{NAME}:99"):
        assert person.client.get("/", base_url=ORIGIN, headers={"Host": host}).status_code == 421, "DNS rebinding"
    elsewhere = ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
                 {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"http://{NAME}"}, {})  # fmt: skip
    for path, headers in product(FORMS.values(), elsewhere):
        answer = person.ask(path, "POST", headers, data={"form_token": token})
        assert answer.status_code == 403, (path, headers)
    for path in FORMS.values():
        if path not in {FORMS[name] for name in OPEN & set(FORMS)}:
            assert person.ask(path, "POST", OURS, data={"form_token": "guessed"}).status_code == 403
    assert person.ask("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 303
    assert everything(folder) == before
    answer = person.ask("/")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def everything(folder: Folder) -> dict[str, bytes]:
    content = folder.root / "content"
    return {str(path): path.read_bytes() for path in sorted(content.rglob("*")) if path.is_file()}


def test_the_cookie_is_one_that_no_other_host_sets_and_no_script_reads(place: Place) -> None:
    answer = place.visitor().accept(place.invite("M. Devi"))
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-office")
        for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie


def test_a_session_ends_when_it_is_left_and_after_a_day_and_when_it_is_ended(place: Place) -> None:
    person = place.person("M. Devi")
    place.clock.now += MAX_IDLE - 1
    assert person.is_in()
    place.clock.now += MAX_IDLE + 1
    assert not person.is_in()
    person.sign_in("M. Devi")
    for _ in range(MAX_AGE // MAX_IDLE * 2 - 1):
        place.clock.now += MAX_IDLE / 2
        assert person.is_in()
    place.clock.now += MAX_IDLE / 2
    assert not person.is_in(), "however much it is used"
    person.sign_in("M. Devi")
    other = place.visitor()
    other.sign_in("M. Devi")
    stolen = dict(person.client._cookies)  # type: ignore[attr-defined]
    person.post("/sign-out")
    person.client._cookies.update(stolen)  # type: ignore[attr-defined]
    assert not person.is_in(), "a copy of the cookie is worth nothing after the end"
    assert other.is_in()
    other.post("/sign-out/everywhere")
    assert not other.is_in()
    assert place.office.state_store.read().sessions == []


def test_publishing_asks_for_the_secret_again(place: Place, folder: Folder) -> None:
    person = place.person("B. Das", "publisher")
    place.clock.now += FRESH_SECONDS + 1
    assert person.post("/publish/").headers["Location"] == "/again?then=publish"
    assert person.post("/publish/undo").headers["Location"] == "/again?then=publish"
    place.editor.publisher.wait()
    assert not (folder.root / "public").exists(), "a cookie that was stolen does not publish"
    for path in ("/me/passphrase", "/me/passkey/ask", "/me/passkey", "/me/passkey/forget"):
        assert person.post(path, passphrase="of the thief, long enough").headers["Location"] == "/again?then=me"
    assert person.post("/again", 400, then="publish", passphrase="a wrong one entirely")
    assert person.post("/again", then="publish", passphrase=PASSPHRASE).headers["Location"] == "/publish/"
    person.post("/publish/")
    place.editor.publisher.wait()
    assert (folder.root / "public").exists()
    assert person.post("/again", then="//evil.example", passphrase=PASSPHRASE).headers["Location"] == "/me"


def test_a_guesser_learns_no_name_and_does_not_lock_out_who_was_here(place: Place) -> None:
    person = place.person("M. Devi")
    person.post("/sign-out")
    stranger = place.visitor()
    responses = {}
    for name in ("M. Devi", "Nobody"):
        answers = [stranger.sign_in(name, "a wrong one entirely", None) for _ in range(7)]
        responses[name] = [(one.status_code, one.text.replace(name, "X")) for one in answers]
        assert [one.status_code for one in answers] == [400] * 5 + [429] * 2
    assert responses["M. Devi"] == responses["Nobody"]
    assert stranger.sign_in("M. Devi", status=429), "even the right one waits there"
    person.sign_in("M. Devi")
    assert person.is_in(), "this browser was here before"
    place.clock.now += 900
    stranger.sign_in("M. Devi")
    assert stranger.is_in()


def test_what_was_typed_is_given_back_when_the_session_has_ended_but_no_secret(place: Place) -> None:
    person = place.person("M. Devi")
    place.clock.now += MAX_AGE
    answer = person.post(
        "/pages/en/index.md", 401, title="Wages", text="All that she typed.", passphrase="secret words 123"
    )
    assert "All that she typed." in answer.text
    assert "secret words 123" not in answer.text
    answer = person.ask(
        "/pages/en/index.md", "POST", {"Sec-Fetch-Site": "cross-site"}, data={"text": "Words of another site"}
    )
    assert "Words of another site" not in answer.text


@pytest.mark.parametrize("language", ["zz", "../../en", "", "x" * 1000, "\x00"])
def test_an_odd_language_locks_nobody_out(place: Place, language: str) -> None:
    person = place.person("M. Devi")
    person.post("/language", language=language)
    assert '<html lang="en">' in person.get("/")
    person.post("/language", language="ta")
    assert 'lang="ta"' in person.get("/")
    assert place.visitor().ask(f"/sign-in?lang={language[:8]}").status_code == 200


# ---- roles


def test_a_role_does_what_is_its_own_and_nothing_else(place: Place, folder: Folder) -> None:
    folder.page("wages", "Ask for them.", "en")
    folder.page("wages", "கேளுங்கள்.", "ta", reviewed_by="nobody")
    folder.page("wages", "ମାଗନ୍ତୁ.", "or", reviewed_by="nobody")
    allowed = {
        "writer": {"write en", "write ta", "new", "table"}, "writer of ta": {"write ta"}, "reviewer of ta": {"sign ta"},
        "reviewer of or": {"sign or"}, "publisher": {"publish"}, "all": {"write en", "write ta", "sign ta", "publish"},
    }  # fmt: skip
    for at, (who, (roles, languages)) in enumerate(ROLES.items()):
        person = place.person(f"Person {who}", *roles, languages=languages)
        allowed_acts = set()
        acts = {
            "write en": lambda person=person, at=at: person.edit("/pages/en/wages.md", f"English {at}.", None),
            "write ta": lambda person=person, at=at: person.edit("/pages/ta/wages.md", f"Tamil {at}.", None),
            "sign ta": lambda person=person: person.post("/sign/ta/wages.md", None, both="x"),
            "sign or": lambda person=person: person.post("/sign/or/wages.md", None, both="x"),
            "new": lambda person=person, at=at: person.post("/pages/new", None, name=f"page-{at}", title="New"),
            "table": lambda person=person: person.post("/helplines/called", None, id="112"),
            "publish": lambda person=person: person.post("/publish/", None),
        }
        for act, do in acts.items():
            if do().status_code != 403:
                allowed_acts.add(act)
        assert allowed_acts == allowed[who], who
    place.editor.publisher.wait()


def test_no_page_put_together_of_two_edits_forges_a_review_or_ends_a_draft(place: Place, folder: Folder) -> None:
    folder.page("wages", "கேளுங்கள்.", "ta", reviewed_by="nobody", draft="true")
    person = place.person("M. Devi", "writer")
    path = folder.root / "content" / "ta" / "wages.md"
    before = path.read_bytes()
    base = person.base("/pages/ta/wages.md")
    text = before.decode()
    for forged in (text.replace("reviewed_by: nobody", "reviewed_by: A. Reader"), text.replace("draft: true\n", ""),
                   text.replace("draft: true", "draft: false"), text.replace("title:", "consent: x\ntitle:"), "Only words."):  # fmt: skip
        assert forged != text
        person.post("/pages/ta/wages.md", 400, base=base, part=forged)
    assert path.read_bytes() == before
    person.post("/pages/ta/wages.md", 303, base=base, part=text.replace("கேளுங்கள்", "கேள்"))


def test_whoever_belongs_to_the_office_withdraws_at_once(place: Place, folder: Folder) -> None:
    folder.page("stories/one", "Told.", consent="one")
    for at, (who, (roles, languages)) in enumerate(ROLES.items()):
        folder.table("consents", {"id": "one", "kind": "survivor", "story": "stories/one"})
        person = place.person(f"Person {at}", *roles, languages=languages)
        place.clock.now += FRESH_SECONDS + 1
        person.post("/consents/withdraw", consent="one")
        assert folder.rows("consents")[0]["withdrawn_on"], who


@pytest.mark.parametrize("who", ROLES)
def test_no_form_changes_desks_keys_settings_or_accounts(place: Place, folder: Folder, who: str) -> None:
    """Each form, as each role, with names and words that a settings file would understand."""
    roles, languages = ROLES[who]
    person = place.person("M. Devi", *roles, languages=languages)
    settings = folder.root / "content" / "portal.yml"
    before = settings.read_bytes()
    people = [(one.name, one.roles, one.languages) for one in place.office.state_store.read().accounts]
    evil = "desks:\n- id: police\n  key: age1evil\nresponsible: {en: Evil}\nsecond_person: []\npublishers: []"
    names = (
        "../portal.yml",
        "portal.yml",
        "../../content/portal.yml",
        "tables/../portal.yml",
        "portal",
        "accounts",
        "../var/editor/office/office.json",
    )
    paths = {*FORMS.values(), *(f"/pages/en/{name}" for name in names), *(f"/tables/{name}/row" for name in ("portal", "portal.yml", "accounts")),
             *(f"/tables/{name}/replace" for name in ("portal", "accounts")), "/translate/ta/portal.yml", "/ready/en/../portal.yml"}  # fmt: skip
    token = person.token()
    for path in sorted(paths - {"/sign-out", "/sign-out/everywhere"}):
        for name in names:
            answer = person.ask(path, "POST", OURS, data={
                "form_token": token, "name": name, "title": name, "text": evil, "part": evil, "path": name, "id": name, "key": name,
                "role": "publisher", "roles": "publisher", "languages": "en", "responsible": "Evil", "second_person": "",
                "desks": evil, "consent": name, "paragraph": evil, "whole": "yes", "reader": "Evil", "language": "ta",
            })  # fmt: skip
            if "Set-Cookie" in answer.headers:  # another session has another token
                token = person.token()
    assert token == person.token(), "no form was refused for its token alone"
    place.editor.publisher.wait()
    assert settings.read_bytes() == before
    assert [(one.name, one.roles, one.languages) for one in place.office.state_store.read().accounts] == people
    assert not list((folder.root / "content").rglob("office*"))


def test_the_history_names_the_account_and_nobody_agrees_to_their_own_words(place: Place, folder: Folder) -> None:
    portal = folder.root / "content" / "portal.yml"
    portal.write_text(portal.read_text() + "second_person: [pages]\n")
    devi, das = place.person("M. Devi", "writer", "publisher"), place.person("B. Das", "writer")
    place.editor.store.record_external_changes()
    place.editor.remember(published=place.editor.store.history.newest(), name="Typed Before")
    devi.edit("/pages/en/index.md", "Her words.")
    assert next(iter(place.editor.store.history.revisions(1))).who == "M. Devi"
    id = devi.fields("/approve/").get("id", "") or place.editor.approvals.waiting()[0].id
    devi.post("/approve/", 400, path="en/index.md", id=id)
    devi.post("/publish/", 400)
    das.post("/approve/", path="en/index.md", id=id)
    assert place.editor.approvals.waiting() == []


def test_others_drafts_stand_apart_with_their_names(place: Place) -> None:
    devi, das = place.person("M. Devi", "writer"), place.person("B. Das", "writer")
    devi.post("/pages/new", name="hers", title="Hers")
    das.post("/pages/new", name="his", title="His")
    assert "en/his.md (B. Das)" in devi.get("/")
    assert "en/hers.md</li>" in devi.get("/")
    assert "B. Das" in devi.get("/pages/")


# ---- passkeys


def test_a_passkey_is_the_way_in_and_publishes(place: Place, folder: Folder) -> None:
    device = Device()
    person = with_passkey(place, "B. Das", device, "publisher")
    assert person.is_in()
    person.post("/sign-out")
    options = fetch_challenge(person, "/sign-in/ask")
    assert options["userVerification"] == "required"
    assert options["rpId"] == NAME
    assert not options.get("allowCredentials"), "nobody's passkeys are told to whoever asks"
    assert send_passkey(person, "/sign-in/passkey", device.sign_challenge(options)) == {"to": "/"}
    place.clock.now += FRESH_SECONDS + 1
    person.post("/publish/")
    answer = device.sign_challenge(fetch_challenge(person, "/again/ask"))
    assert send_passkey(person, "/again/passkey", answer, then="publish") == {"to": "/publish/"}
    person.post("/publish/")
    place.editor.publisher.wait()
    assert (folder.root / "public").exists()
    person.post("/me/passkey/forget", 400, id=place.office.accounts.find("B. Das").passkeys[0].id)  # type: ignore[union-attr]


def test_each_challenge_is_answered_once_by_this_office_and_for_what_it_was_asked(place: Place) -> None:
    device = Device()
    person = with_passkey(place, "B. Das", device, "publisher")
    answer = device.sign_challenge(fetch_challenge(person, "/sign-in/ask"))
    stranger = place.visitor()
    assert send_passkey(stranger, "/sign-in/passkey", answer) == {"to": "/"}
    assert "problem" in send_passkey(place.visitor(), "/sign-in/passkey", answer), "twice"
    other = device.sign_challenge(fetch_challenge(person, "/again/ask"))
    assert "problem" in send_passkey(place.visitor(), "/sign-in/passkey", other), "asked for something else"
    place.office.passkeys.clock = lambda: 1e12
    late = device.sign_challenge(fetch_challenge(person, "/sign-in/ask"))
    place.office.passkeys.clock = lambda: 1e12 + 301
    assert "problem" in send_passkey(place.visitor(), "/sign-in/passkey", late)
    assert challenge_of(late) != challenge_of(answer)


@pytest.mark.parametrize("changes", [
    {"origin": "https://evil.example"}, {"origin": f"http://{NAME}"}, {"origin": f"{ORIGIN}:444"}, {"name": "evil.example"}, {"verified": False},
])  # fmt: skip
def test_another_site_and_a_device_that_asks_nobody_are_refused(place: Place, changes: dict[str, object]) -> None:
    device = Device()
    with_passkey(place, "B. Das", device, "publisher")
    for name, value in changes.items():
        setattr(device, name, value)
    stranger = place.visitor()
    assert "problem" in send_passkey(
        stranger, "/sign-in/passkey", device.sign_challenge(fetch_challenge(stranger, "/sign-in/ask"))
    )
    assert not stranger.is_in()
    token = place.invite("K. Rao")
    assert "problem" in send_passkey(
        stranger, f"/invited/{token}/passkey", device.create_passkey(fetch_challenge(stranger, f"/invited/{token}/ask"))
    )
    assert place.office.accounts.invited(token), "it is not used up"


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "userHandle"])
def test_what_a_device_says_has_one_spelling(place: Place, part: str) -> None:
    device = Device()
    with_passkey(place, "Meena", device, "writer")
    visitor = place.visitor()
    answer = json.loads(device.sign_challenge(fetch_challenge(visitor, "/sign-in/ask")))
    answer["response"][part] = "!" + answer["response"][part]
    assert "to" not in send_passkey(visitor, "/sign-in/passkey", json.dumps(answer))
    assert not visitor.is_in()


def test_a_copy_of_a_passkey_is_noticed(place: Place) -> None:
    device = Device()
    person = with_passkey(place, "B. Das", device, "publisher")
    copied = device.count
    for _ in range(3):
        send_passkey(person, "/sign-in/passkey", device.sign_challenge(fetch_challenge(person, "/sign-in/ask")))
    device.count = copied
    stranger = place.visitor()
    assert (
        "counts backwards"
        in send_passkey(stranger, "/sign-in/passkey", device.sign_challenge(fetch_challenge(stranger, "/sign-in/ask")))[
            "problem"
        ]
    )
    assert not stranger.is_in()


def test_another_persons_handle_or_key_does_not_sign_in(place: Place) -> None:
    device, other = Device(), Device(id=b"another passkey, sixteen bytes or more")
    with_passkey(place, "B. Das", device, "publisher")
    with_passkey(place, "M. Devi", other, "writer")
    stranger = place.visitor()
    device.handle = other.handle
    assert "problem" in send_passkey(
        stranger, "/sign-in/passkey", device.sign_challenge(fetch_challenge(stranger, "/sign-in/ask"))
    )
    forged = Device(id=Device().id)
    assert "problem" in send_passkey(
        stranger, "/sign-in/passkey", forged.sign_challenge(fetch_challenge(stranger, "/sign-in/ask"))
    )
    assert not stranger.is_in()


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "x", '{"id": 1, "response": {"clientDataJSON": "e30"}}',
                                 '{"response": {"clientDataJSON": 5}}', '{"response": "x"}', "{" * 2000, '{"response":{"clientDataJSON":"____"}}'])  # fmt: skip
def test_odd_answers_are_a_sentence(place: Place, answer: str) -> None:
    person = place.person("M. Devi")
    token = place.invite("K. Rao")
    for path in ("/sign-in/passkey", f"/invited/{token}/passkey", "/again/passkey", "/me/passkey"):
        assert "problem" in send_passkey(person, path, answer)
