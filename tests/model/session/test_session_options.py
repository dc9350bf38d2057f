"""Options of a session: their checks, and changes of the style."""

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.session_options import SessionOptions


def test_the_guidance_is_the_bundles_unless_given(tiny_bundle):
    config = tiny_bundle.config
    assert SessionOptions().foppas(config) is config.foppas
    changed = SessionOptions(guidance_scale=3.0).foppas(config)
    assert changed.guidance_scale == 3.0 and changed.overlap == config.foppas.overlap


def test_another_style_keeps_the_other_options(tiny_bundle):
    live = LiveOptions(hop=3)
    options = SessionOptions(seed=1, utterance=4, live=live)
    changed = options.restyled(tiny_bundle.config, seed=2, speaker=3, guidance_scale=1.5)
    assert changed == SessionOptions(2, 4, 3, 1.5, live)
    assert options.seed == 1
    with pytest.raises(InputError, match='speaker = 9'):
        options.restyled(tiny_bundle.config, seed=2, speaker=9, guidance_scale=None)
