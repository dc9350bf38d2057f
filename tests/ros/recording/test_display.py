"""The monitor's display."""

import io

import pytest
from rich.console import Console

from diffsheg_ros.recording.display import (
    Display,
    View,
    line,
    screen,
)


@pytest.fixture
def view() -> View:
    return View(
        state='speaking',
        utterance_id='hello',
        values={'latency_p50_s': '2.311', 'latency_p95_s': '2.402', 'engine': 'onnxruntime'},
        face_hz=59.9,
        joints_hz=60.1,
        frames=321,
        ahead_s=1.25,
        weights={'jawOpen': 0.4, 'eyeBlinkLeft': 0.0},
        angles={'RightArm_z': 1.2, 'Neck_x': -0.3},
    )


def rendered(renderable) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


def test_the_screen_shows_state_rates_and_bars(view):
    text = rendered(screen(view))
    for words in ('speaking', 'hello', '59.9 Hz', '60.1 Hz', '2.311', '321', 'onnxruntime'):
        assert words in text
    (jaw,) = [row for row in text.splitlines() if 'jawOpen' in row]
    assert '0.40' in jaw and '█' in jaw
    (blink,) = [row for row in text.splitlines() if 'eyeBlinkLeft' in row]
    assert '█' not in blink
    assert '+1.20' in text and '-0.30' in text
    assert max(map(len, text.splitlines())) <= 100 and len(text.splitlines()) < 24


def test_any_view_can_be_shown_as_a_screen_and_a_line(view):
    for known in (View(), View(frames=3), view, View(state='unconfigured', level=2, message='no')):
        assert rendered(screen(known)).strip()
        assert '\n' not in line(known)
    assert line(View()) == 'waiting for the avatar'
    assert 'ERROR: no' in line(View(state='unconfigured', level=2, message='no'))
    assert 'ERROR: no' in rendered(screen(View(state='unconfigured', level=2, message='no')))
    assert 'jawOpen 0.40' in line(view) and 'RightArm_z +1.20' in line(view)


def test_output_without_a_terminal_is_plain_lines(view):
    console = Console(file=io.StringIO(), width=40)
    display = Display(console)
    assert not display.in_place
    display.show(view)
    display.show(view)
    display.close()
    assert console.file.getvalue().splitlines() == [line(view)] * 2


def test_a_terminal_is_updated_in_place_and_keeps_the_last_view(view):
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    display = Display(console)
    assert display.in_place
    display.show(View())
    display.show(view)
    display.close()
    written = console.file.getvalue()
    assert '\x1b[' in written and 'jawOpen' in written and written.endswith('\x1b[?25h')


@pytest.mark.parametrize('text', ['[/x]', '[red]a[/red]', ':smile:', '[link=http://x]a[/link]'])
def test_foreign_texts_are_not_interpreted_as_markup(view, text):
    view.utterance_id = view.state = view.message = text
    view.level = 1
    view.values['engine'] = text
    shown = rendered(screen(view))
    assert shown.count(text) == 4
    assert text in line(view)
    console = Console(file=io.StringIO(), width=400)
    Display(console).show(view)
    assert text in console.file.getvalue()


def test_foreign_texts_cannot_control_the_terminal(view):
    text = '\x1b[2J\x1b]0;title\x07bad\nnews\x9b31m'
    view.utterance_id = view.state = view.message = text
    view.level = 1
    view.values['bundle'] = text
    for shown in (rendered(screen(view)), line(view)):
        assert 'bad news' in shown
        assert '\x9b' not in shown and '\x1b[2J' not in shown and 'title' not in shown
    assert '\x1b' not in line(view) and '\n' not in line(view)


@pytest.mark.parametrize('number', [float('nan'), float('inf'), -float('inf'), 1e300, -3e38, 0.5])
def test_any_number_is_shown_in_a_few_characters(view, number):
    view.angles = dict.fromkeys(view.angles, number)
    view.weights = dict.fromkeys(view.weights, number)
    assert max(map(len, rendered(screen(view)).splitlines())) <= 100
    assert len(line(view)) < 250


@pytest.mark.parametrize('level', [3, 4, 255, -1])
def test_any_level_is_shown(view, level):
    view.level, view.message = level, 'no'
    word = 'STALE' if level == 3 else 'ERROR'
    assert f'{word}: no' in rendered(screen(view)) and f'{word}: no' in line(view)
