"""The avatar's health: its level, message and values, from what it counts."""

import dataclasses
from dataclasses import dataclass, field

from diffsheg_ros.avatar.worker_stats import WorkerStats
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


@dataclass(frozen=True)
class Facts:
    """What is known of the node at a moment.

    Attributes:
        lifecycle: 'unconfigured', 'inactive' or 'active'.
        failure: why the last transition failed; empty where it did not.
        state: what the avatar does, see `Pose`; the lifecycle state where it is not active.
        utterance_id: of what is shown.
        namesakes: other nodes of the same full name.
        worker_alive: whether the worker's thread runs.
        publish_rate_hz: as wanted.
        fps: as measured; 0 before it was.
        latency_p50_s, latency_p95_s: from the arrival of the first sample that a planned stretch
            shows to the stretch's publication.
        preset: settings that go together, by name.
        hop, lookahead, provisional: how speech is planned while it is heard, frames; all 0 for
            whole windows.
        hop_s: new motion of a window.
        engine, precision, bundle: what runs.
        engine_why: why the engine was taken to begin with.
        last_fallback: which engine has failed last, why, and what has taken over; empty where
            none has.
        playout_delay_s: from hearing to showing.
        counters: what the node counts itself.
        gap: why no pose is published; empty where poses are.
        paused: why none is, where that is no fault.
        last_gap: why none was published, the last time.
        last_pose_error: why a pose could not be computed, the last time.
        layer_error: name and error of the layer of motion that failed last.
        last_refusal: topic and reason of the newest refused message; empty before the first.
        worker: what the worker counts; None where there is none.
    """

    lifecycle: str
    failure: str = ''
    state: str = ''
    utterance_id: str = ''
    namesakes: int = 0
    worker_alive: bool = False
    publish_rate_hz: float = 0.0
    fps: float = 0.0
    latency_p50_s: float = 0.0
    latency_p95_s: float = 0.0
    preset: str = ''
    hop: int = 0
    lookahead: int = 0
    provisional: int = 0
    hop_s: float = 0.0
    engine: str = ''
    precision: str = ''
    engine_why: str = ''
    last_fallback: str = ''
    bundle: str = ''
    playout_delay_s: float = 0.0
    counters: dict[str, int] = field(default_factory=dict)
    gap: str = ''
    paused: str = ''
    last_gap: str = ''
    last_pose_error: str = ''
    layer_error: str = ''
    last_refusal: str = ''
    worker: WorkerStats | None = None

    def all_counters(self) -> dict[str, int]:
        """All that only rises, of the node and of the worker."""
        counters = dict(self.counters)
        if self.worker is not None:
            for item in dataclasses.fields(self.worker):
                value = getattr(self.worker, item.name)
                if isinstance(value, int) and item.name not in ('epoch', 'queue_chunks'):
                    counters[item.name] = value
        return counters


class Health:
    """Judges the facts, once a second."""

    def __init__(self) -> None:
        self._rises = Rises()

    def report(self, now_s: float, facts: Facts) -> Report:
        """The status of now; `now_s` of any clock that only goes forward."""
        counters = facts.all_counters()
        news = self._rises.since(now_s, counters)
        words = [*_standing_faults(facts), *_news(news, facts)]
        return report(words, facts.state, _values(facts, counters))


def _standing_faults(facts: Facts) -> list[tuple[int, str]]:
    words = []
    if facts.failure:
        words.append((ERROR, facts.failure))
    if facts.namesakes:
        words.append(
            (WARN, 'another node has this name: give one of them a namespace or another name')
        )
    if facts.last_fallback:
        words.append((WARN, f'{facts.last_fallback} until the node is configured anew'))
    if facts.lifecycle != 'active':
        return words
    if facts.gap:
        words.append((ERROR, f'no pose is published: {facts.gap}'))
    if facts.paused:
        words.append((OK, f'{facts.state}: no pose is published while {facts.paused}'))
    if not facts.worker_alive:
        words.append((ERROR, 'the generating thread is not running: deactivate and activate'))
    if 0 < facts.fps < LEAST_RATE * facts.publish_rate_hz:
        words.append(
            (
                WARN,
                f'publishing at {facts.fps:.1f} of {facts.publish_rate_hz:g} Hz: the CPU is too '
                'busy; lower publish_rate_hz or engine_threads',
            )
        )
    worker = facts.worker
    # Live windows are of several lengths; those that are late are counted (`long_hops`).
    if worker is not None and not facts.hop and worker.latency_p95_s > facts.hop_s > 0:
        words.append(
            (
                WARN,
                f'generating {facts.hop_s:.2f} s of motion takes {worker.latency_p95_s:.2f} s: '
                'lower sampling_steps',
            )
        )
    return words


def _news(news: dict[str, int], facts: Facts) -> list[tuple[int, str]]:
    worker = facts.worker
    remarks = worker.remarks if worker is not None else {}
    told = {
        'last_error': worker.last_error if worker is not None else '',
        **{name: getattr(facts, name) for name in _TOLD},
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


def _values(facts: Facts, counters: dict[str, int]) -> dict[str, str]:
    worker = facts.worker
    values = {
        'lifecycle': facts.lifecycle,
        'state': facts.state,
        'utterance_id': facts.utterance_id,
        'fps': f'{facts.fps:.1f}',
        'latency_p50_s': f'{facts.latency_p50_s:.3f}',
        'latency_p95_s': f'{facts.latency_p95_s:.3f}',
        'queue_s': f'{worker.queue_s:.2f}' if worker else '0.00',
        'gaps': str(counters.get('lost_samples', 0)),
        'drops': str(drops(counters)),
        'engine': facts.engine,
        'precision': facts.precision,
        'engine_why': facts.engine_why,
        'last_fallback': facts.last_fallback,
        'bundle': facts.bundle,
        'preset': facts.preset,
        'hop': str(facts.hop),
        'hop_s': f'{facts.hop_s:.3f}',
        'lookahead': str(facts.lookahead),
        'provisional': str(facts.provisional),
        'playout_delay_s': f'{facts.playout_delay_s:.3f}',
        'publish_rate_hz': f'{facts.publish_rate_hz:g}',
        'window_p50_s': f'{worker.latency_p50_s:.3f}' if worker else '0.000',
        'window_p95_s': f'{worker.latency_p95_s:.3f}' if worker else '0.000',
        'last_error': worker.last_error if worker else '',
        **{name: getattr(facts, name) for name in _TOLD},
    }
    return values | {name: str(value) for name, value in counters.items()}
