"""The corpus command, from voices and from FACEGOOD takes, and what it says of bad input."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.cli.main import main
from diffsheg_model.config import FeatureConfig
from diffsheg_model.data.corpus.augment import augment, speech_level
from diffsheg_model.data.corpus.build import CorpusOptions, build_corpus
from diffsheg_model.data.corpus.facegood import WEIGHT_MASK
from diffsheg_model.data.corpus.synthetic import plan_takes
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
from diffsheg_model.data.recordings.facegood import COLUMNS, MAPPING
from diffsheg_model.data.shards import open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.features.stream import extract_features
from diffsheg_model.motion.formats import BEAT

SONORITY = {
    **dict.fromkeys('AA AE AO AW AY OW OY EH EY AH'.split(), 1.0),
    **dict.fromkeys('ER IH IY UH UW YY OE AX'.split(), 0.8),
    **dict.fromkeys('L R W Y M N NG'.split(), 0.5),
}
"""Rough loudness by kind of sound, 0..1, where no waveform is at hand; absent means 0.2."""

needs_espeak = pytest.mark.skipif(
    not espeak_voice.is_installed(), reason='no espeak-ng: apt-get install espeak-ng'
)
ONE_TAKE_H = 40 / 3600
QUICK = ('espeak:en-us+m3', 'espeak:de+f2')


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def options(**changes: object) -> CorpusOptions:
    return CorpusOptions(**{'hours': ONE_TAKE_H, 'seed': 3, 'voices': QUICK, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope='module')
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not espeak_voice.is_installed():
        pytest.skip('no espeak-ng: apt-get install espeak-ng')
    folder = tmp_path_factory.mktemp('corpus') / 'corpus'
    build_corpus(folder, options(hours=2 * ONE_TAKE_H), workers=2)
    return folder


def facegood_weights(audio: np.ndarray, names: list[str]) -> np.ndarray:
    """Captured weights that follow the sound, 30 a second."""
    frames = len(audio) * 30 // 16000
    level = np.sqrt(np.square(audio[: frames * 533].reshape(-1, 533)).mean(axis=1))
    captured = np.zeros((frames, COLUMNS))
    captured[: len(level), names.index('mouth_stretch_c')] = np.clip(2 * level, 0, 1)[:frames]
    captured[:, names.index('mouth_oh_c')] = 0.25
    captured[:, names.index('mouth_funnel_ul')] = 0.4
    return captured


@pytest.fixture()
def made_facegood(tmp_path: Path) -> Path:
    """A folder as FACEGOOD's, of noise bursts."""
    folder = tmp_path / 'facegood'
    folder.mkdir()
    rng = np.random.default_rng(0)
    known = sorted({column for shares in MAPPING.values() for column in shares})
    names = known + [f'other_{i}' for i in range(COLUMNS - len(known))]
    np.save(folder / 'blendshape_names.npy', np.array(names))
    for take in ('1114_2_01', '1114_2_05'):
        gate = np.repeat(rng.random(24) < 0.5, 8000)
        audio = (0.3 * rng.standard_normal(12 * 16000) * gate).astype(np.float32)
        soundfile.write(folder / f'{take}.wav', audio, 16000)
        np.save(folder / f'{take}.npy', facegood_weights(audio, names))
    return folder


@needs_espeak
def test_takes_fit_the_training_reader(small_corpus: Path) -> None:
    root = open_shards(small_corpus)
    assert len(root.takes) == 2
    index = json.loads((small_corpus / 'dataset.json').read_text())
    assert index['format'] == 'beat'
    for number, name in enumerate(index['takes']):
        folder = small_corpus / name
        mel, motion = np.load(folder / 'mel.npy'), np.load(folder / 'motion.npy')
        assert len(mel) == len(motion) > 300
        assert mel.shape[1] == 128
        assert motion.shape[1] == BEAT.channels
        assert mel.dtype == motion.dtype == np.float32
        card = json.loads((folder / 'take.json').read_text())
        assert card['speaker'] == number
        assert card['weight_mask'] == [True] * 51
        samples, rate = soundfile.read(folder / 'audio.wav', dtype='float32')
        assert rate == 16000
        heard = extract_features(samples, rate, FeatureConfig(), BEAT.fps).mel
        assert np.array_equal(mel, heard[: len(mel)])


