"""Fixtures of several test modules."""

import os
import signal
from pathlib import Path

import hypothesis
import pytest

from diffsheg_model.features.speech_encoder import OnnxSpeechEncoder
from diffsheg_ros.ros import isolation

pytest_plugins = [
    'tests.support.traced_graphs',
    'tests.support.bundles',
    'tests.support.faults',
    'tests.support.pages',
    'tests.support.ros_context',
]

# Processes of pytest-xdist pick domains at the same moment: each has domains of its own.
_worker = os.environ.get('PYTEST_XDIST_WORKER', '').removeprefix('gw')
if _worker:
    _workers = int(os.environ['PYTEST_XDIST_WORKER_COUNT'])
    isolation.DOMAINS = isolation.DOMAINS[int(_worker) :: _workers]

# Before any test calls rclpy.init, and inherited by the processes that tests start.
isolation.isolate()


# A shell lets background processes, and those under nohup, ignore these signals. The processes that
# tests start would inherit this, and could not be stopped by them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


# In CI, Hypothesis uses the same examples on each run; elsewhere it draws new ones.
hypothesis.settings.register_profile('ci', derandomize=True)
if os.environ.get('CI'):
    hypothesis.settings.load_profile('ci')


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a browser."""
    for item in items:
        if 'launch_browser' in getattr(item, 'fixturenames', ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope='session')
def hubert_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small HuBERT of the published kind with random weights."""
    torch = pytest.importorskip('torch')
    transformers = pytest.importorskip('transformers')
    config = transformers.HubertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=(16,) * 7,
        conv_bias=True,
        feat_extract_norm='layer',
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    torch.manual_seed(0)
    model = transformers.HubertModel(config)
    with torch.no_grad():  # biases start at 0 and gains at 1, which would hide mistakes
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp('hubert') / 'model'
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope='session')
def hubert_folder(hubert_model: Path) -> Path:
    """Return the same exported to ONNX. Do not write to it."""
    from diffsheg_model.network.hubert import export_hubert

    export_hubert(str(hubert_model), hubert_model.parent / 'exported')
    return hubert_model.parent / 'exported'


@pytest.fixture(scope='session')
def hubert_encoder(hubert_folder: Path) -> OnnxSpeechEncoder:
    """Return the same loaded for inference."""
    return OnnxSpeechEncoder(hubert_folder, threads=1)
