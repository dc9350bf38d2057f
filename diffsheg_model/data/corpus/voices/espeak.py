"""Speech and phone times from espeak-ng's C library, hundreds of times faster than real time."""

import ctypes
import functools
from typing import Any

import numpy as np

from diffsheg_model.data.corpus.voices.phones import (
    SILENCE,
    VOWELS,
    Phone,
    names_from_ipa,
)
from diffsheg_model.data.corpus.voices.speech import Speech
from diffsheg_model.errors import InputError

_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 1 | 2
_EVENT_END, _EVENT_WORD, _EVENT_PHONEME = 0, 1, 7
_UTF8 = 1
_RATE_HZ = 22050
_RATE_WPM, _PITCH = 1, 3


class _EventId(ctypes.Union):
    _fields_ = [('number', ctypes.c_int), ('name', ctypes.c_char_p), ('string', ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ('type', ctypes.c_int),
        ('unique_identifier', ctypes.c_uint),
        ('text_position', ctypes.c_int),
        ('length', ctypes.c_int),
        ('audio_position', ctypes.c_int),
        ('sample', ctypes.c_int),
        ('user_data', ctypes.c_void_p),
        ('id', _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Recorder:
    """Collects the audio and the events of one call."""

    def __init__(self) -> None:
        self.audio: list[bytes] = []
        self.events: list[tuple[int, int, str | int]] = []
        self.callback = _Callback(
            self._receive
        )  # keeps the callback alive: the library holds only a pointer

    def _receive(self, wave: Any, count: int, event: Any) -> int:
        if wave and count > 0:
            self.audio.append(ctypes.string_at(wave, 2 * count))
        at = 0
        while event[at].type != _EVENT_END:
            item = event[at]
            if item.type == _EVENT_PHONEME:
                name = bytes(item.id.string).decode('utf-8', 'ignore')
                self.events.append((_EVENT_PHONEME, item.sample, name))
            elif item.type == _EVENT_WORD:
                self.events.append((_EVENT_WORD, item.sample, item.text_position))
            at += 1
        return 0


def is_installed() -> bool:
    """Return True if espeak-ng is installed."""
    try:
        _load()
    except InputError:
        return False
    return True


@functools.cache
def _load() -> ctypes.CDLL:
    try:
        return ctypes.CDLL('libespeak-ng.so.1')
    except OSError as error:
        raise InputError('espeak-ng is not installed: apt-get install espeak-ng') from error


@functools.cache
def _start() -> ctypes.CDLL:
    """Initialise the library, once in a process: espeak-ng may hang on a second start."""
    library = _load()
    if library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS_IN_IPA) != _RATE_HZ:
        raise InputError('espeak-ng does not start: apt-get install --reinstall espeak-ng-data')
    return library


@functools.cache
def _stressed_vowel(voice: str, word: str) -> int | None:
    """Return the index of a word's stressed vowel; None for an unstressed word."""
    library = _start()
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    text = ctypes.c_char_p(word.encode())
    spoken = library.espeak_TextToPhonemes(ctypes.byref(text), _UTF8, 2) or b''
    before, mark, _ = spoken.decode('utf-8', 'ignore').partition('ˈ')
    if not mark:
        return None
    return sum(name in VOWELS for name in names_from_ipa(before))


def speak(name: str, text: str, stretch: float, pitch: float) -> Speech:
    """Speak text.

    The library keeps the phase of its pitch flutter and uses the random numbers of the C library.
    So only the same calls from the start of a process give the same samples.

    Args:
        name: a voice and variant such as 'en-us+f3'.
        text: one or more sentences in the voice's language.
        stretch: duration factor; 1 is 170 words a minute.
        pitch: espeak's pitch setting, 0..99.
    """
    library = _start()
    recorder = _Recorder()
    if library.espeak_SetVoiceByName(name.encode()) != 0:
        raise InputError(f'espeak-ng has no voice {name!r}: apt-get install espeak-ng-data')
    library.espeak_SetParameter(_RATE_WPM, int(round(170 / stretch)), 0)
    library.espeak_SetParameter(_PITCH, int(round(pitch)), 0)
    library.espeak_SetSynthCallback(recorder.callback)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
    samples = np.frombuffer(b''.join(recorder.audio), np.int16) / np.float32(32768)
    rate = _RATE_HZ
    return Speech(samples, rate, _phones(name, text, recorder.events, len(samples), rate))


def _phones(
    voice: str, text: str, events: list[tuple[int, int, str | int]], total: int, rate: int
) -> tuple[Phone, ...]:
    sounds: list[tuple[int, list[str], int]] = []  # first sample, names, stress
    stressed, vowels = None, 0
    for kind, sample, value in events:
        if kind == _EVENT_WORD:
            word = text[int(value) - 1 :].split()[:1]
            stressed = _stressed_vowel(voice, word[0].strip('.,!?')) if word else None
            vowels = 0
            continue
        label = str(value).strip('_:')
        if label.startswith('('):
            continue
        names = names_from_ipa(label) if label else [SILENCE]
        if not names:
            continue
        has_vowel = any(name in VOWELS for name in names)
        stress = int(has_vowel and vowels == stressed)
        vowels += has_vowel
        sounds.append((sample, names, stress))
    phones: list[Phone] = []
    for at, (first, names, stress) in enumerate(sounds):
        last = sounds[at + 1][0] if at + 1 < len(sounds) else total
        last = min(last, total)
        if last - first < 0.005 * rate:
            continue
        step = (last - first) / len(names)
        for part, name in enumerate(names):
            start = first + part * step
            phones.append(Phone(name, start / rate, (start + step) / rate, stress))
    return tuple(phones)
