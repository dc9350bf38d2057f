"""A resampled stream equals the whole recording resampled at once, for any chunking."""

import numpy as np
import pytest
import soxr

from diffsheg_model.audio.resampling import StreamResampler


@pytest.mark.parametrize(
    ('rate_in', 'rate_out'),
    [(48000, 16000), (44100, 16000), (16000, 18000), (8000, 16000), (16000, 16000)],
)
def test_any_chunking_gives_the_same_stream(rate_in, rate_out):
    samples = np.random.default_rng(1).standard_normal(rate_in + 123).astype(np.float32)
    found = []
    for chunk in (77, 1000, len(samples)):
        resampler = StreamResampler(rate_in, rate_out)
        chunks = [samples[at : at + chunk] for at in range(0, len(samples), chunk)]
        found.append(np.concatenate([*map(resampler.push, chunks), resampler.finish()]))
    assert len(found[0]) == -(-len(samples) * rate_out // rate_in)
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    whole = soxr.resample(samples, rate_in, rate_out, quality='HQ')
    shared = min(len(whole), len(found[0]))
    np.testing.assert_allclose(found[0][:shared], whole[:shared], atol=1e-4)


@pytest.mark.parametrize(('rate_in', 'most_s'), [(16000, 0.06), (8000, 0.12)])
def test_the_output_trails_the_input_by_no_more_than_documented(rate_in, most_s):
    rate_out = 18000 if rate_in == 16000 else 16000
    resampler, ready = StreamResampler(rate_in, rate_out), 0
    for number in range(1, 200):
        ready += len(resampler.push(np.ones(rate_in // 100, np.float32)))
        assert number * 0.01 - ready / rate_out <= most_s + 0.001
