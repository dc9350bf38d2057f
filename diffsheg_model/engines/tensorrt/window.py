"""All inputs of a window in one block of memory, so that one copy takes them to the device."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diffsheg_model.engines.engine import Conditions
from diffsheg_model.sampling.plan import SamplingPlan

#: Bytes; tensors of TensorRT begin at multiples of this.
ALIGNMENT = 256

STATE = ('x', 'memory', 'call')
"""Tensors that one call passes to the next, in their order in memory; see `graphs.join_call`."""


def window_inputs(
    conditions: Conditions, plan: SamplingPlan, tables: Mapping[str, np.ndarray], rows: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the inputs of the graphs 'conditions' and 'call' for a window, the state first.

    Args:
        conditions: conditions of the window.
        plan: N calls.
        tables: outputs of the graph 'tables' for the S distinct steps of the plan.
        rows: (N,) int64, index of each call's step in the tables.
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
    """Layout of tensors in one block of memory.

    Attributes:
        shapes: shape of each tensor, by name.
        types: type of each tensor, by name.
        offsets: offset of each tensor in bytes, a multiple of ALIGNMENT.
        nbytes: bytes of the whole block.
    """

    shapes: dict[str, tuple[int, ...]]
    types: dict[str, np.dtype]
    offsets: dict[str, int]
    nbytes: int

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray]) -> 'Layout':
        """Return the layout of tensors placed one after the other."""
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
        """Return the tensors in memory (nbytes,) uint8 as views, by name."""
        return {
            name: np.ndarray(shape, self.types[name], memory, self.offsets[name])
            for name, shape in self.shapes.items()
        }
