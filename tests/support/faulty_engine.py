"""A real engine that breaks, for tests of what happens then."""

import threading

import numpy as np

from diffsheg_model.engines import Engine

LIMIT_S = 60


class FaultyEngine(Engine):
    """Runs another engine; from a certain call of the network on, it fails.

    Attributes:
        calls: of the network so far.
        fault: 'raise', 'nan', 'hang' (returns when `released`) or None.
        at_call: the first call that fails.
        hanging, released: events of 'hang'.
        closed: set by `close`.
    """

    def __init__(self, engine, fault=None, at_call=0):
        self.engine = engine
        self.name = f'faulty {engine.name}'
        self.precision = engine.precision
        self.fault = fault
        self.at_call = at_call
        self.calls = 0
        self.hanging = threading.Event()
        self.released = threading.Event()
        self.closed = threading.Event()

    def denoiser(self, conditions, steps):
        denoise = self.engine.denoiser(conditions, steps)

        def faulty(x, step):
            assert not self.closed.is_set()
            self.calls += 1
            eps = denoise(x, step)
            if self.calls < self.at_call:
                return eps
            if self.fault == 'raise':
                raise RuntimeError('out of memory\nlong trace')
            if self.fault == 'hang':
                self.hanging.set()
                assert self.released.wait(LIMIT_S)
            return eps * np.float32(np.nan) if self.fault == 'nan' else eps

        return faulty

    def close(self):
        self.closed.set()
