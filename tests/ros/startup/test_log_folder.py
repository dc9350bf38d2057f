"""ROS' logs have a folder wherever a node starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diffsheg_model.errors import InputError
from diffsheg_ros.startup.log_folder import ensure_log_folder


def test_what_can_be_written_stays(tmp_path):
    for variables in (
        {'HOME': str(tmp_path)},
        {'HOME': '/nowhere', 'ROS_HOME': str(tmp_path / 'ros')},
        {'ROS_LOG_DIR': str(tmp_path / 'deep/logs')},
        {'HOME': str(tmp_path), 'ROS_LOG_DIR': '~/logs'},
    ):
        given = dict(variables)
        assert ensure_log_folder(given) == ''
        assert given == variables
    assert (tmp_path / '.ros/log').is_dir() and (tmp_path / 'logs').is_dir()


@pytest.mark.parametrize(
    ('variables', 'words'),
    [
        ({}, 'HOME is not set'),
        ({'HOME': ''}, 'HOME is not set'),
        ({'HOME': '/no such home'}, "HOME='/no such home' is not a folder"),
        ({'HOME': '/dev/null'}, 'HOME=/dev/null is not a folder'),
        ({'HOME': '/proc'}, 'HOME: /proc/.ros/log cannot be written'),
        ({'ROS_LOG_DIR': '/proc/logs', 'HOME': '/tmp'}, 'ROS_LOG_DIR: /proc/logs'),
        ({'ROS_LOG_DIR': '/dev/null', 'HOME': '/tmp'}, 'ROS_LOG_DIR: /dev/null'),
        ({'ROS_HOME': '/dev/full'}, 'ROS_HOME: /dev/full/log'),
    ],
)
def test_else_a_temporary_folder_is_named(tmp_path, monkeypatch, variables, words):
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    note = ensure_log_folder(variables)
    assert words in note and note.count('\n') == 0
    folder = Path(variables['ROS_LOG_DIR'])
    assert folder.parent == tmp_path and str(folder) in note
    assert not Path('/no such home').exists()


def test_where_nothing_can_be_written_one_line_says_so(monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', '/proc/nowhere')
    with pytest.raises(InputError, match='its logs: HOME is not set.*set ROS_LOG_DIR to a folder'):
        ensure_log_folder({})


@pytest.mark.ros
@pytest.mark.untimed
@pytest.mark.parametrize('home', [None, '/dev/null', '/proc'])
def test_a_node_starts_without_a_home(tmp_path, home):
    pytest.importorskip('rclpy', reason='needs ROS 2')
    environment = {name: value for name, value in os.environ.items() if name != 'ROS_LOG_DIR'}
    environment.pop('HOME', None)
    environment['TMPDIR'] = str(tmp_path)
    if home is not None:
        environment['HOME'] = home
    program = (
        'from diffsheg_ros.ros.run_node import run_node; import rclpy\n'
        'raise SystemExit(run_node(lambda: rclpy.create_node("x"), [], lambda node: True))'
    )
    ran = subprocess.run(
        [sys.executable, '-c', program],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert f'logs go to {tmp_path}' in ran.stderr and 'Traceback' not in ran.stderr
    assert any(tmp_path.glob('diffsheg_log.*/*.log'))
