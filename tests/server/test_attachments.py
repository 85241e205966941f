"""Photos and recordings: clean of what a phone wrote into them, taken or refused in a sentence, and never lost typing."""

import io
import json
import random
import re
import struct
import wave
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import av
import pyrage
import pytest
from PIL import Image

from forms.core import browser_script, form_schema, i18n
from forms.core.crypto import encryption
from forms.core.media import attachments
from forms.core.media.attachments import FileRefused
from forms.core.rendering.environment import TEMPLATES

FIXED_WORDS = {"what": "marked-words", "contact": "under the tree"}


def photo(kind: str = "JPEG", size: tuple[int, int] = (640, 480), **more: Any) -> bytes:
    written = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(written, kind, **more)
    return written.getvalue()


def with_camera() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x9003] = "MarkedMaker", "MarkedModel", "2027:01:01 10:00:00"
    exif[0x8825] = {1: "N", 2: (13.0, 8.0, 0.0), 3: "E", 4: (79.0, 54.0, 0.0)}
    return photo(exif=exif, comment=b"MarkedComment")


_PERIOD = b"".join(struct.pack("<h", (n * 997) % 20000 - 10000) for n in range(20_000))


def recording(seconds: float = 2, rate: int = 8000) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        samples = int(seconds * rate)
        sound.writeframes((_PERIOD * (samples // 20_000 + 1))[: 2 * samples])
    return written.getvalue()


def tagged(container: str, codec: str) -> bytes:
    """A recording as another phone makes it, with its name and place in the tags."""
    tags = {"title": "MarkedTitle", "artist": "MarkedPhone", "location": "+13.1+079.9/"}
    return encoded(container, codec, 3, tags)


def encoded(container: str, codec: str, seconds: int, tags: Mapping[str, str]) -> bytes:
    """A recording in this container, by this codec."""
    written = io.BytesIO()
    with av.open(written, "w", format=container) as target:
        target.metadata.update(tags)
        stream: Any = target.add_stream(codec, rate=48000 if codec == "libopus" else 44100)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=stream.codec_context.rate)
        stream.codec_context.layout = "mono"
        with av.open(io.BytesIO(recording(seconds))) as source:
            for frame in source.decode(audio=0):
                frame.pts = None
                for even in resampler.resample(frame):
                    target.mux(stream.encode(even))
        target.mux(stream.encode(None))
    return written.getvalue()


def test_of_a_photo_only_its_pixels_go_on() -> None:
    raw = with_camera()
    assert b"MarkedMaker" in raw
    cleaned = attachments.clean("photo", raw)
    assert cleaned.media_type == "image/jpeg"
    assert b"Marked" not in cleaned.content
    assert b"Exif" not in cleaned.content
    assert dict(Image.open(io.BytesIO(cleaned.content)).getexif()) == {}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_photos_of_any_kind_that_phones_make_are_taken(kind: str) -> None:
    assert attachments.clean("photo", photo(kind)).content.startswith(b"\xff\xd8")


def test_a_photo_of_a_turned_phone_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    cleaned = attachments.clean("photo", photo(size=(640, 320), exif=exif))
    assert Image.open(io.BytesIO(cleaned.content)).size == (320, 640)


def test_a_large_photo_becomes_small() -> None:
    written = io.BytesIO()
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(written, "JPEG", quality=90)
    cleaned = attachments.clean("photo", written.getvalue())
    assert max(Image.open(io.BytesIO(cleaned.content)).size) == 1280
    assert len(cleaned.content) < 250_000


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "aac"), ("mp3", "libmp3lame"), ("webm", "libopus"), ("ogg", "libopus")]
)
def test_of_a_recording_only_its_sound_goes_on(container: str, codec: str) -> None:
    raw = tagged(container, codec)
    assert b"MarkedTitle" in raw
    cleaned = attachments.clean("voice", raw)
    assert cleaned.content.startswith(b"OggS")
    assert b"Marked" not in cleaned.content
    assert b"13.1" not in cleaned.content
    assert cleaned.seconds in {3, 4}


@cache
def bomb() -> bytes:
    """A PNG of 110 KB that unfolds into 900 million pixels."""
    written = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(written, "PNG")
    return written.getvalue()


