"""The least that a call of the network can take: its operations and bytes over the machine's best.

Counted are the products of the restructured network (diffsheg_model/network/split_unieg.py),
which no engine can leave out: what is in the tables and what is computed once a window is not
among them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from diffsheg_model.config import NetworkConfig


@dataclass(frozen=True)
class Work:
    """Of one call.

    Attributes:
        operations: multiplications and additions.
        parameters: numbers that are read; in float32 four bytes each.
    """

    operations: int
    parameters: int


@dataclass(frozen=True)
class Machine:
    """What the machine can do at most, measured.

    Attributes:
        operations_per_s: float32, in a product of large square matrices.
        bytes_per_s: reading memory that no cache holds.
    """

    operations_per_s: float
    bytes_per_s: float

    def floor_s(self, work: Work) -> float:
        """The longer of computing and reading, as if both went on at once without a gap."""
        return max(
            work.operations / self.operations_per_s,
            4 * work.parameters / self.bytes_per_s,
        )


def work_of_call(network: NetworkConfig, frames: int) -> Work:
    """Both branches of one call."""
    dim, layers = network.latent_dim, network.num_layers
    fusion = dim * 2 * dim + 2 * dim * dim
    attention = 3 * dim * dim + dim * dim
    feed_forward = 2 * dim * network.ff_dim + dim * dim
    convolution = (network.conv_frames + dim) * dim if network.conv_frames else 0
    layer = fusion + attention + feed_forward + convolution
    # key^T value, then query context: a frame's share in each head.
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
    """The best of several tries, with PyTorch's BLAS on so many threads."""
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
