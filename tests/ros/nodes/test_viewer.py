"""The viewer node over real DDS, with a real avatar and a real Chromium."""

import numpy as np
import pytest
import soundfile

from tests.support.bundles import speech_like
from tests.support.pages import Pages, missing_browser

if missing_browser():
    pytest.skip(missing_browser(), allow_module_level=True)
pytest.importorskip('rclpy', reason='the nodes need ROS 2')

from rcl_interfaces.srv import GetParameters

from diffsheg_model.motion.rotations import quaternion_from_rotvec, rotvec_from_euler_xyz
from diffsheg_model.time_units import NS
from diffsheg_ros.demo import DEFAULT_AUDIO
from diffsheg_ros.ros import messages
from tests.support.ros_world import Watcher, World
from tests.support.viewer_nodes import NodeProcesses

pytestmark = pytest.mark.ros

SPACE = 'stage'
RATE = 16000
FRAME_S = 1 / 60


@pytest.fixture(scope='module')
def nodes():
    made = NodeProcesses(SPACE)
    yield made
    made.stop()


@pytest.fixture(scope='module')
def avatar(nodes, tiny_bundle):
    return nodes.start('nodes.avatar', '-p', 'autostart:=true', '-p', f'bundle:={tiny_bundle.path}')


@pytest.fixture(scope='module')
def address(nodes, avatar):
    return nodes.viewer()[1]


@pytest.fixture(scope='module')
def page(browser, address):
    """One page for all tests that can share it.

    It may run a script of ours in its audio thread; `test_viewer_page` has pages that may not.
    """
    pages = Pages(browser)
    yield pages.open(address, bypass_csp=True)
    pages.close()
    assert pages.complaints == []


@pytest.fixture
def watcher(world: World, page) -> Watcher:
    """Subscribe to the avatar, and wait for its first report."""
    made = world.add(Watcher(namespace=SPACE))
    world.until(lambda: any(status.name == f'{SPACE}/avatar: motion' for status in made.statuses))
    world.until(lambda: made.faces and made.joints)
    # Avatar, viewer and watcher must receive the first chunk already.
    world.until(lambda: made.mouth.get_subscription_count() >= 3)
    world.until(lambda: made.count_publishers('audio') >= 2)
    world.run(1.0)
    return made


def now_ns(watcher: Watcher) -> int:
    return watcher.get_clock().now().nanoseconds


def avatar_values(watcher: Watcher) -> dict[str, str]:
    """Return the values of the avatar's last report."""
    ours = [status for status in watcher.statuses if status.name.startswith(SPACE)]
    return {item.key: item.value for item in ours[-1].values}


def page_state(page) -> str:
    return page.locator('#state').inner_text()


def settled(world: World, page, text: str) -> None:
    world.until(lambda: text in page_state(page))


