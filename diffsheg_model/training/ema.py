"""The moving average of the weights: Lightning's callback with a warm-up of the decay."""

from collections.abc import Sequence
from typing import Any

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage(WeightAveraging):
    """Exponential moving average of parameters and buffers, updated after every step.

    The decay at step n is min(decay, (1 + n) / (10 + n)), so that a short run forgets its random
    start. Validation and the finished bundle use the average; a checkpoint holds both.

    Args:
        decay: the final decay; 0 follows the weights exactly.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=self._average)
        self._decay = decay
        self._decay_now = 0.0

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """Set the decay of the step and return True: the average is updated after every step."""
        if step_idx is None:
            return False
        self._decay_now = min(self._decay, (1 + step_idx) / (10 + step_idx))
        return True

    def _average(self, averaged: Sequence[Tensor], current: Sequence[Tensor], count: Any) -> None:
        get_ema_multi_avg_fn(self._decay_now)(averaged, current, count)
