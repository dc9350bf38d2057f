"""Small recordings of every kind, made on the spot."""

import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from diffsheg_model.cli.main import main
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion_files.bvh import write_bvh

T = TypeVar('T')

LIVE_LINK_EXTRA = (
    'TongueOut HeadYaw HeadPitch HeadRoll LeftEyeYaw LeftEyePitch LeftEyeRoll RightEyeYaw '
    'RightEyePitch RightEyeRoll'
).split()


def only(items: Iterable[T]) -> T:
    """Return the only item."""
    (item,) = items
    return item


def write_wav(path: Path, seconds: float = 4.0, rate: int = 16000) -> None:
    """A tone that swells four times a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * rate)) / rate
    samples = 0.3 * np.sin(2 * np.pi * 220 * times) * np.sin(4 * np.pi * times) ** 2
    soundfile.write(path, samples, rate)


def swing(frames: int, fps: float) -> np.ndarray:
    """(F, 47, 3) rotations: every joint swings in its own way."""
    times = np.arange(frames)[:, None, None] / fps
    phase = np.arange(47 * 3).reshape(47, 3)
    return 0.6 * np.sin(2 * times + phase)


def write_body(path: Path, seconds: float = 4.0, fps: float = 120.0) -> np.ndarray:
    """A BVH of BEAT's skeleton; returns its rotations (F, 47, 3)."""
    frames = round(seconds * fps)
    rotations = swing(frames, fps)
    nothing = np.zeros((frames, 0), np.float32)
    write_bvh(path, Motion(fps, BEAT.joint_names, rotations, (), nothing), BEAT_SKELETON)
    return rotations


def weights(frames: int, fps: float) -> np.ndarray:
    """(F, 51), each a slow curve of its own within 0..1."""
    times = np.arange(frames)[:, None] / fps
    return 0.5 + 0.4 * np.sin(times + np.arange(51))


def write_facial_json(path: Path, seconds: float = 4.0, fps: float = 60.0, **changes) -> None:
    values = weights(round(seconds * fps), fps)
    frames = [
        {'weights': row.tolist(), 'time': frame / fps, 'rotation': []}
        for frame, row in enumerate(values)
    ]
    path.write_text(json.dumps({'names': list(ARKIT_WEIGHTS), 'frames': frames, **changes}))


def timecode(frame: int, start_s: int = 0, fps: int = 60) -> str:
    """Live Link Face's: hours, minutes, seconds, frames with a fraction."""
    minutes, seconds = divmod((start_s + frame // fps) % 86400, 60)
    return f'{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}:{frame % fps + 0.25:06.3f}'


def write_live_link(path: Path, seconds: float = 4.0, start_s: int = 68400, lost=()) -> None:
    """A table of 61 weights and angles; rows in ``lost`` are those of a lost face."""
    header = [name[0].upper() + name[1:] for name in ARKIT_WEIGHTS] + LIVE_LINK_EXTRA
    lines = ['Timecode,BlendshapeCount,' + ','.join(header)]
    for frame, row in enumerate(weights(round(seconds * 60), 60)):
        cells = [f'{value:.10f}' for value in row] + ['0.1'] * len(LIVE_LINK_EXTRA)
        cells = [''] * 61 if frame in lost else cells
        count = 0 if frame in lost else 61
        lines.append(','.join([timecode(frame, start_s), str(count), *cells]))
    path.write_text('\n'.join(lines) + '\n')


def write_beat_take(folder: Path, name: str = '2_scott_0_1_1', seconds: float = 4.0) -> None:
    """A whole take of BEAT: wav, bvh at 120 fps, json at 60 fps, txt and TextGrid."""
    folder.mkdir(parents=True, exist_ok=True)
    write_wav(folder / f'{name}.wav', seconds)
    write_body(folder / f'{name}.bvh', seconds)
    write_facial_json(folder / f'{name}.json', seconds)
    (folder / f'{name}.txt').write_text(
        '01_beat_align\t0.0\t1.0\t1.0\t0.1\t\n05_iconic_h\t0.9\t2.0\t1.1\t0.9\tbig\n'
    )
    (folder / f'{name}.TextGrid').write_text(TEXTGRID)


TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 4.0
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 4.0
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.25
            text = "say"
        intervals [3]:
            xmin = 1.25
            xmax = 4.0
            text = "the ""word"" "
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 4.0
        intervals: size = 1
        intervals [1]:
            xmin = 0.5
            xmax = 1.25
            text = "S"
"""


def show_pickle(frames: int = 300, hand_columns: int = 12, **changes) -> dict[str, object]:
    """The content of one of SHOW's pickles; None leaves a key out."""
    random = np.random.default_rng(0)

    def values(*shape: int) -> np.ndarray:
        return (0.1 * random.standard_normal(shape)).astype(np.float32)

    content = {
        'width': 1280,
        'expression': values(frames, 100),
        'jaw_pose': values(frames, 3),
        'body_pose_axis': values(frames, 63),
        'global_orient': values(frames, 1, 3),
        'left_hand_pose': values(frames, hand_columns),
        'right_hand_pose': values(frames, hand_columns),
        **changes,
    }
    return {key: value for key, value in content.items() if value is not None}


def write_show_take(folder: Path, name: str, seconds: float = 10.0, **changes) -> None:
    write_wav(folder / f'{name}.wav', seconds, 22000)
    content = show_pickle(**{'frames': round(30 * seconds), **changes})
    (folder / f'{name}.pkl').write_bytes(pickle.dumps(content, 2))


def light_take(folder: Path, name: str, seconds: float = 4.0) -> None:
    """Sound and face only: quick to make and to read."""
    write_wav(folder / f'{name}.wav', seconds)
    write_facial_json(folder / f'{name}.json', seconds)


def run_prepare(*arguments: object) -> int:
    """`diffsheg prepare` with one worker; returns its status."""
    return main(['prepare', *map(str, arguments), '--workers', '1'])


def report_of(folder: Path) -> dict:
    """Return the content of report.json among the shards."""
    return json.loads((folder / 'report.json').read_text())
