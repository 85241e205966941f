"""Colleagues of an office and strangers at its door, once more: floods, odd bytes in every field, pages left open."""

import re
from itertools import product

import pytest
from editor.editor import Editor
from editor.office.roles import NEEDS
from editor.office.sessions import MAX_SESSIONS

from tests.editor.office_helpers import (
    ORIGIN,
    OURS,
    Device,
    Place,
    fetch_challenge,
    open_office,
    send_passkey,
    with_passkey,
)
from tests.editor.test_threats_office import FORMS
from tests.sitegen.conftest import Folder

ODD = ("a\r\nSet-Cookie: evil=1", "a\nLocation: https://evil.example", "\x00", "\ud800", "../../etc/passwd", "//evil.example", "{{7*7}}",
       "<script>x</script>", "%0d%0aSet-Cookie:evil=1", "a" * 5000, "\u202e")  # fmt: skip
FIELDS = ("name", "title", "text", "path", "id", "key", "base", "consent", "part", "language", "then", "tip", "build", "answer", "paragraph", "reader", "saved",
          "number", "label", "passphrase", "html", "role")  # fmt: skip


@pytest.fixture
def place(editor: Editor) -> Place:
    return open_office(editor)


def test_a_flood_of_strangers_takes_no_challenge_of_who_signs_in_away(place: Place) -> None:
    device = Device()
    person = with_passkey(place, "B. Das", device, "publisher")
    options = fetch_challenge(person, "/sign-in/ask")
    for _ in range(3000):
        place.office.passkeys.request_options("sign in")
    assert send_passkey(place.visitor(), "/sign-in/passkey", device.sign_challenge(options)) == {"to": "/"}


def test_one_person_fills_no_disk_with_sessions(place: Place) -> None:
    device = Device()
    first = with_passkey(place, "B. Das", device, "writer")
    others = [place.visitor() for _ in range(MAX_SESSIONS)]
    for visitor in others:
        assert send_passkey(
            visitor, "/sign-in/passkey", device.sign_challenge(fetch_challenge(visitor, "/sign-in/ask"))
        ) == {"to": "/"}
    assert len(place.office.state_store.read().sessions) == MAX_SESSIONS
    assert not first.is_in(), "the one that was left longest"
    assert all(visitor.is_in() for visitor in others)


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_odd_bytes_in_any_field_or_address_are_a_sentence_and_no_header(place: Place, value: str) -> None:
    person = place.person("M. Devi", "writer", "reviewer", "publisher", languages=("ta", "en"))
    token = person.token()
    fields = {name: value.encode("utf-8", "surrogatepass") for name in FIELDS}
    answers = [
        (path, person.ask(path, "POST", OURS, data={"form_token": token, **fields}))
        for path in sorted({*FORMS.values()} - {"/sign-out", "/sign-out/everywhere"})
    ]
    for rule in place.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.arguments:
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(next(part for part in path.split("/") if part.endswith(f"{name}>")), "ODD")
            quoted = "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))
            answers.append((path, person.ask(path.replace("ODD", quoted))))
    answers += [(path, person.ask(path, query_string={name: fields[name] for name in FIELDS})) for path in ("/", "/again", "/history/", "/publish/", "/me", "/sign-in")]  # fmt: skip
    for path, answer in answers:
        assert answer.status_code < 500, (path, answer.text)
        assert not [cookie for cookie in answer.headers.getlist("Set-Cookie") if "evil" in cookie], path
        assert re.match(rf"({ORIGIN})?/(?!/)", answer.headers.get("Location", "/")), path
        assert "<script>x</script>" not in answer.text
    place.editor.publisher.wait()


def test_a_writer_of_one_language_reaches_no_other_by_any_way_of_writing_an_address(
    place: Place, folder: Folder
) -> None:
    person = place.person("M. Devi", "writer", languages=("ta",))
    page = folder.root / "content" / "en" / "index.md"
    before = page.read_bytes()
    ways = (
        "ta/../en/index.md",
        "ta/%2e%2e/en/index.md",
        "ta%2f..%2fen/index.md",
        "TA/index.md",
        "ta//../en/index.md",
        "en%2findex.md",
        "./en/index.md",
        "ta\\..\\en\\index.md",
    )
    for begin, way in product(("/pages/", "/ready/", "/translate/", "/look/"), ways):
        person.post(
            f"{begin}{way}",
            None,
            base=person.base("/pages/en/index.md"),
            title="Taken",
            text="Taken.",
            language="ta",
            part="Taken.",
        )
    assert page.read_bytes() == before
    assert not [
        path for path in (folder.root / "content").rglob("*") if path.is_file() and b"Taken" in path.read_bytes()
    ]


def test_a_role_that_changes_while_a_page_is_open_counts_at_once_and_gives_the_words_back(place: Place) -> None:
    person = place.person("M. Devi", "writer")
    base = person.base("/pages/en/index.md")
    place.office.accounts.change("M. Devi", ("reviewer",), ("ta",))
    answer = person.post("/pages/en/index.md", 403, base=base, title="index", text="An hour of her words.")
    assert "An hour of her words." in answer.text
    place.office.accounts.remove("M. Devi")
    answer = person.ask(
        "/pages/en/index.md",
        "POST",
        OURS,
        data={"form_token": "of before", "base": base, "text": "An hour of her words."},
    )
    assert answer.status_code == 401
    assert "An hour of her words." in answer.text


def test_every_page_that_changes_something_is_a_post(place: Place) -> None:
    gets = {rule.endpoint for rule in place.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert not gets & set(FORMS), "an address that another site may lead to changes nothing"
    assert set(FORMS) - {"home.who"} <= set(NEEDS)


def test_words_that_were_withdrawn_are_shown_only_to_who_can_take_them_out(place: Place, folder: Folder) -> None:
    folder.page("stories/one", "Her words of then.", consent="one")
    folder.page("stories/one", "Her words of then.", "ta", consent="one")
    folder.table("consents", {"id": "one", "kind": "survivor", "story": "stories/one"})
    draft = folder.root / "content" / "drafts" / "ta" / "stories" / "one.md"
    draft.parent.mkdir(parents=True)
    draft.write_text("---\ntitle: One\n---\n\nHer words of then, half.\n", encoding="utf-8")
    place.editor.store.record_external_changes()
    writer, reviewer = place.person("M. Devi", "writer"), place.person("K. Rao", "reviewer", languages=("ta",))
    entry = place.editor.store.history.newest()
    paths = (
        "/pages/en/stories/one.md",
        "/translate/ta/stories/one.md",
        f"/history/{entry}",
        f"/history/{entry}/after/en/stories/one.md",
    )
    for path in paths:
        assert "Her words" in reviewer.get(path), path
    reviewer.post("/consents/withdraw", consent="one")
    for path in (*paths, "/", "/history/", "/pages/", "/translate/ta/", "/publish/"):
        assert "Her words" not in reviewer.ask(path).text, path
    for path in ("/preview/en/stories/one.md", "/look/en/stories/one.md", "/sign/ta/stories/one.md"):
        assert "Her words" not in reviewer.post(path, None).text, path
    assert "Her words" in writer.get("/pages/en/stories/one.md")
    assert "Her words" in writer.get(f"/history/{entry}")
