"""Long conversation with an avatar and its loudspeaker: `make soak`.

The first part is in real time, as from a microphone: utterances of all lengths with pauses between
them. The senders' sample clocks are off by 200 ppm, and some utterances are interrupted. The second
part has as much speech at full speed, as from a synthesiser, sent and planned far ahead of its
time. The avatar and the speaker (on a null loudspeaker) are real processes. The exit status is 1 if
a figure is out of its limits, see benchmarks/soak_report.py. The speech itself has no faults.

Leave the machine idle otherwise.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks import soak_report, takes
from benchmarks.live_parser import Parser
from benchmarks.live_speech import Spoken, latencies_s, planned_errors_s
from benchmarks.live_stage import AVATAR, SPEAKER, Stage, Usage
from benchmarks.soak_plan import conversation, speeches
from benchmarks.soak_report import Figures
from benchmarks.takes import Speech
from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.engines import ENGINES
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.machine import machine
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.session.presets import PRESETS
from diffsheg_model.time_units import NS
from diffsheg_ros.ros.run_node import end_at_signals

LOG = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

ROUND_S = 50.0
"""Seconds of speech sent ahead at a time; stamps a minute ahead are refused."""
FAST_CHUNK_S = 0.5
"""Seconds in a synthesiser's chunk; the avatar's subscription queue must hold a whole round."""
#: Seconds between two lines of progress.
PROGRESS_EVERY_S = 30.0
#: Seconds that planning a round may take.
ROUND_LIMIT_S = 60.0
#: Seconds without planned motion after which chunks count as lost.
QUIET_S = 5.0


class Phase:
    """Part of a soak, as a context manager that measures the increase of all counters.

    Attributes:
        delay_ns: the avatar's playout delay.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __enter__(self) -> 'Phase':
        self._before = self._stage.reports()
        self.delay_ns = round(float(self._before[AVATAR]['playout_delay_s']) * NS)
        self._sent, self._used_s = self._stage.sent, self._cpu_s()
        self._begun_s = time.monotonic()
        return self

    def __exit__(self, *error: object) -> None:
        self._wall_s = time.monotonic() - self._begun_s
        if error[0] is None:
            self._after, self._used_after_s = self._stage.reports(), self._cpu_s()

    def rises(self, name: str, counter: str) -> int:
        """Return the increase of a node's counter."""
        return int(self._after[name][counter]) - int(self._before[name][counter])

    def figures(self) -> Figures:
        """Return the figures that all phases have in common; call it after the end."""
        sent = self._stage.sent - self._sent
        return {
            'wall_s': self._wall_s,
            'playout_delay_ms': self.delay_ns / 1e6,
            'sent': sent,
            'lost_chunks': sent - self.rises(AVATAR, 'heard_chunks'),
            'avatar': {
                name: self.rises(AVATAR, name)
                for name in soak_report.AVATAR_FAULTS + soak_report.SHOWN
            },
            'speaker': {name: self.rises(SPEAKER, name) for name in soak_report.SPEAKER_FAULTS},
            'cpu_percent': {
                name: 100 * (used_s - self._used_s[name]) / self._wall_s
                for name, used_s in self._used_after_s.items()
            },
        }

    def _cpu_s(self) -> dict[str, float]:
        return {name: usage.cpu_s for name, usage in self._stage.usages().items()}


