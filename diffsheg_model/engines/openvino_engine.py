"""OpenVINO on the CPU: float32, or bfloat16 on CPUs with AVX-512 BF16 or AMX."""

import functools
from pathlib import Path

import openvino

from diffsheg_model.bundle import BRANCHES, TABLES, Bundle
from diffsheg_model.engines.artifact_cache import ArtifactCache, ArtifactKey
from diffsheg_model.engines.graph_engine import Arrays, Graph, GraphEngine
from diffsheg_model.errors import InputError, one_line

_PRECISIONS = {'fp32': 'f32', 'bf16': 'bf16'}


class OpenVinoEngine(GraphEngine):
    """Engine on the bundle's graphs, with branches compiled for a full window of one row.

    Other shapes use a second compilation with free axes: the short window at the end of an
    utterance, and batches.

    Args:
        bundle: the model.
        threads: CPU threads, 1 or more.
        precision: 'fp32' or 'bf16': products in bfloat16, about 1 % relative error.
        cache: folder for compiled graphs; None for the default.

    Raises:
        InputError: a graph cannot be loaded, or the CPU has no bfloat16.
    """

    name = 'openvino'

    def __init__(
        self,
        bundle: Bundle,
        threads: int,
        precision: str = 'fp32',
        cache: Path | None = None,
    ) -> None:
        self.precision = precision
        self._core = openvino.Core()
        if precision == 'bf16':
            capabilities = self._core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
            if 'BF16' not in capabilities:
                raise InputError(
                    'openvino: this CPU does not compute in bfloat16 (that takes AVX-512 BF16 or '
                    'AMX); choose precision fp32'
                )
        self._cache = ArtifactCache(bundle.path, cache)
        super().__init__(bundle, threads)

    def _load(self, graph: str, threads: int) -> Graph:
        path = self._bundle.path / graph
        usual = [1, self._config.format.window_frames]

        @functools.cache
        def request(fixed: bool) -> openvino.InferRequest:
            try:
                return self._compiled(path, threads, usual if fixed else None)
            except RuntimeError as error:
                raise InputError(f'openvino cannot load {path}: {one_line(error)}') from error

        branch = path.stem in BRANCHES
        request(branch)

        def run(inputs: Arrays) -> Arrays:
            loaded = request(branch and list(inputs['x'].shape[:2]) == usual)
            # The outputs share the request's memory: the next call overwrites them.
            outputs = loaded.infer(inputs, share_inputs=True)
            return {port.any_name: value for port, value in outputs.items()}

        return run

    def _compiled(self, path: Path, threads: int, usual: list[int] | None) -> openvino.InferRequest:
        """Compile a graph, with the first two axes of all inputs as in ``usual``, or free."""
        settings = {
            'PERFORMANCE_HINT': 'LATENCY',
            'INFERENCE_NUM_THREADS': threads,
            # With pinning, the two branches would share the first core.
            'ENABLE_CPU_PINNING': False,
            'INFERENCE_PRECISION_HINT': _PRECISIONS[self.precision],
        }

        def compile_model() -> openvino.CompiledModel:
            model = self._core.read_model(path)
            if usual is not None:
                model.reshape({port.any_name: _fixed(port, usual) for port in model.inputs})
            return self._core.compile_model(model, 'CPU', settings)

        if path.name == TABLES:
            # Large, and compiled as fast as it is read from a cache.
            return compile_model().create_infer_request()
        key = ArtifactKey(
            # A name of its own: the cache keeps one artifact for each graph.
            graph=f'{path.stem}_free' if path.stem in BRANCHES and usual is None else path.stem,
            engine='openvino',
            precision=self.precision,
            device=self._core.get_property('CPU', 'FULL_DEVICE_NAME'),
            version=openvino.__version__,
            bundle=self._bundle.digest,
            options=f'{threads} threads, {"free" if usual is None else "fixed"} shapes',
        )
        kept = self._cache.get_or_build(key, lambda: compile_model().export_model().getvalue())
        return self._core.import_model(kept, 'CPU', settings).create_infer_request()


def _fixed(port: openvino.Output, usual: list[int]) -> list[int]:
    return [
        usual[index] if axis.is_dynamic else axis.get_length()
        for index, axis in enumerate(port.partial_shape)
    ]
