"""The TensorRT engine: plans from the cache, rows of a batch, and machines without a GPU."""

import pytest

from diffsheg_model.engines import create_engine
from diffsheg_model.engines.artifact_cache import ArtifactCache, ArtifactKey
from diffsheg_model.engines.comparison import reference_windows, relative_error
from diffsheg_model.errors import InputError

pytest.importorskip('tensorrt_rtx')
pytest.importorskip('cuda.core')
onnx = pytest.importorskip('onnx')
reference = pytest.importorskip('onnx.reference')

from diffsheg_model.engines.tensorrt.engine import _rows, load_plan

PRECISIONS = ('fp32', 'fp16', 'bf16')


def test_a_plan_that_is_refused_is_built_once_more(tmp_path, caplog):
    key = ArtifactKey('call', 'tensorrt_rtx', 'fp32', 'GPU', '1', 'bundle')
    cache = ArtifactCache(tmp_path / 'bundle', tmp_path)
    cache.store(key, b'a plan of another GPU')
    built = []

    def build() -> bytes:
        built.append(b'a plan for nobody')
        return built[-1]

    with pytest.raises(InputError, match='refuses a plan: '):
        load_plan(cache, key, build)
    assert len(built) == 1
    assert 'it is built again' in caplog.text


def test_a_plan_that_is_refused_when_it_is_new_is_neither_built_again_nor_kept(tmp_path):
    key = ArtifactKey('call', 'tensorrt_rtx', 'fp32', 'GPU', '1', 'bundle')
    cache = ArtifactCache(tmp_path / 'bundle', tmp_path)
    built = []

    def build() -> bytes:
        built.append(b'a plan for nobody')
        return built[-1]

    with pytest.raises(InputError, match='refuses a plan: '):
        load_plan(cache, key, build)
    assert len(built) == 1
    assert cache.load(key) is None


def test_rows_of_a_batch_are_windows_of_their_own(tiny_bundle, tiny_engine):
    conditions, plan = reference_windows(tiny_bundle)[1]
    together = tiny_engine.sample(conditions, plan)
    for row in range(2):
        alone = tiny_engine.sample(*_rows(conditions, plan, slice(row, row + 1)))
        assert relative_error(alone[0], together[row]) < 1e-5


def _has_gpu() -> bool:
    from cuda.core import Device

    try:
        Device().set_current()
    except Exception:
        return False
    return True


@pytest.mark.skipif(_has_gpu(), reason='there is a GPU')
def test_without_a_gpu_the_engine_is_refused_in_one_line(tiny_bundle):
    with pytest.raises(InputError, match='engine tensorrt finds no NVIDIA GPU: ') as caught:
        create_engine('tensorrt', tiny_bundle)
    assert '\n' not in str(caught.value)


@pytest.mark.skipif(not _has_gpu(), reason='takes a GPU')
@pytest.mark.parametrize('precision', PRECISIONS)
def test_on_a_gpu_the_engine_agrees_with_onnxruntime(precision, bundle, tmp_path):
    """The engine compares itself and refuses to serve where it is too far off."""
    for _ in range(2):  # built, then loaded
        create_engine('tensorrt', bundle, 1, precision=precision, cache=tmp_path).close()
