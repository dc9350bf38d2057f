"""Broken speech over real DDS: lost, repeated, late, corrupt and absurd chunks."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import String

from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.ros.messages import AudioPiece
from tests.support.bundles import speech_like
from tests.support.fault_checks import check_planned, check_sane, check_shown, say_and_check
from tests.support.fault_world import LIVE, RATE, now_ns

pytestmark = [pytest.mark.ros, pytest.mark.untimed]

SIZE = 640  # a chunk's samples, 40 ms
LONG_NAME = 'x' * 1_000_000


class BrokenUtterance:
    """Speech in chunks with random faults, each with a known effect on the counters.

    Attributes:
        arriving: chunks in order of arrival.
        heard: the speech, with zeros where it did not come in time.
        counted: expected counters.
    """

    FAULTS = ['lost', 'late', 'reordered', 'repeated', 'corrupt', 'rate', 'over', 'far', 'name']

    def __init__(self, seed: int, start_ns: int) -> None:
        self.arriving: list[AudioPiece] = []
        self.counted: Counter[str] = Counter()
        self._random = np.random.default_rng(seed)
        self._held: dict[int, list[AudioPiece]] = {}  # by the index before which they arrive
        self._highest = 0  # first sample of the newest chunk that arrived in order
        speech = speech_like(3.6, seed=seed)
        self.heard = speech.copy()
        count = len(speech) // SIZE
        for index in range(count):
            self._release(index)
            first = index * SIZE
            samples = speech[first : first + SIZE]
            time_ns = start_ns + first * NS // RATE
            piece = AudioPiece('broken', first, RATE, samples, time_ns, index == count - 1)
            # The first chunk starts the utterance; behind the last ones no chunk would show a loss.
            inside = 1 <= index < count - 8
            fault = str(self._random.choice([''] * 7 + self.FAULTS)) if inside else ''
            if fault in ('lost', 'late', 'reordered'):
                self._hold_back(piece, fault)
                continue
            if fault:
                self._precede(piece, fault)
            self.arriving.append(piece)
            self._highest = first

    def _release(self, index: int) -> None:
        """Let the chunks arrive that were held back until this one."""
        for piece in self._held.pop(index, []):
            self.arriving.append(piece)
            if index * SIZE - piece.first_sample > 3 * SIZE:
                self.counted['late_samples'] += SIZE
            else:
                self.counted['reordered_chunks'] += piece.first_sample < self._highest

    def _hold_back(self, piece: AudioPiece, fault: str) -> None:
        """Lose a chunk, or let it arrive after later ones."""
        first = piece.first_sample
        if fault in ('lost', 'late'):
            self.heard[first : first + SIZE] = 0
            self.counted['lost_samples'] += SIZE
        if fault in ('late', 'reordered'):
            index = first // SIZE + {'late': 7, 'reordered': 2}[fault]
            self._held.setdefault(index, []).append(piece)

    def _precede(self, piece: AudioPiece, fault: str) -> None:
        """Send a chunk that is to be refused before the good one."""
        random, first = self._random, piece.first_sample
        if fault == 'repeated':
            bad, counter, amount = piece, 'repeated_samples', SIZE
        elif fault == 'corrupt':
            samples = piece.samples.copy()
            samples[random.integers(SIZE)] = random.choice([np.nan, np.inf, -np.inf, 1e30, -32768])
            bad, counter, amount = piece._replace(samples=samples), 'rejected_chunks', 1
        elif fault == 'rate':
            bad, counter, amount = piece._replace(sample_rate=44100), 'rate_changes', 1
        elif fault == 'over':
            bad, counter, amount = piece._replace(utterance_id='before'), 'stale_chunks', 1
        elif fault == 'far':
            far = int(random.choice([first + 30 * RATE, 2**40, 2**63]))
            bad, counter, amount = piece._replace(first_sample=far), 'rejected_chunks', 1
        else:
            name, rate = random.choice([(LONG_NAME, RATE), ('none', 0), ('absurd', 4_000_000_000)])
            bad = piece._replace(utterance_id=str(name), sample_rate=int(rate))
            counter, amount = 'rejected_chunks', 1
        self.arriving.append(bad)
        self.counted[counter] += amount


def test_every_fault_is_counted_and_the_motion_is_that_of_what_was_heard(
    start_avatar, calm_bundle, calm_engine
):
    avatar = start_avatar()
    start_ns = avatar.say(speech_like(0.3), 'before') + NS
    broken = BrokenUtterance(3, start_ns)
    assert len(broken.counted) == 7 and min(broken.counted.values()) > 1
    for piece in broken.arriving:
        avatar.send(piece)
    motion = generate(calm_bundle, calm_engine, [broken.heard], RATE, utterance=1)
    check_shown(avatar, motion, 'broken', start_ns)
    check_sane(avatar.ears)
    avatar.until_all_heard()
    avatar.until_counted(utterances=2, interrupts=0, dropped_chunks=0, **broken.counted)
    # The message names the losses, for readers that look rarely.
    status = avatar.ears.statuses[-1]
    assert status.level == b'\1' and 'lost_samples' in status.message


def absurd_piece(random: np.random.Generator, time_ns: int) -> AudioPiece:
    """Return a chunk of random values that fit into the message."""
    size = int(random.choice([0, 1, SIZE, RATE]))
    samples = random.uniform(-1, 1, size).astype(np.float32)
    if size and random.random() < 0.3:
        samples[random.integers(size)] = random.choice([np.nan, np.inf, 3e38, 17, -16])
    names = ['a', 'b', 'c', '', 'ünïcödé\n\x00', 'n' * 1000, 'm' * 1001, f'{random.integers(99)}']
    firsts = [0, 0, int(random.integers(0, 10 * RATE)), 2**32, 2**63 - 1, 2**63, 2**64 - 1]
    rates = [RATE, RATE, RATE, 44100, 8000, 192_000, 0, 1, 7999, 2**32 - 1]
    around_ns = time_ns + int(random.integers(-3 * NS, 3 * NS))
    starts = [around_ns, around_ns, around_ns, 0, 1, time_ns + 3600 * NS, time_ns - 3600 * NS]
    starts += [(2**31 - 1) * NS]
    return AudioPiece(
        str(random.choice(names)),
        firsts[random.integers(len(firsts))],
        rates[random.integers(len(rates))],
        samples,
        starts[random.integers(len(starts))],
        bool(random.random() < 0.1),
    )


def fuzz(avatar, messages: int, seed: int) -> None:
    """Send random chunks, and interrupt at times."""
    random = np.random.default_rng(seed)
    for index in range(messages):
        avatar.send(absurd_piece(random, now_ns()))
        if index % 50 == 25:
            avatar.interrupt()
    avatar.until_all_heard()


def check_survived(avatar, bundle, engine) -> None:
    """Check that there is no fault, and that new speech becomes the right motion."""
    avatar.until_all_heard()
    avatar.until_counted(callback_errors=0, failed_windows=0, faults=0)
    counters = avatar.values()
    say_and_check(avatar, bundle, engine, int(counters['utterances']), shown=False)
    check_sane(avatar.ears)


def test_nothing_absurd_ends_it_or_stays_in_the_way(start_avatar, calm_bundle, calm_engine):
    avatar = start_avatar()
    fuzz(avatar, 600, seed=5)
    # A minute in one chunk, and ten million samples at rates that make them ten minutes and four
    # months.
    now = AudioPiece('minute', 0, RATE, speech_like(60.0), now_ns(), False)
    avatar.send(now)
    many = np.zeros(10_000_000, np.float32)
    for rate in (RATE, 1):
        avatar.send(now._replace(utterance_id=f'many {rate}', sample_rate=rate, samples=many))
    avatar.send(now._replace(utterance_id=LONG_NAME))
    check_survived(avatar, calm_bundle, calm_engine)
    values = avatar.ears.values()
    assert int(values['dropped_chunks']) > 0 and int(values['rejected_chunks']) > 100
    assert float(values['queue_s']) < 300
    assert avatar.resources().rss_mib < 600


@pytest.mark.slow
@pytest.mark.parametrize('mode', [{}, LIVE], ids=['whole windows', 'live'])
@pytest.mark.parametrize('seed', range(3))
def test_nothing_absurd_ends_it_however_long_it_goes_on(
    start_avatar, calm_bundle, calm_engine, seed, mode
):
    avatar = start_avatar(**mode)
    for index in range(4):
        fuzz(avatar, 800, 100 * seed + index)
    before = avatar.resources()
    for index in range(4, 10):
        fuzz(avatar, 800, 100 * seed + index)
    after = avatar.resources()
    assert after.threads == before.threads and after.files <= before.files
    # Some 100 MiB were sent meanwhile; the middleware's pool grows to its largest messages.
    assert after.rss_mib < before.rss_mib + 50
    if mode:
        avatar.say(speech_like(3.0), 'clean')
        avatar.until(lambda: avatar.ears.faces[-1].utterance_id == 'clean')
        avatar.until(lambda: avatar.ears.faces[-1].utterance_id == '')
        check_sane(avatar.ears)
        avatar.until_counted(callback_errors=0, failed_windows=0, faults=0)
    else:
        check_survived(avatar, calm_bundle, calm_engine)


@pytest.mark.slow
@pytest.mark.parametrize('hours', [-10, 10])
def test_an_utterance_of_another_time_of_day_costs_no_more_than_others(start_avatar, hours):
    avatar = start_avatar(**LIVE)
    ears = avatar.ears
    avatar.until(lambda: ears.face_stretches)  # the first of those while nobody speaks
    before = avatar.resources()
    avatar.say(speech_like(2.4), 'off', start_ns=now_ns() + hours * 3600 * NS)
    avatar.until_counted(utterances=1, queue_s='0.00')
    avatar.world.run(2.0)  # until what follows it is planned too
    avatar.interrupt()
    avatar.say(speech_like(2.4), 'now')
    avatar.until(lambda: ears.faces[-1].utterance_id == 'now')
    avatar.until(lambda: ears.faces[-1].utterance_id == '')
    assert max(len(message.points) for message in ears.face_stretches) < 2000
    assert avatar.resources().rss_mib < before.rss_mib + 60
    avatar.until_counted(untimely_chunks=24, callback_errors=0, failed_windows=0, faults=0)
    check_sane(ears)


@pytest.fixture
def stranger() -> Iterator[Publisher]:
    """Yield a publisher of another type on the same topic, as of another program."""
    context = rclpy.Context()
    rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Node('stranger', context=context)
    yield node.create_publisher(String, 'audio', 10)
    node.destroy_node()
    context.try_shutdown()


def test_the_rate_and_the_format_change_in_the_middle_of_an_utterance(
    make_avatar, stranger, calm_bundle, calm_engine
):
    avatar = make_avatar()
    speech, half = speech_like(2.4), RATE  # a second is good so far
    start_ns = avatar.say(speech[:half], 'changing', end=False)
    stranger.publish(String(data='speech'))
    now = AudioPiece('changing', half, RATE, speech[half : half + SIZE], start_ns + NS, False)
    integers = (now.samples * 32767).astype(np.float32)  # a sender that does not scale
    for piece in (
        now._replace(samples=np.repeat(integers, 2)),
        now._replace(sample_rate=48000, samples=np.repeat(now.samples, 3)),
        now._replace(sample_rate=8000, samples=now.samples[::2]),
    ):
        avatar.send(piece)
    for first in range(half, len(speech), SIZE):
        time_ns = start_ns + first * NS // RATE
        end = first + SIZE >= len(speech)
        avatar.send(AudioPiece('changing', first, RATE, speech[first : first + SIZE], time_ns, end))
    motion = generate(calm_bundle, calm_engine, [speech], RATE)
    check_planned(avatar, motion, 'changing', start_ns)
    avatar.until_counted(rate_changes=2, rejected_chunks=1, utterances=1, lost_samples=0)
    # The next utterance may have another rate.
    say_and_check(avatar, calm_bundle, calm_engine, 1, rate=44100, shown=False)
