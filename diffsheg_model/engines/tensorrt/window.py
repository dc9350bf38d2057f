"""What a whole window needs on the device, in one piece of memory, so that one copy brings it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diffsheg_model.engines.engine import Conditions
from diffsheg_model.sampling.plan import SamplingPlan

#: TensorRT wants tensors to begin at multiples of this, bytes.
ALIGNMENT = 256

STATE = ('x', 'memory', 'call')
"""What one call hands to the next, in this order in memory, see `tensorrt_graphs.join_call`."""


def window_inputs(
    conditions: Conditions, plan: SamplingPlan, tables: Mapping[str, np.ndarray], rows: np.ndarray
) -> dict[str, np.ndarray]:
    """Inputs of the graphs 'conditions' and 'call' for one window, the state first.

    Args:
        conditions: of the window.
        plan: N calls.
        tables: outputs of the graph 'tables' for the S different steps of the plan.
        rows: (N,) int64, the place of each call's step in the tables.
    """
    batch = len(plan.start)
    inputs = {
        'x': plan.start,
        'memory': np.zeros_like(plan.start),
        'call': np.zeros(1, np.int64),
        'rows': rows,
        'clean': plan.clean,
        'x_gain': plan.x_gain,
        'eps_gain': plan.eps_gain,
        'memory_gain': plan.memory_gain,
        'offset': plan.offset,
        'mel': conditions.mel,
        'guidance_scale': np.array([conditions.guidance_scale], np.float32),
        **tables,
        'levels': np.repeat(tables['levels'][:, None], batch, axis=1),
    }
    if conditions.speech is not None:
        inputs['speech'] = conditions.speech
    return inputs


@dataclass(frozen=True)
class Layout:
    """Where tensors lie in one piece of memory.

    Attributes:
        shapes: of each tensor, by name.
        types: of each tensor, by name.
        offsets: first byte of each, a multiple of ALIGNMENT.
        nbytes: of the piece.
    """

    shapes: dict[str, tuple[int, ...]]
    types: dict[str, np.dtype]
    offsets: dict[str, int]
    nbytes: int

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray]) -> 'Layout':
        """Lays tensors one behind the other."""
        offsets, end = {}, 0
        for name, value in tensors.items():
            offsets[name] = end
            end += -(-value.nbytes // ALIGNMENT) * ALIGNMENT
        return cls(
            {name: value.shape for name, value in tensors.items()},
            {name: value.dtype for name, value in tensors.items()},
            offsets,
            end,
        )

    def views(self, memory: np.ndarray) -> dict[str, np.ndarray]:
        """The tensors in (nbytes,) uint8 memory, by name."""
        return {
            name: np.ndarray(shape, self.types[name], memory, self.offsets[name])
            for name, shape in self.shapes.items()
        }
