"""Speech and phone times from flite's C library."""

import ctypes
import functools

import numpy as np

from diffsheg_model.data.corpus.voices.phones import name_from_segment
from diffsheg_model.data.corpus.voices.speech import Speech, phones_from_ends
from diffsheg_model.errors import InputError

_POINTER = ctypes.c_void_p


class _Wave(ctypes.Structure):
    _fields_ = [
        ('type', ctypes.c_char_p),
        ('sample_rate', ctypes.c_int),
        ('num_samples', ctypes.c_int),
        ('num_channels', ctypes.c_int),
        ('samples', ctypes.POINTER(ctypes.c_short)),
    ]


def is_installed() -> bool:
    """Return True if flite is installed."""
    try:
        _library()
    except InputError:
        return False
    return True


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL('libflite.so.1', mode=ctypes.RTLD_GLOBAL)
        for language in ('usenglish', 'cmulex'):
            ctypes.CDLL(f'libflite_{language}.so.1', mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise InputError('flite is not installed: apt-get install libflite1') from error
    signatures = {
        'flite_synth_text': (_POINTER, [ctypes.c_char_p, _POINTER]),
        'utt_relation': (_POINTER, [_POINTER, ctypes.c_char_p]),
        'relation_head': (_POINTER, [_POINTER]),
        'item_next': (_POINTER, [_POINTER]),
        'flite_ffeature_string': (ctypes.c_char_p, [_POINTER, ctypes.c_char_p]),
        'flite_ffeature_float': (ctypes.c_float, [_POINTER, ctypes.c_char_p]),
        'utt_wave': (_POINTER, [_POINTER]),
        'delete_utterance': (None, [_POINTER]),
        'flite_feat_set_float': (None, [_POINTER, ctypes.c_char_p, ctypes.c_float]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.flite_init()
    return library


@functools.cache
def _voice(name: str) -> int:
    _library()
    try:
        register = getattr(ctypes.CDLL(f'libflite_cmu_us_{name}.so.1'), f'register_cmu_us_{name}')
    except (OSError, AttributeError) as error:
        raise InputError(
            f'flite voice {name!r} is not installed: apt-get install libflite1'
        ) from error
    register.restype, register.argtypes = _POINTER, [ctypes.c_char_p]
    return int(register(None))


def speak(name: str, text: str, stretch: float, pitch_hz: float) -> Speech:
    """Speak English text.

    Args:
        name: 'slt', 'rms' or 'awb'. (The segment times of kal16 do not match its waveform.)
        text: one or more sentences.
        stretch: duration factor; 1 is the default speed of the voice, 1.2 a fifth slower.
        pitch_hz: mean pitch, Hz; 0 is the default of the voice.
    """
    library, voice = _library(), _voice(name)
    # struct cst_voice begins with {const char *name; cst_features *features; ...}
    features = ctypes.cast(voice, ctypes.POINTER(_POINTER))[1]
    library.flite_feat_set_float(features, b'duration_stretch', stretch)
    if pitch_hz > 0:
        library.flite_feat_set_float(features, b'int_f0_target_mean', pitch_hz)
    utterance = library.flite_synth_text(text.encode('ascii', 'ignore'), voice)
    try:
        wave = ctypes.cast(library.utt_wave(utterance), ctypes.POINTER(_Wave)).contents
        samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)) / np.float32(32768)
        segments = []
        segment = library.relation_head(library.utt_relation(utterance, b'Segment'))
        while segment:
            stressed = library.flite_ffeature_string(segment, b'R:SylStructure.parent.stress')
            accented = library.flite_ffeature_string(segment, b'R:SylStructure.parent.accented')
            segments.append(
                (
                    name_from_segment(
                        library.flite_ffeature_string(segment, b'name').decode(), 'en'
                    ),
                    float(library.flite_ffeature_float(segment, b'end')),
                    int(stressed == b'1') + int(stressed == b'1' and accented == b'1'),
                )
            )
            segment = library.item_next(segment)
        rate = wave.sample_rate
        samples = samples.astype(np.float32)
    finally:
        library.delete_utterance(utterance)
    return Speech(samples, rate, phones_from_ends(segments, len(samples) / rate))
