"""The demo: plays a recording to the avatar, and shows and writes what the avatar publishes.

The real nodes avatar, viewer and file player run as processes of their own. This process runs the
monitor, and writes the files when all motion of the utterance has been shown. In a terminal the
avatar then stays on its page, where the user can speak to it, until Ctrl-C. The demo does not need
the package `launch`; where ROS 2 is installed, `launch/avatar.launch.py` starts the same nodes.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from diffsheg_model.audio.sound_file import audio_info, read_blocks
from diffsheg_model.bundle import Bundle, load_bundle
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path, check_folder_writable
from diffsheg_model.files.private_files import private_files
from diffsheg_model.outputs import write_outputs
from diffsheg_model.time_units import NS
from diffsheg_ros.nodes.monitor import SESSION_FILE, MonitorNode
from diffsheg_ros.ros.child_process import NodeProcess
from diffsheg_ros.ros.isolation import isolate
from diffsheg_ros.ros.run_node import INTERRUPTED, end_at_signals, run_node
from diffsheg_ros.startup.log_folder import ensure_log_folder

#: Seconds in which the avatar must report for the first time, after loading its model.
START_LIMIT_S = 60.0
#: Seconds that the avatar may take to return to rest after its last motion.
END_LIMIT_S = 10.0
#: Seconds that a page in the browser may take to load before the avatar begins to speak.
PAGE_LIMIT_S = 15.0


class Progress:
    """The progress of the demo, updated after every message.

    Attributes:
        failure: why the demo failed; empty if it did not.
        complete: True if all motion was shown.
    """

    def __init__(
        self, avatar: NodeProcess, player: NodeProcess, viewer: NodeProcess | None
    ) -> None:
        self._avatar = avatar
        self._player = player
        self._viewer = viewer
        self._begun_s = time.monotonic()
        self._checked_s = 0.0
        self.failure = ''
        self.complete = False

    def finished(self, node: MonitorNode) -> bool:
        """Return True if all motion was shown or something failed."""
        now_s = time.monotonic()
        if now_s - self._checked_s < 0.1:
            return False
        self._checked_s = now_s
        self.failure = self._find_failure(node, now_s)
        self.complete = not self.failure and self._all_shown(node)
        return bool(self.failure) or self.complete

    def _find_failure(self, node: MonitorNode, now_s: float) -> str:
        view = node.view
        if self._avatar.exit_status() is not None:
            return f'the avatar ended early: {self._avatar.last_words()}'
        if self._viewer is not None and self._viewer.exit_status() is not None:
            return f'the viewer ended early: {self._viewer.last_words()}'
        if view.level >= 2 and view.value('lifecycle') == 'unconfigured':
            return view.message
        if not view.state and now_s - self._begun_s > START_LIMIT_S:
            return f'the avatar has not reported for {START_LIMIT_S:g} s'
        if self._player.exit_status() not in (None, 0):
            return f'the file player failed: {self._player.last_words()}'
        return ''

    def _all_shown(self, node: MonitorNode) -> bool:
        if self._player.exit_status() is None or node.recording is None:
            return False
        _, delay_s = node.timing()
        over_ns = node.shown_ns - node.recording.known_end_ns - round(delay_s * NS)
        at_rest = not node.view.utterance_id
        return over_ns > 0 and (at_rest or over_ns > END_LIMIT_S * NS)


def run_demo(
    audio: Path,
    out: Path,
    bundle_folder: Path,
    console: Console,
    *,
    view: bool = True,
    stay: bool = False,
) -> int:
    """Run the demo.

    Args:
        audio: the recording.
        out: folder for the files.
        bundle_folder: the model.
        console: for messages before and after the recording.
        view: serve the page, and open it where there is a display.
        stay: leave the avatar and its page running after the recording, until Ctrl-C.

    Returns:
        The exit status.

    Raises:
        InputError: the recording, the bundle or the folder is unusable, or a node failed.
    """
    bundle = load_bundle(bundle_folder)
    seconds = _check(audio, out, bundle)
    _prepare_ros(console)
    _say(console, f'playing {audio} ({seconds:.1f} s) to the avatar, model {bundle.config.name}')
    with (
        tempfile.TemporaryDirectory(prefix='diffsheg_demo.') as folder,
        contextlib.ExitStack() as stack,
    ):
        session = Path(folder) / SESSION_FILE

        def start(name: str, **parameters: object) -> NodeProcess:
            node = NodeProcess(name, parameters, Path(folder))
            stack.callback(node.stop)
            return node

        avatar = start('avatar', autostart=True, bundle=str(bundle_folder))
        viewer = _open_page(start, console) if view else None
        # Avatar, monitor and page must all be subscribed before the first sample.
        player = start('file_player', file=str(audio), subscribers=2 + view)
        progress = Progress(avatar, player, viewer)
        status, monitor = _run_monitor(progress, session)
        if monitor is None or not progress.complete:
            _say(console, 'stopped before the end: nothing was written')
            return status or INTERRUPTED
        with private_files():
            _write(monitor, out, bundle, session, console)
        if stay and viewer is not None:
            _stay(avatar, viewer, console)
    return 0


def _prepare_ros(console: Console) -> None:
    """Set the log folder and the domain, so that the demo's nodes see no others."""
    if note := ensure_log_folder():
        _say(console, note)
    if not os.environ.get('ROS_DOMAIN_ID'):
        isolate()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'


