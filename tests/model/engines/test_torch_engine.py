"""The network in PyTorch."""

import pytest

from diffsheg_model.engines import create_engine
from tests.support.engine_inputs import inputs


def test_convolutions_are_never_in_tf32(tiny_bundle):
    """cuDNN's default: on a GPU its error is 20 times that of float32."""
    torch = pytest.importorskip('torch')
    engine = create_engine('torch', tiny_bundle, threads=1)
    allowed = []
    engine._network.register_forward_pre_hook(
        lambda *_: allowed.append(torch.backends.cudnn.allow_tf32)
    )
    x, conditions = inputs(tiny_bundle)
    before = torch.backends.cudnn.allow_tf32
    engine.denoiser(conditions, [0])(x, 0)
    assert allowed == [False]
    assert torch.backends.cudnn.allow_tf32 == before
    engine.close()