BAD: list[tuple[str, Callable[[], bytes], str]] = [
    ("photo", lambda: b"", "empty"),
    ("photo", lambda: b"MZ\x90\x00" + b"x" * 5000, "kind"),
    ("photo", lambda: b"\x7fELF" + b"x" * 5000, "kind"),
    ("photo", lambda: b"<svg onload=alert(1)>", "kind"),
    ("photo", lambda: b"II*\0" + b"x" * 500, "kind"),
    ("photo", lambda: b"GIF89a" + b"x" * 500, "damaged"),
    ("photo", lambda: b"\0\0\0\x24ftypheic" + b"x" * 500, "heic"),
    ("photo", lambda: b"\0\0\0\x18ftypmif1" + b"x" * 500, "heic"),
    ("photo", lambda: photo()[:2000], "damaged"),
    ("photo", lambda: b"\xff\xd8\xff\xe0" + b"x" * 3000, "damaged"),
    ("photo", bomb, "bomb"),
    ("photo", lambda: b"\xff\xd8\xff" + b"x" * attachments.MAX_FILE_BYTES["photo"], "large"),
    ("photo", recording, "kind"),
    ("voice", lambda: b"", "empty"),
    ("voice", photo, "kind"),
    ("voice", lambda: b"PK\x03\x04" + b"x" * 500, "kind"),
    ("voice", lambda: b"OggS" + b"x" * 5000, "damaged"),
    ("voice", lambda: recording()[:44], "damaged"),
    ("voice", lambda: recording(186), "long"),
    ("voice", lambda: b"RIFF" + b"x" * attachments.MAX_FILE_BYTES["voice"], "large"),
]


