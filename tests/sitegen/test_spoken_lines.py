"""Speech by the line: a clip put together of lines sounds as they do alone, and costs only those that are new."""

import array
import sqlite3
import struct
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from sitegen import kept_work
from sitegen.media import audio_clips, speech, spoken_lines

from forms.core.files.audio_files import KINDS, AudioFormat
from forms.core.media import audio
from tests.sitegen.conftest import Folder
from tests.sitegen.test_listen import with_voice

LINES = ("You are not alone.", "Call 1 1 2.", "Nobody may keep you at work because of a debt.", "Yes.")
VOICES = {"en": LINES, "or": ("ଆପଣ ଏକା ନୁହଁନ୍ତି।", "ସାହାଯ୍ୟ।"), "ta": ("நீங்கள் தனியாக இல்லை.", "உதவி.")}
OPUS, MP3 = KINDS


def encode_lines(voice: str, kind: AudioFormat) -> list[list[bytes]]:
    return [audio.encode_line(speech.speak(line, voice), speech.SAMPLE_RATE, kind) for line in VOICES[voice]]


def decode(path: Path) -> tuple[int, "array.array[int]"]:
    """Return the rate of a file and its samples."""
    samples = array.array("h")
    with av.open(str(path)) as source:
        stream = source.streams.audio[0]
        evenly = av.AudioResampler(format="s16", layout="mono", rate=stream.codec_context.sample_rate)
        for frame in source.decode(stream):
            for even in evenly.resample(frame):
                samples.frombytes(bytes(even.planes[0])[: even.samples * 2])
        return stream.codec_context.sample_rate, samples


def write(lines: list[list[bytes]], kind: AudioFormat, path: Path) -> Path:
    audio.write_lines(lines, kind, path)
    return path


@pytest.mark.parametrize("voice", VOICES)
def test_the_same_line_has_the_same_samples_whatever_was_said_before(voice: str) -> None:
    line = VOICES[voice][0]
    first = speech.speak(line, voice)
    for other in ("en", "hi"):
        speech.speak("Some other words, of another length.", other)
    assert speech.speak(line, voice) == first


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
@pytest.mark.parametrize("voice", VOICES)
def test_each_line_of_a_clip_sounds_as_it_does_alone(voice: str, kind: AudioFormat, tmp_path: Path) -> None:
    """No sample is off by more than one step of 32,768: nothing of a line is heard in the next one."""
    lines = encode_lines(voice, kind)
    rate, samples = decode(write(lines, kind, tmp_path / "whole"))
    frame_number, frame = 0, kind.frame * rate // audio.RATE
    for line in lines:
        _, alone = decode(write([line], kind, tmp_path / "alone"))
        part = samples[frame_number * frame : frame_number * frame + len(alone)]
        assert len(part) == len(alone) > 0
        assert max(abs(one - other) for one, other in zip(part, alone, strict=True)) <= 1
        frame_number += len(line) + kind.pause


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
@pytest.mark.parametrize("voice", VOICES)
def test_lines_are_as_far_apart_as_the_sentences_of_a_text(voice: str, kind: AudioFormat, tmp_path: Path) -> None:
    rate, samples = decode(write(encode_lines(voice, kind), kind, tmp_path / "clip"))
    pauses, quiet = [], 0
    for sample in samples:
        if abs(sample) > 300:
            pauses.append(quiet / rate)
            quiet = 0
        quiet += 1
    between = sorted(pauses)[-(len(VOICES[voice]) - 1) :]
    assert all(0.3 < seconds < 0.6 for seconds in between), between


def pages_of(data: bytes) -> list[tuple[int, int]]:
    """Return the sequence number and the granule position of each page of an Ogg file (RFC 3533)."""
    pages, offset = [], 0
    while offset < len(data):
        assert data[offset : offset + 4] == b"OggS"
        granule, number, segments = struct.unpack_from("<q4xI4xB", data, offset + 6)
        pages.append((number, granule))
        offset += 27 + segments + sum(data[offset + 27 : offset + 27 + segments])
    return pages


def test_a_player_learns_its_right_length_and_the_place_of_each_page(tmp_path: Path) -> None:
    lines = encode_lines("en", OPUS)
    data = write(lines, OPUS, tmp_path / "clip").read_bytes()
    pages = pages_of(data)
    assert [number for number, _ in pages] == list(range(len(pages)))
    assert all(before <= after for (_, before), (_, after) in pairwise(pages))
    (skipped,) = struct.unpack_from("<H", data, data.index(b"OpusHead") + 10)
    assert skipped == OPUS.delay * 3, "of 48,000 samples a second (RFC 7845)"
    packets = sum(map(len, lines)) + OPUS.pause * (len(lines) - 1)
    assert pages[-1][1] == packets * OPUS.frame * 3


def test_mp3_says_its_length_in_its_size_and_in_its_head(tmp_path: Path) -> None:
    lines = encode_lines("en", MP3)
    path = write(lines, MP3, tmp_path / "clip")
    packets = sum(map(len, lines)) + MP3.pause * (len(lines) - 1)
    assert b"Info" in path.read_bytes()[:200]
    with av.open(str(path)) as source:
        assert source.duration
        assert abs(source.duration / 1e6 - packets * MP3.frame / audio.RATE) < 0.1
    assert 0 < path.stat().st_size - packets * 108 < 300, "constant rate: 108 bytes a packet, and one head"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
