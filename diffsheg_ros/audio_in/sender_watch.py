"""Common mistakes of programs that send speech, recognised and named."""

import zlib
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece

#: Chunks with the same mistake from which on it is told.
_ENOUGH = 3
#: Equal gaps in succession that are a wrong count of samples, and no lost chunks.
_ENOUGH_GAPS = 8
#: Seconds and nanoseconds. Chunks with names of their own are short and follow closely.
_LONGEST_OWN_S = 0.5
_NEAR_NS = NS // 2
#: Overlaps of different sound within the recent chunks.
_ENOUGH_OVERLAPS = 4
_REMEMBERED = 32
#: Stamps must run this much faster than the sound to mean a wrong sample rate.
_SLOW_SOUND = 1.3
#: Peak, and seconds below it, from which on sound has lost its scale: two steps of 16 bits.
_LEAST_PEAK = 2.0**-14
_QUIET_S = 2.0
#: Samples that are compared to tell chunks apart.
_COMPARED = 256


class _Known(NamedTuple):
    first: int
    count: int
    mark: int  # tells its sound from another
    start_ns: int
    arrival_ns: int

    @property
    def end(self) -> int:
        return self.first + self.count


class SenderWatch:
    """Looks at the chunks of `audio` in the order in which they come."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._recent: deque[_Known] = deque(maxlen=_REMEMBERED)  # of this utterance_id
        self._ids: deque[str] = deque(maxlen=_ENOUGH_GAPS)
        self._own = 0  # successive utterances of one short chunk
        self._empty = 0
        self._paired = 0
        self._overlapping = 0
        self._turns: deque[bool] = deque(maxlen=_REMEMBERED)  # chunks that go back to another name
        self._quiet_s = 0.0  # from the utterance's beginning on
        self._ends: OrderedDict[str, int] = OrderedDict()  # where utterances ended

    def see(self, chunk: AudioPiece) -> str:
        """Take a chunk; return what its sender does wrong, or an empty text."""
        count = len(chunk.samples)
        self._empty = 0 if count or chunk.end else self._empty + 1
        if self._empty >= _ENOUGH_GAPS:
            return 'chunks have no samples: send the sound in them'
        if not count:
            self._note_end(chunk)
            return ''
        known = _Known(
            chunk.first_sample,
            count,
            zlib.crc32(chunk.samples[:_COMPARED].tobytes()),
            chunk.start_ns,
            chunk.arrival_ns or 0,
        )
        # Each looks at every chunk, and at the name of the one before.
        problems = [self._by_turns(chunk), self._too_quiet(chunk), self._renamed(chunk, known)]
        problem = next(filter(None, problems), '')
        if known.first == 0 and self._recent and self._recent[-1].first != 0:
            self._recent.clear()  # begun again
        problem = problem or self._after_end(chunk)
        overlaps = self._overlaps(known)
        self._recent.append(known)
        problem = problem or self._miscounted(chunk.sample_rate) or overlaps
        problem = problem or self._mispaced(chunk.sample_rate) or self._interleaved(chunk)
        self._note_end(chunk)
        return problem

    def _renamed(self, chunk: AudioPiece, known: _Known) -> str:
        """Tell if each chunk has a name of its own."""
        if chunk.utterance_id == self._id:
            self._own = 0
            return ''
        before = self._recent[-1] if len(self._recent) == 1 else None
        close = before is not None and _near(before, known)
        short = known.count <= _LONGEST_OWN_S * chunk.sample_rate
        self._own = self._own + 1 if close and short and chunk.utterance_id not in self._ids else 0
        self._id = chunk.utterance_id
        self._ids.append(chunk.utterance_id)
        self._recent.clear()
        if self._own < _ENOUGH:
            return ''
        return (
            'each chunk has an utterance_id of its own: keep one utterance_id until what is said '
            'is over, and count first_sample on'
        )

    def _by_turns(self, chunk: AudioPiece) -> str:
        """Tell if utterances come by turns, as those of two senders do."""
        goes_back = chunk.utterance_id in self._ids and chunk.utterance_id != self._id
        self._turns.append(goes_back and chunk.first_sample > 0)
        if sum(self._turns) < _ENOUGH:
            return ''
        return (
            'chunks of several utterances come by turns, and only the newest utterance is heard: '
            'two senders speak at once; let one wait for the other, or remap its topic'
        )

    def _too_quiet(self, chunk: AudioPiece) -> str:
        """Tell if sound is there, but far below what anybody hears."""
        if chunk.utterance_id != self._id or chunk.first_sample == 0:
            self._quiet_s = 0.0
        peak = float(np.abs(chunk.samples).max())
        if peak >= _LEAST_PEAK:
            self._quiet_s = -np.inf  # this utterance's scale is right
        elif peak or self._quiet_s:
            self._quiet_s += len(chunk.samples) / chunk.sample_rate
        if self._quiet_s < _QUIET_S:
            return ''
        return (
            f'samples stay below {_LEAST_PEAK:.0e}, which is silence: they must use -1..1 (were '
            'they divided by 32768 twice?)'
        )

    def _after_end(self, chunk: AudioPiece) -> str:
        end = self._ends.get(chunk.utterance_id)
        if end is None or chunk.first_sample < max(end, 1):
            return ''
        return (
            'sound came for an utterance after its end_of_utterance: set end_of_utterance in the '
            'last chunk only, or begin a new utterance_id'
        )

    def _note_end(self, chunk: AudioPiece) -> None:
        if chunk.first_sample == 0 and len(chunk.samples):
            self._ends.pop(chunk.utterance_id, None)
        if chunk.end:
            self._ends[chunk.utterance_id] = chunk.first_sample + len(chunk.samples)
            while len(self._ends) > _REMEMBERED:
                self._ends.popitem(last=False)

    def _overlaps(self, known: _Known) -> str:
        """Tell if different sound has the same places, since the utterance began last."""
        different = False
        for other in reversed(self._recent):
            if known.first == 0 or different:
                break
            shared = min(known.end, other.end) - max(known.first, other.first)
            different = shared > known.count // 2 and known[:3] != other[:3]
            if other.first == 0:
                break
        self._overlapping = self._overlapping + different if self._recent else 0
        if self._overlapping < _ENOUGH_OVERLAPS:
            return ''
        return (
            'chunks of one utterance_id overlap each other: two senders use it, or first_sample '
            'is not the number of samples before the chunk'
        )

    def _miscounted(self, rate: int) -> str:
        """Tell if first_sample is not counted in samples."""
        recent = list(self._recent)[-_ENOUGH_GAPS - 1 :]
        if len(recent) <= _ENOUGH - 1:
            return ''
        if len({known.first for known in recent[-_ENOUGH:]}) == 1:
            if len({known.mark for known in recent[-_ENOUGH:]}) == _ENOUGH:
                return (
                    f'first_sample is {recent[-1].first} in every chunk: it must be the number of '
                    'samples of the utterance before the chunk'
                )
            return ''
        pairs = list(zip(recent, recent[1:], strict=False))
        if len(pairs) < _ENOUGH:
            return ''
        newest = pairs[-_ENOUGH:]
        step = newest[-1][1].first - newest[-1][0].first
        count = newest[-1][0].count
        if step <= 0 or step == count:
            return ''
        if not _all_alike(newest, step, count):
            return ''
        sure = step < count or _in_time(newest, count, rate)
        if not sure and (len(pairs) < _ENOUGH_GAPS or not _all_alike(pairs, step, count)):
            return ''
        return (
            f'first_sample rises by {step} after chunks of {count} samples'
            f'{_unit(step, count, rate)}: it must be the number of samples of the utterance before '
            'the chunk'
        )

    def _mispaced(self, rate: int) -> str:
        """Tell if sound comes steadily, and more slowly than sample_rate says."""
        recent = list(self._recent)[-_ENOUGH_GAPS - 1 :]
        pairs = list(zip(recent, recent[1:], strict=False))
        if len(pairs) < _ENOUGH_GAPS or any(a.end != b.first for a, b in pairs):
            return ''
        if any(not known.start_ns or not known.arrival_ns for known in recent):
            return ''
        stamps = np.array([b.start_ns - a.start_ns for a, b in pairs])
        lengths = np.array([a.count * NS / rate for a, _ in pairs])
        arrivals = recent[-1].arrival_ns - recent[0].arrival_ns
        ratio = stamps.sum() / lengths.sum()
        if ratio < _SLOW_SOUND or np.abs(stamps / lengths - ratio).max() > 0.3 * ratio:
            return ''
        if abs(arrivals - stamps.sum()) > 0.2 * stamps.sum():
            return ''
        return (
            f'about {rate / ratio:.0f} samples arrive per second, but sample_rate is {rate}: set '
            'sample_rate to the true rate, or send sooner'
        )

    def _interleaved(self, chunk: AudioPiece) -> str:
        """Tell if samples come in pairs of the same value."""
        samples = chunk.samples[: 2 * (len(chunk.samples) // 2)]
        paired = len(samples) >= _REMEMBERED and np.array_equal(samples[:32:2], samples[1:32:2])
        paired = paired and np.array_equal(samples[::2], samples[1::2])
        if not paired:
            self._paired = 0
        elif samples.min() < samples.max():
            self._paired += 1
        if self._paired < _ENOUGH:
            return ''
        return 'samples come in pairs of equal values, as from two channels: send one channel'


def _near(before: _Known, known: _Known) -> bool:
    """Return True if a chunk follows closely on another."""
    if before.arrival_ns and known.arrival_ns:
        return abs(known.arrival_ns - before.arrival_ns) <= _NEAR_NS
    return abs(known.start_ns - before.start_ns) <= _NEAR_NS


def _all_alike(pairs: Iterable[tuple[_Known, _Known]], step: int, count: int) -> bool:
    """Return True if first_sample rises by the same share of each chunk's samples."""
    return all(abs((b.first - a.first) * count - step * a.count) <= 2 * count for a, b in pairs)


def _in_time(pairs: list[tuple[_Known, _Known]], count: int, rate: int) -> bool:
    """Return True if chunks are as far apart as they are long, so that none is missing."""
    length_ns = count * NS / rate
    for name in ('start_ns', 'arrival_ns'):
        times = [getattr(b, name) - getattr(a, name) for a, b in pairs if getattr(a, name)]
        if len(times) == len(pairs) and all(
            abs(time - length_ns) <= 0.3 * length_ns for time in times
        ):
            return True
    return False


def _unit(step: int, count: int, rate: int) -> str:
    """Return what it seems to count."""
    units = {
        'chunks': 1.0,
        'milliseconds': count * 1000 / rate,
        'microseconds': count * 1e6 / rate,
        'nanoseconds': count * 1e9 / rate,
        'bytes': 4.0 * count,
        'bytes of 16-bit samples': 2.0 * count,
        'frames of two channels, which must be mixed to one': count / 2,
    }
    for name, expected in units.items():
        if abs(step - expected) < 0.5 + 1e-3 * expected:
            return f', as if it counted {name}'
    return ''
