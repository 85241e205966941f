"""Speak texts with eSpeak NG, which has voices for every language of the programme and is used only here.

It runs inside this process through ctypes (espeak-ng's speak_lib.h); one process speaks one language at a time.
"""

import ctypes
from functools import cache
from typing import Any

import espeakng_loader

SAMPLE_RATE = 22_050
"""Samples a second of what eSpeak NG makes."""

WORDS_PER_MINUTE = 140
"""Slower than its 175: people hear this on a small loudspeaker, maybe in their second language."""

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_RATE = 1  # espeakRATE
_UTF8 = 1  # espeakCHARS_UTF8
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class NoSuchVoice(Exception):
    """eSpeak NG has no voice of this name."""


@cache
def _engine() -> Any:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
    if rate != SAMPLE_RATE:
        raise RuntimeError(f"eSpeak NG started with {rate} instead of {SAMPLE_RATE} samples a second")
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    return library


@cache
def knows(voice: str) -> bool:
    """Return whether eSpeak NG has a voice of this name."""
    return bool(_engine().espeak_SetVoiceByName(voice.encode()) == 0)


def speak(text: str, voice: str) -> bytes:
    """Speak a text: signed 16-bit samples, mono, SAMPLE_RATE a second, in this machine's byte order.

    voice: a name that eSpeak NG knows, like "ta". Raises NoSuchVoice.
    """
    engine = _engine()
    if engine.espeak_SetVoiceByName(voice.encode()) != 0:
        raise NoSuchVoice(voice)
    engine.espeak_SetParameter(_RATE, WORDS_PER_MINUTE, 0)
    spoken = bytearray()

    def take(samples: Any, count: int, _: Any) -> int:
        if samples and count:
            spoken.extend(ctypes.string_at(samples, count * 2))
        return 0

    callback = _CALLBACK(take)  # held until Synchronize is back: ctypes would free it
    engine.espeak_SetSynthCallback(callback)
    data = text.encode()
    engine.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
    engine.espeak_Synchronize()
    return bytes(spoken)
