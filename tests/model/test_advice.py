"""Advice names files that exist, for a shell."""

import shlex
from pathlib import Path

from diffsheg_model.advice import install_advice, requirements_file


def test_the_command_names_the_files_of_all_features():
    for feature in ('core', 'audio', 'train', 'openvino'):
        assert requirements_file(feature).is_file()
    words = shlex.split(install_advice('audio', 'train'))
    assert words[:4] == ['python3', '-m', 'pip', 'install']
    assert words[4::2] == ['-r', '-r']
    assert [Path(path).name for path in words[5::2]] == ['audio.txt', 'train.txt']


def test_a_path_with_spaces_is_quoted(monkeypatch):
    path = Path('/my robot/audio.txt')
    monkeypatch.setattr('diffsheg_model.advice.requirements_file', lambda feature: path)
    assert shlex.split(install_advice('audio'))[-1] == str(path)
