"""Small files that unfold into much, in every format that is taken: a sentence each; and what phones really send is taken."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from PIL import Image

from forms.core.media import attachments
from forms.core.media.attachments import FileRefused

from .test_attachments import files


def encoded(picture: Image.Image, kind: str, **more: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **more)
    return written.getvalue()


def plain(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height))


def frames(kind: str, number: int) -> bytes:
    """A film of 4 million pixels a frame."""
    more = [Image.new("RGB", (2000, 2000), (shade, 0, 0)) for shade in range(number)]
    return encoded(plain(2000, 2000), kind, save_all=True, append_images=more)


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    whole = encoded(plain(40, 40), "PNG")
    written = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return whole[:33] + written + whole[33:]


@cache
def zeros(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


@cache
def png_of_60_million() -> bytes:
    return encoded(plain(7740, 7740), "PNG", compress_level=1)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "PNG of 60 million pixels": (png_of_60_million, "bomb"),
    "PNG just over the limit": (lambda: encoded(plain(4001, 4000, "1"), "PNG"), "bomb"),
    "WebP of 36 million": (lambda: encoded(plain(6000, 6000), "WEBP", method=0), "damaged|bomb"),
    "AVIF of 20 million": (lambda: encoded(plain(5000, 4000), "AVIF", speed=10), "bomb"),
    "JPEG of 225 million": (lambda: encoded(plain(15_000, 15_000, "L"), "JPEG"), "bomb"),
    "progressive JPEG": (lambda: encoded(plain(16_000, 12_000), "JPEG", progressive=True), "damaged|bomb"),
    "GIF of 36 million": (lambda: encoded(plain(6000, 6000, "P"), "GIF"), "bomb"),
    "BMP of 20 million": (lambda: encoded(plain(4500, 4500, "1"), "BMP"), "bomb"),
    "TIFF": (lambda: encoded(plain(40, 40), "TIFF"), "kind"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic" + bytes(100), "heic"),
    "AVIF film": (lambda: b"\0\0\0\x18ftypavis" + bytes(100), "damaged"),
    "sound that names files": (lambda: b"RIFF" + b"ffconcat version 1.0\nfile '/etc/passwd'\n", "damaged"),
    "a list of addresses": (lambda: b"ID3#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/\n", "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_bomb_of_any_format_is_refused(name: str) -> None:
    make, code = REFUSED[name]
    content = make()
    assert len(content) < 3 * 1024 * 1024, "the attack is cheap"
    kind = "voice" if content.startswith((b"RIFF", b"ID3")) else "photo"
    with pytest.raises(FileRefused, match=f"^({code})$"):
        attachments.clean(kind, content)


def test_a_bomb_is_said_on_the_page_and_the_words_stay(endpoint: Any) -> None:
    bomb = png_of_60_million()
    answer = endpoint.post("concern", what="marked-words", **files(photos=[bomb, bomb]))
    assert answer.status_code == 422
    assert "We could not open this file" in answer.get_data(as_text=True)
    assert "marked-words</textarea>" in answer.get_data(as_text=True)


TAKEN: dict[str, Callable[[], bytes]] = {
    # What stands beside the pixels is passed over, and so never unfolded.
    "zTXt": lambda: png_with((b"zTXt", b"a\0\0" + zeros(200_000_000))),
    "many zTXt": lambda: png_with(*[(b"zTXt", b"a%d\0\0" % n + zeros(1_000_000)) for n in range(300)]),
    "iTXt": lambda: png_with((b"iTXt", b"a\0\1\0\0\0" + zeros(200_000_000))),
    "iCCP": lambda: png_with((b"iCCP", b"a\0\0" + zeros(200_000_000))),
    "photo of 12 million as PNG": lambda: encoded(plain(4032, 3024), "PNG"),
    "transparent PNG of 16 million": lambda: encoded(plain(4000, 4000, "RGBA"), "PNG"),
    "palette with a clear colour": lambda: encoded(plain(4000, 4000, "P"), "PNG", transparency=0),
    "WebP of 16 million": lambda: encoded(plain(4000, 4000, "RGBA"), "WEBP", method=0),
    "AVIF of 12 million": lambda: encoded(plain(4000, 3000), "AVIF", speed=10),
    "JPEG of 50 million": lambda: encoded(plain(8160, 6120), "JPEG"),
    "progressive JPEG of 50 million": lambda: encoded(plain(8160, 6120), "JPEG", progressive=True),
    "JPEG of 200 million": lambda: encoded(plain(16_000, 12_000), "JPEG"),
    "JPEG that is a long strip": lambda: encoded(plain(65_000, 1300, "L"), "JPEG"),
    "CMYK": lambda: encoded(plain(1000, 1000, "CMYK"), "JPEG"),
    "first of many pictures in a JPEG": lambda: frames("MPO", 1),
    "first frame of a moving PNG": lambda: frames("PNG", 5),
    "first frame of a moving WebP": lambda: frames("WEBP", 4),
}


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_what_phones_send_is_taken(name: str) -> None:
    assert attachments.clean("photo", TAKEN[name]()).content.startswith(b"\xff\xd8")


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_is_laid_on_white(kind: str) -> None:
    drawn = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    drawn.paste((200, 0, 0, 255), (100, 0, 200, 100))
    cleaned = Image.open(io.BytesIO(attachments.clean("photo", encoded(drawn, kind)).content))
    assert min(cleaned.getpixel((20, 50))) > 245  # type: ignore[type-var,arg-type]
    red, green, _ = cleaned.getpixel((180, 50))  # type: ignore[misc]
    assert red > 180
    assert green < 40
