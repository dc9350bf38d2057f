"""The page in a real Chromium: files played to it, what it shows, how it comes back."""

import threading

import numpy as np
import pytest

from tests.support.pages import missing_browser, wait_until

if missing_browser():
    pytest.skip(missing_browser(), allow_module_level=True)

from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rotations import quaternion_from_rotvec
from diffsheg_model.pictures.page_renderer import CAMERAS
from diffsheg_model.viewer.clip import Clip
from diffsheg_model.viewer.clip_show import ClipShow
from diffsheg_model.viewer.hub import Hub
from diffsheg_model.viewer.server import ViewerServer

RATE = 16000


def moving(format_=BEAT, frames=450, fps=30.0, seed=0) -> Motion:
    """Every joint and weight on its own smooth way."""
    rng = np.random.default_rng(seed)
    times = np.arange(frames)[:, None, None] / fps
    names = format_.joint_names + format_.face_joint_names
    speed, phase = rng.uniform(1, 4, (2, len(names), 3))
    weights = 0.5 + 0.5 * np.sin(times[:, 0] * rng.uniform(1, 9, len(format_.weight_names)))
    rotations = 0.3 * np.sin(speed * times + phase)
    return Motion(
        fps, names, rotations.astype(np.float32), format_.weight_names, weights.astype(np.float32)
    )


class Player:
    """A server that plays clips; stopped and started as a node may be."""

    def __init__(self, clips, sound=None) -> None:
        self.clips, self.sound, self.port = clips, sound, 0
        self.start()

    def start(self) -> None:
        hub = Hub()
        self.show = ClipShow(hub, self.clips, self.sound, RATE)
        self.server = ViewerServer(self.show, hub, port=self.port)
        self.port = self.server._socket.getsockname()[1]
        self.server.start()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self.show.run, args=(self._over,))
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self.server.stop()


@pytest.fixture
def play():
    players = []

    def play(*arguments) -> Player:
        players.append(Player(*arguments))
        return players[-1]

    yield play
    for player in players:
        player.stop()


READ_POSE = """([source, weightNames, jointNames]) => {
  const figure = viewer.sources[source].figure;
  return {
    weights: weightNames.map((name) => figure.weight(name)),
    rotations: jointNames.map((name) => figure.bones.get(name).quaternion.toArray()),
  };
}"""


def shown(page, source: int, motion: Motion):
    """Return the weights and quaternions of the page's figure by the motion's names."""
    values = page.evaluate(READ_POSE, [source, list(motion.weight_names), list(motion.joint_names)])
    return np.array(values['weights']), np.array(values['rotations'])


def assert_same_rotations(found: np.ndarray, expected: np.ndarray) -> None:
    """Quaternions up to their sign, to float32."""
    assert np.abs(np.sum(found * expected, axis=-1)).min() > 1 - 1e-6


def test_bones_and_morphs_are_those_of_the_file(play, pages):
    first, second = moving(), moving(seed=5)
    player = play([Clip('a', first), Clip('b', second)])
    page = pages.open(player.server.url)
    page.wait_for_function('() => viewer.sources[1].face.length > 40')
    start_s = player.show._start_s
    for frame in (0, 7, 31):
        page.evaluate('(timeS) => viewer.freeze(timeS)', start_s + frame / 30)
        for source, motion in enumerate((first, second)):
            weights, rotations = shown(page, source, motion)
            assert np.abs(weights - motion.weights[frame]).max() < 1e-5
            assert_same_rotations(rotations, quaternion_from_rotvec(motion.rotations[frame]))
    # Between two frames: what lies between.
    page.evaluate('(timeS) => viewer.freeze(timeS)', start_s + 10.5 / 30)
    weights, _ = shown(page, 0, first)
    assert np.abs(weights - first.weights[10:12].mean(axis=0)).max() < 1e-4
    assert page.locator('#names span').all_inner_texts() == ['a', 'b']
    assert page.locator('.weight').count() == len(BEAT.weight_names)


