"""All synthetic voices with their languages and pitch ranges, and one function to speak."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from diffsheg_model.data.corpus.voices import espeak as espeak_voice
from diffsheg_model.data.corpus.voices import festival as festival_voice
from diffsheg_model.data.corpus.voices import flite as flite_voice
from diffsheg_model.data.corpus.voices.speech import Speech
from diffsheg_model.data.corpus.voices.text import ENGLISH
from diffsheg_model.errors import InputError


@dataclass(frozen=True)
class Voice:
    """A synthetic speaker.

    Attributes:
        engine: 'flite', 'festival' or 'espeak'.
        name: name of the voice in the engine.
        language: a key of words.WORDS, or 'en'.
        pitch: range of the mean pitch: Hz for flite and festival, 0..99 for espeak; (0, 0) keeps
            the default of the voice.
        share: relative frequency in a corpus.
        held_out: True for voices of the validation set, which never train.
    """

    engine: str
    name: str
    language: str
    pitch: tuple[float, float] = (0.0, 0.0)
    share: float = 1.0
    held_out: bool = False

    @property
    def label(self) -> str:
        return f'{self.engine}:{self.name}'


_ESPEAK_VARIANTS = (
    'm1 m2 m3 m4 m5 m6 m7 f1 f2 f3 f4 f5 Alex Andy Annie Denis Diogo Gene Henrique Hugo Lee linda '
    'Michael michel miguel Mike pablo paul steph belinda boris caleb david edward john max rob'
).split()
_ESPEAK_LANGUAGES = {
    'en': ('en-us', 'en', 'en-gb-x-rp', 'en-gb-scotland'),
    'cmn': ('cmn-latn-pinyin',),
    'de': ('de',),
    'fr': ('fr',),
    'es': ('es',),
    'it': ('it',),
    'pl': ('pl',),
    'ja': ('ja',),
    'tr': ('tr',),
    'ru': ('ru',),
    'fi': ('fi',),
    'cs': ('cs',),
}

_HELD_OUT_VARIANTS = ('m7', 'f5', 'Hugo')


def _espeak_voices() -> Iterator[Voice]:
    """Yield every language in every variant; the variants share the weight of the language."""
    for language, names in _ESPEAK_LANGUAGES.items():
        share = (6.0 if language == ENGLISH else 2.5) / (len(names) * len(_ESPEAK_VARIANTS))
        for name in names:
            for variant in _ESPEAK_VARIANTS:
                held_out = variant in _HELD_OUT_VARIANTS
                yield Voice(
                    'espeak', f'{name}+{variant}', language, (25, 75), share, held_out=held_out
                )


VOICES = (
    Voice('flite', 'slt', 'en', (140, 220), 5),
    Voice('flite', 'rms', 'en', (75, 130), 5),
    Voice('flite', 'awb', 'en', (90, 160), 5, held_out=True),
    Voice('festival', 'cmu_us_slt_arctic_hts', 'en', share=3),
    Voice('festival', 'kal_diphone', 'en', (80, 150), 1.5),
    Voice('festival', 'ked_diphone', 'en', (75, 140), 2),
    Voice('festival', 'czech_machac', 'cs', share=2),
    Voice('festival', 'czech_krb', 'cs', share=2),
    Voice('festival', 'czech_ph', 'cs', share=1),
    Voice('festival', 'czech_dita', 'cs', share=2, held_out=True),
    Voice('festival', 'lp_diphone', 'it', share=2),
    Voice('festival', 'pc_diphone', 'it', share=2),
    Voice('festival', 'suo_fi_lj_diphone', 'fi', share=2),
    Voice('festival', 'hy_fi_mv_diphone', 'fi', share=2),
    Voice('festival', 'msu_ru_nsh_clunits', 'ru', share=3),
    Voice('festival', 'upc_ca_ona_hts', 'ca', share=3, held_out=True),
    *_espeak_voices(),
)

_PACKAGES = {'flite': 'libflite1', 'espeak': 'espeak-ng', 'festival': 'festival'}


def _is_installed(voice: Voice) -> bool:
    if voice.engine == 'flite':
        return flite_voice.is_installed()
    if voice.engine == 'espeak':
        return espeak_voice.is_installed()
    return voice.name in festival_voice.installed_voices()


def installed(voices: tuple[Voice, ...] = VOICES) -> tuple[Voice, ...]:
    """Return the installed voices."""
    return tuple(voice for voice in voices if _is_installed(voice))


def missing_packages() -> list[str]:
    """Return the Debian packages of missing voices, in alphabetical order."""
    return sorted(
        {
            festival_voice.package_of(voice.name)
            if voice.engine == 'festival'
            else _PACKAGES[voice.engine]
            for voice in VOICES
            if not _is_installed(voice)
        }
    )


def by_label(label: str) -> Voice:
    """Return the voice called 'engine:name'.

    Raises:
        InputError: no such voice, or it is not installed.
    """
    for voice in VOICES:
        if voice.label == label:
            if _is_installed(voice):
                return voice
            package = (
                f'festival {festival_voice.package_of(voice.name)}'
                if voice.engine == 'festival'
                else _PACKAGES[voice.engine]
            )
            raise InputError(f'voice {label!r} is not installed: apt-get install {package}')
    raise InputError(f'no voice {label!r}: use one such as flite:slt, festival:kal_diphone or '
                     'espeak:en-us+f2')  # fmt: skip


def speak_all(voice: Voice, sentences: list[str], rng: np.random.Generator) -> list[Speech]:
    """Speak sentences with one voice, at a speed and pitch drawn once per call.

    Call it in a new process: the synthesisers use the random numbers of the C library and keep
    state between sentences. Only the first call gives the same samples for the same generator.
    """
    stretch = float(np.exp(rng.uniform(np.log(0.82), np.log(1.3))))
    pitch = float(rng.uniform(*voice.pitch)) if voice.pitch[1] else 0.0
    seed = int(rng.integers(1, 2**31 - 1))
    ctypes.CDLL(None).srand(seed)
    if voice.engine == 'festival':
        return festival_voice.speak_all(voice.name, voice.language, sentences, stretch, pitch)
    if voice.engine == 'flite':
        return [flite_voice.speak(voice.name, text, stretch, pitch) for text in sentences]
    return [espeak_voice.speak(voice.name, text, stretch, pitch) for text in sentences]
