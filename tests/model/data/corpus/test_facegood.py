"""A corpus from FACEGOOD takes, and errors for damaged ones."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.cli.main import main
from diffsheg_model.data.corpus.build import build_corpus
from diffsheg_model.data.corpus.facegood import WEIGHT_MASK
from diffsheg_model.data.recordings.facegood import COLUMNS
from diffsheg_model.data.shards import open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from tests.support.corpus import options


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
