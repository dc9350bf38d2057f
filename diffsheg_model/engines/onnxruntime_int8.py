"""Dynamic quantisation of a branch's graph to 8-bit products, by ONNX Runtime."""

import tempfile
from pathlib import Path

import onnxruntime

from diffsheg_model.advice import install_advice
from diffsheg_model.bundle import Bundle
from diffsheg_model.engines.artifact_cache import ArtifactCache, ArtifactKey
from diffsheg_model.engines.constant_folding import fold_constants
from diffsheg_model.errors import InputError


def int8_graph(bundle: Bundle, graph: str, cache: Path | None) -> bytes:
    """Return the quantised graph as a serialised model, from the cache or newly made.

    Weights become signed 8-bit numbers with a scale for each output channel. Activations are
    quantised at every call. LayerNorm, softmax and sums stay float32.

    Args:
        bundle: the model.
        graph: file name of one of its graphs.
        cache: folder of the cache; None for the default.

    Raises:
        InputError: it is not cached, and the package that makes it is not installed.
    """
    key = ArtifactKey(
        graph=Path(graph).stem,
        engine='onnxruntime',
        precision='int8',
        device='cpu',
        version=onnxruntime.__version__,
        bundle=bundle.digest,
    )
    return ArtifactCache(bundle.path, cache).get_or_build(
        key, lambda: _quantised(bundle.path / graph)
    )


def _quantised(path: Path) -> bytes:
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise InputError(
            f'precision int8 needs the module {error.name}, which is not installed: '
            f'{install_advice("int8")}; or choose precision fp32'
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / 'int8.onnx'
        quantize_dynamic(
            # The quantiser only handles products with plain weights.
            fold_constants(path),
            str(target),
            per_channel=True,
            weight_type=QuantType.QInt8,
            # On CPUs without VNNI, the sum of two 8-bit products would overflow AVX2's 16 bits.
            reduce_range=True,
        )
        return target.read_bytes()
