"""The training step: devices, and values that are not finite."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.training.module import UniEGModule
from diffsheg_model.training.train import train_model
from diffsheg_model.training.windows import (
    DataRoot,
)
from tests.support.training import make_shards, tiny


def test_a_step_takes_place_on_one_device():
    """The device without memory refuses tensors of another, as a GPU does."""
    settings = tiny('run.stratified_steps=true')
    still = torch.zeros(BEAT.channels, dtype=torch.bool)
    module = UniEGModule(settings, settings.bundle_config().network, still).to('meta')
    module.on_train_start()
    sizes = {'motion': (4, 34, BEAT.channels), 'mel': (4, 34, 128), 'speaker': (4, 30)}
    sizes['mask'] = (4, BEAT.channels)
    batch = {name: torch.empty(shape, device='meta') for name, shape in sizes.items()}
    noise = torch.randn_like(batch['motion'])
    terms = module._terms(batch, module._draw_steps(4), noise, None)
    assert all(value.device.type == 'meta' for value in terms.values())
    assert module.sample(batch, noise).device.type == 'meta'


def test_nan_stops_with_step_batch_and_field(tmp_path):
    root = make_shards(tmp_path / 'shards', takes=1)
    mel = np.load(root / 'take0' / 'mel.npy')
    mel[60] = np.nan
    np.save(root / 'take0' / 'mel.npy', mel)
    with pytest.raises(InputError, match=r'step \d+, batch \d+: mel of .*take0 is not finite'):
        train_model(tiny('run.max_steps=5'), [DataRoot(root)], tmp_path / 'run')
    assert not (tmp_path / 'run' / 'bundle').exists()


def test_a_loss_that_explodes_names_its_term(shards, tmp_path):
    settings = tiny('run.max_steps=50', 'network.output=noise', 'loss.epsilon=3e38')
    with pytest.raises(InputError, match='loss .* lower optimiser.learning_rate'):
        train_model(settings, [DataRoot(shards)], tmp_path / 'run')