@pytest.mark.parametrize(("kind", "make", "code"), BAD)
def test_what_cannot_be_taken_is_named(kind: str, make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(FileRefused, match=code):
        attachments.clean(kind, make())


@pytest.mark.parametrize(("kind", "make", "code"), BAD)
def test_what_cannot_be_taken_is_said_and_the_words_stay(
    endpoint: Any, kind: str, make: Callable[[], bytes], code: str
) -> None:
    field = {"photo": "photos", "voice": "voice"}[kind]
    answer = endpoint.post("concern", **FIXED_WORDS, **files(**{field: make()}))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in page
    assert 'value="under the tree"' in page
    assert "marked-words</textarea>" in page
    assert "marked-name" not in page
    assert endpoint.letter_ids() == []


def files(**contents: bytes | list[bytes]) -> dict[str, Any]:
    return {
        name: [(one, "marked-name.exe") for one in (content if isinstance(content, list) else [content])]
        for name, content in contents.items()
    }


def send(endpoint: Any, **answers: Any) -> Any:
    """Type and choose, look at it, send it, as a page without a script does."""
    seen = endpoint.post("concern", **answers)
    page = seen.get_data(as_text=True)
    hidden = {"once": endpoint.search(r'name="once" value="([0-9a-f]+)"', seen), "part": parts_of(page)}
    words = {name: value for name, value in answers.items() if name not in {"photos", "voice"}}
    return endpoint.post("concern", do="send", **hidden, **words)


def parts_of(page: str) -> list[str]:
    return re.findall(r'name="part" value="([^"]+)"', page)


def opened_part(endpoint: Any, part_id: str, desk: str = "police") -> tuple[dict[str, Any], bytes]:
    sealed = endpoint.pickup(f"parts/{part_id}", desk).data
    assert encryption.part_id(sealed) == part_id
    plain = pyrage.decrypt(sealed, [endpoint.identities[desk]])
    line, _, content = plain.partition(b"\n")
    head = json.loads(line)
    assert len(plain) in encryption.SIZE_CLASSES
    assert content[head["bytes"] :].strip(b"\0") == b""
    return head, content[: head["bytes"]]


def test_a_voice_is_enough_and_reaches_the_desks(endpoint: Any) -> None:
    endpoint.code(send(endpoint, **files(voice=recording(2))))
    [letter] = endpoint.open_letters("legal")
    [part] = letter["parts"]
    assert letter["answers"] == {}
    assert (part["kind"], part["seconds"]) == ("voice", 2)
    head, content = opened_part(endpoint, part["id"], "legal")
    assert head["type"].startswith("audio/ogg")
    with av.open(io.BytesIO(content)) as sound:
        assert sum(frame.samples for frame in sound.decode(audio=0)) > 0
    assert endpoint.pickup("letters").get_json()["letters"][0]["parts"] == [part["id"]]


def test_three_photos_and_a_voice_go_with_the_words(endpoint: Any) -> None:
    photos = [photo(size=(300 + number, 200)) for number in range(3)]
    sent = send(endpoint, what="see these", **files(photos=photos, voice=recording(1)))
    assert endpoint.code(sent)
    [letter] = endpoint.open_letters()
    assert sorted(part["kind"] for part in letter["parts"]) == ["photo", "photo", "photo", "voice"]
    sizes = {Image.open(io.BytesIO(opened_part(endpoint, part["id"])[1])).size
             for part in letter["parts"] if part["kind"] == "photo"}  # fmt: skip
    assert sizes == {(300, 200), (301, 200), (302, 200)}


def test_a_fourth_photo_is_said_to_be_too_many_and_three_are_kept(endpoint: Any) -> None:
    photos = [photo(size=(300 + number, 200)) for number in range(4)]
    answer = endpoint.post("concern", what="x", **files(photos=photos))
    assert answer.status_code == 422
    assert "too many" in answer.get_data(as_text=True)
    assert len(parts_of(answer.get_data(as_text=True))) == 3


def test_the_desk_left_out_cannot_open_the_photo_either(endpoint: Any) -> None:
    send(endpoint, what="x", hide_from="police", **files(photos=photo()))
    [letter] = endpoint.open_letters("legal")
    part = letter["parts"][0]["id"]
    refused = endpoint.pickup(f"parts/{part}", "police")
    nowhere = endpoint.pickup(f"parts/{'0' * 32}", "police")
    assert (refused.status_code, refused.data) == (nowhere.status_code, nowhere.data)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(endpoint.pickup(f"parts/{part}", "legal").data, [endpoint.identities["police"]])


def test_who_leaves_a_desk_out_after_all_is_asked_for_the_photo_once_more(endpoint: Any) -> None:
    part = parts_of(endpoint.post("concern", what="x", **files(photos=photo())).get_data(as_text=True))
    answer = endpoint.post("concern", what="x", hide_from="police", part=part)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "choose the photo or recording once more" in page
    assert parts_of(page) == []


def test_changing_something_keeps_the_photo_or_takes_it_away(endpoint: Any) -> None:
    [part] = parts_of(endpoint.post("concern", what="x", **files(photos=photo())).get_data(as_text=True))
    page = endpoint.post("concern", do="change", what="x", part=part).get_data(as_text=True)
    assert parts_of(page) == [part]
    assert f'name="drop" value="{part[:32]}"' in page
    assert parts_of(endpoint.post("concern", what="x", part=part, drop=part[:32]).get_data(as_text=True)) == []


def test_a_reload_with_photos_makes_no_second_letter(endpoint: Any) -> None:
    seen = endpoint.post("concern", what="x", **files(photos=photo()))
    again = {
        "once": endpoint.search(r'name="once" value="([0-9a-f]+)"', seen),
        "part": parts_of(seen.get_data(as_text=True)),
    }
    codes = {endpoint.code(endpoint.post("concern", do="send", what="x", **again)) for _ in range(3)}
    assert len(codes) == 1
    assert len(endpoint.letter_ids()) == 1


@pytest.mark.parametrize(
    "part", ["", "x", "0" * 32, "0" * 32 + " photo 0", "0" * 32 + " program 0", "G" * 32 + " photo 0"]
)
def test_a_part_that_is_not_here_sends_nothing_and_is_said(endpoint: Any, part: str) -> None:
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', endpoint.post("concern", what="x"))
    answer = endpoint.post("concern", do="send", once=once, what="", part=part)
    assert answer.status_code == 422
    assert endpoint.letter_ids() == []


def test_a_file_for_a_form_without_files_is_said(endpoint: Any) -> None:
    answer = endpoint.post("signup", event="meeting", people="1", **files(photos=photo()))
    assert answer.status_code == 422
    assert "cannot take photos" in answer.get_data(as_text=True)


def test_row_26_a_recording_whose_end_cannot_be_decoded_is_whole_up_to_there() -> None:
    """As WebKit writes MP4: its container is closed before the last packet is there."""
    for kind, codec in (("mp4", "aac"), ("webm", "libopus")):
        whole = _spoken(kind, codec, seconds=5, options={"movflags": "frag_every_frame+empty_moov"})
        for damaged in (whole[:-60], whole[:-40] + b"\xff" * 40):
            made = attachments.clean("voice", damaged)
            assert 4 <= made.seconds <= 6, (kind, len(damaged))
            with av.open(io.BytesIO(made.content)) as sound:
                assert sum(frame.samples for frame in sound.decode(audio=0)) >= 4 * 48_000
        with pytest.raises(FileRefused):
            attachments.clean("voice", whole[:200])


def _spoken(kind: str, codec: str, seconds: int, options: dict[str, str], bits: int = 64_000) -> bytes:
    """Return a recording of noise, as a phone's own recorder makes one."""
    written = io.BytesIO()
    noise = random.Random(1)
    sound = struct.pack("960f", *(noise.uniform(-0.5, 0.5) for _ in range(960)))
    with av.open(written, "w", format=kind, options=options if kind == "mp4" else {}) as target:
        stream: Any = target.add_stream(codec, rate=48_000, layout="mono")
        stream.bit_rate = bits
        for _ in range(seconds * 50):
            frame = av.AudioFrame(format="fltp" if codec == "aac" else "flt", layout="mono", samples=960)
            frame.planes[0].update(sound)
            frame.sample_rate = 48_000
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return written.getvalue()


def test_row_13_three_minutes_as_phones_record_them_fit_and_the_limit_is_named() -> None:
    seconds = attachments.MAX_VOICE_SECONDS
    assert seconds * 128_000 // 8 * 1.2 < attachments.MAX_FILE_BYTES["voice"], "AAC at 128 kbit/s with its container"
    assert attachments.MAX_FILE_BYTES["voice"] + 1024 == encryption.SIZE_CLASSES[-1], (
        "sealed as it is, with a line above it"
    )
    for name in ("concern", "followup"):
        hint = form_schema.load(name).field("voice").help
        for language in ("en", "ta", "te", "hi", "or"):
            text = i18n.translator(language)(hint)
            assert f"{seconds // 60} " in text
            assert f"{attachments.megabytes('voice')} MB" in text
            assert f" {attachments.megabytes('voice')} MB" in browser_script.file_too_large("voice", language)
    sound = _spoken("mp4", "aac", seconds=seconds, options={}, bits=128_000)
    assert 2_000_000 < len(sound) < attachments.MAX_FILE_BYTES["voice"]
    assert 0 <= attachments.clean("voice", sound).seconds - seconds <= 1, "a coder adds a little, which is taken"


def test_row_14_no_hint_takes_the_camera_the_gallery_or_a_file_away() -> None:
    """`capture` allows nothing but the camera; image types alone take the camera away from Chrome on Android 14."""
    field = (TEMPLATES / "field.html").read_text(encoding="utf-8")
    accepted = re.findall(r'type="file" accept="([^"]+)"', field)
    assert accepted == ["audio/*", "image/jpeg,image/png,image/webp,android/force-camera-workaround"]
    assert "capture" not in field


def is_text(field: form_schema.Field) -> bool:
    return field.drawn_as == "textarea"


def test_row_22_who_wants_to_send_a_photo_is_told_to_take_it_first() -> None:
    forms = {name: form_schema.load(name) for name in form_schema.names()}
    both = {name: form for name, form in forms.items() if form.files and any(is_text(field) for field in form.fields)}
    assert "concern" in both
    for name, form in both.items():
        first = next(field for field in form.fields if is_text(field))
        assert "take it before you write" in first.help, name
        assert [field.name for field in form.fields].index(first.name) < min(
            [field.name for field in form.fields].index(field.name) for field in form.files
        )
