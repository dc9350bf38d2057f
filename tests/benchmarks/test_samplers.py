"""The table of `make bench-samplers`, on a tiny bundle and made recordings."""

import json

import numpy as np
import pytest

from benchmarks import samplers
from benchmarks.measures import Model
from benchmarks.samplers import COLUMNS, VARIANTS, Recordings, first_windows, measure
from benchmarks.takes import Body, Lips, Speech
from diffsheg_model.evaluation.metrics.lips import short_time_energy
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from tests.support.bundles import speech_like

RATE = 16000


@pytest.fixture(scope='module')
def model_of(tiny_bundle, tiny_engine):
    return lambda **options: Model(
        with_sampler(tiny_bundle, SamplerOptions(jump_n_sample=1, **options)),
        tiny_engine,
        None,
        2,
        lambda text: None,
    )


def test_a_row_has_every_column(model_of):
    speech = Speech('made', speech_like(4.6, RATE), RATE)
    energy = short_time_energy(speech.samples, RATE, BEAT.fps, 69)
    recordings = Recordings(
        speech,
        Lips(speech, energy, energy.max() - energy),
        Body(speech, np.random.default_rng(0).normal(0, 0.1, (69, 47, 3))),
    )
    model = model_of(steps=5, overlap=6, start_fraction=0.8)
    row = measure(model, recordings, first_windows(model, speech))
    assert set(COLUMNS) <= set(row)
    assert (row['first_calls'], row['later_calls']) == (5, 4)
    assert row['calls_per_second'] == pytest.approx(4 / (28 / 15))
    assert row['error'] == 0
    assert row['times_real_time'] > 0


def test_only_what_there_are_recordings_for_is_measured(model_of):
    speech = Speech('made', speech_like(4.6, RATE), RATE)
    model = model_of(steps=5)
    row = measure(model, Recordings(speech, None, None), first_windows(model, speech))
    assert 'seam_face' in row and 'other_jaw_energy_r' in row
    assert 'jaw_r' not in row and 'wrist_speed_ratio' not in row
    assert samplers.cells(row)[list(COLUMNS).index('jaw_r')] == '–'


def test_more_steps_are_nearer_to_the_reference(model_of, tiny_bundle):
    speech = Speech('made', speech_like(6.0, RATE), RATE)
    reference = first_windows(model_of(steps=200), speech)
    errors = [
        samplers.relative_error(first_windows(model_of(**options), speech), reference, tiny_bundle)
        for options in (
            {'steps': 5},
            {'steps': 50},
            {'steps': 50, 'solver': 'dpmpp_2m', 'spacing': 'log_snr'},
        )
    ]
    assert errors[1] < 0.5 * errors[0] and errors[2] < 0.5 * errors[0]


def test_the_whole_table(tiny_bundle, tmp_path, monkeypatch, capsys):
    """From the repository's own recording alone; what does not go together is left out."""
    for name in ('FACEGOOD', 'BEAT_TAKE'):
        monkeypatch.setattr(f'benchmarks.takes.{name}', tmp_path / 'none')
    chosen = ('ddim, 5 steps', 'overlap 12')
    monkeypatch.setattr(samplers, 'VARIANTS', {name: VARIANTS[name] for name in chosen})
    monkeypatch.setattr(samplers, 'REFERENCE', SamplerOptions(steps=30))
    files = tmp_path / 'table.md', tmp_path / 'table.json'
    arguments = ['--bundle', str(tiny_bundle.path), '--quick', '--markdown', str(files[0])]
    assert samplers.main([*arguments, '--json', str(files[1])]) == 0
    shown = capsys.readouterr()
    assert 'overlap 12' in shown.out
    assert 'left out: ddim, 5 steps: FoppasConfig.jump_length = 3' in shown.err
    values = json.loads(files[1].read_text())
    assert list(values) == ['overlap 12'] and values['overlap 12']['jaw_r'] is None
    assert files[0].read_text().splitlines()[2].startswith('| overlap 12 | 25 | 27 |')


def test_bad_options_are_one_line(tmp_path, capsys):
    assert samplers.main(['--seeds', '1']) == 2
    assert samplers.main(['--bundle', str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line[:6] for line in lines] == ['error:'] * 2
