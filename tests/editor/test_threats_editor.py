"""Another site's page, another program, a hostile file: what they get of the editor's window."""

import re
import time
from pathlib import Path

import pytest
from editor.editor import Editor
from editor.window.app import create_window

from tests.editor.conftest import OURS, Browser
from tests.sitegen.conftest import Folder

FORMS = [
    "/who", "/language", "/pages/new", "/pages/en/index.md", "/preview/en/index.md", "/look/en/index.md", "/ready/en/index.md",
    "/stories/new", "/tables/helplines/row", "/tables/helplines/upload", "/tables/helplines/replace", "/consents/withdraw",
    "/helplines/called", "/translate/ta/index.md", "/sign/ta/index.md", "/drafts/ta/index.md/gone", "/texts/ta/words", "/review/ta/", "/review/ta/take", "/paste", "/word/en/index.md", "/pictures/add", "/recordings/ta/help",
    "/publish/", "/publish/undo", "/publish/both", "/approve/", f"/history/{'0' * 40}/back",
]  # fmt: skip
FROM_ELSEWHERE = {
    "another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "another port of this machine": {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site"},
    "an old browser at another site": {"Origin": "https://evil.example"},
    "a page of nowhere": {"Origin": "null"},
    "no origin": {},
}


def everything(root: Path) -> dict[str, bytes]:
    folders = (root / "content", root / "var")
    return {str(path): path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_form_is_known_to_these_tests(editor: Editor) -> None:
    rules = [rule for rule in create_window(editor).url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(rules) == len(FORMS)


@pytest.mark.parametrize("who", FROM_ELSEWHERE)
def test_another_sites_page_changes_nothing(browser: Browser, folder: Folder, who: str) -> None:
    """Even with the cookie and the path, and a token that it has guessed."""
    browser.get("/")
    before = everything(folder.root)
    for path in FORMS:
        answer = browser.client.post(path, data={"form_token": browser.token}, headers=FROM_ELSEWHERE[who])
        assert answer.status_code == 403, path
    assert everything(folder.root) == before


def test_a_form_without_the_windows_token_changes_nothing(browser: Browser, folder: Folder) -> None:
    browser.get("/")
    before = everything(folder.root)
    for path in FORMS:
        for token in ("", "x", "é"):
            assert browser.client.post(path, data={"form_token": token}, headers=OURS).status_code == 403, path
    assert everything(folder.root) == before


def test_nobody_without_the_cookie_or_under_another_name_gets_a_page(editor: Editor, browser: Browser) -> None:
    stranger = browser.client.application.test_client()
    for path in (
        "/",
        "/pages/",
        "/pages/en/index.md",
        "/history/",
        "/publish/",
        "/tables/helplines/download",
        "/seen/x",
    ):
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert "index.md" not in answer.text
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost:99", "[::1]"):
            assert browser.client.get(path, headers={"Host": host}).status_code == 421, "DNS rebinding"
        assert browser.client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


ACTIVE = [
    "<script>parent.fetch('/publish/')</script>", "<img src=x onerror=alert(1)>", "<iframe src=//evil.example></iframe>",
    "<form action=//evil.example><button>Go</button></form>", "<svg onload=alert(1)>", "<a href=javascript:alert(1)>x</a>",
    "<style>@import url(//evil.example)</style>", "<base href=//evil.example>", "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "![](https://evil.example/pixel.png)", "<object data=//evil.example></object>",
]  # fmt: skip


@pytest.mark.parametrize("text", ACTIVE)
def test_the_preview_cannot_act_on_the_editor(browser: Browser, text: str) -> None:
    """Whatever a page holds, the frame has an origin of its own, no script, no form, and loads nothing from anywhere."""
    form = {**browser.form("/pages/en/index.md"), "text": f"# index\n\n{text}"}
    key = browser.post("/look/en/index.md", 200, **form).get_json()["page"]
    for answer in (browser.post("/preview/en/index.md", 200, **form), browser.client.get(f"/seen/{key}")):
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert policy == [
            "sandbox",
            "default-src 'none'",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "frame-ancestors 'self'",
        ]
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "<script" not in answer.text.lower()
        assert browser.token not in answer.text
        assert browser.root not in answer.text
    frame = re.findall(r"<iframe[^>]*>", browser.get("/pages/en/index.md"))
    assert len(frame) == 1
    assert frame[0].endswith(" sandbox>")


def test_a_page_of_the_window_runs_nothing_but_its_own_script(browser: Browser) -> None:
    policy = browser.client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "frame-src 'self'" in policy


@pytest.mark.parametrize(
    "words", ["</textarea><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"]
)
def test_what_pages_and_names_hold_is_shown_as_words(
    browser: Browser, editor: Editor, folder: Folder, words: str
) -> None:
    folder.page("help", words)
    folder.row("places", name_en=words)
    editor.remember(name=words)
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "title": words, "description": words})
    for path in (
        "/",
        "/pages/",
        "/pages/en/help.md",
        "/pages/en/index.md",
        "/tables/places/",
        "/history/",
        "/publish/",
    ):
        html = browser.get(path)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "49" not in re.sub(r"\w{20,}", "", html) or "{{" not in words


BOMB = "".join(f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 12))