@needs_espeak
def test_jaw_opens_with_the_recording_and_closes_in_its_pauses(small_corpus: Path) -> None:
    for folder in small_corpus.glob('synthetic-*'):
        jaw = np.load(folder / 'motion.npy')[:, 141 + BEAT.weight_names.index('jawOpen')]
        energy = np.sqrt(np.load(folder / 'mel.npy').sum(axis=1))
        assert np.corrcoef(jaw, energy)[0, 1] > 0.45
        assert jaw[:3].max() < 0.05


@needs_espeak
def test_same_seed_same_bytes_whatever_the_workers_and_the_resuming(
    small_corpus: Path, tmp_path: Path
) -> None:
    folder = tmp_path / 'again'
    build_corpus(folder, options(), workers=1)
    assert len(list(folder.glob('synthetic-*'))) == 1
    assert build_corpus(folder, options(hours=2 * ONE_TAKE_H), workers=1) > 0
    assert bytes_of(folder) == bytes_of(small_corpus)


@needs_espeak
def test_another_seed_gives_another_corpus_and_is_not_mixed_in(
    small_corpus: Path, tmp_path: Path
) -> None:
    build_corpus(tmp_path / 'other', options(seed=4), workers=1)
    name = 'synthetic-00000/motion.npy'
    assert (tmp_path / 'other' / name).read_bytes() != (small_corpus / name).read_bytes()
    with pytest.raises(InputError, match='made with another seed'):
        build_corpus(small_corpus, options(seed=4), workers=1)


def test_styles_take_turns_and_voices_that_validate_never_train() -> None:
    training = tuple(voice for voice in VOICES if not voice.held_out)
    plans = plan_takes(1.0, 0, training, validation=False)
    assert [plan.speaker for plan in plans[:9]] == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    assert plans[:30] == plan_takes(0.4, 0, training, validation=False)[:30]
    held_out = {voice.name for voice in VOICES if voice.held_out}
    assert not held_out & {plan.voice.name for plan in plans}
    assert {voice.language for voice in VOICES if voice.held_out} >= {'en', 'cs', 'cmn'}


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


def test_augmented_speech_keeps_its_timing_and_varies_its_level() -> None:
    rng = np.random.default_rng(0)
    gate = np.repeat(np.arange(20) % 2, 4000)
    dry = (0.2 * rng.standard_normal(80000) * gate).astype(np.float32)
    levels = []
    for seed in range(12):
        heard = augment(dry, 16000, np.random.default_rng(seed))
        assert heard.dtype == np.float32
        assert heard.shape == dry.shape
        assert np.abs(heard).max() <= 1.0
        power = np.square(heard).reshape(20, 4000).mean(axis=1)
        assert power[1::2].mean() > 1.5 * power[0::2].mean()
        levels.append(20 * np.log10(speech_level(heard, 16000)))
    assert min(levels) > -45
    assert max(levels) < -9
    assert max(levels) - min(levels) > 12
    assert np.array_equal(augment(dry, 16000, np.random.default_rng(5)),
                          augment(dry, 16000, np.random.default_rng(5)))  # fmt: skip


def test_facegood_trains_without_the_validation_take(made_facegood: Path, tmp_path: Path) -> None:
    folder = tmp_path / 'corpus'
    build_corpus(folder, options(hours=0, facegood=made_facegood, facegood_copies=2), workers=1)
    takes = json.loads((folder / 'dataset.json').read_text())['takes']
    assert takes == ['facegood-1114_2_01-0', 'facegood-1114_2_01-1']
    open_shards(folder)
    cards = [json.loads((folder / take / 'take.json').read_text()) for take in takes]
    assert [card['speaker'] for card in cards] == [0, 1]
    assert cards[0]['weight_mask'] == list(WEIGHT_MASK)
    assert 'MIT' in cards[0]['licence']
    plain, _ = soundfile.read(folder / takes[0] / 'audio.wav', dtype='float32')
    source, _ = soundfile.read(made_facegood / '1114_2_01.wav', dtype='float32')
    assert plain == pytest.approx(source, abs=1e-4)
    for take in takes:  # in the copy at another tempo, too
        jaw = np.load(folder / take / 'motion.npy')[:, 141 + BEAT.weight_names.index('jawOpen')]
        energy = np.sqrt(np.load(folder / take / 'mel.npy').sum(axis=1))
        assert np.corrcoef(jaw, energy)[0, 1] > 0.7
    validation = tmp_path / 'validation'
    build_corpus(
        validation,
        options(hours=0, facegood=made_facegood, facegood_copies=1, validation=True),
        workers=1,
    )
    kept = json.loads((validation / 'dataset.json').read_text())['takes']
    assert kept == ['facegood-1114_2_05-0']