def test_the_page_shows_the_published_motion(world, watcher, page):
    watcher.say(speech_like(4.0), start_ns=now_ns(watcher), utterance_id='said')
    settled(world, page, 'speaking')
    assert page.locator('#utterance').inner_text() == 'said'
    world.run(1.5)
    newest_s = page.evaluate('viewer.sources[0].face.newestS')
    faces = {messages.from_stamp(face.header.stamp): face for face in watcher.faces}
    joints = {messages.from_stamp(state.header.stamp): state for state in watcher.joints}
    times_ns = [time for time in sorted(joints) if newest_s - 1.5 < time / NS < newest_s - 0.1]
    for time_ns in times_ns[:: max(1, len(times_ns) // 8)]:
        page.evaluate('(timeS) => viewer.freeze(timeS)', time_ns / NS)
        face = messages.read_face_blendshapes(faces[time_ns])
        found = page.evaluate(
            '(names) => names.map((name) => viewer.sources[0].figure.weight(name))',
            list(face.names),
        )
        assert np.abs(np.array(found) - face.weights[0]).max() < 1e-6
        body = messages.read_joint_state(joints[time_ns])
        expected = quaternion_from_rotvec(rotvec_from_euler_xyz(body.angles[0]))
        bones = page.evaluate(
            """(names) => names.map(
                 (name) => viewer.sources[0].figure.bones.get(name).quaternion.toArray())""",
            list(body.joint_names),
        )
        assert np.abs(np.sum(np.array(bones) * expected, axis=1)).min() > 1 - 1e-6
    page.evaluate('viewer.freeze(null)')
    assert len(times_ns) >= 8
    # It moved, so the test compared more than the rest pose.
    weights = np.array([faces[time_ns].weights for time_ns in times_ns])
    assert np.ptp(weights, axis=0).max() > 1e-4


TAP = """
registerProcessor('tap', class extends AudioWorkletProcessor {
  process([[channel]]) {
    if (channel) this.port.postMessage([currentFrame / sampleRate, channel.slice()]);
    return true;
  }
});
"""

LISTEN = """async (source) => {
  const { sound } = viewer;
  const script = new Blob([source], { type: 'text/javascript' });
  await sound.context.audioWorklet.addModule(URL.createObjectURL(script));
  const tap = new AudioWorkletNode(sound.context, 'tap', { numberOfOutputs: 0 });
  globalThis.tapped = [];
  globalThis.posed = [];
  tap.port.onmessage = ({ data: [timeS, samples] }) => {
    const loud = samples.findIndex((value) => Math.abs(value) > 0.1);
    if (loud >= 0) tapped.push(timeS + loud / sound.context.sampleRate);
  };
  sound.output.connect(tap);
  viewer.onpose = (shownS, localS) => posed.push([localS, shownS]);
}"""

HEARD = """() => {
  const { contextTime, performanceTime } = viewer.sound.context.getOutputTimestamp();
  viewer.onpose = null;
  return { loud: tapped.map((timeS) => timeS - contextTime + performanceTime / 1000), posed };
}"""


def test_sound_and_motion_are_in_sync(world, watcher, page):
    """When a click in the speech leaves the page, the page shows the motion of the same time."""
    clicks_s = (0.5, 1.3, 2.2, 3.0, 4.1)
    samples = np.zeros(round(4.6 * RATE), np.float32)
    for click_s in clicks_s:
        samples[round(click_s * RATE) : round((click_s + 0.03) * RATE)] = 0.8
    size = page.viewport_size
    page.set_viewport_size(
        {'width': 240, 'height': 180}
    )  # a small picture leaves processor time for the sound
    settled(world, page, 'idle')  # there is no other sound
    start_ns = now_ns(watcher) + NS // 5
    watcher.say(samples, start_ns=start_ns, utterance_id='clicks')
    world.until(lambda: page.evaluate('viewer.sound.isPlaying'))
    page.evaluate(LISTEN, TAP)
    world.until(lambda: watcher.faces[-1].utterance_id == 'clicks')
    world.until(lambda: not watcher.faces[-1].utterance_id)
    heard = page.evaluate(HEARD)
    page.set_viewport_size(size)
    delay_s = float(avatar_values(watcher)['playout_delay_s'])
    local_s, shown_s = np.array(heard['posed']).T
    loud_s = np.array(heard['loud'])
    begun = loud_s[np.diff(loud_s, prepend=-1) > 0.2]
    assert len(begun) == len(clicks_s)
    for click_s, at_s in zip(clicks_s, begun, strict=True):
        off_s = np.interp(at_s, local_s, shown_s) - (start_ns / NS + click_s + delay_s)
        print(f'click at {click_s} s: motion {1000 * off_s:+.2f} ms off the sound')
        assert abs(off_s) <= FRAME_S


def test_an_utterance_that_interrupts_another_is_heard_completely(world, watcher, page):
    """The avatar also counts the interrupt, which must not stop the second utterance."""
    settled(world, page, 'idle')
    page.evaluate(
        """() => {
          globalThis.heardS = {};
          viewer.connection.addEventListener('binary', ({ detail }) => {
            const view = new DataView(detail);
            if (view.getUint8(0) !== 3) return;
            const loud = new Float32Array(detail, 16)[0].toFixed(1);
            const seconds = (detail.byteLength - 16) / 4 / view.getUint32(4, true);
            heardS[loud] = (heardS[loud] ?? 0) + seconds;
          });
        }"""
    )
    first, second = (np.full(3 * RATE, value, np.float32) for value in (0.1, 0.2))
    watcher.say(first, start_ns=now_ns(watcher), utterance_id='a', end=False)
    world.run(1.0)
    watcher.say(second, start_ns=now_ns(watcher), utterance_id='b')
    world.until(lambda: watcher.faces[-1].utterance_id == 'b')
    world.until(lambda: not watcher.faces[-1].utterance_id)
    heard = page.evaluate('heardS')
    assert heard['0.2'] == pytest.approx(3.0)
    assert heard.get('0.1', 0) < 2.0


def test_the_interrupt_button_stops_the_avatar(world, watcher, page):
    before = int(avatar_values(watcher)['interrupts'])
    watcher.say(speech_like(8.0), start_ns=now_ns(watcher), utterance_id='long', end=False)
    settled(world, page, 'speaking')
    page.click('#interrupt')
    world.until(lambda: int(avatar_values(watcher)['interrupts']) == before + 1)
    settled(world, page, 'idle')


def test_style_and_seed_are_set_from_the_page(world, watcher, page):
    client = watcher.create_client(GetParameters, 'avatar/get_parameters')

    def value(name: str) -> int:
        asked = client.call_async(GetParameters.Request(names=[name]))
        world.until(asked.done)
        return asked.result().values[0].integer_value

    world.until(lambda: page.locator('#set-seed').count())
    page.fill('#set-seed', '41')
    page.keyboard.press('Enter')
    world.until(lambda: value('seed') == 41)
    page.fill('#set-style', '99')
    page.keyboard.press('Enter')
    world.until(lambda: 'knows styles 0..3' in page.locator('#notice').inner_text())
    assert value('style') == 0
    world.until(lambda: page.locator('#set-style').input_value() == '0')


def test_the_avatar_speaks_a_recording_given_to_the_page(world, watcher, page, tmp_path):
    samples = speech_like(1.5)
    path = tmp_path / 'my talk.wav'
    soundfile.write(path, samples, RATE, subtype='FLOAT')
    page.set_input_files('#chooser', path)
    world.until(lambda: watcher.audio and watcher.audio[-1].end_of_utterance)
    assert {chunk.utterance_id.split('-')[0] for chunk in watcher.audio} == {'my_talk.wav'}
    heard = np.concatenate([np.array(chunk.samples) for chunk in watcher.audio])
    assert np.abs(heard - samples).max() < 1e-6
    settled(world, page, 'speaking')


def test_an_unreadable_recording_is_refused_in_one_line(world, watcher, page, tmp_path):
    path = tmp_path / 'notes.wav'
    path.write_text('no sound at all')
    page.set_input_files('#chooser', path)
    world.until(lambda: 'notes.wav is not a recording' in page.locator('#notice').inner_text())
    assert watcher.audio == []


def test_foreign_messages_are_left_out(world, watcher, page):
    """NaN, and joints of another robot, published on the topics of the avatar."""
    from array import array

    from sensor_msgs.msg import JointState

    from diffsheg_ros.msg import FaceBlendshapes

    face = watcher.create_publisher(FaceBlendshapes, 'face', 10)
    joints = watcher.create_publisher(JointState, 'joint_states', 10)
    world.until(lambda: face.get_subscription_count() >= 2)
    stamp = messages.to_stamp(now_ns(watcher))
    broken = FaceBlendshapes(names=list(watcher.faces[-1].names))
    broken.header.stamp = stamp
    broken.weights = array('f', [float('nan')] * len(broken.names))
    for _ in range(5):
        face.publish(broken)
        face.publish(FaceBlendshapes(names=['jawOpen'], weights=[]))
        joints.publish(JointState(name=['wheel'], position=[1.0]))
        joints.publish(JointState(name=['wheel_x', 'wheel_y', 'wheel_z'], position=[1.0] * 3))
    world.run(0.5)
    before = len(watcher.faces)
    world.until(lambda: len(watcher.faces) > before + 20)
    shown = page.evaluate("viewer.sources[0].figure.weight('jawOpen')")
    assert np.isfinite(shown)
    assert page.evaluate('viewer.sources[0].jointNames.length') == 47


def test_the_microphone_of_a_page_is_published(launch_browser, world, watcher, address, tmp_path):
    spoken, rate = soundfile.read(DEFAULT_AUDIO, dtype='float32')
    path = tmp_path / 'speech.wav'
    soundfile.write(path, spoken, rate, subtype='PCM_16')
    browser = launch_browser(
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        f'--use-file-for-fake-audio-capture={path}',
    )
    pages = Pages(browser)
    page = pages.open(address, permissions=['microphone'])
    page.click('#microphone')
    world.until(lambda: sum(len(chunk.samples) for chunk in watcher.audio) > 2 * 44100)
    assert page.locator('#microphone').inner_text() == 'Stop listening'
    # The page draws the sound without playing it, since the microphone would record it again.
    assert page.evaluate('viewer.sound.context') is None
    page.click('#microphone')
    world.until(lambda: watcher.audio[-1].end_of_utterance)
    chunks = watcher.audio
    assert len({chunk.utterance_id for chunk in chunks}) == 1
    assert chunks[0].utterance_id.startswith('microphone-')
    places = np.cumsum([0, *(len(chunk.samples) for chunk in chunks)])
    assert [chunk.first_sample for chunk in chunks] == list(places[:-1])
    heard = np.concatenate([np.array(chunk.samples) for chunk in chunks])
    assert np.sqrt(np.mean(heard**2)) > 0.005
    pages.close()
    browser.close()
    assert pages.complaints == []


@pytest.mark.slow
def test_two_avatars_are_shown_side_by_side(world, watcher, nodes, pages, tiny_bundle):
    """Two seeds of the same speech, published by two avatars."""
    given = ['-p', 'autostart:=true', '-p', f'bundle:={tiny_bundle.path}', '-p', 'seed:=9']
    other = nodes.start('nodes.avatar', *given, '-r', f'audio:=/{SPACE}/audio', space='other')
    page = pages.open(nodes.viewer('-p', 'beside:=other')[1])
    page.wait_for_function('() => viewer.sources[1].face.length > 5')
    world.until(lambda: watcher.mouth.get_subscription_count() >= 4)
    watcher.say(speech_like(10.0), start_ns=now_ns(watcher), utterance_id='both')
    # Both move, and differently.
    page.wait_for_function(
        """() => {
          const [one, two] = viewer.sources.map(({ figure }) => figure?.weight('jawOpen') ?? 0);
          return one > 0 && two > 0 && Math.abs(one - two) > 1e-6;
        }"""
    )
    assert page.locator('#names span').all_inner_texts() == [SPACE, 'other']
    other.kill()


def test_the_page_notices_a_new_viewer_and_a_lost_avatar(world, nodes, browser, avatar, address):
    """This test must be the last one of the module, since it ends the avatar."""
    pages = Pages(browser)
    viewer, own = nodes.viewer()
    page = pages.open(own)
    page.wait_for_function('() => viewer.sources[0].face.length > 5')
    viewer.kill()
    page.wait_for_function("() => document.getElementById('state').textContent === 'connecting'")
    nodes.viewer(port=int(own.rstrip('/').rpartition(':')[2]))
    page.wait_for_function('() => viewer.connection.connects === 2')
    page.wait_for_function('() => viewer.sources[0].face.length > 5')
    avatar.kill()
    page.wait_for_function("() => document.getElementById('state').textContent === 'no avatar'")
    rest = [text for text in pages.complaints if 'WebSocket connection to' not in text]
    assert rest == []
    pages.close()
