"""A picture is stored as pixels only, and is not on the site before staff have decided who is shown in it."""

import io

import pytest
from PIL import Image
from sitegen.content.consent import consent_table
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.editor.conftest import OURS, Browser
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import TODAY, Folder


def photo(kind: str = "JPEG", size: tuple[int, int] = (80, 40)) -> bytes:
    """Return a photo, lying on its side, whose metadata has place, time and camera."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Secret Maker", "Secret Model", 6
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (13.0, 7.0, 45.0)
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind, exif=exif)
    return out.getvalue()


def add_picture(browser: Browser, data: bytes, status: int = 303, name: str = "visit", **more: str) -> str:
    answer = browser.post("/pictures/add", status, name=name, file=(io.BytesIO(data), "IMG_1.jpg"), **more)
    return answer.headers.get("Location", "") or answer.text


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_keeps_nothing_of_place_time_and_camera(browser: Browser, folder: Folder, kind: str) -> None:
    add_picture(browser, photo(kind) + b"trailing words of the camera")
    stored = (folder.root / "content" / "media" / "photos" / "visit.jpg").read_bytes()
    assert b"Secret" not in stored
    assert b"trailing" not in stored
    with Image.open(io.BytesIO(stored)) as picture:
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert picture.size == (40, 80), "it stands upright"
    assert "New picture: visit" in browser.get("/history/")


@pytest.mark.parametrize(("people", "kind"), [("no", "nobody"), ("yes", "survivor"), ("", "survivor")])
def test_nothing_is_published_before_its_consent_is_complete(
    browser: Browser, folder: Folder, people: str, kind: str
) -> None:
    """Also where somebody stops after the first step, and on a site that is a demonstration."""
    location = add_picture(browser, photo(), people=people)
    assert "tables/consents/row?key=picture-visit" in location
    folder.page("help", "![The school](/media/photos/visit.jpg)")
    assert any("picture-visit" in problem for problem in folder.problems())
    consents = consent_table.read_leniently(folder.root / "content")
    assert "photos/visit.jpg" not in consents.without_people()
    assert consents.media(TODAY).get("photos/visit.jpg", frozenset()) == frozenset()
    path = "/tables/consents/row?key=picture-visit"
    cells = {"approved_by": "A. Kumar"}
    if kind == "survivor":
        cells |= {column: CONSENT[column] for column in CONSENT if column not in {"id", "kind", "story"}}
    row = {"id": "picture-visit", "kind": kind, "media": "photos/visit.jpg", **cells}
    browser.post("/tables/consents/row", base=browser.base(path), key="picture-visit", **row)
    assert folder.problems() == []
    page = browser.get("/pictures/")
    assert "/pages/en/help.md" in page
    assert "picture-visit" in page


def test_a_picture_that_nobody_decided_on_is_listed_first(browser: Browser, folder: Folder) -> None:
    add_picture(browser, photo())
    path = folder.root / "content" / "media" / "photos" / "z.jpg"
    path.write_bytes(photo())
    page = browser.get("/pictures/")
    assert page.index("photos/z.jpg") < page.index("photos/visit.jpg")
    assert page.count("Nobody has said yet whether this shows a person") == 1


def test_where_the_consent_cannot_be_written_no_picture_comes_in(browser: Browser, folder: Folder) -> None:
    folder.csv("consents").write_bytes(b"\xff\xfe")
    add_picture(browser, photo(), 400)
    folder.table("consents", {"id": "picture-visit", "kind": "nobody"})
    assert "There is a row of this name already." in add_picture(browser, photo(), 400)
    assert not (folder.root / "content" / "media").exists()


def test_a_new_picture_never_stands_under_the_consent_of_one_that_is_gone(browser: Browser, folder: Folder) -> None:
    row = {key: value for key, value in CONSENT.items() if key != "story"} | {"id": "old", "media": "photos/Visit.jpg"}
    folder.table("consents", row)
    assert "There is a picture of this name already." in add_picture(browser, photo(), 400, people="no")
    assert not (folder.root / "content" / "media" / "photos" / "visit.jpg").exists()
    assert "picture-visit" not in folder.csv("consents").read_text(encoding="utf-8")


def test_a_new_picture_never_takes_anothers_place(browser: Browser, folder: Folder) -> None:
    """It would stand under a consent that somebody gave for another."""
    path = folder.root / "content" / "media" / "photos" / "visit.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    assert "There is a picture of this name already." in add_picture(browser, photo(), 400)
    assert [file.name for file in path.parent.iterdir()] == ["visit.png"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "x.svg", "a b", ".hidden", "x" * 61, "\u0baa"])
def test_a_name_that_is_none_is_refused(browser: Browser, folder: Folder, name: str) -> None:
    assert "cannot be the name of a picture" in add_picture(browser, photo(), 400, name=name)
    assert not (folder.root / "content" / "media").exists()


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


@pytest.mark.parametrize(
    "data", [HEIC, b"", b"GIF89a", b"<svg onload='x'/>", photo()[:200], b"%PDF", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50]
)
def test_a_file_that_is_no_photo_is_a_sentence(browser: Browser, folder: Folder, data: bytes) -> None:
    page = add_picture(browser, data, 400)
    assert "Save it again as" in page
    assert not (folder.root / "content" / "media").exists()


def test_a_folder_that_is_a_link_is_not_followed(browser: Browser, folder: Folder) -> None:
    elsewhere = folder.root / "elsewhere"
    elsewhere.mkdir()
    (folder.root / "content" / "media").symlink_to(elsewhere)
    assert "is a link" in add_picture(browser, photo(), 400)
    assert list(elsewhere.iterdir()) == []


def test_a_photo_of_a_usual_phone_is_not_too_large(browser: Browser) -> None:
    rough = io.BytesIO()
    Image.effect_noise((3000, 2200), 90).convert("RGB").save(rough, "JPEG", quality=95)
    assert len(rough.getvalue()) > 4 * 1024 * 1024
    fields = {
        "form_token": browser.token,
        "name": "visit",
        "file": FileStorage(io.BytesIO(rough.getvalue()), "IMG_1.jpg"),
    }
    boundary, body = encode_multipart(fields)  # by itself, the test client leaves a file open for one as large
    kind = f"multipart/form-data; boundary={boundary}"
    answer = browser.client.post(
        "/pictures/add", input_stream=io.BytesIO(body), content_type=kind, content_length=len(body), headers=OURS
    )
    assert answer.status_code == 303, answer.text
