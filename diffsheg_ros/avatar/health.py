"""The avatar's health: its level, message and values, from what it counts."""

from diffsheg_ros.avatar.snapshot import AvatarSnapshot
from diffsheg_ros.diagnostics.counters import SHARED_NEWS
from diffsheg_ros.diagnostics.report import _TOLD, ERROR, OK, WARN, Report, Rises, report

#: Publishing at less than this share of the wanted rate is a fault of the machine.
LEAST_RATE = 0.9


#: So many of the windows may bring more than a hop before it is news: a busy moment is none.
LONG_HOPS_SHARE = 0.1


#: Counters whose rise is worth a word: level, and what happened and what to do.
NEWS: dict[str, tuple[int, str]] = {
    'failed_windows': (ERROR, 'the engine failed ({last_error})'),
    'callback_errors': (ERROR, 'publishing motion failed ({last_error})'),
    'late_windows': (
        WARN,
        'motion came too late: raise playout_delay_s, lower sampling_steps, or free the CPU',
    ),
    'underruns': (
        WARN,
        'the body was held for motion that was not there: raise playout_delay_s, or send audio '
        'sooner',
    ),
    'long_hops': (
        WARN,
        'the CPU cannot keep up with the hop: raise hop, or choose preset balanced or quality',
    ),
    'dropped_chunks': (
        WARN,
        'audio was dropped because the engine is too slow for it (max_queue_s)',
    ),
    'rejected_chunks': SHARED_NEWS['rejected_chunks'],
    'sender_mistakes': SHARED_NEWS['sender_mistakes'],
    'rate_changes': SHARED_NEWS['rate_changes'],
    'lost_samples': SHARED_NEWS['lost_samples'],
    'lost_messages': SHARED_NEWS['lost_messages'],
    'stalls': SHARED_NEWS['stalls'],
    'resyncs': (
        WARN,
        'audio jumped by more than max_gap_s within an utterance; its motion began anew there',
    ),
    'rejected_emphases': (
        WARN,
        'an Emphasis needs a duration above 0 and at most 3600 s, a gain of 0 to 2, and a time '
        'within the next hour',
    ),
    'dropped_emphases': (WARN, 'too many Emphases wait: send them nearer to their time'),
    'late_emphases': (WARN, 'an Emphasis came after its span: send it before that is due'),
    'unstamped_chunks': SHARED_NEWS['unstamped_chunks'],
    'early_chunks': SHARED_NEWS['early_chunks'],
    'untimely_chunks': SHARED_NEWS['untimely_chunks'],
    'clock_jumps': (WARN, 'the clock jumped: what was said before is over, begin a new utterance'),
    'refused_messages': SHARED_NEWS['refused_messages'],
    'pose_errors': (ERROR, 'computing the pose failed ({last_pose_error}); the last one is held'),
    'pose_gaps': (ERROR, 'no pose was published for a while ({last_gap})'),
    'layer_failures': (
        ERROR,
        'a layer of motion failed and was reset ({layer_error}); the rest of the motion goes on',
    ),
    'faults': SHARED_NEWS['faults'],
}


#: What was not taken of the audio.
_DROPS = ('dropped_chunks', 'rejected_chunks', 'rate_changes')


class Health:
    """Judges a snapshot of the node, once a second."""

    def __init__(self) -> None:
        self._rises = Rises()

    def report(self, now_s: float, snapshot: AvatarSnapshot) -> Report:
        """The status of now; `now_s` of any clock that only goes forward."""
        counters = snapshot.all_counters()
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
    return [
        (level, f'{remarks.get(name) or text.format(**told)} [{name} +{news[name]}]')
        for name, (level, text) in NEWS.items()
        if news.get(name, 0) > 0
    ]


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