def test_a_motion_of_smplx_moves_the_same_figure(play, pages):
    motion = moving(SHOW)
    player = play([Clip('show', motion)])
    page = pages.open(player.server.url)
    page.wait_for_function('() => viewer.sources[0].body.length > 20')
    page.evaluate('(timeS) => viewer.freeze(timeS)', player.show._start_s + 12 / 30)
    elbow = page.evaluate("viewer.sources[0].figure.bones.get('LeftForeArm').quaternion.toArray()")
    index = motion.joint_names.index('left_elbow')
    assert_same_rotations(np.array(elbow), quaternion_from_rotvec(motion.rotations[12, index]))


def test_it_pauses_seeks_and_plays_on(play, pages):
    motion = moving()
    player = play([Clip('a', motion)])
    page = pages.open(player.server.url)
    page.wait_for_function("() => document.getElementById('state').textContent === 'playing'")
    page.click('#play')
    page.wait_for_function("() => document.getElementById('state').textContent === 'paused'")
    page.evaluate("""() => {
      const position = document.getElementById('position');
      position.value = 6;
      position.dispatchEvent(new Event('input'));
    }""")
    frame = 6 * 30
    wait_until(lambda: np.abs(shown(page, 0, motion)[0] - motion.weights[frame]).max() < 1e-5)
    # Also while the slider has the focus.
    page.focus('#position')
    page.keyboard.press('Space')
    page.wait_for_function("() => document.getElementById('state').textContent === 'playing'")
    page.wait_for_function("() => Number(document.getElementById('position').value) > 6.2")
    assert page.locator('#play').inner_text() == 'Pause'


def test_the_bars_show_the_weights(play, pages):
    motion = moving()
    player = play([Clip('a', motion)])
    page = pages.open(player.server.url)
    page.wait_for_function('() => viewer.sources[0].face.length > 20')
    page.evaluate('(timeS) => viewer.freeze(timeS)', player.show._start_s + 15 / 30)
    expected = f'{motion.weights[15, motion.weight_names.index("jawOpen")]:.2f}'
    page.wait_for_function(
        """(text) => document.querySelector('.weight[data-name=jawOpen] span:last-child')
             .textContent === text""",
        arg=expected,
    )


@pytest.mark.parametrize('restarts', [8, pytest.param(50, marks=pytest.mark.slow)])
def test_it_comes_back_after_restarts_of_the_server(play, pages, restarts):
    player = play([Clip('a', moving())])
    page = pages.open(player.server.url)
    for _ in range(restarts):
        connects = page.evaluate('viewer.connection.connects')
        player.stop()
        player.start()
        page.wait_for_function(f'() => viewer.connection.connects > {connects}')
    page.wait_for_function('() => viewer.sources[0].face.length > 5')
    assert page.evaluate("document.getElementById('dot').className") == 'on'
    # A browser writes refused connections to its console; nothing else may stand there.
    rest = [text for text in pages.complaints if 'WebSocket connection to' not in text]
    assert rest == []
    pages.complaints.clear()


def test_a_page_that_slept_shows_the_present_at_once(play, pages):
    """As a tab in the background, with its scripts stopped by the browser."""
    player = play([Clip('a', moving(frames=900))])
    page = pages.open(player.server.url)
    page.wait_for_function('() => viewer.sources[0].face.length > 5')
    devtools = page.context.new_cdp_session(page)
    devtools.send('Page.setWebLifecycleState', {'state': 'frozen'})
    page.wait_for_timeout(4000)
    devtools.send('Page.setWebLifecycleState', {'state': 'active'})
    page.wait_for_function(
        '() => viewer.shownS !== null && viewer.sources[0].face.newestS > viewer.shownS',
        timeout=5000,
    )
    assert page.evaluate('viewer.sources[0].face.length') <= 600


def test_numbers_can_be_folded_and_bones_shown(play, pages):
    player = play([Clip('a', moving())])
    page = pages.open(player.server.url)
    page.keyboard.press('b')
    assert page.evaluate('viewer.sources[0].figure.helper.visible')
    page.click('#fold')
    assert not page.locator('#panel').is_visible()
    page.focus('#fold')
    page.keyboard.press('Space')  # presses the button
    page.wait_for_selector('#panel', state='visible')
    for name in ('portrait', 'side', 'half'):
        page.click(f'#camera-{name}')
        assert page.locator(f'#camera-{name}').get_attribute('class') == 'on'
    # A file that is played has no avatar to speak to.
    assert not page.locator('#microphone').is_visible()
    assert not page.locator('#interrupt').is_visible()


