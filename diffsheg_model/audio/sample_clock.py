"""When each sample of an utterance is heard, from the stamps of its chunks.

A sender counts samples by its own clock and stamps chunks by ROS time. The two drift apart, by up
to 200 ppm for a sound card (0.7 s in an hour), and stamps jitter. Motion and sound must not drift
with them, so whoever needs the time of a sample asks a `SampleClock`. All that hear the same
chunks get the same times.
"""

import statistics
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from diffsheg_model.time_units import NS

#: Time and nominal time of samples never run apart faster than this, in seconds a second.
MAX_DRIFT = 500e-6
#: Stamps that are off by more than this are not followed slowly: they are wrong, or have stepped.
STEP_NS = NS // 10
#: They have stepped when all chunks of so many seconds are off so far, to the same side.
STEP_AFTER_S = 0.5

#: Share of what stamps are off by that is made up for within a second: more at first, so that a
#: drift of 200 ppm costs at most 1.5 ms until it is known, less later, so that little of the
#: stamps' jitter is left.
_FIRST_GAIN = 0.1
_LATER_GAIN = 0.02
#: Seconds until the gain falls, as one over the time.
_FIRST_S = 60.0
#: Exact stamps are rounded, and are left exact.
_ROUNDING_NS = 1000
#: Changes of pace that are remembered: two minutes of them.
_REMEMBERED = 128
#: Chunks of a second that are looked at.
_MOST_ERRORS = 200


