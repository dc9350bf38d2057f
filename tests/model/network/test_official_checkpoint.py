"""Official checkpoints: of the authors' layout, filled by the reference rule, through convert."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from diffsheg_model.bundle import load_bundle
from diffsheg_model.cli.main import main
from diffsheg_model.engines import Conditions, create_engine
from diffsheg_model.errors import InputError
from diffsheg_model.network.official_checkpoint import convert_checkpoint, read_state_dict
from diffsheg_model.untrusted.restricted_pickle import load_npy
from tests.support import golden_reference as golden
from tests.support.recordings import DATA


def save_checkpoint(path, case, prefix='module.', edit=None):
    """A checkpoint as the authors' trainer saves it: optimiser and counters beside the weights."""
    state = golden.state_dict(case, golden.sinusoidal_positions)
    tensors = {prefix + name: torch.from_numpy(value) for name, value in state.items()}
    if edit:
        edit(tensors)
    torch.save({'encoder': tensors, 'opt_encoder': {'state': {}}, 'ep': 999}, path)
    return path


def save_statistics(folder, case):
    """Made statistics in the authors' files; returns (mean, std) as the model should get them."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    if case.startswith('beat'):
        values = {}
        for part, size in (('axis_angle', 141), ('json', 51)):
            for kind in ('mean', 'std'):
                values[part, kind] = random.uniform(0.1, 1, size)
                np.save(folder / f'{part}_{kind}.npy', values[part, kind])
        values['axis_angle', 'std'][7] = 2e-8
        np.save(folder / 'axis_angle_std.npy', values['axis_angle', 'std'])
        return [
            np.concatenate([values['axis_angle', kind], values['json', kind]])
            for kind in ('mean', 'std')
        ]
    pose_mean, pose_std = random.uniform(0.1, 1, (2, 165))
    face_mean, face_std = random.uniform(0.1, 1, (2, 100))
    saved = {
        'pose_mean': pose_mean,
        'pose_std': pose_std,
        'expression_mean': face_mean,
        'expression_std': face_std,
    }
    np.save(folder / 'talkshow_mean_std.npy', saved, allow_pickle=True)
    spine1, left_wrist = 12 + 3 * 2, 12 + 3 * 19
    mean = np.concatenate([np.full(129, np.nan), pose_mean[:3], face_mean])
    std = np.concatenate([np.full(129, np.nan), pose_mean[:3], face_std])
    mean[:3], std[:3] = pose_mean[spine1 : spine1 + 3], pose_std[spine1 : spine1 + 3]
    mean[33:36] = pose_mean[left_wrist : left_wrist + 3]
    mean[39:129], std[39:129] = pose_mean[75:], pose_std[75:]
    return mean, std


@pytest.mark.parametrize(
    'case',
    [
        'beat_tiny',
        pytest.param('show_tiny', marks=pytest.mark.slow),
        pytest.param('beat_full', marks=[pytest.mark.full_size, pytest.mark.slow]),
        pytest.param('show_full', marks=[pytest.mark.full_size, pytest.mark.slow]),
    ],
)
def test_a_converted_checkpoint_gives_the_published_numbers(case, tmp_path):
    checkpoint = save_checkpoint(tmp_path / 'fgd_best.tar', case)
    mean, std = save_statistics(tmp_path / 'stats', case)
    command = ['convert', '--checkpoint', str(checkpoint), '--stats', str(tmp_path / 'stats')]
    command += ['--format', case[:4], '-o', str(tmp_path / 'bundle')]
    assert main(command) == 0

    bundle = load_bundle(tmp_path / 'bundle')
    for values, expected in ((bundle.mean, mean), (bundle.std, std)):
        known = np.isfinite(expected)
        np.testing.assert_allclose(values[known], expected[known], rtol=1e-6)
    engine = create_engine('onnxruntime', bundle, threads=2)
    scale = golden.guidance_scale(case) or 1.0
    with np.load(golden.GOLDEN / f'unieg_{case}.npz') as expected:
        for key in expected.files:
            x, t, mel, speech, speaker = golden.step_inputs(key, case)
            eps = engine.denoiser(Conditions(mel, speech, speaker, scale), [t])(x, t)
            np.testing.assert_allclose(eps[0], expected[key], atol=1e-4, rtol=0, err_msg=key)
    engine.close()


def test_keys_may_lack_the_module_prefix(tmp_path):
    with_prefix = read_state_dict(save_checkpoint(tmp_path / 'a.tar', 'beat_tiny'))
    without = read_state_dict(save_checkpoint(tmp_path / 'b.tar', 'beat_tiny', prefix=''))
    assert with_prefix.keys() == without.keys()
    assert not any(name.startswith('module.') for name in without)


def drop_and_add(tensors):
    del tensors['module.encoder_ges.out.bias']
    tensors['module.decoder.weight'] = torch.zeros(2)
    tensors['module.encoder_exp.out.weight'] = torch.zeros(5, 64)


def spoil(tensors):
    tensors['module.encoder_ges.out.bias'][3] = torch.nan


@pytest.mark.parametrize(
    ('edit', 'messages'),
    [
        (
            drop_and_add,
            [
                '1 missing: encoder_ges.out.bias',
                '1 foreign: decoder.weight',
                r'encoder_exp.out.weight \(5, 64\) instead of \(51, 64\)',
            ],
        ),
        (spoil, ['encoder_ges.out.bias holds NaN']),
    ],
)
def test_what_does_not_fit_is_listed(edit, messages, tmp_path):
    checkpoint = save_checkpoint(tmp_path / 'c.tar', 'beat_tiny', edit=edit)
    save_statistics(tmp_path / 'stats', 'beat')
    for message in messages:
        with pytest.raises(InputError, match=message):
            convert_checkpoint(checkpoint, tmp_path / 'stats', 'beat', tmp_path / 'bundle')
    assert not (tmp_path / 'bundle').exists()


def test_a_checkpoint_of_the_other_dataset_is_named(tmp_path, capsys):
    checkpoint = save_checkpoint(tmp_path / 'c.tar', 'show_tiny')
    save_statistics(tmp_path / 'stats', 'beat')
    command = ['convert', '--checkpoint', str(checkpoint), '--stats', str(tmp_path / 'stats')]
    assert main([*command, '--format', 'beat', '-o', str(tmp_path / 'bundle')]) == 2
    message = capsys.readouterr().err
    assert 'is a checkpoint of show, not beat' in message
    assert message.count('\n') == 1


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path('touched-by-a-pickle'),))


def break_cut(path):
    save_checkpoint(path, 'beat_tiny')
    path.write_bytes(path.read_bytes()[:5000])


def break_code(path):
    torch.save({'encoder': Evil()}, path)


def break_foreign(path):
    torch.save({'generator': {'w': torch.zeros(3)}}, path)


def break_text(path):
    path.write_text('<!doctype html>')


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (break_cut, 'not a whole torch checkpoint'),
        (break_code, 'holds more than tensors'),
        (break_foreign, r"no state dict under 'encoder' \(it has: generator\)"),
        (break_text, 'c.tar'),
        (lambda path: None, 'does not exist'),
    ],
)
def test_broken_checkpoints_are_refused_in_one_line(damage, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damage(tmp_path / 'c.tar')
    with pytest.raises(InputError, match=message) as caught:
        read_state_dict(tmp_path / 'c.tar')
    assert '\n' not in str(caught.value)
    assert not Path('touched-by-a-pickle').exists()


def test_statistics_are_refused_in_one_line(tmp_path):
    checkpoint = save_checkpoint(tmp_path / 'c.tar', 'beat_tiny')
    stats = tmp_path / 'stats'
    with pytest.raises(InputError, match='axis_angle_mean.npy cannot be read'):
        convert_checkpoint(checkpoint, stats, 'beat', tmp_path / 'bundle')
    save_statistics(stats, 'beat')
    np.save(stats / 'json_std.npy', np.ones(50))
    with pytest.raises(InputError, match='standard deviation has 191 channels: must be 192'):
        convert_checkpoint(checkpoint, stats, 'beat', tmp_path / 'bundle')


def test_pickled_arrays_are_read_and_code_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save('good.npy', {'a': np.arange(3.0), 'b': [1, 'x']}, allow_pickle=True)
    values = load_npy('good.npy').item()
    assert values['a'].tolist() == [0, 1, 2]
    assert values['b'] == [1, 'x']
    np.save('evil.npy', np.array(Evil(), dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match='not a pickle of plain arrays'):
        load_npy('evil.npy')
    Path('cut.npy').write_bytes(Path('good.npy').read_bytes()[:-20])
    with pytest.raises(InputError, match='not a pickle of plain arrays'):
        load_npy('cut.npy')
    Path('bare.npy').write_bytes(pickle.dumps([1]))
    with pytest.raises(InputError, match='cannot be read'):
        load_npy('bare.npy')
    assert not Path('touched-by-a-pickle').exists()


@pytest.mark.parametrize('case', ['beat', 'show'])
def test_the_published_statistics_are_read(case, tmp_path):
    from diffsheg_model.motion.formats import FORMATS
    from diffsheg_model.network.official_checkpoint import read_statistics

    folder = DATA / f'{case}_stats'
    if not folder.is_dir():
        pytest.skip(f'{folder} is not here')
    mean, std = read_statistics(folder, FORMATS[case])
    assert (std > 0).all()
    assert mean.shape == (FORMATS[case].channels,)