def test_a_bomb_in_front_matter_is_a_sentence_at_once(browser: Browser, folder: Folder) -> None:
    path = folder.root / "content" / "en" / "help.md"
    path.write_text(f"---\ntitle: x\na0: &a0 lol\n{BOMB}---\n\n# x\n", encoding="utf-8")
    started = time.process_time()
    assert 'role="alert"' in browser.get("/pages/en/help.md")
    form = browser.form("/pages/en/help.md")
    assert 'role="alert"' in browser.post("/pages/en/help.md", 400, **{**form, "text": "Other."}).text
    assert time.process_time() - started < 60, "unfolded, it takes more memory than there is"


def test_typed_words_cannot_become_front_matter(browser: Browser, folder: Folder) -> None:
    """A title of several lines, or one that closes its quotes, sets no other key: no consent, no review."""
    form = browser.form("/pages/en/index.md")
    title = 'x"\nconsent: other\nreviewed_by: me\n---\n'
    browser.post("/pages/en/index.md", **{**form, "title": title})
    meta = (folder.root / "content" / "en" / "index.md").read_text("utf-8").split("---\n")[1]
    assert [line.partition(":")[0] for line in meta.splitlines()] == ["title", "changed"]


def test_settings_with_desks_and_keys_are_never_written(browser: Browser, editor: Editor, folder: Folder) -> None:
    """What somebody else edits in portal.yml meanwhile stays; no form, table or way back leads there."""
    settings = folder.root / "content" / "portal.yml"
    browser.get("/")
    edited = settings.read_bytes() + b"# edited by a person at the machine\n"
    settings.write_bytes(edited)
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\nOther."})
    entries = re.findall(r"/history/\w{40}", browser.get("/history/?path=portal.yml"))
    for entry in entries:
        assert "Bring back" not in re.sub(
            r"(?s)<section.*?(?=<section|</main)",
            lambda one: one[0] if "portal.yml" in one[0] else "",
            browser.get(entry),
        )
        browser.post(f"{entry}/back", 400, path="portal.yml")
    for path in ("/pages/en/portal.yml", "/pages/../portal.yml", "/tables/portal/row", "/pages/tables/portal.md"):
        assert browser.client.post(path, data={"form_token": browser.token, "text": "x"}, headers=OURS).status_code in {
            400,
            404,
        }
    assert settings.read_bytes() == edited


@pytest.mark.parametrize("path", ["tables/consents.csv", "media/photo.jpg", "translations.json", "../build.py", ""])
def test_nothing_but_pages_and_tables_is_brought_back(browser: Browser, path: str) -> None:
    entry = re.findall(r"/history/\w{40}", (browser.get("/"), browser.get("/history/"))[1])[0]
    browser.post(f"{entry}/back", 400, path=path)


@pytest.mark.parametrize("id", ["x", "0" * 40, "../../HEAD", "0" * 39 + "g"])
def test_an_id_that_is_no_save_is_a_sentence(browser: Browser, id: str) -> None:
    assert browser.client.get(f"/history/{id}").status_code in {400, 404}
    folder_page = browser.form("/pages/en/index.md")
    answer = browser.client.post(
        "/pages/en/index.md",
        data={**folder_page, "form_token": browser.token, "base": id, "text": "# index\n\nOther."},
        headers=OURS,
    )
    assert answer.status_code == 409, "a save that was made from nothing known replaces nothing"