def test_what_the_next_file_does_not_move_goes_to_rest(play, pages):
    player = play([Clip('a', moving())])
    page = pages.open(player.server.url)
    page.wait_for_function("() => viewer.sources[0].figure.weight('eyeBlinkLeft') > 0.1")
    player.stop()
    still = moving()
    player.clips = [
        Clip(
            'b',
            Motion(30.0, still.joint_names[:1], still.rotations[:, :1], (), still.weights[:, :0]),
        )
    ]
    player.start()
    page.wait_for_function("() => viewer.sources[0].name === 'b' && viewer.sources[0].figure")
    page.wait_for_function("() => viewer.sources[0].figure.weight('eyeBlinkLeft') === 0")
    pages.complaints.clear()  # the refused connections while nothing was served


def test_a_figure_that_could_not_be_loaded_is_loaded_with_the_next_greeting(play, browser):
    player = play([Clip('a', moving())])
    page = browser.new_page(viewport={'width': 800, 'height': 450})
    page.route('**/avatar.glb', lambda route: route.abort(), times=1)
    page.goto(player.server.url)
    page.wait_for_function(
        "() => document.getElementById('notice').textContent.includes('cannot be loaded')"
    )
    player.stop()
    player.start()
    page.wait_for_selector('body[data-ready]')
    page.close()


def test_sound_waits_for_the_user_where_the_browser_wants_that(play, launch_browser):
    browser = launch_browser('--autoplay-policy=document-user-activation-required')
    player = play([Clip('a', moving())], np.full(15 * RATE, 0.1, np.float32))
    page = browser.new_page(viewport={'width': 800, 'height': 450})
    page.goto(player.server.url)
    # To ask the page anything counts as the user's touch: not before it has made its sound.
    page.wait_for_timeout(3000)
    assert 'click anywhere' in page.locator('#notice').inner_text()
    assert page.locator('#sound').inner_text() == 'Sound on'
    page.click('#sound')
    page.wait_for_function('() => viewer.sound.isPlaying')
    page.wait_for_function("() => document.getElementById('sound').textContent === 'Sound off'")
    page.click('#sound')
    page.wait_for_function('() => !viewer.sound.isPlaying')
    page.close()


def test_the_server_and_the_page_know_the_same_cameras(play, pages):
    page = pages.open(play([Clip('a', moving())]).server.url)
    assert page.locator('#cameras button').all_inner_texts() == list(CAMERAS)


def test_the_token_is_not_in_the_address_once_the_page_is_there(pages):
    hub = Hub()
    show = ClipShow(hub, [Clip('a', moving())])
    server = ViewerServer(show, hub, host='0.0.0.0', allow_remote=True)
    server.start()
    try:
        first, token = server.url.replace('0.0.0.0', '127.0.0.1').split('?token=')
        page = pages.open(f'{first}?token={token}')
        for _ in range(2):
            page.wait_for_function("() => document.getElementById('dot').className === 'on'")
            seen = page.evaluate(
                """() => [location.href, document.cookie, document.referrer, document.title,
                     JSON.stringify([{...localStorage}, {...sessionStorage}]),
                     ...performance.getEntriesByType('resource').map(({ name }) => name)]"""
            )
            assert seen[0] == first
            assert not [text for text in seen if token in text]
            page.reload()  # the cookie lets it in again
        # So does another tab of this browser; another browser does not get in.
        tab = page.context.new_page()
        tab.goto(first)
        tab.wait_for_function("() => document.getElementById('dot').className === 'on'")
        stranger = page.context.browser.new_context().new_page()
        assert stranger.goto(first).status == 403
        stranger.context.close()
    finally:
        server.stop()


def test_another_site_cannot_look(play, pages, tmp_path):
    player = play([Clip('a', moving())])
    page = pages.open(player.server.url)
    other = page.context.new_page()
    other.goto('about:blank')
    address = player.server.url.replace('http', 'ws') + 'socket'
    answered = other.evaluate(
        """(address) => new Promise((resolve) => {
             const socket = new WebSocket(address);
             socket.onopen = () => resolve('open');
             socket.onerror = () => resolve('refused');
           })""",
        address,
    )
    assert answered == 'refused'
