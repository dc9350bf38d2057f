"""Clock that maps the samples of an utterance to the times at which they are heard.

A sender counts samples by its own clock and stamps chunks by ROS time. The two drift apart, by up
to 200 ppm for a sound card (0.7 s in an hour), and stamps jitter. Motion and sound must not drift
apart with them, so both take the time of a sample from a `SampleClock`. All clocks that receive the
same chunks give the same times.
"""

import statistics
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from diffsheg_model.time_units import NS

#: Seconds per second. Largest difference between the pace of the clock and the nominal pace.
MAX_DRIFT = 500e-6
#: Nanoseconds of error beyond which a stamp is not followed: it is wrong, or the stamps stepped.
STEP_NS = NS // 10
#: Seconds of chunks that must all be off by `STEP_NS` to the same side to count as a step.
STEP_AFTER_S = 0.5

#: Share of the stamps' error that is corrected within a second. It is high at first: a drift of
#: 200 ppm then costs at most 1.5 ms until it is known. Later it is low, to suppress jitter.
_FIRST_GAIN = 0.1
_LATER_GAIN = 0.02
#: Seconds until the gain begins to fall, in inverse proportion to time.
_FIRST_S = 60.0
#: Nanoseconds of error that are ignored: exact stamps are only rounded.
_ROUNDING_NS = 1000
#: Number of changes of pace that are kept: two minutes of them.
_REMEMBERED = 128
#: Largest number of chunks evaluated in a second.
_MOST_ERRORS = 200


class SampleClock:
    """Clock that follows the stamps of one utterance. Constant memory; not thread-safe.

    The clock starts at the first stamp, at the nominal rate. From then on it follows the median
    error of a second's stamps. So single wrong stamps do not matter, nor do chunks that are lost,
    repeated or out of order. Exact stamps give exact times.

    The pace changes at most once a second, at the first sample of a chunk; earlier samples keep
    their times. Time rises `1 - MAX_DRIFT` to `1 + MAX_DRIFT` times as fast as nominal. The
    exception is a step forward of the stamps (`STEP_NS`, `STEP_AFTER_S`): the samples from the
    first of the new stamps on get new times. This is the only change of times already given, and
    it affects only the last second.

    Times never step back, because sound cannot be heard in less time than it lasts. Samples with
    such stamps follow directly on those before them. They come from a sender that stamps chunks
    when it sends them and sends faster than real time, or that stamps all chunks alike.

    Attributes:
        sample_rate: Hz, nominal.
        steps: number of steps forward of the stamps.
        early: number of successive chunks, up to the newest, with a stamp before the end of the
            previous sound.
    """

    def __init__(self, sample_rate: int, first_sample: int, stamp_ns: int) -> None:
        """Start at a chunk's first sample, heard at `stamp_ns`; pass that chunk to `hear` too."""
        self.sample_rate = sample_rate
        self.steps = 0
        self.early = 0
        self._knots: deque[_Knot] = deque([_Knot(first_sample, stamp_ns, 0.0)], maxlen=_REMEMBERED)
        self._drift = 0.0  # estimate for the sender
        self._second = first_sample // sample_rate
        self._begun_at = self._paced_at = first_sample  # start of these stamps; of this pace
        self._errors: list[int] = []  # ns, of this second
        self._astray: _Astray | None = None

    @property
    def drift_ppm(self) -> float:
        """Parts per million by which the sender is slower than its nominal rate."""
        return self._drift * 1e6

    def hear(self, first_sample: int, stamp_ns: int) -> None:
        """Follow the stamp of a chunk of this utterance.

        Args:
            first_sample: index of the chunk's first sample within the utterance.
            stamp_ns: time at which it is heard, according to the sender.
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
        """Return the time at which a sample is heard, ns; extrapolates in both directions."""
        for knot in reversed(self._knots):
            if knot.sample <= sample:
                return self._from(knot, sample)
        return self._from(self._knots[0], sample)

    def sample_at(self, time_ns: int) -> float:
        """Return the sample that is heard at a time, with its fraction.

        A step forward of the stamps leaves times without a sample: they give the next sample.
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
        """Choose the pace from a sample on, by the error of the last second's stamps."""
        span_s = (sample - self._paced_at) / self.sample_rate
        self._paced_at = sample
        error_s = statistics.median(self._errors) / NS if self._errors else 0.0
        self._errors.clear()
        if abs(error_s) * NS <= _ROUNDING_NS:
            error_s = 0.0
        # A critically damped second-order loop: it corrects the error and learns the drift, so
        # that a steady drift leaves no error.
        elapsed_s = (sample - self._begun_at) / self.sample_rate
        gain = max(_FIRST_GAIN * min(1.0, _FIRST_S / elapsed_s), _LATER_GAIN)
        share = min(gain * span_s, 0.5)
        drift = self._drift + share**2 / 4 * error_s / span_s
        pace = drift + share * error_s / span_s
        if abs(pace) <= MAX_DRIFT:
            self._drift = drift
        # Otherwise the error is not a drift, and learning from it would overshoot.
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
    """A change of pace: from this sample on, time passes `1 + drift` times as fast as nominal."""

    sample: int
    time_ns: int
    drift: float


@dataclass
class _Astray:
    """Successive chunks with stamps that are far too late."""

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
        """Size of the step: the mean error if the stamps agree, else the largest error.

        Stamps that disagree only tell when the sound begins.
        """
        if self.most_ns - self.least_ns > STEP_NS:
            return self.most_ns
        return self.sum_ns // self.chunks
