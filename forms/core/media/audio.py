"""Convert sound into the two small files that phones play. PyAV (FFmpeg) is used only here.

Opus in Ogg at 16 kbit/s (RFC 6716, RFC 7845) for nearly every phone, MP3 at 24 kbit/s for the rest. Only sound goes
over: the name of a camera, a place or a person in a recording's tags does not.
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
"""Samples a second of what is written: wide-band speech."""


SPOKEN = replace(KINDS[0], bits=8_000, options={**KINDS[0].options, "vbr": "off", "frame_duration": "60"})
"""How a desk's voice is written, which phones load over 2G: a minute of it takes less than 64 KiB.

At a constant rate: its length tells nothing of what is said.
"""

READ = replace(KINDS[0], bits=32_000)
"""How a recording of a page lies in content/: a build makes both small files of it."""


class NotSound(Exception):
    """A file holds no sound that can be read."""


class TooLong(Exception):
    """A recording is longer than may be sent."""


def encode_line(samples: bytes, rate: int, kind: AudioFormat) -> list[bytes]:
    """Return a line of synthetic speech (signed 16-bit mono samples) as packets of a kind, encoded by itself.

    They need nothing of what stands before or after them in a file.
    """
    encoder: Any = av.CodecContext.create(kind.codec, "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", _sample_format(kind)
    encoder.bit_rate, encoder.options = kind.bits, {**kind.quick, "flags": "+bitexact"}
    frames = [*_frames(samples or bytes(2 * kind.frame), rate), None]
    return [bytes(packet) for frame in frames for packet in encoder.encode(frame)]


def write_lines(lines: Sequence[Sequence[bytes]], kind: AudioFormat, where: Path) -> None:
    """Write lines, each as packets from `encode_line`, as one file with a pause after each but the last."""
    said = [packet for line in lines[:-1] for packet in (*line, *_pause(kind))] + list(lines[-1])
    with _opened(kind, where, kind.quick) as (target, stream):
        target.start_encoding()
        ticks = int(1 / (stream.time_base * RATE))  # of its clock, in one sample
        frame, delay = kind.frame * ticks, kind.delay * ticks
        for number, data in enumerate(said):  # its clock needs no conversion, which took a third of the time
            packet = av.Packet(data)
            packet.stream, packet.duration = stream, frame
            packet.pts = packet.dts = number * frame - delay
            target.mux_one(packet)


@cache
def _pause(kind: AudioFormat) -> list[bytes]:
    return encode_line(bytes(2 * kind.frame * kind.pause), RATE, kind)[: kind.pause]


def convert(recording: Path, where: Iterable[tuple[AudioFormat, Path]]) -> None:
    """Write a recording as a file of each kind, without its tags. Raises NotSound."""
    for kind, path in where:
        _encode(_decode(recording), kind, path, kind.options)


def voice(recording: bytes, longest: float, kind: AudioFormat = KINDS[0]) -> tuple[bytes, int]:
    """Return a recording of anybody's phone as Opus in Ogg without its tags, and its length in seconds.

    longest: seconds. Raises NotSound, or TooLong.
    """
    length = Fraction(0)

    def measured() -> Iterator[av.AudioFrame]:
        """Yield frames and count their length. Raises TooLong beyond the longest allowed."""
        nonlocal length
        for frame in _decode(BytesIO(recording)):
            length += Fraction(frame.samples, frame.sample_rate or 1)
            if length > longest:
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

    Raises NotSound where there is none or it cannot be decoded.
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
    """Yield the frames of a stream that can be decoded: where a phone closed its file too early, its end cannot.

    Raises what FFmpeg says where most of it cannot be decoded.
    """
    right = wrong = 0
    last: Exception | None = None
    try:
        for packet in source.demux(stream):
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError) as error:
                wrong, last = wrong + 1, error
                continue
            right += bool(frames)
            yield from frames
    except av.FFmpegError as error:  # the file ends inside its container
        wrong, last = wrong + 1, error
    if last and wrong > right:
        raise last


def _encode(frames: Iterator[av.AudioFrame], kind: AudioFormat, where: Path | BytesIO, options: dict[str, str]) -> None:
    resampler = av.AudioResampler(format=_sample_format(kind), layout="mono", rate=RATE)
    with _opened(kind, where, options) as (target, stream):
        for frame in frames:
            for even in resampler.resample(frame):
                target.mux(stream.encode(even))
        for even in resampler.resample(None):
            target.mux(stream.encode(even))
        target.mux(stream.encode(None))


def _sample_format(kind: AudioFormat) -> str:
    return "flt" if kind.codec == "libopus" else "s16p"


@contextmanager
def _opened(kind: AudioFormat, where: Path | BytesIO, options: dict[str, str]) -> Iterator[tuple[Any, Any]]:
    """Yield a new file and its one stream."""
    opened = str(where) if isinstance(where, Path) else where
    with av.open(opened, "w", format=kind.container, options={"fflags": "+bitexact"}) as target:
        stream: Any = target.add_stream(kind.codec, rate=RATE, layout="mono", options={**options, "flags": "+bitexact"})
        stream.bit_rate = kind.bits
        yield target, stream