class Soak:
    """One soak, phase by phase."""

    def __init__(self, stage: Stage, recordings: Sequence[Speech], fps: float) -> None:
        """Start sampling the resources of the processes once a second.

        Args:
            stage: stage with a speaker.
            recordings: speech to send.
            fps: frames per second of the avatar's motion.
        """
        self._stage = stage
        self._recordings = recordings
        self._fps = fps
        self._begun_s = self._told_s = time.monotonic()
        self._times_s: list[float] = []
        self._usages: dict[str, list[Usage]] = {name: [] for name in stage.usages()}
        self._spoken: dict[str, Spoken] = {}
        self._delay_ns: int | None = None  # None: no speech in real time
        self._faces_seen = self._stretches_seen = 0
        # Milliseconds, one value for each second of speech.
        self._off: dict[str, list[float]] = {
            name: [] for name in ('heard_ms', 'heard_worst_ms', 'shown_ms', 'apart_ms')
        }
        stage.on_second = self._on_second

    def real_time(self, seconds: float, seed: int) -> Figures:
        """Hold a conversation of that length and return its figures."""
        stage = self._stage
        said: list[tuple[Spoken, np.ndarray]] = []
        barge_ins, speech_s = 0, 0.0
        since = self._look()
        with Phase(stage) as phase:
            self._delay_ns = phase.delay_ns
            for number, line in enumerate(conversation(self._recordings, seconds, seed)):
                stage.wait(line.pause_s)
                spoken = Spoken(
                    f'line {number}', line.samples, line.rate, time.time_ns(), line.drift_ppm
                )
                self._spoken[spoken.id] = spoken
                until_ns = None
                if line.cut_after_s is not None:
                    until_ns = spoken.start_ns + round(line.cut_after_s * NS)
                said.append((spoken, stage.say(spoken, until_ns)))
                if line.cut_by == 'interrupt':
                    stage.interrupt()
                barge_ins += bool(line.cut_by)
                speech_s += line.said_s
            stage.wait(phase.delay_ns / NS + 1.0)
            self._delay_ns = None
        faces = stage.ear.faces()
        latencies_ms = 1000 * np.concatenate(
            [latencies_s(faces, *one, phase.delay_ns) for one in said]
        )
        distributions = {
            name: soak_report.distribution(np.array(values))
            for name, values in (self._off | {'latency_ms': latencies_ms}).items()
        }
        return (
            phase.figures()
            | distributions
            | {
                'speech_s': speech_s,
                'utterances': len(said),
                'missing_utterances': len(said) - phase.rises(AVATAR, 'utterances'),
                'barge_ins': barge_ins,
                'histogram_ms': soak_report.histogram(latencies_ms),
                'resources': self._resources(since),
            }
        )

    def fast(self, seconds: float, speed: float, seed: int) -> Figures:
        """Send speech ahead of its time, `speed` seconds of it a second, and return the figures.

        An interrupt after each round discards the planned motion, so that it need not be shown.
        """
        stage = self._stage
        frames = utterances = rounds = 0
        planning_s = 0.0
        since = self._look()
        with Phase(stage) as phase:
            planned_before = int(stage.ear.reports[AVATAR]['frames'])
            for round_s in _rounds(seconds):
                begun_ns, sent_s = time.time_ns(), 0.0
                start_ns = begun_ns + NS // 5
                for line in speeches(self._recordings, round_s, seed + rounds):
                    spoken = Spoken(
                        f'ahead {utterances}', line.samples, line.rate, start_ns,
                        chunk_s=FAST_CHUNK_S,
                    )  # fmt: skip
                    for piece in spoken.pieces():
                        stage.wait_until(begun_ns + round(sent_s / speed * NS))
                        stage.send(piece)
                        sent_s += len(piece.samples) / line.rate
                    start_ns = spoken.end_ns
                    frames += int(len(line.samples) / line.rate * self._fps)
                    utterances += 1
                planned_ns = self._until_planned(planned_before + frames)
                planning_s += (planned_ns - begun_ns) / NS
                stage.interrupt()
                rounds += 1
        return phase.figures() | {
            'speech_s': seconds,
            'utterances': utterances,
            'missing_utterances': utterances - phase.rises(AVATAR, 'utterances'),
            'barge_ins': rounds,
            'missing_frames': max(0, frames - phase.rises(AVATAR, 'frames')),
            'times_real_time': seconds / planning_s,
            'resources': self._resources(since),
        }

    def _until_planned(self, frames: int) -> int:
        """Wait until the avatar has planned so many frames, or plans nothing more.

        Returns:
            Time of arrival of the newest motion of an utterance, ns.
        """
        stage, waited_from_ns = self._stage, time.time_ns()

        def newest_ns() -> int:
            # Idle motion has no name.
            planned = (at_ns for name, _, at_ns in reversed(stage.ear.planned) if name)
            return max(next(planned, 0), waited_from_ns)

        def over() -> bool:
            quiet_s = (time.time_ns() - newest_ns()) / NS
            return int(stage.ear.reports[AVATAR]['frames']) >= frames or quiet_s > QUIET_S

        stage.until(over, ROUND_LIMIT_S)
        return newest_ns()

    def _look(self) -> int:
        """Sample the resources of the processes; return the number of earlier samples."""
        before = len(self._times_s)
        self._times_s.append(time.monotonic() - self._begun_s)
        for name, usage in self._stage.usages().items():
            self._usages[name].append(usage)
        return before

    def _resources(self, since: int) -> Figures:
        """Return the resources of the processes from that sample on."""
        times_s = self._times_s[since:]
        return {
            name: soak_report.resources(times_s, usages[since:])
            for name, usages in self._usages.items()
        }

    def _on_second(self) -> None:
        now_s = time.monotonic()
        self._look()
        if self._delay_ns is not None:
            self._compare(self._delay_ns)
        if now_s - self._told_s >= PROGRESS_EVERY_S:
            self._told_s = now_s
            report = self._stage.ear.reports[AVATAR]
            LOG.print(
                f'  {now_s - self._begun_s:.0f} s: {report["utterances"]} utterances, '
                f'{report["underruns"]} under-runs, {report["drops"]} drops, '
                f'{self._usages["avatar"][-1].rss_mb:.0f} MB'
            )

    def _compare(self, delay_ns: int) -> None:
        """Compare sound and motion of the last second."""
        ear = self._stage.ear
        faces = ear.faces(self._faces_seen)
        stretches = ear.planned[self._stretches_seen :]
        self._faces_seen += len(faces.ids)
        self._stretches_seen += len(stretches)
        planned_s = [
            planned_errors_s(np.array([first_ns]), self._spoken[name], delay_ns, self._fps)
            for name, first_ns, _ in stretches
            if name in self._spoken
        ]
        report = ear.reports[SPEAKER]
        if report['state'] != 'speaking' or not planned_s or not len(faces.ids):
            return
        late_s = np.median((faces.received_ns - faces.stamps_ns) / NS)
        shown_ms = 1000 * float(np.median(planned_s) + late_s)
        heard_ms = float(report['sync_error_ms'])
        for name, value in (
            ('heard_ms', heard_ms),
            ('heard_worst_ms', float(report['sync_error_worst_ms'])),
            ('shown_ms', shown_ms),
            ('apart_ms', heard_ms - shown_ms),
        ):
            self._off[name].append(value)