def _open_page(start: Callable[..., NodeProcess], console: Console) -> NodeProcess:
    """Start the viewer and print its address; if it opens the page, wait until that is loaded."""
    viewer = start('viewer', open_page=True)
    url = viewer.said(r'open(?:ed)? (http\S+)', START_LIMIT_S)
    if not url:
        raise InputError(f'the viewer did not start: {viewer.last_words()}')
    _say(console, f'the avatar is on {url}')
    if viewer.said(r'(opened|open) http', START_LIMIT_S) == 'opened':
        viewer.said(r'connected pages: (\d+)', PAGE_LIMIT_S)
    return viewer


def _run_monitor(progress: Progress, session: Path) -> tuple[int, MonitorNode | None]:
    """Run the monitor until the demo is finished or stopped.

    Returns:
        The monitor's exit status, and the monitor with its recording; None if it could not start.

    Raises:
        InputError: a node failed.
    """
    nodes: list[MonitorNode] = []

    def create() -> MonitorNode:
        nodes.append(MonitorNode(record=True, mcap=session))
        return nodes[0]

    status = run_node(create, [], progress.finished)
    end_at_signals()
    if progress.failure:
        raise InputError(progress.failure)
    return status, nodes[0] if nodes else None


def _write(node: MonitorNode, out: Path, bundle: Bundle, session: Path, console: Console) -> None:
    """Write the published motion, and print a summary."""
    assert node.recording is not None
    _say(console, f'writing what was published into {out}')
    motion = node.recording.motion(*node.timing())
    sound = node.recording.audio(motion.duration_s)
    paths = list(write_outputs(out, motion, bundle.skeleton, sound, node.recording.sample_rate))
    if session.exists():
        paths.append(out / SESSION_FILE)
        with atomic_path(paths[-1]) as temporary:
            shutil.copyfile(session, temporary)
    _say(console, _summary(node, len(motion)))
    _say(console, 'written: ' + ' '.join(str(path) for path in paths))


def _stay(avatar: NodeProcess, viewer: NodeProcess, console: Console) -> None:
    """Leave the avatar on its page until Ctrl-C."""
    _say(
        console,
        'the avatar stays: speak to it on its page, by microphone or with a recording that you '
        'drop there; Ctrl-C ends it',
    )
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for name, node in (('avatar', avatar), ('viewer', viewer)):
                if node.exit_status() is not None:
                    raise InputError(f'the {name} ended: {node.last_words()}')
            time.sleep(0.2)


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def _check(audio: Path, out: Path, bundle: Bundle) -> float:
    """Check the input before anything starts, and return the duration of the recording, seconds.

    Raises:
        InputError: the recording is too short or damaged, or the folder is not writable.
    """
    seconds = audio_info(audio).duration_s
    frame_s = 1 / bundle.config.format.fps
    if seconds < frame_s:
        raise InputError(
            f'{audio}: audio too short: less than one frame, {frame_s:.3f} s; '
            'give a longer recording'
        )
    for _ in read_blocks(audio, 10.0):
        pass
    check_folder_writable(out)
    return seconds


def _summary(node: MonitorNode, frames: int) -> str:
    """Return the lines of numbers that the demo prints at its end."""
    view, recording = node.view, node.recording
    assert recording is not None and recording.audio_start_ns is not None
    rate_hz, delay_s = node.timing()
    speech_ns = recording.audio_start_ns + round(delay_s * NS)
    lines = {
        'published': f'{view.frames} faces, {recording.measured_rate_hz(speech_ns):.1f} Hz '
        f'measured of {rate_hz:g} Hz; {frames} frames written',
        'latency': f'p50 {view.value("latency_p50_s")} s, p95 {view.value("latency_p95_s")} s '
        'from the arrival of a sample to its planned motion',
        'generation': f'p50 {view.value("window_p50_s")} s, p95 {view.value("window_p95_s")} s a '
        f'window, engine {view.value("engine")} ({view.value("precision")})',
        'playout delay': f'{delay_s:.2f} s from a sample to its motion',
        'losses': f'{view.value("drops")} chunks dropped, {view.value("gaps")} samples lost, '
        f'{view.value("late_windows")} windows late',
    }
    return '\n'.join(f'{name:>13}  {text}' for name, text in lines.items())
