"""The avatar node over real DDS: life cycle, parameters and processes."""

import signal
import threading
import time

import pytest

from tests.support.bundles import speech_like

pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.parameter import Parameter

from tests.support.avatar_node import (
    ERROR,
    FAILURE,
    SUCCESS,
    WARN,
    fresh_status,
    is_well,
    now_ns,
    state_of,
)
from tests.support.ros_world import Watcher

pytestmark = pytest.mark.ros


def test_the_life_cycle_by_its_services(world, make, watcher):
    node = make(namespace='stage')
    change = watcher.create_client(ChangeState, '/stage/avatar/change_state')
    get = watcher.create_client(GetState, '/stage/avatar/get_state')

    def call(client, request):
        world.until(client.service_is_ready)
        future = client.call_async(request)
        world.until(future.done)
        return future.result()

    def step(transition: int) -> str:
        request = ChangeState.Request(transition=Transition(id=transition))
        assert call(change, request).success
        return call(get, GetState.Request()).current_state.label

    threads = threading.active_count()
    assert call(get, GetState.Request()).current_state.id == State.PRIMARY_STATE_UNCONFIGURED
    for _ in range(2):
        assert step(Transition.TRANSITION_CONFIGURE) == 'inactive'
        for _ in range(2):
            assert step(Transition.TRANSITION_ACTIVATE) == 'active'
            assert threading.active_count() == threads + 2  # the worker's and the engine's
            assert node.count_subscribers('/stage/audio') == 1
            assert step(Transition.TRANSITION_DEACTIVATE) == 'inactive'
            assert threading.active_count() == threads + 1
        assert step(Transition.TRANSITION_CLEANUP) == 'unconfigured'
        assert threading.active_count() == threads
        world.until(lambda: node.count_publishers('/stage/face') == 0)
    assert step(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN) == 'finalized'


@pytest.mark.parametrize(
    ('values', 'words'),
    [
        ({'publish_rate_hz': 1000.0}, 'publish_rate_hz = 1000.0: must be 1 to 240'),
        ({'engine': 'steam'}, "engine = 'steam': must be auto, tensorrt, "),
        ({'engine': 'torch', 'engine_precision': 'int8'}, "torch has no precision 'int8'"),
        ({'engine_provider': 'cuda'}, 'pip install onnxruntime-gpu'),
        ({'blend_s': 'x', 'seed': -1}, "blend_s = 'x': must be a number"),
        ({'style': 4}, 'speaker = 4'),
        ({'sampling_steps': 1000, 'reorder_s': 0.5, 'stall_s': 0.2}, 'stall_s = 0.2'),
        ({'sampling_steps': 5}, 'with jump_n_sample = 1 there are no jumps'),
        ({'bundle': '/nowhere'}, '/nowhere is not a bundle'),
    ],
    ids=lambda value: ','.join(value) if isinstance(value, dict) else '',
)
def test_a_bad_value_fails_configure_and_says_which_and_why(world, make, watcher, values, words):
    node = make(**values)
    assert node.trigger_configure() == FAILURE
    assert state_of(node) == 'unconfigured'
    assert words in node.failure and '\n' not in node.failure
    world.until(lambda: watcher.statuses and watcher.statuses[-1].level == ERROR)
    assert words in watcher.statuses[-1].message
    assert watcher.values()['lifecycle'] == 'unconfigured'


def test_a_wrong_value_can_be_set_right(world, make, tiny_bundle):
    node = make(publish_rate_hz=1000.0)
    assert node.trigger_configure() == FAILURE
    assert node.set_parameters([Parameter('publish_rate_hz', value=30.0)])[0].successful
    assert node.trigger_configure() == SUCCESS
    refused = node.set_parameters([Parameter('publish_rate_hz', value=40.0)])[0]
    assert not refused.successful and 'fixed' in refused.reason
    # Style and seed are for the next utterance.
    assert node.set_parameters([Parameter('seed', value=3)])[0].successful
    refused = node.set_parameters([Parameter('style', value=4)])[0]
    assert not refused.successful and "the model 'tiny' knows styles 0..3" in refused.reason


def test_deactivating_in_the_middle_of_speech_and_going_on(world, active, watcher):
    node = active()
    watcher.say(speech_like(6.0), start_ns=now_ns())
    world.until(lambda: watcher.faces[-1].utterance_id == 'u')
    assert node.trigger_deactivate() == SUCCESS
    world.run(0.2)
    count = len(watcher.faces)
    world.run(0.3)
    assert len(watcher.faces) == count
    assert node.trigger_activate() == SUCCESS
    world.until(lambda: watcher.mouth.get_subscription_count() >= 2)
    world.run(0.2)
    watcher.say(speech_like(1.0), start_ns=now_ns(), utterance_id='next')
    world.until(lambda: watcher.faces[-1].utterance_id == 'next')


def test_a_second_node_of_the_name_is_reported(world, make, watcher):
    first, second = make(), make()
    world.until(lambda: first.get_node_names().count('avatar') == 2)
    assert second.trigger_configure() == SUCCESS
    status = fresh_status(world, watcher)
    assert status.level == WARN and 'another node has this name' in status.message
    world.remove(first)
    world.until(lambda: is_well(watcher.statuses[-1]))


def test_two_avatars_in_two_namespaces(world, make):
    ears = {name: world.add(Watcher(namespace=name)) for name in ('one', 'two')}
    for name in ears:
        node = make(namespace=name)
        assert node.trigger_configure() == SUCCESS and node.trigger_activate() == SUCCESS
    one, two = ears.values()
    world.until(lambda: one.faces and two.faces and one.mouth.get_subscription_count() >= 2)
    world.run(0.2)
    one.say(speech_like(1.0), start_ns=now_ns())
    world.until(lambda: one.faces[-1].utterance_id == 'u')
    assert two.faces[-1].utterance_id == ''
    assert {status.name for status in one.statuses} == {'one/avatar: motion', 'two/avatar: motion'}


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_cleanly_while_it_speaks(world, start_node, watcher, tiny_bundle, number):
    process = start_node(
        'nodes.avatar', '--ros-args', '-p', 'autostart:=true', '-p', f'bundle:={tiny_bundle.path}'
    )
    world.until(lambda: watcher.faces and watcher.mouth.get_subscription_count() >= 2)
    world.run(0.3)
    watcher.say(speech_like(9.0), start_ns=now_ns())
    world.until(lambda: watcher.faces[-1].utterance_id == 'u')
    for _ in range(2):  # a terminal and a launcher may both pass it on
        process.send_signal(number)
        time.sleep(0.1)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output
    assert 'Traceback' not in output and 'ERROR' not in output, output


def test_a_process_that_cannot_be_configured_stays_alive(world, start_node, watcher):
    process = start_node(
        'nodes.avatar', '--ros-args', '-p', 'autostart:=true', '-p', 'bundle:=/nowhere'
    )
    world.until(lambda: watcher.statuses and watcher.statuses[-1].level == ERROR)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert output.count('/nowhere is not a bundle') == 1 and 'Traceback' not in output, output
