"""The table of `make evaluate-default`, on a tiny bundle and made recordings."""

import numpy as np
import pytest

from benchmarks import measures
from benchmarks.baselines import Ridge, energy_at_best_lag
from benchmarks.evaluate_default import AIMS, Aim, flat
from benchmarks.takes import Body, Lips, Speech
from diffsheg_model.evaluation.metrics.lips import short_time_energy
from diffsheg_model.motion.formats import BEAT
from tests.support.bundles import speech_like

RATE = 16000


def spoken(seconds: float, seed: int = 0) -> Speech:
    return Speech('made', speech_like(seconds, RATE, seed), RATE)


def lips_of(speech: Speech) -> Lips:
    """Lips that open as loud as it is, a frame later."""
    frames = int(speech.duration_s * BEAT.fps)
    energy = np.roll(short_time_energy(speech.samples, RATE, BEAT.fps, frames), 1)
    return Lips(speech, energy, energy.max() - energy)


@pytest.fixture(scope='module')
def model(tiny_bundle, tiny_engine):
    return measures.Model(tiny_bundle, tiny_engine, None, 2, lambda text: None)


@pytest.mark.parametrize(
    ('aim', 'value', 'reached', 'target'),
    [
        (Aim('m', '', 0.8), 0.8, True, '>= 0.8'),
        (Aim('m', '', 0.8), 0.79, False, '>= 0.8'),
        (Aim('m', '', None, 0.3), 0.31, False, '<= 0.3'),
        (Aim('m', '', 8, 30), 31, False, '8 .. 30'),
        (Aim('m', '', 0, 0), 0, True, '0'),
        (Aim('m', '', 0.8), None, None, '>= 0.8'),
        (Aim('m', ''), 5, None, ''),
    ],
)
def test_an_aim_is_reached_or_not(aim, value, reached, target):
    assert aim.reached(value) is reached
    assert aim.target() == target


def test_every_row_is_measured_and_the_json_is_flat(model):
    speech = spoken(4.6)
    take = lips_of(speech)
    motions = model.motions(speech)
    real = Body(speech, np.random.default_rng(0).normal(0, 0.1, (69, 47, 3)))
    scores = {
        **measures.captured_lips(model, take, motions, None),
        **measures.heard_lips(model, speech, motions, None, 'english'),
        **measures.heard_lips(model, speech, motions, None, 'other'),
        **measures.eyes(model, motions, speech),
        **measures.gesture(model, real, motions),
        **measures.style(model, spoken(2.4)),
        **measures.seam_quality(model, motions),
        **measures.cost(model, spoken(1.0), 1),
    }
    assert {aim.metric for aim in AIMS} <= set(scores)
    values = flat(scores)
    assert all(value is None or isinstance(value, float) for value in values.values())
    assert values['same_seed_difference'] == 0
    assert values['two_seeds_cm'] > 0
    assert values['english_jaw_energy_r.energy'] == pytest.approx(1)
    assert values['jaw_r.energy'] > 0.95
    assert values['outside_limits.teacher'] == 0
    assert values['style_chance'] == 0.25
    assert values['size_mb'] > 0


def test_what_was_not_measured_is_null():
    values = flat({})
    assert set(values) == {aim.metric for aim in AIMS}
    assert set(values.values()) == {None}


def test_the_baselines_know_lips_that_follow_the_sound():
    takes = [lips_of(spoken(12.0, seed)) for seed in range(2)]
    unseen = lips_of(spoken(12.0, 2))
    jaw, rounding = Ridge(takes).predict(unseen.speech)
    frames = min(len(jaw), len(unseen.jaw))
    assert np.corrcoef(jaw[:frames], unseen.jaw[:frames])[0, 1] > 0.8
    assert np.corrcoef(rounding[:frames], unseen.rounding[:frames])[0, 1] > 0.8
    moved = energy_at_best_lag(unseen.speech, unseen.jaw)
    np.testing.assert_allclose(moved[1:], unseen.jaw[1:], atol=1e-9)
