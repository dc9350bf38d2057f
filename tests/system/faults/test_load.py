"""Too much of everything: no CPU left, barge-ins without end, listeners that hang, restarts."""

import signal
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from lifecycle_msgs.msg import Transition

from tests.support.bundles import speech_like
from tests.support.fault_checks import check_sane, say_and_check

pytestmark = pytest.mark.ros


@pytest.mark.slow
def test_without_a_free_cpu_it_says_so_and_recovers(start_avatar, burn, calm_bundle, calm_engine):
    avatar = start_avatar(publish_rate_hz=120.0)
    burn()
    avatar.say(speech_like(20.0), 'busy')
    starved = avatar.until(
        lambda: [
            status.message
            for status in avatar.ears.statuses
            if status.message.startswith(('publishing at', 'motion came too late', 'generating'))
        ]
    )
    assert 'lower' in starved[0]  # what to do about it
    burn.stop()
    say_and_check(avatar, calm_bundle, calm_engine, 1, ahead_s=2.0)
    check_sane(avatar.ears)
    avatar.until_well()


def barge_in(avatar, times: int, name: str) -> None:
    """Interrupts in every way, as fast as it goes: by the service, by a new utterance, by both."""
    for index in range(times):
        speech = speech_like(1.0, seed=index)
        avatar.say(speech, f'{name}{index}', chunk=4000, end=index % 2 == 0)
        if index % 3:
            avatar.interrupt()
    avatar.until_all_heard()


def check_barge_ins(avatar, times: int, bundle, engine) -> None:
    """In the second half nothing more is held than in the first, and nothing has gone astray."""
    half = times // 200
    for index in range(half):
        barge_in(avatar, 100, f'first{index}-')
    before = avatar.resources()
    for index in range(half):
        barge_in(avatar, 100, f'then{index}-')
    after = avatar.resources()
    assert after.threads == before.threads and after.files == before.files
    # The middleware keeps what it once needed for chunks that wait; 4000 utterances' audio, if it
    # stayed, would be 240 MiB.
    assert after.rss_mib < before.rss_mib + 30
    avatar.until_counted(lost_samples=0, repeated_samples=0, failed_windows=0, callback_errors=0)
    say_and_check(avatar, bundle, engine, times)
    check_sane(avatar.ears)


def test_two_hundred_barge_ins_leave_nothing_behind(start_avatar, calm_bundle, calm_engine):
    check_barge_ins(start_avatar(), 200, calm_bundle, calm_engine)


@pytest.mark.slow
def test_four_thousand_barge_ins_leave_nothing_behind(start_avatar, calm_bundle, calm_engine):
    check_barge_ins(start_avatar(), 4000, calm_bundle, calm_engine)


FROZEN = """
import rclpy, time
from rclpy.node import Node
from rclpy.qos import QoSProfile, HistoryPolicy
from sensor_msgs.msg import JointState
from diffsheg_ros.msg import FaceBlendshapes, FaceTrajectory
rclpy.init()
node = Node('{name}')
qos = QoSProfile(history=HistoryPolicy.{history}, depth=1000)
for kind, topic in (
    (JointState, 'joint_states'), (FaceBlendshapes, 'face'), (FaceTrajectory, 'face_trajectory')
):
    node.create_subscription(kind, topic, print, qos)
print('here', flush=True)
time.sleep(600)
"""


@pytest.fixture
def listeners():
    """One that keeps all and never reads, and one that can be frozen: its middleware stops too."""
    started = [
        subprocess.Popen(
            [sys.executable, '-c', FROZEN.format(name=name, history=history)],
            stdout=subprocess.PIPE,
        )
        for name, history in (('never_reads', 'KEEP_ALL'), ('frozen', 'KEEP_LAST'))
    ]
    for process in started:
        assert process.stdout.readline() == b'here\n'
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_who_does_not_listen_harms_nobody(start_avatar, listeners, calm_bundle, calm_engine):
    avatar = start_avatar()
    ears = avatar.ears
    avatar.until(lambda: ears.count_subscribers('/face') == 3)
    before = avatar.resources()
    listeners[1].send_signal(signal.SIGSTOP)
    for index in range(2):
        say_and_check(
            avatar, calm_bundle, calm_engine, index, utterance_id=f'u{index}', shown=False
        )
    # Subscribers that read do not wait for those that do not.
    values = avatar.values()
    assert float(values['fps']) > 0.5 * float(values['publish_rate_hz'])
    check_sane(ears)
    assert avatar.resources().rss_mib < before.rss_mib + 40


def cycle(avatar, times: int, name: str) -> None:
    """Stops and starts the avatar in the middle of what it hears, in both ways."""
    for index in range(times):
        for end in (False, True):  # what is under way, and what waits behind it
            avatar.say(speech_like(1.0), f'{name}{index}{end}', end=end)
        avatar.change(Transition.TRANSITION_DEACTIVATE)
        if index % 2:
            avatar.say(speech_like(0.2), 'to nobody')
            avatar.change(Transition.TRANSITION_CLEANUP)
            avatar.change(Transition.TRANSITION_CONFIGURE)
        avatar.change(Transition.TRANSITION_ACTIVATE)


def check_cycles(avatar, times: int, most_mib: float) -> None:
    """Nothing that is held grows from one half of the cycles to the other."""
    cycle(avatar, times // 2, 'first')
    before = avatar.resources()
    cycle(avatar, times - times // 2, 'then')
    after = avatar.resources()
    assert after.threads <= before.threads and after.files <= before.files
    assert after.rss_mib < before.rss_mib + most_mib
    avatar.until_heard()


def test_starting_and_stopping_leaves_nothing_behind(start_avatar, calm_bundle, calm_engine):
    avatar = start_avatar()
    check_cycles(avatar, 20, most_mib=20)
    say_and_check(avatar, calm_bundle, calm_engine, 0, shown=False)
    check_sane(avatar.ears)


@pytest.mark.slow
def test_starting_and_stopping_a_hundred_times(start_avatar, calm_bundle, calm_engine):
    avatar = start_avatar()
    check_cycles(avatar, 200, most_mib=20)
    say_and_check(avatar, calm_bundle, calm_engine, 0)
