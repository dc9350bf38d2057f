"""The corpus command, from voices and from FACEGOOD takes, and what it says of bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.cli.main import main
from diffsheg_model.config import FeatureConfig
from diffsheg_model.data.corpus.build import build_corpus
from diffsheg_model.data.corpus.voices import espeak as espeak_voice
from diffsheg_model.data.shards import open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.features.stream import extract_features
from diffsheg_model.motion.formats import BEAT
from tests.support.corpus import ONE_TAKE_H, options

needs_espeak = pytest.mark.skipif(
    not espeak_voice.is_installed(), reason='no espeak-ng: apt-get install espeak-ng'
)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


@pytest.fixture(scope='module')
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not espeak_voice.is_installed():
        pytest.skip('no espeak-ng: apt-get install espeak-ng')
    folder = tmp_path_factory.mktemp('corpus') / 'corpus'
    build_corpus(folder, options(hours=2 * ONE_TAKE_H), workers=2)
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


def test_a_damaged_recipe_is_named(tmp_path: Path, made_facegood: Path) -> None:
    (tmp_path / 'corpus').mkdir()
    (tmp_path / 'corpus' / 'corpus.json').write_text('{"version"')
    with pytest.raises(InputError, match='corpus.json is damaged'):
        build_corpus(tmp_path / 'corpus', options(hours=0, facegood=made_facegood), workers=1)
