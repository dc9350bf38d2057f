"""Presets fit every bundle."""

import dataclasses

import pytest

from diffsheg_model.config import FoppasConfig
from diffsheg_model.session.presets import PRESETS, live_options
from diffsheg_model.session.window_planner import WindowPlanner
from tests.model.session.test_window_planner import run


@pytest.mark.parametrize('name', PRESETS)
@pytest.mark.parametrize(
    ('fps', 'window_frames', 'overlap'),
    [(15, 34, 8), (15, 34, 0), (15, 34, 20), (15, 34, 33), (30, 88, 10), (60, 20, 4), (1, 2, 1)],
)
def test_a_preset_fits_every_bundle(tiny_bundle, name, fps, window_frames, overlap):
    config = dataclasses.replace(
        tiny_bundle.config,
        format=dataclasses.replace(
            tiny_bundle.config.format, fps=float(fps), window_frames=window_frames
        ),
        foppas=FoppasConfig(overlap=overlap),
    )
    live = live_options(PRESETS[name], config)
    if live is None:
        assert name == 'quality'
        return
    live.check(window_frames, config.foppas)
    run(WindowPlanner(window_frames, overlap, live), [1] * 100, 100)
    if (fps, window_frames, overlap) == (15, 34, 8):
        assert live == PRESETS[name].live
    elif fps == 30:
        assert live.hop == 2 * PRESETS[name].live.hop
