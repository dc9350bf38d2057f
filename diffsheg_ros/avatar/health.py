"""The avatar's health: its level, message and values, from what it counts."""

from diffsheg_ros.avatar.counters import AvatarCounters
from diffsheg_ros.avatar.snapshot import AvatarSnapshot
from diffsheg_ros.diagnostics.report import _TOLD, ERROR, OK, WARN, Report, Rises, report

#: Share of the wanted rate of poses below which the machine is too slow.
LEAST_RATE = 0.9


#: Share of windows that may bring more than a hop without a warning: a moment of load is normal.
LONG_HOPS_SHARE = 0.1


#: Counters of audio that was not taken.
_DROPS = ('dropped_chunks', 'rejected_chunks', 'rate_changes')


class Health:
    """Judges a snapshot of the node, once a second."""

    def __init__(self) -> None:
        self._rises = Rises()

    def report(self, now_s: float, snapshot: AvatarSnapshot) -> Report:
        """Return the present status; `now_s` is of any clock that only goes forward."""
        counters = snapshot.counters.values()
        news = self._rises.since(now_s, counters)
        words = [*_standing_faults(snapshot), *_news(news, snapshot)]
        return report(words, snapshot.state, _values(snapshot, counters))


def _standing_faults(snapshot: AvatarSnapshot) -> list[tuple[int, str]]:
    words = []
    if snapshot.failure:
        words.append((ERROR, snapshot.failure))
    if snapshot.namesakes:
        words.append(
            (WARN, 'another node has this name: give one of them a namespace or another name')
        )
    if snapshot.last_fallback:
        words.append((WARN, f'{snapshot.last_fallback} until the node is configured anew'))
    if snapshot.lifecycle != 'active':
        return words
    if snapshot.gap:
        words.append((ERROR, f'no pose is published: {snapshot.gap}'))
    if snapshot.paused:
        words.append((OK, f'{snapshot.state}: no pose is published while {snapshot.paused}'))
    if not snapshot.worker_alive:
        words.append((ERROR, 'the generating thread is not running: deactivate and activate'))
    if 0 < snapshot.fps < LEAST_RATE * snapshot.publish_rate_hz:
        words.append(
            (
                WARN,
                f'publishing at {snapshot.fps:.1f} of {snapshot.publish_rate_hz:g} Hz: the CPU is '
                'too busy; lower publish_rate_hz or engine_threads',
            )
        )
    worker = snapshot.worker
    # Live windows are of several lengths; those that are late are counted (`long_hops`).
    if worker is not None and not snapshot.hop and worker.latency_p95_s > snapshot.hop_s > 0:
        words.append(
            (
                WARN,
                f'generating {snapshot.hop_s:.2f} s of motion takes {worker.latency_p95_s:.2f} s: '
                'lower sampling_steps',
            )
        )
    return words


def _news(news: dict[str, int], snapshot: AvatarSnapshot) -> list[tuple[int, str]]:
    worker = snapshot.worker
    remarks = worker.remarks if worker is not None else {}
    told = {
        'last_error': worker.last_error if worker is not None else '',
        **{name: getattr(snapshot, name) for name in _TOLD},
    }
    if news.get('long_hops', 0) < LONG_HOPS_SHARE * news.get('windows', 0):
        news = news | {'long_hops': 0}
    return AvatarCounters.news(news, remarks, **told)


def drops(counters: dict[str, int]) -> int:
    """Chunks, and changes of the rate, that were not taken."""
    return sum(counters.get(name, 0) for name in _DROPS)


def _values(snapshot: AvatarSnapshot, counters: dict[str, int]) -> dict[str, str]:
    worker = snapshot.worker
    values = {
        'lifecycle': snapshot.lifecycle,
        'state': snapshot.state,
        'utterance_id': snapshot.utterance_id,
        'fps': f'{snapshot.fps:.1f}',
        'latency_p50_s': f'{snapshot.latency_p50_s:.3f}',
        'latency_p95_s': f'{snapshot.latency_p95_s:.3f}',
        'queue_s': f'{worker.queue_s:.2f}' if worker else '0.00',
        'gaps': str(counters.get('lost_samples', 0)),
        'drops': str(drops(counters)),
        'engine': snapshot.engine,
        'precision': snapshot.precision,
        'engine_why': snapshot.engine_why,
        'last_fallback': snapshot.last_fallback,
        'bundle': snapshot.bundle,
        'preset': snapshot.preset,
        'hop': str(snapshot.hop),
        'hop_s': f'{snapshot.hop_s:.3f}',
        'lookahead': str(snapshot.lookahead),
        'provisional': str(snapshot.provisional),
        'playout_delay_s': f'{snapshot.playout_delay_s:.3f}',
        'publish_rate_hz': f'{snapshot.publish_rate_hz:g}',
        'window_p50_s': f'{worker.latency_p50_s:.3f}' if worker else '0.000',
        'window_p95_s': f'{worker.latency_p95_s:.3f}' if worker else '0.000',
        'last_error': worker.last_error if worker else '',
        **{name: getattr(snapshot, name) for name in _TOLD},
    }
    return values | {name: str(value) for name, value in counters.items()}
