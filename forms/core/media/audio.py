"""Convert sound into the two small files that phones play. PyAV (FFmpeg) is used only here.

Opus in Ogg at 16 kbit/s (RFC 6716, RFC 7845) for nearly every phone, MP3 at 24 kbit/s for the rest. Only the sound is
copied, no tags: they may name a device, a place or a person.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import av

from forms.core.files.audio_files import KINDS, AudioFormat

RATE = 16_000
"""Samples a second of the files: wide-band speech."""


SPOKEN = replace(KINDS[0], bits=8_000, options={**KINDS[0].options, "vbr": "off", "frame_duration": "60"})
"""Format of a desk's voice, which phones load over 2G: a minute takes less than 64 KiB.

The bit rate is constant, so that the size reveals nothing about the words.
"""

READING = replace(KINDS[0], bits=32_000)
"""Format of a page's recording in content/, from which a build makes both small files."""


class NotSound(Exception):
    """A file has no sound that can be decoded."""


class TooLong(Exception):
    """A recording is too long."""


def encode_line(samples: bytes, rate: int, kind: AudioFormat) -> list[bytes]:
    """Return a line of synthetic speech (signed 16-bit mono samples) as packets of a format.

    It is encoded by itself, so that the packets can follow any others in a file.
    """
    encoder: Any = av.CodecContext.create(kind.codec, "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", _sample_format(kind)
    encoder.bit_rate, encoder.options = kind.bits, {**kind.quick, "flags": "+bitexact"}
    frames = [*_frames(samples or bytes(2 * kind.frame), rate), None]
    return [bytes(packet) for frame in frames for packet in encoder.encode(frame)]


def write_lines(lines: Sequence[Sequence[bytes]], kind: AudioFormat, target_path: Path) -> None:
    """Write lines, each as packets from `encode_line`, as one file with a pause after each but the last."""
    packets = [packet for line in lines[:-1] for packet in (*line, *_pause(kind))] + list(lines[-1])
    with _open_output(kind, target_path, kind.quick) as (target, stream):
        target.start_encoding()
        ticks = int(1 / (stream.time_base * RATE))  # of the stream's clock, per sample
        frame, delay = kind.frame * ticks, kind.delay * ticks
        for number, data in enumerate(packets):  # in the stream's clock: converting took a third of the time
            packet = av.Packet(data)
            packet.stream, packet.duration = stream, frame
            packet.pts = packet.dts = number * frame - delay
            target.mux_one(packet)


@cache
def _pause(kind: AudioFormat) -> list[bytes]:
    return encode_line(bytes(2 * kind.frame * kind.pause), RATE, kind)[: kind.pause]


def convert(recording: Path, target_path: Iterable[tuple[AudioFormat, Path]]) -> None:
    """Write a recording as a file of each format, without its tags. Raises NotSound."""
    for kind, path in target_path:
        _encode(_decode(recording), kind, path, kind.options)


def voice(recording: bytes, max_seconds: float, kind: AudioFormat = KINDS[0]) -> tuple[bytes, int]:
    """Return a recording as Opus in Ogg without its tags, and its length in seconds, rounded up.

    Raises NotSound; TooLong if it is longer than max_seconds.
    """
    length = Fraction(0)

    def measured() -> Iterator[av.AudioFrame]:
        """Yield the frames and add up their length. Raises TooLong if it exceeds the limit."""
        nonlocal length
        for frame in _decode(BytesIO(recording)):
            length += Fraction(frame.samples, frame.sample_rate or 1)
            if length > max_seconds:
                raise TooLong
            yield frame

    written = BytesIO()
    _encode(measured(), kind, written, kind.options)
    if not length:
        raise NotSound
    return written.getvalue(), -(-length.numerator // length.denominator)


def _frames(samples: bytes, rate: int) -> Iterator[av.AudioFrame]:
    step = rate * 2
    for start in range(0, len(samples), step):
        part = samples[start : start + step]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(part) // 2)
        frame.planes[0].update(part)
        frame.sample_rate = rate
        yield frame


def _decode(recording: Path | BytesIO) -> Iterator[av.AudioFrame]:
    """Yield the frames of a recording's first audio stream.

    Raises NotSound if there is none or it cannot be decoded.
    """
    name = recording.name if isinstance(recording, Path) else "recording"
    try:
        with av.open(str(recording) if isinstance(recording, Path) else recording, "r") as source:
            if not source.streams.audio:
                raise NotSound(name)
            source.streams.audio[0].codec_context.thread_count = 1  # the decoder process can start no thread
            for frame in _sound_of(source, source.streams.audio[0]):
                frame.pts = None
                yield frame
    except (av.FFmpegError, ValueError) as error:
        raise NotSound(name) from error


def _sound_of(source: Any, stream: Any) -> Iterator[av.AudioFrame]:
    """Yield the frames of a stream that can be decoded: the end of a file that a phone closed too early cannot.

    Raises FFmpeg's error if most of it cannot be decoded.
    """
    decoded = failed = 0
    last_error: Exception | None = None
    try:
        for packet in source.demux(stream):
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError) as error:
                failed, last_error = failed + 1, error
                continue
            decoded += bool(frames)
            yield from frames
    except av.FFmpegError as error:  # the file ends inside its container
        failed, last_error = failed + 1, error
    if last_error and failed > decoded:
        raise last_error


def _encode(
    frames: Iterator[av.AudioFrame], kind: AudioFormat, target_path: Path | BytesIO, options: dict[str, str]
) -> None:
    resampler = av.AudioResampler(format=_sample_format(kind), layout="mono", rate=RATE)
    with _open_output(kind, target_path, options) as (target, stream):
        for frame in frames:
            for resampled in resampler.resample(frame):
                target.mux(stream.encode(resampled))
        for resampled in resampler.resample(None):
            target.mux(stream.encode(resampled))
        target.mux(stream.encode(None))


def _sample_format(kind: AudioFormat) -> str:
    return "flt" if kind.codec == "libopus" else "s16p"


@contextmanager
def _open_output(kind: AudioFormat, target_path: Path | BytesIO, options: dict[str, str]) -> Iterator[tuple[Any, Any]]:
    """Yield a new file and its one stream."""
    file = str(target_path) if isinstance(target_path, Path) else target_path
    with av.open(file, "w", format=kind.container, options={"fflags": "+bitexact"}) as target:
        stream: Any = target.add_stream(kind.codec, rate=RATE, layout="mono", options={**options, "flags": "+bitexact"})
        stream.bit_rate = kind.bits
        yield target, stream
