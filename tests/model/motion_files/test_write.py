"""Formats for writing a motion: each takes what it can hold, and refuses what is broken."""

import numpy as np
import pytest

from diffsheg_model.cli.export import Format
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, human
from diffsheg_model.motion_files.read import read_motion
from diffsheg_model.motion_files.write import (
    FILE_FORMATS,
    MotionContent,
    format_of,
    write_motion,
)
from tests.support.motions import moving, tone


def content_of(motion: Motion) -> MotionContent:
    of_show = any(name in motion.joint_names for name in SHOW.joint_names)
    return MotionContent(motion, human('show') if of_show else BEAT_SKELETON, tone(), 16000)


def without(motion: Motion, body: bool = False, face: bool = False) -> Motion:
    """The motion without its body or its face."""
    frames = len(motion)
    names = () if body else motion.joint_names
    rotations = np.zeros((frames, 0, 3), np.float32) if body else motion.rotations
    weights = np.zeros((frames, 0), np.float32) if face else motion.weights
    return Motion(motion.fps, names, rotations, () if face else motion.weight_names, weights)


def test_the_command_offers_every_format():
    assert list(Format.__args__) == list(FILE_FORMATS)


@pytest.mark.parametrize('kind', FILE_FORMATS)
@pytest.mark.parametrize('what', ['beat', 'show', 'face', 'body', 'one frame'])
def test_every_format_takes_what_it_can_hold(tmp_path, kind, what):
    if kind == 'mcap':
        pytest.importorskip('mcap')
    motion = {
        'beat': moving(),
        'show': moving(SHOW),
        'face': without(moving(), body=True),
        'body': without(moving(), face=True),
        'one frame': moving(frames=1),
    }[what]
    path = tmp_path / f'motion{FILE_FORMATS[kind].suffix}'
    needs = FILE_FORMATS[kind].needs
    if needs and needs != what and what in ('face', 'body'):
        with pytest.raises(InputError, match=f'{kind} holds a {needs}, and the motion has none'):
            write_motion(path, content_of(motion), kind)
        assert list(tmp_path.iterdir()) == []
        return
    write_motion(path, content_of(motion), kind)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    # FLAME's coefficients are not ARKit's; one stamp tells no rate.
    if kind != 'glb' and (kind, what) not in (('csv', 'show'), ('mcap', 'one frame')):
        # Timecodes within one second do not tell their rate.
        again = read_motion(path, fps=60 if (kind, what) == ('livelink-csv', 'one frame') else None)
        assert again.duration_s == pytest.approx(motion.duration_s, abs=0.1)


@pytest.mark.parametrize('kind', FILE_FORMATS)
def test_no_format_takes_what_is_broken(tmp_path, kind):
    path = tmp_path / f'motion{FILE_FORMATS[kind].suffix}'
    motion = moving()
    motion.weights[4, 24] = np.inf
    with pytest.raises(InputError, match='jawOpen is not finite in frame 4'):
        write_motion(path, content_of(motion), kind)
    motion = moving()
    motion.rotations[7, 2, 1] = np.nan
    with pytest.raises(InputError, match='joint Neck1 is not finite in frame 7'):
        write_motion(path, content_of(motion), kind)
    with pytest.raises(InputError, match='has no joint spine1'):
        write_motion(path, MotionContent(moving(SHOW), BEAT_SKELETON, tone(), 16000), kind)
    assert list(tmp_path.iterdir()) == []
    path.mkdir()
    with pytest.raises(InputError, match='it is a folder'):
        write_motion(path, content_of(moving()), kind)


def test_a_suffix_selects_the_format(tmp_path):
    assert format_of(tmp_path / 'a.CSV') == 'csv'
    assert format_of(tmp_path / 'a.csv', 'livelink-csv') == 'livelink-csv'
    with pytest.raises(InputError, match=r'\.bvh, \.csv, \.json, \.npz, \.mcap, \.glb$'):
        format_of(tmp_path / 'a.fbx')
    with pytest.raises(InputError, match=r'files of format glb end in \.glb'):
        format_of(tmp_path / 'a.csv', 'glb')
