"""Clocks that stand, run at another pace or jump, and speech that is sent at another pace."""

import time

import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

import soundfile
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock

from diffsheg_model.motion_files.mcap.definitions import AVATAR_TOPICS
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from diffsheg_model.session.generate import generate
from diffsheg_model.time_units import NS
from diffsheg_ros.nodes.file_player import FilePlayerNode
from diffsheg_ros.nodes.replay import ReplayNode
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.messages import AudioPiece
from tests.support.bundles import speech_like
from tests.support.fault_checks import check_planned, check_sane, check_shown, say_and_check
from tests.support.fault_world import RATE, stamps
from tests.support.ros_world import Watcher, overrides

pytestmark = pytest.mark.ros


class Simulation:
    """Publishes a clock of its own, as a simulator does.

    Attributes:
        pace: simulated seconds a second.
        now_ns: the time there.
    """

    def __init__(self, ears: Watcher) -> None:
        self.pace = 1.0
        self.now_ns = 1000 * NS
        self._told_s = time.monotonic()
        self._publisher = ears.create_publisher(Clock, '/clock', 10)
        ears.create_timer(0.01, self._tell)

    def _tell(self) -> None:
        now_s = time.monotonic()
        # A clock that was not published has not advanced.
        self.now_ns += round(self.pace * min(now_s - self._told_s, 0.04) * NS)
        self._told_s = now_s
        self._publisher.publish(Clock(clock=messages.to_stamp(self.now_ns)))


@pytest.fixture
def simulated(world, make_avatar):
    """An avatar in a simulation, and that."""
    ears = world.add(Watcher())
    simulation = Simulation(ears)
    return make_avatar(ears=ears, use_sim_time=True, publish_rate_hz=20.0), simulation


def test_a_simulation_stands_still_and_runs_at_any_pace(simulated, calm_bundle, calm_engine):
    avatar, simulation = simulated
    faces = avatar.ears.faces
    speech = speech_like(2.4)
    simulation.pace = 0.0
    start_ns = avatar.say(speech, 'paced', start_ns=simulation.now_ns)
    motion = generate(calm_bundle, calm_engine, [speech], RATE)
    check_planned(avatar, motion, 'paced', start_ns)  # thinking takes no time here
    simulation.pace = 5.0
    avatar.until(lambda: faces[-1].utterance_id == 'paced')
    simulation.pace = 0.5
    avatar.world.run(0.5)
    simulation.pace = 0.0
    avatar.world.run(0.3)
    shown_ns = stamps(faces[-1:])[0]
    avatar.world.run(0.7)
    assert stamps(faces[-1:])[0] == shown_ns and faces[-1].utterance_id == 'paced'
    simulation.pace = 5.0
    check_shown(avatar, motion, 'paced', start_ns)
    check_sane(avatar.ears)
    avatar.until_counted(clock_jumps=0, utterances=1, untimely_chunks=0)


def test_a_simulation_that_jumps_by_an_hour_goes_on(simulated, calm_bundle, calm_engine):
    avatar, simulation = simulated
    ears = avatar.ears
    simulation.pace = 3.0
    for index, jump_s in enumerate((3600, -3600)):
        avatar.say(speech_like(6.0), f'cut{index}', start_ns=simulation.now_ns)
        avatar.until(lambda index=index: ears.faces[-1].utterance_id == f'cut{index}')
        simulation.now_ns += jump_s * NS
        avatar.until(lambda: abs(stamps(ears.faces[-1:])[0] - simulation.now_ns) < NS)
        avatar.until(lambda: ears.faces[-1].utterance_id == '')
        avatar.until_counted(clock_jumps=index + 1, queue_s='0.00', utterances=2 * index + 1)
        status = ears.statuses[-1]
        assert status.level == b'\1' and 'the clock jumped' in status.message
        say_and_check(
            avatar,
            calm_bundle,
            calm_engine,
            2 * index + 1,
            utterance_id=f'next{index}',
            at_ns=simulation.now_ns,
            ahead_s=2.0,
        )
    check_sane(ears, clock_jumps=True)
    assert avatar.node.faults == 0


def test_speech_that_is_sent_three_times_as_fast_is_planned_ahead(
    world, make_avatar, calm_bundle, calm_engine, tmp_path
):
    avatar = make_avatar()
    speech = speech_like(2.4)
    soundfile.write(tmp_path / 'speech.wav', speech, RATE, subtype='FLOAT')
    settings = {'file': str(tmp_path / 'speech.wav'), 'rate': 3.0, 'subscribers': 2}
    world.add(FilePlayerNode(parameter_overrides=overrides(**settings, utterance_id='fast')))
    avatar.until(lambda: avatar.ears.audio)
    motion = generate(calm_bundle, calm_engine, [speech], RATE)
    check_planned(avatar, motion, 'fast', int(stamps(avatar.ears.audio)[0]))


def test_a_recording_at_three_times_its_pace_does_not_pile_up(
    world, make_avatar, calm_bundle, calm_engine, tmp_path
):
    pytest.importorskip('mcap', reason='recordings need the extra mcap')
    recorder = McapRecorder(tmp_path / 'talk.mcap')
    count, length_s = 3, 1
    for index in range(count):
        speech = speech_like(length_s, seed=index)
        for first in range(0, len(speech), 1600):
            time_ns = (1000 + index * length_s) * NS + first * NS // RATE
            end = first + 1600 >= len(speech)
            piece = AudioPiece(f'u{index}', first, RATE, speech[first:][:1600], time_ns, end)
            data = serialize_message(messages.audio_chunk(piece))
            recorder.add('/audio', AVATAR_TOPICS['audio'], data, time_ns)
    recorder.close()
    avatar = make_avatar()
    ears = avatar.ears
    replay = ReplayNode(
        parameter_overrides=overrides(file=str(tmp_path / 'talk.mcap'), rate=3.0, topics='audio')
    )
    world.add(replay)
    avatar.until(lambda: replay.finished)
    # Each says its piece in a third of its time, and the next one takes over: the newest is shown.
    avatar.sent = count * length_s * 10
    avatar.until_all_heard()
    avatar.until(lambda: ears.faces[-1].utterance_id.startswith(f'u{count - 1}'))
    avatar.until(lambda: ears.faces[-1].utterance_id == '')
    check_sane(ears)
    assert avatar.values()['queue_s'] == '0.00'
    say_and_check(avatar, calm_bundle, calm_engine, count, shown=False)
