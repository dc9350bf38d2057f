"""The monitor's display: text that changes in place in a terminal, or plain lines.

The displayed texts come from other programs. They are printed without control characters, and are
never interpreted as markup.
"""

import math
from dataclasses import dataclass, field

from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from diffsheg_ros.topic_values import clean_text, level_of

WEIGHTS = (
    'jawOpen', 'mouthPucker', 'mouthSmileLeft', 'eyeBlinkLeft', 'browInnerUp',
)  # fmt: skip
JOINTS = (
    'Neck_x', 'RightArm_z', 'RightForeArm_y', 'LeftArm_z', 'LeftForeArm_y', 'Spine_y',
)  # fmt: skip

#: Radians at either end of a joint's bar.
JOINT_RANGE_RAD = 1.6
#: Characters.
BAR_WIDTH = 30
#: Characters of a text from another program.
MAX_SHOWN = 60
LEVELS = {0: ('OK', 'green'), 1: ('WARN', 'yellow'), 2: ('ERROR', 'red'), 3: ('STALE', 'red')}
STATES = {
    'speaking': 'bold green', 'holding': 'yellow', 'returning': 'cyan', 'idle': 'dim',
}  # fmt: skip


@dataclass
class View:
    """The values to display.

    Attributes:
        state: the avatar's state; empty before its first report.
        utterance_id: the utterance of the present motion.
        level: level of the avatar's report: 0 OK, 1 WARN, 2 ERROR.
        message: message of the report.
        values: values of the report, as text by name.
        face_hz, joints_hz: rates of received messages, Hz.
        frames: number of received faces.
        ahead_s: seconds of planned motion after the present time.
        audio_s: seconds of received audio.
        weights: blendshapes by name.
        angles: joint angles by name, radians.
    """

    state: str = ''
    utterance_id: str = ''
    level: int = 0
    message: str = ''
    values: dict[str, str] = field(default_factory=dict)
    face_hz: float = 0.0
    joints_hz: float = 0.0
    frames: int = 0
    ahead_s: float = 0.0
    audio_s: float = 0.0
    weights: dict[str, float] = field(default_factory=dict)
    angles: dict[str, float] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return a value of the avatar's report, printable; '-' if it is missing."""
        return clean_text(self.values.get(name, '-'), MAX_SHOWN)

    @property
    def label(self) -> str:
        """The state, printable."""
        return clean_text(self.state, MAX_SHOWN) or '?'

    @property
    def warning(self) -> str:
        """Level and message of the report, printable; empty for level OK."""
        level = level_of(self.level)
        return f'{LEVELS[level][0]}: {clean_text(self.message)}' if level else ''


class Display:
    """A display of views: in place in a terminal, otherwise one line for each view."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._live: Live | None = None
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()

    @property
    def in_place(self) -> bool:
        """True if the output is a terminal."""
        return self._live is not None

    def show(self, view: View) -> None:
        """Display a view."""
        if self._live is not None:
            self._live.update(screen(view), refresh=True)
        else:
            text = Text(line(view))
            self._console.print(text, soft_wrap=True, highlight=False)

    def close(self) -> None:
        """End the display, and leave the last view on the terminal."""
        if self._live is not None:
            self._live.stop()


def line(view: View) -> str:
    """Return a view as one line."""
    if not view.state and not view.frames:
        return 'waiting for the avatar'
    weights = ' '.join(
        f'{name} {_shown(f"{view.weights[name]:.2f}")}' for name in WEIGHTS if name in view.weights
    )
    joints = ' '.join(
        f'{name} {_shown(f"{view.angles[name]:+.2f}")}'
        for name in JOINTS[:4]
        if name in view.angles
    )
    warning = f' | {view.warning}' if view.warning else ''
    return (
        f'{view.label:9} {view.face_hz:5.1f} Hz | latency p50 '
        f'{view.value("latency_p50_s")} p95 {view.value("latency_p95_s")} s | '
        f'planned {view.ahead_s:4.1f} s | {weights} | {joints}{warning}'
    )


def screen(view: View) -> RenderableType:
    """Return a view as a screen."""
    if not view.state and not view.frames:
        return Text('waiting for the avatar', style='dim')
    parts: list[RenderableType] = [_facts(view)]
    bars = Table.grid(padding=(0, 1))
    bars.add_column(justify='right', min_width=16)
    bars.add_column(justify='right', min_width=7)
    bars.add_column(width=BAR_WIDTH)
    for name in WEIGHTS:
        if name in view.weights:
            value = view.weights[name]
            bar = Bar(1.0, 0.0, _within(value, 0.0, 1.0), width=BAR_WIDTH, color='green')
            bars.add_row(name, _shown(f'{value:.2f}'), bar)
    for name in JOINTS:
        if name in view.angles:
            value = view.angles[name]
            bars.add_row(name, _shown(f'{value:+.2f}'), _signed_bar(value))
    parts.append(bars)
    if view.warning:
        parts.append(Text(view.warning, style=LEVELS[level_of(view.level)][1]))
    return Group(*parts)


def _facts(view: View) -> Table:
    table = Table.grid(padding=(0, 2))
    rows = (
        ('state', view.label, 'utterance', clean_text(view.utterance_id, MAX_SHOWN) or '-'),
        (
            'published', f'face {view.face_hz:.1f} Hz, joints {view.joints_hz:.1f} Hz',
            'frames', str(view.frames),
        ),
        (
            'latency', f'p50 {view.value("latency_p50_s")} s, p95 {view.value("latency_p95_s")} s',
            'playout delay', f'{view.value("playout_delay_s")} s',
        ),
        (
            'generation', f'p50 {view.value("window_p50_s")} s, p95 {view.value("window_p95_s")} s',
            'planned ahead', f'{max(0.0, view.ahead_s):.1f} s',
        ),
        (
            'audio', f'{view.audio_s:.1f} s heard, {view.value("gaps")} samples lost',
            'drops, late', f'{view.value("drops")}, {view.value("late_windows")}',
        ),
        (
            'engine', f'{view.value("engine")} ({view.value("precision")})',
            'bundle', view.value('bundle'),
        ),
    )  # fmt: skip
    for index, row in enumerate(rows):
        # rich would interpret plain strings as markup.
        cells = [Text(cell) for cell in row]
        if index == 0:
            cells[1].stylize(STATES.get(view.state, ''))
        table.add_row(*cells)
    return table


def _shown(number: str) -> str:
    """Return a number in at most a few characters, whatever its size."""
    return number if len(number) <= 7 else f'{float(number):.0e}'


def _within(value: float, low: float, high: float) -> float:
    """Return the value within two limits; 0 for NaN."""
    return min(max(value, low), high) if not math.isnan(value) else 0.0


def _signed_bar(angle: float) -> Bar:
    """Return a bar from its middle to the angle."""
    end = _within(angle, -JOINT_RANGE_RAD, JOINT_RANGE_RAD) + JOINT_RANGE_RAD
    middle = JOINT_RANGE_RAD
    return Bar(
        2 * JOINT_RANGE_RAD, min(end, middle), max(end, middle), width=BAR_WIDTH, color='cyan'
    )
