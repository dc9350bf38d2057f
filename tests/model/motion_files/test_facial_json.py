"""Facial json files, in BEAT's layout."""

import json

import numpy as np
import pytest

from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.facial_json import write_facial_json
from diffsheg_model.motion_files.read import read_motion
from tests.support.made_recordings import weights
from tests.support.made_recordings import write_facial_json as record_facial_json
from tests.support.motions import moving
from tests.support.recordings import DATA


def face_of(frames: int = 30, fps: float = 60.0, **weights: float) -> Motion:
    """A still face; weights that are not named are 0."""
    values = np.zeros((frames, len(ARKIT_WEIGHTS)), np.float32)
    for name, value in weights.items():
        values[:, ARKIT_WEIGHTS.index(name)] = value
    return Motion(fps, (), np.zeros((frames, 0, 3), np.float32), ARKIT_WEIGHTS, values)


def test_facial_json_comes_back(tmp_path):
    motion = moving(start_frame=3)
    write_facial_json(tmp_path / 'face.json', motion)
    content = json.loads((tmp_path / 'face.json').read_text())
    assert list(content) == ['names', 'frames']
    assert content['names'] == list(BEAT.weight_names)
    assert list(content['frames'][0]) == ['weights', 'time', 'rotation']
    assert content['frames'][2]['time'] == pytest.approx(5 / 15)
    assert content['frames'][2]['rotation'] == []
    again = read_motion(tmp_path / 'face.json')
    assert (again.fps, again.start_frame) == (15, 3)
    assert np.allclose(again.weights, motion.weights, atol=1e-6)


@pytest.mark.skipif(not (DATA / 'arkit_face').is_dir(), reason='needs the real recordings')
def test_facial_json_has_the_layout_of_beat(tmp_path):
    path = DATA / 'arkit_face' / 'beat_26_reamey_0_103_103.json'
    theirs = json.loads(path.read_text())
    write_facial_json(tmp_path / 'face.json', read_motion(path))
    ours = json.loads((tmp_path / 'face.json').read_text())
    assert list(ours) == list(theirs) and ours['names'] == theirs['names']
    assert len(ours['frames']) == len(theirs['frames'])
    for frame in (0, 1000, 4018):
        one, other = ours['frames'][frame], theirs['frames'][frame]
        assert list(one) == list(other) and one['rotation'] == other['rotation']
        assert one['time'] == pytest.approx(other['time'])
        assert np.allclose(one['weights'], other['weights'], atol=1e-6)


def test_weights_that_a_motion_lacks_are_zero(tmp_path):
    motion = Motion(30.0, (), np.zeros((2, 0, 3)), ('jawOpen',), np.full((2, 1), 0.25))
    write_facial_json(tmp_path / 'face.json', motion)
    first = json.loads((tmp_path / 'face.json').read_text())['frames'][0]['weights']
    assert first[ARKIT_WEIGHTS.index('jawOpen')] == 0.25 and sum(first) == 0.25


def test_facial_json_keeps_its_times(tmp_path):
    record_facial_json(tmp_path / 'take.json')
    again = read_motion(tmp_path / 'take.json')
    assert (again.fps, len(again), again.start_frame) == (60, 240, 0)
    assert np.allclose(again.weights, weights(240, 60), atol=1e-6)
    assert read_motion(tmp_path / 'take.json', fps=15).duration_s == pytest.approx(16)


def test_a_facial_json_without_usable_times_has_beats_rate(tmp_path, caplog):
    for times in ([], [0.0] * 4, [None] * 4):
        frames = [{'weights': [0.5], 'time': time_s} for time_s in times] or [
            {'weights': [0.5]}
        ] * 4
        (tmp_path / 'face.json').write_text(json.dumps({'names': ['jawOpen'], 'frames': frames}))
        face = read_motion(tmp_path / 'face.json')
        assert (face.fps, len(face)) == (60, 4)
    assert 'sound' not in caplog.text
    # One that is lost does not change the rate of the others.
    frames = [{'weights': [0.5], 'time': time_s} for time_s in (0.0, 0.1, None, 0.3, 0.4)]
    (tmp_path / 'face.json').write_text(json.dumps({'names': ['jawOpen'], 'frames': frames}))
    assert read_motion(tmp_path / 'face.json').fps == 10
