"""Decode a recording and encode it again: a program of its own, run once for each recording.

decoder_process.py starts it. Files are hostile: before a byte is read, the process confines itself (confined.py).
"""

import io
import wave
from collections.abc import Callable, Mapping

from forms.core.media import confined
from forms.core.media.attachments import LEEWAY_SECONDS, MAX_ANSWER_SECONDS, MAX_READING_SECONDS, MAX_VOICE_SECONDS
from forms.core.media.audio import READING, SPOKEN, NotSound, TooLong, voice
from forms.core.media.confined import Output

_PADDING = 0.5  # seconds that codecs add to a recording of just a minute


def clean_voice(data: bytes) -> Output:
    """Return the sound of a recording as Opus in Ogg."""
    opus, seconds = voice(data, MAX_VOICE_SECONDS + LEEWAY_SECONDS)
    return {"type": "audio/ogg; codecs=opus", "seconds": min(seconds, MAX_VOICE_SECONDS)}, opus


def clean_answer(data: bytes) -> Output:
    """Return the sound of a desk's answer, small enough for 2G."""
    opus, seconds = voice(data, MAX_ANSWER_SECONDS + _PADDING, SPOKEN)
    return {"type": "audio/ogg; codecs=opus", "seconds": min(seconds, MAX_ANSWER_SECONDS)}, opus


def clean_reading(data: bytes) -> Output:
    """Return the sound of a page that staff read aloud, good enough to be encoded once more by a build."""
    opus, seconds = voice(data, MAX_READING_SECONDS + LEEWAY_SECONDS, READING)
    return {"type": "audio/ogg; codecs=opus", "seconds": min(seconds, MAX_READING_SECONDS)}, opus


CLEAN: Mapping[str, Callable[[bytes], Output]] = {
    "voice": clean_voice,
    "answer": clean_answer,
    "reading": clean_reading,
}


def main(kind: str) -> None:
    """Confine this process, then read, decode and write."""
    confined.run(kind, _convert, _warm_up)


def _warm_up(kind: str) -> None:
    sample = io.BytesIO()
    with wave.open(sample, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    CLEAN[kind](sample.getvalue())


def _convert(kind: str, data: bytes) -> Output:
    try:
        return confined.output_or_problem(CLEAN[kind], data, damaged=(NotSound,))
    except TooLong:
        return {"problem": "long"}, b""
