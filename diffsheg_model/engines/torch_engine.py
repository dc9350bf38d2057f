"""PyTorch: the network as it was trained, and the reference for other engines."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from diffsheg_model.bundle import Bundle
from diffsheg_model.engines.artifact_cache import ArtifactCache
from diffsheg_model.engines.comparison import reference_windows
from diffsheg_model.engines.compiled_code import keep_compiled_code
from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.errors import InputError, one_line
from diffsheg_model.network.onnx_export import load_network
from diffsheg_model.sampling.plan import Denoiser


class TorchEngine(Engine):
    """Engine in eager float32, on the first GPU if there is one.

    Attributes:
        device: name of the GPU, or 'cpu'.
    """

    name = 'torch'
    precision = 'fp32'

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 0,
        precision: str = 'fp32',
        cache: Path | None = None,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._config = bundle.config
        on_gpu = torch.cuda.is_available()
        self._device = torch.device('cuda' if on_gpu else 'cpu')
        self.device = torch.cuda.get_device_name() if on_gpu else 'cpu'
        tensors = {name: torch.from_numpy(value) for name, value in bundle.tensors().items()}
        self._network = load_network(bundle.config, tensors, str(bundle.path)).to(self._device)

    def denoiser(self, conditions: Conditions, steps: Sequence[int]) -> Denoiser:
        check_conditions(conditions, self._config)
        mel, speech, speaker = (
            None if value is None else torch.from_numpy(value).to(self._device)
            for value in (conditions.mel, conditions.speech, conditions.speaker)
        )
        guidance = conditions.guidance_scale if self._config.network.classifier_free else None

        def denoise(x: np.ndarray, step: int) -> np.ndarray:
            t = torch.full((len(x),), step, dtype=torch.int64, device=self._device)
            # By default cuDNN computes convolutions in TF32, which rounds to 10 bits.
            cudnn = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
            with torch.inference_mode(), cudnn:
                eps = self._network(
                    torch.from_numpy(x).to(self._device),
                    t,
                    mel,
                    speech,
                    speaker,
                    guidance,
                )
            return eps.cpu().numpy()

        return denoise

    def close(self) -> None:
        del self._network


class TorchCompileEngine(TorchEngine):
    """Engine compiled by TorchInductor: for GPUs, and for comparison.

    Raises:
        InputError: it cannot be compiled here; a CPU needs a C++ compiler.
    """

    name = 'torch-compile'

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 0,
        precision: str = 'fp32',
        cache: Path | None = None,
    ) -> None:
        super().__init__(bundle, threads, precision, cache)
        keep_compiled_code(ArtifactCache(bundle.path, cache).folder / 'inductor')
        self._network.compile()
        conditions, plan = reference_windows(bundle)[0]
        try:
            self.denoiser(conditions, [0])(plan.start, 0)
        except Exception as error:
            raise InputError(f'torch-compile cannot compile here: {one_line(error)}') from error