def test_a_damaged_recording_costs_no_other(made_facegood: Path, tmp_path: Path) -> None:
    for kind in ('wav', 'npy'):
        shutil.copy(made_facegood / f'1114_2_05.{kind}', made_facegood / f'0_first.{kind}')
    (made_facegood / '0_first.npy').write_bytes(b'\x93NUMPY')
    folder = tmp_path / 'corpus'
    arguments = (folder, options(hours=0, facegood=made_facegood, facegood_copies=1), 1)
    with pytest.raises(
        InputError, match=r'1 of 2 takes could not be made \(0_first: .*0_first.npy'
    ):
        build_corpus(*arguments)
    assert (folder / 'facegood-1114_2_01-0' / 'take.json').is_file()
    shutil.copy(made_facegood / '1114_2_05.npy', made_facegood / '0_first.npy')
    build_corpus(*arguments)
    assert len(open_shards(folder).takes) == 2


def spoil(folder: Path, how: str) -> None:
    take = folder / '1114_2_01.npy'
    if how == 'names':
        (folder / 'blendshape_names.npy').unlink()
    elif how == 'shape':
        np.save(take, np.zeros((360, 20)))
    elif how == 'nan':
        np.save(take, np.full((360, COLUMNS), np.nan))
    elif how == 'short':
        np.save(take, np.zeros((90, COLUMNS)))
    elif how == 'cut':
        take.write_bytes(take.read_bytes()[:300])
    elif how == 'audio':
        (folder / '1114_2_01.wav').write_bytes(b'nothing')


@pytest.mark.parametrize(
    ('how', 'message'),
    [
        ('names', 'has no blendshape_names.npy'), ('shape', 'must be (frames, 116)'),
        ('nan', 'NaN'), ('short', '90 frames at 30 fps, 3.00 s'),
        ('cut', '1114_2_01.npy is cut'), ('audio', '1114_2_01.wav'),
    ],
)  # fmt: skip
def test_spoilt_facegood_is_refused_in_one_line(
    how: str,
    message: str,
    made_facegood: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(made_facegood, how)
    arguments = ['corpus', '-o', str(tmp_path / 'out'), '--hours', '0', '--facegood']
    assert main([*arguments, str(made_facegood)]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.splitlines()[-1].startswith('error: ')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--hours', '-1'], '--hours -1.0: must be from 0'),
        (['--hours', 'nan'], '--hours nan: must be from 0'),
        (['--seed', '-2'], '--seed -2: must be 0 or more'),
        (['--workers', '-3'], '--workers -3: must be from 1'),
        (['--hours', '0'], 'nothing to make'),
        (['--facegood', '/nowhere', '--hours', '0'], 'has no blendshape_names.npy'),
        (['--voices', 'flite:nobody'], "no voice 'flite:nobody'"),
    ],
)
def test_bad_options_are_refused_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['corpus', '-o', str(tmp_path / 'out'), *arguments]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: ')
    assert message in shown
    assert shown.count('\n') == 1
    assert not (tmp_path / 'out').exists()


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


def test_a_damaged_recipe_is_named(tmp_path: Path, made_facegood: Path) -> None:
    (tmp_path / 'corpus').mkdir()
    (tmp_path / 'corpus' / 'corpus.json').write_text('{"version"')
    with pytest.raises(InputError, match='corpus.json is damaged'):
        build_corpus(tmp_path / 'corpus', options(hours=0, facegood=made_facegood), workers=1)
