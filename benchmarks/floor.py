"""Lower bound on the time of a network call, from its operations and the speed of the machine.

Only the matrix products of a call of the split network count, see
diffsheg_model/network/split_unieg.py: no engine can omit them. Work that is done once for a window
or a speaker does not count.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from diffsheg_model.config import NetworkConfig


@dataclass(frozen=True)
class Work:
    """Work of one call.

    Attributes:
        operations: number of multiplications and additions.
        parameters: number of parameters read; four bytes each in float32.
    """

    operations: int
    parameters: int


@dataclass(frozen=True)
class Machine:
    """Measured peak performance of the machine.

    Attributes:
        operations_per_s: float32 operations in a product of large square matrices.
        bytes_per_s: bytes read from memory outside the caches.
    """

    operations_per_s: float
    bytes_per_s: float

    def floor_s(self, work: Work) -> float:
        """Return the longer of the times for computing and for reading, which may overlap."""
        return max(
            work.operations / self.operations_per_s,
            4 * work.parameters / self.bytes_per_s,
        )


def work_of_call(network: NetworkConfig, frames: int) -> Work:
    """Return the work of both branches in one call."""
    dim, layers = network.latent_dim, network.num_layers
    fusion = dim * 2 * dim + 2 * dim * dim
    attention = 3 * dim * dim + dim * dim
    feed_forward = 2 * dim * network.ff_dim + dim * dim
    convolution = (network.conv_frames + dim) * dim if network.conv_frames else 0
    layer = fusion + attention + feed_forward + convolution
    # Linear attention: key^T value, then query times that, for each frame and head.
    mixing = 2 * dim * (dim // network.num_heads)
    ends = 2 * dim * network.channels
    seen = (
        {
            'expression_to_gesture': network.expression_dim,
            'gesture_to_expression': network.gesture_dim,
            'none': 0,
        }[network.flow]
        * layers
        * 2
        * dim
    )
    parameters = 2 * layers * layer + ends + seen
    passes = 2 if network.classifier_free else 1
    per_row = parameters + 2 * layers * mixing
    return Work(2 * passes * frames * per_row, parameters)


def measure_machine(threads: int) -> Machine:
    """Return the best of several measurements with PyTorch's BLAS on that many threads."""
    torch.set_num_threads(threads)
    size = 2048
    left, right = torch.randn(2, size, size)
    memory = torch.ones(64 * 2**20)
    product_s = _best(lambda: left @ right)
    return Machine(2 * size**3 / product_s, 4 * len(memory) / _best(memory.sum))


def _best(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(7):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)
