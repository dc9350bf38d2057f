"""ONNX Runtime: exact float32 on the CPU, runs everywhere; on GPUs by its other providers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from diffsheg_model.bundle import GRAPH, Bundle
from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.engines.onnxruntime_providers import check_provider, execution_providers
from diffsheg_model.errors import InputError
from diffsheg_model.walk import Denoiser


class OnnxRuntimeEngine(Engine):
    """Runs the bundle's graph as it is."""

    name = 'onnxruntime'
    precision = 'fp32'

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 0,
        precision: str = 'fp32',
        cache: Path | None = None,
        provider: str = 'cpu',
    ) -> None:
        if precision != 'fp32':
            raise InputError(f'engine onnxruntime has no precision {precision!r}: choose fp32')
        providers = execution_providers(provider)
        self._config = bundle.config
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads would take a whole core from the rest of a robot between windows.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        try:
            self._session = onnxruntime.InferenceSession(
                str(bundle.path / GRAPH), options, providers=providers
            )
        except Exception as error:
            # ONNX Runtime raises a family of its own that derives from Exception only.
            raise InputError(
                f'onnxruntime cannot load {bundle.path / GRAPH}: {str(error).splitlines()[0]}'
            ) from error
        check_provider(self._session, provider)

    def denoiser(self, conditions: Conditions, steps: Sequence[int]) -> Denoiser:
        check_conditions(conditions, self._config)
        feed = {'mel': conditions.mel, 'speaker': conditions.speaker}
        if conditions.speech is not None:
            feed['speech'] = conditions.speech
        if self._config.network.classifier_free:
            feed['guidance_scale'] = np.array([conditions.guidance_scale], np.float32)

        def denoise(x: np.ndarray, step: int) -> np.ndarray:
            t = np.full(len(x), step, np.int64)
            return self._session.run(['eps'], {'x': x, 't': t, **feed})[0]

        return denoise

    def close(self) -> None:
        del self._session