def test_one_can_jump_into_a_clip(kind: AudioFormat, tmp_path: Path) -> None:
    path = write(encode_lines("en", kind), kind, tmp_path / "clip")
    with av.open(str(path)) as source:
        stream = source.streams.audio[0]
        middle = 3.0
        source.seek(int(middle / stream.time_base), stream=stream)
        place = next(source.decode(stream)).time
    assert abs(place - middle) < 1.1, "Ogg finds pages, of a second each"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.ending)
def test_a_clip_of_lines_is_no_larger_than_one_of_the_whole_text(kind: AudioFormat, tmp_path: Path) -> None:
    samples = speech.speak("\n".join(LINES), "en")
    encoded_text = audio.encode_line(samples, speech.SAMPLE_RATE, kind)
    write([encoded_text], kind, tmp_path / "whole")
    write(encode_lines("en", kind), kind, tmp_path / "clip")
    assert (tmp_path / "clip").stat().st_size < 1.05 * (tmp_path / "whole").stat().st_size


def test_what_is_kept_of_a_line_makes_the_same_file_again(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        lines = [spoken_lines.speak_line(line, "en") for line in LINES]
        outputs = [(kind, tmp_path / kind.ending) for kind in KINDS]
        spoken_lines.write(lines, outputs)
        files.append([path.read_bytes() for _, path in outputs])
    assert files[0] == files[1]
    write(encode_lines("en", OPUS), OPUS, tmp_path / "clip")
    assert files[0][0] == (tmp_path / "clip").read_bytes()


def test_a_text_without_a_word_makes_a_clip_too(tmp_path: Path) -> None:
    outputs = [(kind, tmp_path / kind.ending) for kind in KINDS]
    spoken_lines.write([spoken_lines.speak_line(line, "en") for line in spoken_lines.lines_of(" ")], outputs)
    assert all(path.stat().st_size for _, path in outputs)


@pytest.fixture
def lines_made(monkeypatch: pytest.MonkeyPatch, kept_lines: None) -> list[str]:
    """The lines that are spoken. How they sound is for the tests above: those of the tests before are taken."""
    spoken_texts: list[str] = []
    make = spoken_lines.speak_line

    def speak_and_note(line: str, voice: str) -> bytes:
        spoken_texts.append(line)
        return make(line, voice)

    monkeypatch.setattr(spoken_lines, "speak_line", speak_and_note)
    return spoken_texts


@pytest.fixture
def spoken_district(folder: Folder, lines_made: list[str]) -> Folder:
    """A district with a page of two lines that has been built, so that its lines are kept."""
    with_voice(folder, en="en")
    folder.page("own", "The first line.\n\nThe second line.")
    folder.build()
    assert "The first line." in lines_made
    lines_made.clear()
    return folder


def clips(folder: Folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder.root / "public" / "audio").iterdir()}


def lines_kept(folder: Folder) -> Path:
    return folder.root / kept_work.FOLDER / "lines.db"


def test_an_edit_costs_the_line_that_is_new(spoken_district: Folder, lines_made: list[str]) -> None:
    spoken_district.page("own", "The first line.\n\nAnother line.")
    spoken_district.build()
    assert lines_made == ["Another line."]


def change_a_byte(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE work SET value = substr(value, 1, 40) || x'00ff' || substr(value, 43)")


def overwrite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept_work.at.cache_clear()
    path.write_bytes(b"no database")


@pytest.mark.parametrize("damage", [change_a_byte, overwrite])
def test_a_damaged_line_is_spoken_again(spoken_district: Folder, lines_made: list[str], damage: Any) -> None:
    before = clips(spoken_district)
    damage(lines_kept(spoken_district))
    for path in (spoken_district.root / ".build" / "speech").iterdir():
        path.unlink()
    spoken_district.build()
    assert "The first line." in lines_made
    assert clips(spoken_district) == before


def test_kept_lines_alone_make_the_same_clips(spoken_district: Folder, lines_made: list[str]) -> None:
    before = clips(spoken_district)
    for path in (spoken_district.root / ".build" / "speech").iterdir():
        path.unlink()
    spoken_district.build()
    assert lines_made == []
    assert clips(spoken_district) == before


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM work").fetchone()
        return int(found)


def test_lines_go_with_the_last_clip_that_has_them(spoken_district: Folder) -> None:
    before = count(lines_kept(spoken_district))
    for path in (spoken_district.root / ".build" / "speech").iterdir():
        path.unlink()
    audio_clips.prune(
        spoken_district.root / ".build" / "speech", spoken_district.root / "public" / "audio", spoken_district.root
    )
    assert (before > 0, count(lines_kept(spoken_district))) == (True, 0)


def test_no_line_is_left_once_anything_was_withdrawn(spoken_district: Folder) -> None:
    assert count(lines_kept(spoken_district))
    kept_work.forget(spoken_district.root)
    assert count(lines_kept(spoken_district)) == 0