class SampleClock:
    """Follows the stamps of one utterance. In constant memory; belongs to one thread.

    It starts at the first stamp, at the nominal rate. From then on it goes by the median of what
    the stamps of a second are off by, so that single ones do not matter, nor chunks that are lost,
    repeated or out of order. Exact stamps give exact times.

    The pace changes at most once a second, at the first sample of a chunk: what was said of the
    samples before it stays said. Time rises with the samples, `1 - MAX_DRIFT` to `1 + MAX_DRIFT`
    times as fast as nominal, except where stamps have stepped forward (`STEP_NS`,
    `STEP_AFTER_S`): then the samples from the first of the new stamps on have the new times. This
    is the only change to samples already spoken for, and only to those of the last second.

    Stamps never step back: sound cannot be heard in less time than it lasts. Samples whose stamps
    say so follow on those before them. Such stamps are those of a sender that stamps chunks with
    the time of sending and sends faster than real time, or stamps all of them alike.

    Attributes:
        sample_rate: Hz, nominal.
        steps: times that the stamps have stepped forward.
        early: successive chunks, up to the newest, with stamps that lie before the end of the
            sound before them.
    """

    def __init__(self, sample_rate: int, first_sample: int, stamp_ns: int) -> None:
        """Starts with a chunk's first sample, heard at `stamp_ns`; hear that chunk as well."""
        self.sample_rate = sample_rate
        self.steps = 0
        self.early = 0
        self._knots: deque[_Knot] = deque([_Knot(first_sample, stamp_ns, 0.0)], maxlen=_REMEMBERED)
        self._drift = 0.0  # of the sender, as far as it is known
        self._second = first_sample // sample_rate
        self._begun_at = self._paced_at = first_sample  # of these stamps; of this pace
        self._errors: list[int] = []  # of this second, ns
        self._astray: _Astray | None = None

    @property
    def drift_ppm(self) -> float:
        """How much slower than nominal the sender's samples come, parts per million."""
        return self._drift * 1e6

    def hear(self, first_sample: int, stamp_ns: int) -> None:
        """Takes a chunk's first sample and its stamp; only of chunks that belong here.

        Args:
            first_sample: index within the utterance.
            stamp_ns: when it is heard, as the sender says.
        """
        error_ns = stamp_ns - self.time_ns(first_sample)
        if error_ns < -STEP_NS:
            self.early += 1
            self._astray = None
            return
        self.early = 0
        if error_ns > STEP_NS:
            self._stray(first_sample, error_ns)
            return
        self._astray = None
        second = first_sample // self.sample_rate
        if second > self._second:
            self._second = second
            self._set_pace(first_sample)
        if len(self._errors) < _MOST_ERRORS:
            self._errors.append(error_ns)

    def time_ns(self, sample: int) -> int:
        """When a sample is heard, ns; also of samples before and after those that were."""
        for knot in reversed(self._knots):
            if knot.sample <= sample:
                return self._from(knot, sample)
        return self._from(self._knots[0], sample)

    def sample_at(self, time_ns: int) -> float:
        """The sample that is heard at a time, with its fraction.

        Where stamps have stepped forward, there are times without a sample: the next one's.
        """
        following: int | None = None
        for knot in reversed(self._knots):
            if knot.time_ns <= time_ns:
                break
            following = knot.sample
        else:
            following = None
        ahead = (time_ns - knot.time_ns) * self.sample_rate / NS / (1 + knot.drift)
        return knot.sample + ahead if following is None else min(knot.sample + ahead, following)

    def _from(self, knot: '_Knot', sample: int) -> int:
        ahead = sample - knot.sample
        nominal_ns = ahead * NS // self.sample_rate
        return knot.time_ns + nominal_ns + round(ahead * knot.drift * NS / self.sample_rate)

    def _set_pace(self, sample: int) -> None:
        """Chooses the pace from a sample on, by what the last second's stamps are off by."""
        span_s = (sample - self._paced_at) / self.sample_rate
        self._paced_at = sample
        error_s = statistics.median(self._errors) / NS if self._errors else 0.0
        self._errors.clear()
        if abs(error_s) * NS <= _ROUNDING_NS:
            error_s = 0.0
        # A loop of second order, critically damped: it makes up for the error and learns the
        # drift, so that a steady drift leaves no error.
        elapsed_s = (sample - self._begun_at) / self.sample_rate
        gain = max(_FIRST_GAIN * min(1.0, _FIRST_S / elapsed_s), _LATER_GAIN)
        share = min(gain * span_s, 0.5)
        drift = self._drift + share**2 / 4 * error_s / span_s
        pace = drift + share * error_s / span_s
        if abs(pace) <= MAX_DRIFT:
            self._drift = drift
        # Else the error is no drift; learning from it would overshoot.
        pace = max(-MAX_DRIFT, min(pace, MAX_DRIFT))
        if pace != self._knots[-1].drift:
            self._knots.append(_Knot(sample, self.time_ns(sample), pace))

    def _stray(self, sample: int, error_ns: int) -> None:
        astray = self._astray
        if astray is None:
            self._astray = _Astray(sample, error_ns, error_ns, error_ns)
            return
        astray.take(sample, error_ns)
        if sample - astray.first_sample < STEP_AFTER_S * self.sample_rate:
            return
        first = astray.first_sample
        time_ns = self.time_ns(first) + astray.step_ns
        while self._knots and self._knots[-1].sample >= first:
            self._knots.pop()
        self._knots.append(_Knot(first, time_ns, self._drift))
        self._begun_at = self._paced_at = first
        self._second = sample // self.sample_rate
        self._astray = None
        self._errors.clear()
        self.steps += 1


class _Knot(NamedTuple):
    """From this sample on, time passes `1 + drift` times as fast as nominal."""

    sample: int
    time_ns: int
    drift: float


@dataclass
class _Astray:
    """Successive chunks whose stamps are far too late."""

    first_sample: int
    sum_ns: int
    least_ns: int
    most_ns: int
    chunks: int = 1

    def take(self, sample: int, error_ns: int) -> None:
        self.first_sample = min(self.first_sample, sample)
        self.sum_ns += error_ns
        self.least_ns = min(self.least_ns, error_ns)
        self.most_ns = max(self.most_ns, error_ns)
        self.chunks += 1

    @property
    def step_ns(self) -> int:
        """The step: what the stamps agree on, or the latest where they only say when to begin."""
        if self.most_ns - self.least_ns > STEP_NS:
            return self.most_ns
        return self.sum_ns // self.chunks
