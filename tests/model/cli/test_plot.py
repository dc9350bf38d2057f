"""Pictures of motion files by the command diffsheg plot."""

import pytest

from diffsheg_model.motion.formats import SHOW
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON
from diffsheg_model.motion_files import (
    write_bvh,
    write_face_csv,
    write_npz,
)
from tests.support.command import motion_npz, run  # noqa: F401
from tests.support.motions import moving, png_size
from tests.support.recordings import SPEECH


@pytest.mark.parametrize('what', ['all', 'body', 'face', 'show'])
def test_any_motion_becomes_a_picture(tmp_path, what, capfd):
    path = tmp_path / {'body': 'a.bvh', 'face': 'a.csv'}.get(what, 'a.npz')
    if what == 'body':
        write_bvh(path, moving(), BEAT_SKELETON)
    elif what == 'face':
        write_face_csv(path, moving())
    else:
        write_npz(path, moving(SHOW) if what == 'show' else moving())
    out = tmp_path / 'picture.png'
    assert run(capfd, 'plot', path, '-o', out, '--poses', 3)[0] == 0
    silent = png_size(out)
    assert run(capfd, 'plot', path, '-o', out, '--poses', 3, '--audio', SPEECH)[0] == 0
    # Waveform and spectrogram make it taller.
    assert png_size(out)[0] == silent[0] and png_size(out)[1] > silent[1] + 200


def test_a_picture_without_a_name_gets_that_of_the_motion(
    tmp_path, motion_npz, capfd, caplog, monkeypatch
):
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    with caplog.at_level('INFO', 'diffsheg_model'):
        assert run(capfd, 'plot', motion_npz, '--poses', 2)[0] == 0
    assert caplog.messages[-1] == 'motion.png'
    picture = (tmp_path / 'here/motion.png').read_bytes()
    # A second time it might be somebody's: nothing is replaced that was not named.
    status, said = run(capfd, 'plot', motion_npz, '--poses', 2)
    assert status == 2 and said == 'error: motion.png exists already: name the picture with -o\n'
    assert (tmp_path / 'here/motion.png').read_bytes() == picture
