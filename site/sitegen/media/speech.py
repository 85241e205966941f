"""Speak texts with eSpeak NG, which has voices for every language of the programme and is used only here.

It runs inside this process through ctypes (espeak-ng's speak_lib.h); one process speaks one text at a time. The engine
keeps the phase of its voice's flutter from one text to the next. It is loaded anew for each text, in 0.4 ms, so that
the same text always has the same samples.
"""

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


_engine_lock = threading.Lock()
"""Held while the engine is used, so that no other thread unloads it."""


class _Voice(ctypes.Structure):
    """The first fields of espeak_VOICE."""

    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.c_char_p), ("identifier", ctypes.c_char_p))


def _load() -> Any:
    """Load and initialise the engine. Raises RuntimeError where it has another sample rate."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
    if rate != SAMPLE_RATE:
        raise RuntimeError(f"eSpeak NG started with {rate} instead of {SAMPLE_RATE} samples a second")
    library.espeak_GetCurrentVoice.restype = ctypes.POINTER(_Voice)
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    return library


def _unload(engine: Any) -> None:
    """Unload the engine, and free its memory."""
    import _ctypes  # noqa: PLC0415 - ctypes itself does not offer it

    engine.espeak_Terminate()
    if sys.platform == "win32":
        _ctypes.FreeLibrary(engine._handle)
    else:
        _ctypes.dlclose(engine._handle)


@contextmanager
def _engine() -> Iterator[Any]:
    """Yield a newly loaded engine."""
    with _engine_lock:
        engine = _load()
        try:
            yield engine
        finally:
            _unload(engine)


@cache
def _voice_file(voice: str) -> bytes:
    """Return the file name of a voice, like "inc/or", which eSpeak NG finds faster than the voice's name.

    Raises NoSuchVoice.
    """
    with _engine() as engine:
        if engine.espeak_SetVoiceByName(voice.encode()) != 0:
            raise NoSuchVoice(voice)
        return bytes(engine.espeak_GetCurrentVoice().contents.identifier)


def has_voice(voice: str) -> bool:
    """Return whether eSpeak NG has a voice of this name."""
    try:
        return bool(_voice_file(voice))
    except NoSuchVoice:
        return False


def speak(text: str, voice: str) -> bytes:
    """Return a spoken text: signed 16-bit samples, mono, SAMPLE_RATE a second, in this machine's byte order.

    voice: a voice of eSpeak NG, like "ta". Raises NoSuchVoice.
    """
    file, spoken = _voice_file(voice), bytearray()

    def collect(samples: Any, count: int, _: Any) -> int:
        if samples and count:
            spoken.extend(ctypes.string_at(samples, count * 2))
        return 0

    callback = _CALLBACK(collect)  # referenced until Synchronize returns, so that ctypes does not free it
    with _engine() as engine:
        engine.espeak_SetVoiceByName(file)
        engine.espeak_SetParameter(_RATE, WORDS_PER_MINUTE, 0)
        engine.espeak_SetSynthCallback(callback)
        data = text.encode()
        engine.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        engine.espeak_Synchronize()
    return bytes(spoken)
