"""Help for tests of the motion worker: an engine behind a gate, a receiver, a sender."""

import threading

import numpy as np

from diffsheg_model.engines import Engine
from diffsheg_model.motion.motion import concatenate
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.hearing_options import HearingOptions

RATE = 16000
T0 = 1_700_000_000 * NS
CHUNK = 1600
LIMIT_S = 60
PATIENT = HearingOptions(stall_s=30.0)
LIVE = LiveOptions(hop=3, lookahead=3, provisional=4)
FRAME = RATE // 15


class Receiver:
    """Keeps what the worker gives and lets a test wait for it."""

    def __init__(self):
        self.windows = []
        self.interrupts = []
        self.changed = threading.Condition()
        self.on_next = None

    def on_window(self, epoch, utterance_id, start_ns, window):
        with self.changed:
            self.windows.append((epoch, utterance_id, start_ns, window))
            self.changed.notify_all()
        if self.on_next is not None:
            self.on_next()

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, LIMIT_S), 'the worker gave up'

    def wait_last(self, utterance_id, times=1):
        def seen():
            ends = [w for _, i, _, w in self.windows if i == utterance_id and w.last]
            return len(ends) >= times

        self.wait(seen)

    def of(self, utterance_id):
        return [window for _, i, _, window in self.windows if i == utterance_id]

    def motion(self, utterance_id):
        return concatenate([w.motion[: w.final_frames] for w in self.of(utterance_id)])


class Gate(Engine):
    """The real engine behind a gate: calls of the network can be held, broken or counted."""

    name = 'gate'
    precision = 'fp32'

    def __init__(self, engine):
        self.engine = engine
        self.open = threading.Event()
        self.open.set()
        self.calls = 0
        self.entered = threading.Event()
        self.fault = None

    def denoiser(self, conditions, steps):
        denoise = self.engine.denoiser(conditions, steps)

        def gated(x, step):
            self.calls += 1
            self.entered.set()
            assert self.open.wait(LIMIT_S)
            if self.fault == 'raise':
                raise RuntimeError('out of memory\nlong trace')
            eps = denoise(x, step)
            return eps * np.float32(np.nan) if self.fault == 'nan' else eps

        return gated

    def close(self):
        pass


def send(worker, utterance, speech, start_ns=T0, rate=RATE, end=True, first=0, size=CHUNK):
    for begin in range(first, len(speech), size):
        chunk = speech[begin : begin + size]
        last = end and begin + size >= len(speech)
        push(worker, utterance, begin, rate, chunk, start_ns + begin * NS // rate, last)


def push(
    worker, utterance_id, first_sample, rate, samples, start_ns, end=False, arrival_ns=None
) -> bool:
    """Push one piece of speech."""
    piece = AudioPiece(utterance_id, first_sample, rate, samples, start_ns, end, arrival_ns)
    return worker.push(piece)