def _rounds(seconds: float) -> Iterator[float]:
    while seconds > 0:
        yield min(seconds, ROUND_S)
        seconds -= ROUND_S


def recordings() -> list[Speech]:
    """Read the demo's recording, and others if there are any."""
    paths = [takes.DEMO, *sorted((takes.DATA / 'speech').glob('*.wav'))]
    return [takes.read_speech(path, 1e9) for path in paths]


def run(options: argparse.Namespace) -> int:
    """Run the soak, print the report, write the JSON, and return the exit status."""
    bundle = load_bundle(options.bundle)
    seconds = 60 * options.minutes
    LOG.print(f'{seconds:g} s in real time, then as much speech at {options.speed:g} times that')
    avatar = {
        'bundle': str(options.bundle),
        'engine': options.engine,
        'engine_threads': options.threads,
        'preset': options.preset,
    }
    with Stage(avatar, {'device': 'null'}, options.lose) as stage:
        soak = Soak(stage, recordings(), bundle.config.format.fps)
        figures = {
            'machine': machine(),
            'bundle': bundle.config.name,
            'preset': options.preset,
            'minutes': options.minutes,
            'speed': options.speed,
            'seed': options.seed,
            'real_time': soak.real_time(seconds, options.seed),
            'fast': soak.fast(seconds, options.speed, options.seed),
        }
    checks = soak_report.checks(figures)
    soak_report.show(Console(highlight=False, markup=False, soft_wrap=True), figures)
    if options.json:
        listed = [{**vars(check), 'good': check.good} for check in checks]
        with atomic_path(options.json) as path:
            text = json.dumps(figures | {'checks': listed}, indent=1)
            path.write_text(text + '\n', encoding='utf-8')
    return 0 if all(check.good for check in checks) else 1


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog='python -m benchmarks.soak',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='Example: python -m benchmarks.soak --minutes 2 --preset low_latency --json s.json',
    )
    add = parser.add_argument
    add(
        '--minutes',
        type=float,
        default=60.0,
        help='minutes of speech, once in real time and once at full speed',
    )
    add(
        '--speed',
        type=float,
        default=100.0,
        help='seconds of speech to send in a second, at full speed',
    )
    add('--preset', default='balanced', choices=tuple(PRESETS))
    add('--bundle', type=Path, default=DEFAULT_BUNDLE)
    add('--engine', default='auto', choices=ENGINES, help='engine that runs the network')
    add('--threads', type=int, default=0, help='CPU threads of the avatar; 0: all cores but one')
    add('--seed', type=int, default=0, help='seed of the conversation')
    add('--lose', type=int, default=0, metavar='N', help='drop every Nth chunk, to test the report')
    add('--json', type=Path, help='file for the report')
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the soak from the command line; return 1 if out of limits, 2 for unusable input."""
    try:
        options = _parser().parse_args(argv)
        for name, low, most in (
            ('minutes', 0.05, 1440), ('speed', 1, 1000), ('threads', 0, 256), ('seed', 0, 2**31),
            ('lose', 0, 2**31),
        ):  # fmt: skip
            if not low <= getattr(options, name) <= most:
                raise InputError(f'--{name} {getattr(options, name)}: must be from {low} to {most}')
        return run(options)
    except InputError as error:
        LOG.print(f'error: {error}')
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    end_at_signals()
    sys.exit(main())
