"""Spoken text, machine voices, recordings: what is heard, what it costs, and what is told where it cannot be heard."""

import os
import wave
from pathlib import Path
from typing import Any

import av
import pytest
import yaml
from sitegen.media import audio_clips, speech
from sitegen.render.html_to_text import extract_text

from forms.core.files.audio_files import KINDS
from forms.core.media.audio import encode_line, write_lines
from forms.core.portal import read
from forms.core.problem import Problem, Problems


def with_voice(folder: Any, **voices: str) -> None:
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for row in settings["languages"]:
        if row["code"] in voices:
            row["voice"] = voices[row["code"]]
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


def recording(path: Path, seconds: int = 2, **tags: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wav = path.with_suffix(".tmp.wav")
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(b"\x10\x00\x20\x00" * 44_100 * seconds)
    with av.open(str(wav)) as source, av.open(str(path), "w") as target:
        target.metadata.update(tags)
        stream: Any = target.add_stream("libmp3lame", rate=44_100)
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    wav.unlink()


def spoken(html: str) -> str:
    return "\n".join(text for _, text in extract_text(html).spoken)


def test_buttons_forms_sources_and_days_are_not_said() -> None:
    html = (
        '<h1>Help</h1><p>Press a number</p><a href="tel:112">112</a><p class="checked">Looked up today</p>'
        '<form class="form"><label>Name</label></form><p><a class="button" href="/">Home</a></p>'
        '<h2>Where this comes from</h2><ul><li><a href="https://example.org">A paper</a> of 2025</li></ul>'
    )
    assert spoken(html) == "Help.\nPress a number.\n1 1 2."


def test_a_link_inside_a_sentence_is_said_and_odia_ends_with_its_own_stop() -> None:
    assert spoken('<p>ଆପଣ <a href="https://x.org">ଏକା</a> ନୁହଁନ୍ତି।</p>') == "ଆପଣ ଏକା ନୁହଁନ୍ତି।"


@pytest.mark.parametrize(
    ("voice", "text"), [("en", "Help"), ("ta", "உதவி"), ("te", "సహాయం"), ("hi", "मदद"), ("or", "ସାହାଯ୍ୟ")]
)
def test_every_language_has_a_voice(voice: str, text: str) -> None:
    spoken = speech.speak(text, voice)
    assert len(spoken) / 2 / speech.SAMPLE_RATE > 0.3
    assert any(spoken), "silence"


def test_a_page_and_its_questions_can_be_heard(folder: Any, kept_lines: None) -> None:
    with_voice(folder, ta="ta")
    folder.page("tell", "[[ form: concern ]]", language="ta")
    public = folder.build()
    html = (public / "ta" / "tell" / "index.html").read_text(encoding="utf-8")
    clips = read(folder.root / ".build" / "portal.json").clips
    assert clips["en"] == {}, "no voice, no sound"
    for key, clip in clips["ta"].items():
        if key.startswith("concern/"):
            assert clip.files[0].address in html
        for file in clip.files:
            path = public / file.address.removeprefix("/")
            assert path.stat().st_size == file.bytes
    assert (
        html.count("<audio")
        == html.count('preload="none"')
        == 1 + sum(key.startswith("concern/") for key in clips["ta"])
    )
    with av.open(str(public / clips["ta"]["concern/what"].files[0].address.removeprefix("/"))) as opened:
        assert opened.streams.audio[0].codec_context.name in {"opus", "libopus"}
        assert opened.streams.audio[0].channels == 1


def test_the_same_text_is_spoken_once(folder: Any, kept_lines: None) -> None:
    with_voice(folder, en="en")
    folder.build()
    times = {path.name: path.stat().st_mtime_ns for path in (folder.root / ".build" / "speech").iterdir()}
    folder.build()
    assert times == {path.name: path.stat().st_mtime_ns for path in (folder.root / ".build" / "speech").iterdir()}


def test_a_recording_takes_the_voice_s_place_and_loses_its_tags(folder: Any, kept_lines: None) -> None:
    with_voice(folder, en="en")
    recording(
        folder.root / "content" / "media" / "audio" / "en" / "index.mp3",
        title="Kiln of Mr Marked-Owner",
        artist="Marked-Owner",
    )
    public = folder.build()
    html = (public / "en" / "index.html").read_text(encoding="utf-8")
    assert "0:02" in html
    assert not (public / "media" / "audio").exists(), "the original is never published"
    assert not [path for path in public.rglob("*") if path.is_file() and b"Marked-Owner" in path.read_bytes()]


def test_what_is_wrong_with_recordings_is_said(folder: Any) -> None:
    start = folder.root / "content" / "media" / "audio"
    recording(start / "en" / "nothing.mp3")
    (start / "en" / "index.doc").write_text("x")
    with pytest.raises(Problems) as error:
        folder.build()
    assert "en/nothing.mp3" in str(error.value)
    assert "en/index.doc" in str(error.value)


def test_a_recording_that_holds_no_sound_is_said(folder: Any) -> None:
    silent = folder.root / "content" / "media" / "audio" / "en" / "index.mp3"
    silent.parent.mkdir(parents=True)
    silent.write_bytes(b"no sound" * 99)
    with pytest.raises(Problem, match="no sound can be read"):
        folder.build()
    assert not list((folder.root / ".build").rglob("*.new"))


def test_a_voice_that_is_not_there_is_said(folder: Any) -> None:
    with_voice(folder, en="klingonish")
    with pytest.raises(Problem, match="klingonish"):
        folder.build()


def test_the_report_names_machine_voices_and_old_recordings(folder: Any) -> None:
    with_voice(folder, en="en")
    recording(folder.root / "content" / "media" / "audio" / "en" / "index.mp3")
    warnings = "\n".join(folder.check().warnings)
    assert "content/media/audio/en:" in warnings
    assert "machine" in warnings
    assert "content/en/index.md: its text is newer than its recording" in warnings
    folder.page("index", recorded="2026-02-01")
    assert "newer than its recording" not in "\n".join(folder.check().warnings)


def test_opus_takes_less_than_a_twentieth_of_plain_sound(tmp_path: Path) -> None:
    samples = speech.speak("You are not alone. " * 20, "en")
    write_lines([encode_line(samples, speech.SAMPLE_RATE, KINDS[0])], KINDS[0], tmp_path / "opus")
    assert (tmp_path / "opus").stat().st_size < len(samples) / 20


def test_a_clip_that_another_build_is_making_is_not_forgotten(tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "out"
    cache.mkdir()
    out.mkdir()
    for name in ("made-now.mp3.0a.new", "just-asked-for.mp3", "old.mp3", "old-and-used.mp3"):
        (cache / name).write_bytes(b"sound")
    for name in ("old.mp3", "old-and-used.mp3"):
        os.utime(cache / name, (0, 0))
    (out / "old-and-used.mp3").write_bytes(b"sound")
    audio_clips.prune(cache, out)
    assert {path.name for path in cache.iterdir()} == {"made-now.mp3.0a.new", "just-asked-for.mp3", "old-and-used.mp3"}
