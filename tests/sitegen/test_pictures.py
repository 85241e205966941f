"""Pictures: small, in three kinds, without what the camera wrote; drawings inside the page, without scripts."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sitegen.media import image_checks, photos

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">{}</svg>'


def put(folder: Any, name: str, text: str) -> Path:
    path = folder.root / "content" / "media" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def photo(folder: Any, name: str = "meeting.jpg", *, noise: int = 90, **exif: Any) -> Path:
    path = folder.root / "content" / "media" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.effect_noise((1600, 1200), noise).convert("RGB")  # noise: the hardest to make small
    data = Image.Exif()
    for tag, value in exif.items():
        data[int(tag.removeprefix("t"), 16)] = value
    picture.save(path, exif=data)
    return path


def home(folder: Any) -> str:
    return (folder.root / "public" / "en" / "index.html").read_text(encoding="utf-8")


def test_a_photo_becomes_small_files_in_three_kinds_and_two_sizes(folder: Any) -> None:
    photo(folder)
    folder.page("index", "![A meeting](/media/meeting.jpg)")
    public = folder.build()
    files = {path.name: path for path in (public / "pictures").iterdir()}
    assert len(files) == 6
    for name, path in files.items():
        assert path.stat().st_size <= photos.MAX_BYTES, name
        with Image.open(path) as opened:
            assert opened.width == int(name.split("-")[1].split(".")[0])
            assert not opened.getexif()
    assert not list(public.rglob("meeting.jpg*")), "the original is never published"
    image = re.search(r"<img [^>]*>", home(folder))
    assert image
    for part in ('alt="A meeting"', 'width="360"', 'height="270"', 'loading="lazy"'):
        assert part in image[0]
    assert home(folder).index("image/avif") < home(folder).index("image/webp") < home(folder).index("<img")


@pytest.mark.parametrize(
    "exif", [{"t010F": "PhoneMaker"}, {"t0110": "Model 5"}, {"t8825": {1: "N", 2: (13.0, 8.0, 0.0)}}]
)
def test_a_photo_that_tells_place_or_camera_is_refused(folder: Any, exif: dict[str, Any]) -> None:
    photo(folder, **exif)
    (problem,) = folder.problems()
    assert "content/media/meeting.jpg" in problem
    assert "place or the camera" in problem


def test_front_matter_names_the_drawing_beside_a_heading(folder: Any) -> None:
    put(folder, "drawings/gate.svg", SVG.format('<path d="M1 2h3"/>'))
    folder.page("rights", picture="gate")
    folder.page("rights", language="ta")
    site = folder.build()
    for language in ("en", "ta", "or"):
        assert re.search(r"<h1[^>]*><svg ", (site / language / "rights" / "index.html").read_text(encoding="utf-8"))
    folder.page("rights", picture="gaet")
    [problem] = folder.problems()
    assert problem == 'content/en/rights.md, picture: the drawing gaet is not there. Did you mean "gate"?'


def test_a_photo_that_was_found_right_is_not_decoded_at_each_check(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, media, decoded = photo(folder), folder.root / "content" / "media", []
    decode = photos.decode
    monkeypatch.setattr(photos, "decode", lambda name, data: decoded.append(name) or decode(name, data))
    for _ in range(3):
        assert [*image_checks.file_problems(media, tmp_path / "kept")] == []
    assert decoded == ["meeting.jpg"]
    photo(folder, t010F="PhoneMaker")
    for _ in range(2):
        assert len([*image_checks.file_problems(media, tmp_path / "kept")]) == 1, "what is wrong is said each time"
    assert len(decoded) == 3
    path.write_bytes(b"no photo")
    assert "cannot be read" in str(next(image_checks.file_problems(media, tmp_path / "kept")))


def test_a_photo_is_decoded_once_for_all_pages_languages_and_builds(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, decoded, decode = folder.root / "content" / "media" / "meeting.jpg", [], photos.decode
    path.parent.mkdir()
    Image.new("RGB", (400, 300), "red").save(path)
    monkeypatch.setattr(photos, "decode", lambda name, data: decoded.append(name) or decode(name, data))
    for page in ("index", "rights"):
        folder.page(page, "![A meeting](/media/meeting.jpg)")
    before = {file.name: file.read_bytes() for file in (folder.build() / "pictures").iterdir()}
    assert len(before) == 6
    assert decoded == ["meeting.jpg"] * 2, "by the check, and for its small files"
    (folder.root / ".build" / "pictures" / sorted(before)[0]).unlink()  # as a withdrawal does, or a full disk
    after = {file.name: file.read_bytes() for file in (folder.build() / "pictures").iterdir()}
    assert after == before
    assert len(decoded) == 3
    assert 'width="360" height="270"' in home(folder)
    Image.new("RGB", (400, 300), "green").save(path)
    assert {*(file.name for file in (folder.build() / "pictures").iterdir())}.isdisjoint(before)


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff", b"-1 1"])
def test_a_damaged_height_of_a_kept_photo_is_worked_out_again(folder: Any, damage: bytes) -> None:
    path = folder.root / "content" / "media" / "meeting.jpg"
    path.parent.mkdir()
    Image.new("RGB", (400, 300), "red").save(path)
    folder.page("index", "![A meeting](/media/meeting.jpg)")
    folder.build()
    [height_file] = (folder.root / ".build" / "pictures").glob("*.height")
    height_file.write_bytes(damage)
    folder.build()
    assert 'width="360" height="270"' in home(folder)
    assert height_file.read_bytes() == b"270"


def test_a_drawing_stands_in_the_page_with_its_words(folder: Any) -> None:
    put(folder, "gate.svg", SVG.format('<path d="M0 0h9"/>'))
    folder.page("index", "![The <gate>](/media/gate.svg)")
    folder.build()
    assert (
        '<svg viewBox="0 0 48 48" class="drawing media" width="48" height="48" role="img" aria-label="The &lt;gate&gt;">'
        in home(folder)
    )
    assert not list((folder.root / "public").rglob("gate.svg"))


def test_a_pictogram_stands_beside_its_sign_and_is_silent(folder: Any) -> None:
    put(folder, "pictograms/debt.svg", SVG.format('<path d="M1 2h3"/>'))
    folder.row("signs", pictogram="debt")
    folder.page("index", "[[ signs ]]")
    folder.build()
    assert re.search(r'<li><svg [^>]*aria-hidden="true"[^>]*><path d="M1 2h3"', home(folder))


@pytest.mark.parametrize(
    "inside",
    [
        "<script>1</script>",
        '<image href="https://x.example/a.png"/>',
        '<path onclick="x" d=""/>',
        '<g style="fill:red"/>',
        "<foreignObject/>",
        '<a href="javascript:1"/>',
    ],
)
def test_a_drawing_with_more_than_shapes_is_refused(folder: Any, inside: str) -> None:
    put(folder, "bad.svg", SVG.format(inside))
    assert "content/media/bad.svg" in folder.problems()[0]


@pytest.mark.parametrize(("name", "text"), [("a.svg", "<svg"), ("a.svg", "<svg/>"), ("a.jpg", "no picture")])
def test_what_cannot_be_read_is_said(folder: Any, name: str, text: str) -> None:
    put(folder, name, text)
    assert f"content/media/{name}" in folder.problems()[0]


def test_a_drawing_that_is_too_heavy_is_refused(folder: Any) -> None:
    put(folder, "big.svg", SVG.format('<path d="M0 0"/>' * 500))
    assert "At most" in folder.problems()[0]


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("![Gone](/media/gone.jpg)", "is not there"),
        ("![Elsewhere](https://x.example/a.png)", "is not there"),
        ("![](/media/ok.svg)", "has no words"),
        ("![Text](/media/a.txt)", "no picture we know"),
    ],
)
def test_a_page_that_asks_for_what_is_not_good_is_told_the_line(folder: Any, block: str, sentence: str) -> None:
    put(folder, "ok.svg", SVG.format(""))
    put(folder, "a.txt", "x")
    folder.page("index", f"Text.\n\n{block}")
    (problem,) = (line for line in folder.problems() if line.startswith("content/en/index.md"))
    assert sentence in problem
    assert "content/en/index.md, line 10" in problem


def test_what_is_transparent_is_laid_on_white(folder: Any) -> None:
    path = photo(folder).with_suffix(".png")
    Image.new("RGBA", (800, 600)).save(path)
    folder.page("index", "![A drawing](/media/meeting.png)")
    for path in (folder.build() / "pictures").iterdir():
        with Image.open(path) as opened:
            assert min(opened.convert("RGB").getpixel((9, 9))) > 245, path.name


@pytest.mark.parametrize("kind", ["TIFF", "JPEG2000", "ICO"])
def test_a_picture_of_another_kind_under_a_photos_name_is_said(folder: Any, kind: str) -> None:
    path = photo(folder)
    Image.new("RGB", (80, 60)).save(path, kind)
    assert "content/media/meeting.jpg: cannot be read" in folder.problems()[0]


def test_a_photo_that_unfolds_into_too_much_is_said(folder: Any) -> None:
    Image.new("1", (30_000, 30_000)).save(photo(folder).with_suffix(".png"))
    [problem] = folder.problems()
    assert "meeting.png: cannot be read" in problem
    assert "16 million pixels" in problem


def test_a_turned_photo_stands_upright(folder: Any) -> None:
    photo(folder, noise=0, t0112=6)
    folder.page("index", "![A meeting](/media/meeting.jpg)")
    folder.build()
    assert 'width="360" height="480"' in home(folder)
