"""Tables of Live Link Face."""

import numpy as np
import pytest

from diffsheg_model.data.recordings import livelink
from diffsheg_model.data.recordings.channels import to_channels
from diffsheg_model.data.recordings.kinds import recognise
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion_files.track import ReadOptions
from tests.support.made_recordings import (
    only,
    weights,
    write_live_link,
    write_wav,
)
from tests.support.recordings import DATA


def test_live_link_face_is_read(tmp_path):
    write_live_link(tmp_path / 'take_iPhone.csv', 4.0)
    write_wav(tmp_path / 'take.wav', 4.0, 48000)
    assert recognise(tmp_path).name == 'livelink'
    recording = livelink.read(only(livelink.find(tmp_path)), ReadOptions())
    assert recording.notes == ()
    channels = to_channels(recording, BEAT, 60)
    assert all(channels.weight_mask) and not any(channels.joint_mask)
    np.testing.assert_allclose(channels.motion[:, 141:], weights(240, 60)[::4], atol=1e-6)


def test_a_table_of_the_app_may_have_the_only_sound_of_its_folder(tmp_path):
    write_live_link(tmp_path / 'x.csv', 1.0)
    write_wav(tmp_path / 'sound.wav', 1.0)
    assert only(livelink.find(tmp_path)).files['wav'].name == 'sound.wav'
    write_live_link(tmp_path / 'y.csv', 1.0)
    assert [take.problem for take in livelink.find(tmp_path)] == [
        'no x.wav beside x.csv',
        'no y.wav beside y.csv',
    ]


@pytest.mark.skipif(not (DATA / 'arkit_face').is_dir(), reason='no faces in DIFFSHEG_DATA')
@pytest.mark.parametrize('name', ['Angry', 'Happy', 'Sad'])
def test_real_tables_of_the_app_are_read(tmp_path, name):
    (tmp_path / 'a.csv').symlink_to(DATA / 'arkit_face' / f'iphone_{name}.csv')
    rows = len((tmp_path / 'a.csv').read_text().splitlines()) - 1
    write_wav(tmp_path / 'a.wav', rows / 59.9, 48000)
    recording = livelink.read(only(livelink.find(tmp_path)), ReadOptions())
    assert recording.notes == () and len(recording.weights.names) == 51
    assert recording.weights.end_s == pytest.approx(rows / 59.9, abs=0.1)
    blink = recording.weights.values[:, recording.weights.names.index('eyeBlinkLeft')]
    assert 0.4 < blink.max() <= 1
