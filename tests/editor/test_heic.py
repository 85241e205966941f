"""A photo as an iPhone writes it: put together of its tiles, upright, and nothing but pixels; or a sentence."""

import io
import random

import pytest
from editor.incoming import pictures
from PIL import Image
from sitegen.media import photos

from forms.core.media import heif, heif_boxes
from forms.core.problem import Problem
from tests.editor.heic_files import TILE, box, full, heic

COLOURS = ("red", "lime", "blue", "yellow", "white", "black")


def near(picture: Image.Image, at: tuple[int, int], colour: str) -> bool:
    """Return whether a pixel has roughly a colour: HEVC stores colours at half the resolution."""
    actual, wanted = picture.getpixel(at), Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    assert isinstance(actual, tuple)
    assert isinstance(wanted, tuple)
    return all(abs(one - other) < 40 for one, other in zip(actual, wanted, strict=True))


def corners(picture: Image.Image) -> list[str]:
    right, low = picture.width - 6, picture.height - 6
    return [
        next((name for name in COLOURS if near(picture, at, name)), "?")
        for at in ((5, 5), (right, 5), (5, low), (right, low))
    ]


@pytest.mark.parametrize(
    ("turn", "size", "expected"),
    [
        (0, (180, 120), ["red", "blue", "yellow", "black"]),
        (1, (120, 180), ["blue", "black", "red", "yellow"]),
        (2, (180, 120), ["black", "yellow", "blue", "red"]),
        (3, (120, 180), ["yellow", "red", "black", "blue"]),
    ],
)
def test_a_grid_is_put_together_and_turned(turn: int, size: tuple[int, int], expected: list[str]) -> None:
    """Six tiles of 64 pixels, of which the last column and row are cut off, as phones do."""
    photo = photos.decode("x.heic", heic(COLOURS, 3, (180, 120), turn=turn))
    assert (photo.pixels.size, corners(photo.pixels), photo.has_metadata) == (size, expected, False)


def test_it_is_taken_as_pixels_only() -> None:
    data = heic(COLOURS, 3, (180, 120), exif=True)
    assert photos.decode("x.heic", data).has_metadata, "what stays in the file of a phone is known"
    with Image.open(io.BytesIO(pictures.without_metadata("x.heic", data))) as clean:
        assert (clean.format, clean.size, len(clean.getexif())) == ("JPEG", (180, 120), 0)


def test_a_large_one_is_made_small_tile_by_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    small = heif.read_photo(heic(COLOURS * 2, 4, (256, 192)), 60)
    assert small.size == (64, 48)
    assert near(small, (2, 2), "red")
    monkeypatch.setattr(heif, "MAX_PIXELS", 256 * 192 - 1)
    with pytest.raises(heif.PhotoTooLarge):
        heif.read_photo(heic(COLOURS * 2, 4, (256, 192)), 60)


GOOD = heic(("red",) * 4, 2, (2 * TILE, 2 * TILE))
ODD = {
    "cut": GOOD[:-40],
    "head": GOOD[:60],
    "no boxes": GOOD[:24],
    "larger than its tiles": heic(("red",) * 4, 2, (65_000, 65_000)),
    "a tile that lies of its size": heic(("red",) * 4, 2, (600, 600), says=(30_000, 30_000)),
    "a tile too few": heic(("red",) * 4, 2, (100, 100), drop=1),
    "a grid of itself": GOOD.replace(b"\x00\x02\x00\x00hvc1", b"\x00\x02\x00\x00grid"),
    "another codec": GOOD.replace(b"hvc1", b"av01"),
    "boxes without end": box(b"ftyp", b"heic", bytes(4)) + full(b"meta", 0, box(b"iprp", b"") * 30_000),
    "a box in itself": box(b"ftyp", b"heic", bytes(4)) + full(b"meta", 0, box(b"iprp") + b"\0\0\0\4iprp"),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_such_photo_is_a_sentence(what: str) -> None:
    with pytest.raises(Problem, match="cannot be read as a picture"):
        photos.decode("x.heic", ODD[what])


def test_whatever_is_changed_in_one_nothing_else_is_raised() -> None:
    chance = random.Random(18)
    for _ in range(300):
        data = bytearray(GOOD)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        try:
            assert heif.read_photo(bytes(data), 100).width > 0
        except (heif_boxes.NotHeif, heif.PhotoTooLarge, MemoryError, ValueError):
            continue
