"""A line of the log on the avatar's state, at a fixed period. No ROS."""

from diffsheg_ros.avatar.health import drops
from diffsheg_ros.avatar.snapshot import AvatarSnapshot

#: Time, CPU time and counters.
_Mark = tuple[float, float, dict[str, int]]


class StatusLine:
    """Describes an active avatar's speed and load, and the events since the line before."""

    def __init__(self, period_s: float) -> None:
        """Begin; `period_s` is the seconds between lines, 0 for none."""
        self._period_s = period_s
        self._mark: _Mark | None = None

    def text(self, now_s: float, cpu_s: float, snapshot: AvatarSnapshot) -> str | None:
        """Return the line, when it is due.

        Args:
            now_s: of any clock that only goes forward.
            cpu_s: CPU time that the process has used.
            snapshot: of now.

        Returns:
            None before the period is over, and while the avatar is not active.
        """
        if not self._period_s or snapshot.lifecycle != 'active':
            self._mark = None
            return None
        counters = snapshot.counters.values()
        if self._mark is None:
            self._mark = now_s, cpu_s, counters
        before_s, before_cpu_s, before = self._mark
        span_s = now_s - before_s
        if span_s < self._period_s:
            return None
        self._mark = now_s, cpu_s, counters
        rises = {name: value - before.get(name, 0) for name, value in counters.items()}
        rates = [f'{snapshot.fps:.1f} Hz']
        if snapshot.latency_p95_s:
            rates.append(f'latency {snapshot.latency_p50_s:.2f}/{snapshot.latency_p95_s:.2f} s')
        if snapshot.worker is not None and snapshot.worker.latency_p95_s:
            rates.append(f'windows {snapshot.worker.latency_p95_s:.2f} s of {snapshot.hop_s:.2f}')
        rates.append(f'CPU {(cpu_s - before_cpu_s) / span_s:.2f} cores')
        counted = [
            _counted(rises.get('utterances', 0), 'utterance'),
            _counted(rises.get('underruns', 0), 'under-run'),
            _counted(drops(rises), 'drop'),
            _counted(rises.get('lost_samples', 0), 'lost sample'),
        ]
        return (
            f'{snapshot.state}: {", ".join(rates)}; in {span_s:.0f} s {", ".join(counted)}; '
            f'{snapshot.engine} {snapshot.precision}'
        )


def _counted(count: int, what: str) -> str:
    return f'{count} {what}' + 's' * (count != 1)
