"""All kinds of voices: phone times, missing packages, unknown names."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.voices import espeak as espeak_voice
from diffsheg_model.data.corpus.voices import festival as festival_voice
from diffsheg_model.data.corpus.voices import flite as flite_voice
from diffsheg_model.data.corpus.voices.voices import (
    VOICES,
    Voice,
    by_label,
    installed,
    speak_all,
)
from diffsheg_model.errors import InputError

SONORITY = {
    **dict.fromkeys('AA AE AO AW AY OW OY EH EY AH'.split(), 1.0),
    **dict.fromkeys('ER IH IY UH UW YY OE AX'.split(), 0.8),
    **dict.fromkeys('L R W Y M N NG'.split(), 0.5),
}
"""Rough loudness by kind of sound, 0..1, where no waveform is at hand; absent means 0.2."""


@pytest.mark.parametrize(
    'label',
    ['espeak:en-us+f2', 'espeak:cmn-latn-pinyin+m1', 'flite:slt', 'festival:ked_diphone',
     'festival:czech_krb'],
)  # fmt: skip
def test_voices_are_loud_when_their_phones_say_so(label: str) -> None:
    """The phone times are those of the waveform: sonority follows the level."""
    voice = next(voice for voice in VOICES if voice.label == label)
    if voice not in installed((voice,)):
        pytest.skip(f'{label} is not installed')
    rng = np.random.default_rng(1)
    texts = {
        'en': ['Bob found the amazing old bridge.', 'We saw nobody at noon.'],
        'cs': ['dobrý den, máma vaří jablko.', 'velký dům má žlutý most.'],
        'cmn': ['ma1ma5 mai3 ping2guo3.', 'wo3men5 kan4jian4 da4hai3.'],
    }[voice.language]
    for speech in speak_all(voice, texts, rng):
        assert np.abs(speech.samples).max() > 0.05
        hop = speech.rate // 100
        frames = len(speech.samples) // hop
        level = np.sqrt(np.square(speech.samples[: frames * hop].reshape(frames, hop)).mean(axis=1))
        expected = np.zeros(frames)
        for phone in speech.phones:
            span = slice(int(phone.start_s * 100), int(phone.end_s * 100))
            expected[span] = 0.0 if phone.name == 'sil' else SONORITY.get(phone.name, 0.2)
        assert np.corrcoef(np.sqrt(level), expected)[0, 1] > 0.45
        assert any(phone.name in ('M', 'B', 'P') for phone in speech.phones)
        ends = [phone.end_s for phone in speech.phones]
        assert ends == sorted(ends)
        assert ends[-1] == pytest.approx(speech.duration_s, abs=0.05)


def test_a_missing_voice_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    festival_voice.installed_voices.cache_clear()
    monkeypatch.setenv('PATH', '')
    try:
        with pytest.raises(InputError, match='apt-get install festival festvox-kdlpc16k'):
            by_label('festival:ked_diphone')
        with pytest.raises(InputError, match='apt-get install festival festvox-czech-krb'):
            festival_voice.speak_all('czech_krb', 'cs', ['dobrý den.'], 1.0, 0.0)
    finally:
        festival_voice.installed_voices.cache_clear()


def test_an_unknown_engine_voice_is_refused() -> None:
    if flite_voice.is_installed():
        with pytest.raises(InputError, match='not installed: apt-get install libflite1'):
            flite_voice.speak('nobody', 'Hello.', 1.0, 0.0)
    if espeak_voice.is_installed():
        with pytest.raises(InputError, match="no voice 'xx-none'"):
            speak_all(Voice('espeak', 'xx-none', 'en'), ['Hello.'], np.random.default_rng(0))
