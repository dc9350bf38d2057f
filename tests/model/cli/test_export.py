"""``diffsheg export`` and ``diffsheg plot`` as a user runs them."""

import dataclasses

import numpy as np
import pytest
import soundfile

from diffsheg_model.bundle import DEFAULT_BUNDLE
from diffsheg_model.motion.formats import SHOW
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion_files import (
    read_npz,
    write_bvh,
    write_npz,
)
from diffsheg_model.motion_files.read import read_motion_and_sound
from tests.support.command import motion_npz, run  # noqa: F401
from tests.support.motions import moving, tone


@pytest.mark.parametrize('name', ['a.bvh', 'a.csv', 'a.json', 'a.glb', 'deep/a.npz'])
def test_the_suffix_says_what_is_written(tmp_path, motion_npz, name, capfd):
    assert run(capfd, 'export', motion_npz, '-o', tmp_path / name)[0] == 0
    starts = {
        'a.bvh': b'HIERARCHY\nROOT Hips',
        'a.csv': b'time_s,browDownLeft',
        'a.json': b'{"names": ["browDownLeft"',
        'a.glb': b'glTF',
        'deep/a.npz': b'PK',
    }
    assert (tmp_path / name).read_bytes().startswith(starts[name])


def test_live_link_needs_its_name(tmp_path, motion_npz, capfd):
    out = tmp_path / 'a.csv'
    assert run(capfd, 'export', motion_npz, '-o', out, '--format', 'livelink-csv')[0] == 0
    assert out.read_text().startswith('Timecode,BlendshapeCount,EyeBlinkLeft,')


def test_an_mcap_gets_the_recording(tmp_path, motion_npz, capfd):
    pytest.importorskip('mcap')
    soundfile.write(tmp_path / 'speech.wav', tone(), 16000)
    out = tmp_path / 'a.mcap'
    given = ('--audio', tmp_path / 'speech.wav')
    assert run(capfd, 'export', motion_npz, '-o', out, *given)[0] == 0
    motion, audio, rate = read_motion_and_sound(out)
    assert (len(motion), len(audio), rate) == (30, 32000, 16000)
    # And on to a file without sound.
    assert run(capfd, 'export', out, '-o', tmp_path / 'again.npz')[0] == 0
    again = read_npz(tmp_path / 'again.npz')
    assert np.allclose(again.weights, moving().weights, atol=1e-6)


def test_a_wrong_rate_is_put_right(tmp_path, capfd):
    write_bvh(tmp_path / 'a.bvh', moving(), BEAT_SKELETON)
    assert run(capfd, 'export', tmp_path / 'a.bvh', '-o', tmp_path / 'b.npz', '--fps', 30)[0] == 0
    assert (read_npz(tmp_path / 'b.npz').fps, len(read_npz(tmp_path / 'b.npz'))) == (30, 30)


def test_smplx_gets_its_own_skeleton(tmp_path, capfd):
    write_npz(tmp_path / 'show.npz', moving(SHOW))
    assert run(capfd, 'export', tmp_path / 'show.npz', '-o', tmp_path / 'a.bvh')[0] == 0
    assert 'ROOT pelvis' in (tmp_path / 'a.bvh').read_text()


@pytest.mark.parametrize('command', ['export', 'plot'])
def test_refusals_are_one_line_and_write_nothing(tmp_path, motion_npz, command, capfd):
    write_bvh(tmp_path / 'body.bvh', moving(), BEAT_SKELETON)
    write_npz(tmp_path / 'show.npz', moving(SHOW))
    broken = moving()
    broken.weights[4, 24] = np.nan
    write_npz(tmp_path / 'nan.npz', broken)
    flame = tmp_path / 'flame.npz'
    coefficients = dataclasses.replace(moving(SHOW), joint_names=(), rotations=np.zeros((30, 0, 3)))
    write_npz(flame, coefficients)
    (tmp_path / 'folder.png').mkdir()
    (tmp_path / 'folder.npz').mkdir()
    before = sorted(tmp_path.rglob('*'))
    good = tmp_path / 'out' / ('a.png' if command == 'plot' else 'a.bvh')
    cases = [
        ((tmp_path / 'absent.npz', good), 'absent.npz: no such file'),
        ((motion_npz, tmp_path / 'a.fbx'), 'that ends in .'),
        ((tmp_path / 'nan.npz', good), 'nan.npz: jawOpen is not finite in frame 4'),
        ((tmp_path / 'show.npz', good, '--bundle', DEFAULT_BUNDLE), 'has no joint spine1'),
        ((motion_npz, good, '--bundle', tmp_path), 'is not a bundle'),
        (
            (motion_npz, good, '--fps', -3),
            '-3 frames a second of a motion file: must be from 1 to 1000',
        ),
    ]
    if command == 'export':
        cases += [
            ((tmp_path / 'body.bvh', tmp_path / 'a.csv'), 'csv holds a face, and the motion has'),
            ((motion_npz, tmp_path / 'folder.npz'), 'folder.npz: it is a folder'),
            ((motion_npz, good, '--audio', tmp_path / 'no.wav'), 'bvh holds no sound'),
            ((flame, tmp_path / 'a.json'), 'a.json: the motion has no face'),
            (
                (flame, tmp_path / 'a.csv', '--format', 'livelink-csv'),
                'a.csv: the motion has no fa',
            ),
            ((motion_npz, tmp_path / 'a.csv', '--format', 'glb'), 'files of format glb end in'),
            ((motion_npz, tmp_path / 'a.csv', '--format', 'fbx'), 'fbx'),
        ]
    else:
        cases += [
            ((motion_npz, tmp_path / 'folder.png'), 'folder.png: it is a folder'),
            ((motion_npz, good, '--audio', tmp_path / 'no.wav'), 'no such audio file'),
            ((motion_npz, good, '--poses', 0), '--poses 0: must be from 1 to 40'),
        ]
    for (source, out, *others), message in cases:
        status, said = run(capfd, command, source, '-o', out, *others)
        assert status == 2 and said.startswith('error: ') and said.count('\n') == 1, said
        assert message in said
    assert sorted(tmp_path.rglob('*')) == before


# diffsheg plot