ODD = [b"\xff\xfei\x00d\x00", b"id\n\xe0\xae\n", "id\n\u0ba4\n".encode("utf-16-be"), b"\x00\x01\x02"]


@pytest.mark.parametrize("data", ODD)
@pytest.mark.parametrize("name", ["en/help.md", "ta/help.md", "tables/places.csv", "tables/consents.csv"])
def test_a_file_or_an_old_version_in_an_odd_encoding_is_a_sentence_everywhere(
    browser: Browser, folder: Folder, name: str, data: bytes
) -> None:
    """On disk as it is now, and in the history, of a page or a table: no page of the window ends in a fault of ours."""
    folder.page("help", "Help.")
    folder.page("help", "Help.", "ta")
    path = folder.root / "content" / name
    good = path.read_bytes()
    path.write_bytes(data)
    tables = ("/tables/places/", "/tables/places/row?key=north", "/tables/events/row?key=meeting", "/tables/consents/")
    everywhere = ("/", "/pages/", "/pages/en/help.md", "/pages/ta/help.md", "/translate/", "/translate/ta/",
                  "/translate/ta/help.md", "/helplines/", "/publish/", "/history/", *tables)  # fmt: skip
    for request in everywhere:
        assert browser.client.get(request).status_code in {200, 400}, request
    path.write_bytes(good)
    browser.get("/")
    for entry in set(re.findall(r"/history/\w{40}", browser.get("/history/"))):
        browser.get(entry)
        answer = browser.client.post(f"{entry}/back", data={"form_token": browser.token, "path": name}, headers=OURS)
        assert answer.status_code in {303, 400}
    assert path.read_bytes().replace(b"\r\n", b"\n") == good.replace(b"\r\n", b"\n")
    for request in everywhere:
        browser.get(request)


def test_a_base_that_is_no_text_is_a_sentence(browser: Browser, folder: Folder, editor: Editor) -> None:
    picture = folder.root / "content" / "media" / "x.png"
    picture.parent.mkdir()
    picture.write_bytes(b"\x89PNG\xff")
    browser.get("/")
    base = editor.store.history.files()["media/x.png"]
    form = {**browser.form("/pages/en/index.md"), "base": base}
    for path in (
        "/pages/en/index.md",
        "/look/en/index.md",
        "/preview/en/index.md",
        "/translate/ta/index.md",
        "/tables/places/row",
    ):
        answer = browser.client.post(path, data={"form_token": browser.token, **form, "key": "north"}, headers=OURS)
        assert answer.status_code in {200, 400}, path


def test_neither_the_desk_nor_a_key_is_known_to_the_editor() -> None:
    sources = Path(__file__).parents[2] / "site" / "editor"
    words = "".join(path.read_text("utf-8") for path in sources.rglob("*.py"))
    assert "forms.desk" not in words
    assert "forms.server" not in words
    assert "pyrage" not in words


def test_the_field_for_texts_opens_no_door(browser: Browser, editor: Editor, tmp_path: Path) -> None:
    """Only its script is given, by its own name; its styles need a word that no page of content can know."""
    script = tmp_path / "writing-0.js"
    script.write_text("export const fieldFor = 1;", "utf-8")
    (tmp_path / "writing-1.js").write_text("secret", "utf-8")
    page = "/pages/en/index.md"
    assert "data-field" not in browser.get(page), "there is none yet: the plain field is the field"
    assert "data-field" not in browser.get(page)
    editor.field = lambda: script
    assert "/field/writing-0.js" in browser.get(page)
    answer = browser.client.get("/field/writing-0.js")
    assert "fieldFor" in answer.text
    assert "immutable" in answer.headers["Cache-Control"], "350 kB are fetched and compiled for each page"
    for name in ("writing-1.js", "..%2fwriting-1.js", "%2e%2e/writing-1.js", "writing-0.js/..%2fwriting-1.js"):
        assert browser.client.get(f"/field/{name}").status_code == 404, name
    policies = [browser.client.get(page).headers["Content-Security-Policy"] for _ in range(2)]
    assert len({re.findall(r"style-src 'self' 'nonce-([\w-]{20,})'", policy)[0] for policy in policies}) == 2
    assert "unsafe" not in policies[0]
    assert "nonce" not in browser.client.get("/").headers["Content-Security-Policy"]
