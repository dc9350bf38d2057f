"""`make soak`, for seconds and on a tiny bundle; and what it judges by."""

import copy
import json

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from benchmarks import soak, soak_report
from benchmarks.live_stage import Usage
from benchmarks.soak_plan import LONGEST_S, SHORTEST_S, conversation, speeches
from benchmarks.soak_report import checks, distribution, histogram, resources
from benchmarks.takes import Speech
from tests.support.bundles import speech_like

RECORDINGS = [
    Speech('a', speech_like(5.0, 8000), 8000),
    Speech('b', speech_like(3.0, 11025), 11025),
]


def test_an_hours_conversation_has_everything_in_it():
    lines = list(conversation(RECORDINGS, 3600.0, seed=0))
    lengths_s = [len(line.samples) / line.rate for line in lines]
    assert SHORTEST_S <= min(lengths_s) < 3 and 200 < max(lengths_s) <= LONGEST_S
    assert 3600 <= sum(line.pause_s + line.said_s for line in lines) < 3600 + 360
    assert {line.rate for line in lines} == {8000, 11025}
    assert {line.drift_ppm for line in lines} == {200.0, -200.0}
    assert {line.cut_by for line in lines} == {'', 'interrupt', 'utterance'}
    for line, following in zip(lines, lines[1:], strict=False):
        assert (following.pause_s == 0) == (line.cut_by == 'utterance')
        assert (line.cut_after_s is not None) == bool(line.cut_by)
    assert lines[-1].cut_by == ''
    again = list(conversation(RECORDINGS, 3600.0, seed=0))
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(lines, again, strict=True))
    ahead_s = sum(len(line.samples) / line.rate for line in speeches(RECORDINGS, 50.0, seed=1))
    assert ahead_s == pytest.approx(50.0, abs=1e-3)


@pytest.mark.parametrize('mb_per_hour', [0.0, 60.0])
def test_a_leak_is_seen_under_noise_and_after_the_warm_up(mb_per_hour):
    times = np.arange(0.0, 3600.0)
    noise = np.random.default_rng(0).normal(0, 3, len(times))
    memory = 200 + np.minimum(times, 300) / 3 + mb_per_hour * times / 3600 + noise
    threads = np.where(times > 3000, 21, 20)
    usages = [Usage(0.0, mb, count, 30) for mb, count in zip(memory, threads, strict=True)]
    found = resources(times, usages)
    assert found['mb_per_hour'] == pytest.approx(mb_per_hour, abs=1.0)
    assert found['rise_mb'] == pytest.approx(0.8 * mb_per_hour, abs=1.0)
    assert found['threads'] == [20, 21] and found['files'] == [30, 30]


def test_distributions_are_of_sizes():
    found = distribution(np.array([-4.0, 1.0, 1.0, 1.0]))
    assert found['p50'] == 1 and found['max'] == 4 and found['count'] == 4
    assert np.isnan(distribution(np.array([]))['p95'])
    counted = histogram(np.r_[np.linspace(400, 420, 5000), 9000])
    assert sum(counted['counts']) == 5001 and counted['edges'][-1] < 500


def test_a_soak_finds_chunks_that_are_lost_and_says_so(tiny_bundle, tmp_path, capsys):
    """Real avatar and speaker processes; how soon they are depends on the machine."""
    report = tmp_path / 'soak.json'
    arguments = ['--bundle', str(tiny_bundle.path), '--engine', 'onnxruntime', '--threads', '1']
    arguments += ['--minutes', '0.05', '--lose', '5', '--json', str(report)]
    assert soak.main(arguments) == 1
    shown = capsys.readouterr().out
    for part in ('real_time', 'fast'):
        assert f'OUT OF LIMITS {part}: chunks lost on the way' in shown
    assert 'OUT OF LIMITS real_time: avatar lost_samples' in shown
    figures = json.loads(report.read_text())
    live, fast = figures['real_time'], figures['fast']
    # Every fifth, and best effort may lose more.
    assert live['lost_chunks'] + fast['lost_chunks'] >= (live['sent'] + fast['sent']) // 5 > 5
    assert live['missing_utterances'] == fast['missing_utterances'] == 0
    assert live['latency_ms']['count'] == sum(live['histogram_ms']['counts']) > 20
    assert fast['times_real_time'] > 0 and fast['avatar']['frames'] > 0
    for phase in (live, fast):
        assert phase['resources']['avatar']['end_mb'] > 50
        assert phase['resources']['speaker']['threads'][1] > 1
    check_every_limit(figures)


def check_every_limit(figures):
    """A soak as it should be is within all limits, and out of them by each fault alone."""
    good = copy.deepcopy(figures)
    for phase in (good['real_time'], good['fast']):
        phase |= {'lost_chunks': 0, 'missing_utterances': 0}
        phase['avatar'] = dict.fromkeys(phase['avatar'], 0)
        phase['speaker'] = dict.fromkeys(phase['speaker'], 0)
        for of in phase['resources'].values():
            of |= {'threads': [20, 20], 'files': [20, 20], 'rise_mb': 1.0}
    live = good['real_time']
    live['latency_ms']['p95'] = live['playout_delay_ms']
    live['apart_ms'] = live['heard_worst_ms'] = {'p50': 1.0, 'p95': 2.0, 'max': 3.0, 'count': 9}
    good['fast']['missing_frames'] = 0
    assert [check for check in checks(good) if not check.good] == []
    faults = [
        ('real_time', 'lost_chunks', 1),
        ('fast', 'missing_utterances', 1),
        ('fast', 'missing_frames', 1),
        ('real_time', 'latency_ms', {'p95': live['playout_delay_ms'] + 50}),
        ('real_time', 'apart_ms', {'p95': 30.0, 'max': 40.0}),
        ('real_time', 'heard_worst_ms', {'max': 100.0}),
        ('real_time', 'apart_ms', {'p95': float('nan'), 'max': 0.0}),
    ]
    faults += [
        (phase, 'resources', good[phase]['resources'] | {node: changed})
        for phase in ('real_time', 'fast')
        for node, used in good[phase]['resources'].items()
        for changed in (used | {'rise_mb': 50.0}, used | {'threads': [20, 25]})
    ]
    faults += [
        (phase, node, good[phase][node] | {name: 1})
        for phase in ('real_time', 'fast')
        for node, names in (
            ('avatar', soak_report.AVATAR_FAULTS),
            ('speaker', soak_report.SPEAKER_FAULTS),
        )
        for name in names
    ]
    for part, name, value in faults:
        bad = copy.deepcopy(good)
        bad[part][name] = value
        assert [check for check in checks(bad) if not check.good], (part, name)


@pytest.mark.parametrize(
    'arguments',
    [
        ['--minutes', '0'],
        ['--minutes', 'nan'],
        ['--speed', '0'],
        ['--bundle', 'nowhere'],
        ['--preset', 'x'],
    ],
)
def test_wrong_input_is_one_line(arguments, capsys):
    assert soak.main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')
