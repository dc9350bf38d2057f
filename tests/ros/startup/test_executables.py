"""What each executable does before ROS is started: usage, arguments, what is missing, Ctrl-C."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import yaml

from diffsheg_ros.startup.catalogue import EXECUTABLES
from diffsheg_ros.startup.command_line import (
    UsageError,
    asks_for_help,
    ros_arguments,
    usage,
)
from diffsheg_ros.startup.import_failure import import_failure
from diffsheg_ros.startup.nearest import did_you_mean
from diffsheg_ros.startup.node_parameters import NODE_PARAMETERS
from tests.support.paths import ROOT


def environment(*first: str) -> dict[str, str]:
    """The environment with folders that Python looks in first."""
    path = [*filter(None, first), str(ROOT), os.environ.get('PYTHONPATH', '')]
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(path)}


def run(*arguments: str, first: str = '') -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-m', 'diffsheg_ros', *arguments],
        env=environment(first),
        capture_output=True,
        text=True,
        timeout=60,
    )


def hide(folder: Path, *modules: str) -> str:
    """Makes modules that cannot be imported, as if they were not installed."""
    for module in modules:
        (folder / f'{module}.py').write_text(
            f'raise ModuleNotFoundError("No module named {module!r}", name={module!r})\n'
        )
    return str(folder)


def test_every_node_with_parameters_is_an_executable():
    assert set(EXECUTABLES) == set(NODE_PARAMETERS)


@pytest.mark.parametrize('name', EXECUTABLES)
def test_the_usage_names_an_example_and_every_parameter(name):
    text = usage(name)
    assert f'ros2 run diffsheg_ros {name} {EXECUTABLES[name].example}' in text
    for parameter in NODE_PARAMETERS[name].__dataclass_fields__:
        assert f'{parameter}:=' in text
    assert len(text.splitlines()) < 20
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize('name', EXECUTABLES)
@pytest.mark.parametrize('option', ['--help', '-h'])
def test_help_prints_the_usage_without_ros(tmp_path, name, option):
    result = run(name, option, first=hide(tmp_path, 'rclpy'))
    assert (result.returncode, result.stderr) == (0, '')
    assert result.stdout.startswith(f'usage: ros2 run diffsheg_ros {name}')


def test_the_examples_of_the_usage_are_understood():
    for name, executable in EXECUTABLES.items():
        arguments = ros_arguments(name, executable.example.split())
        assert arguments[0] == '--ros-args'


@pytest.mark.parametrize('name', ['ü.wav', '\U0001f600.wav', 'a"b\\.wav', "it's.wav", '-.wav: #'])
def test_a_recording_may_have_any_name(name):
    [*_, given] = ros_arguments('file_player', ['./' + name])
    assert yaml.safe_load(given.removeprefix('file:=')) == './' + name
    assert '\\ud' not in given, 'which rcl does not read'


def test_a_name_that_is_no_text_is_told_before_ros_fails_on_it():
    with pytest.raises(UsageError, match='is not text in UTF-8'):
        ros_arguments('file_player', [os.fsdecode(b'/tmp/\xff.wav')])


def test_a_recording_may_be_a_bare_argument():
    given = ros_arguments('file_player', ['a b.wav', '--ros-args', '-p', 'loop:=true'])
    assert given == ['--ros-args', '-p', 'loop:=true', '--ros-args', '-p', 'file:="a b.wav"']
    assert ros_arguments('replay', ['--ros-args', '-r', 'a:=b', '--', 'x.mcap'])[-1] == (
        'file:="x.mcap"'
    )


@pytest.mark.parametrize(
    ('name', 'given', 'words'),
    [
        ('avatar', ['speech.wav'], "unknown argument 'speech.wav'"),
        ('file_player', ['a.wav', 'b.wav'], "unknown argument 'b.wav'"),
        ('viewer', ['--port', '80'], "unknown argument '--port'"),
        ('avatar', ['autostart:=true'], '--ros-args -p autostart:=true'),
        ('avatar', ['-p', 'autostart:=true'], 'write --ros-args before it'),
        ('speaker', ['--ros-args', '--log-level', 'loud'], "no log level 'loud'"),
        ('speaker', ['--ros-args', '--log-level', 'speaker:=debgu'], 'did you mean debug?'),
    ],
)
def test_an_argument_that_is_not_known_is_named(name, given, words):
    with pytest.raises(UsageError) as raised:
        ros_arguments(name, given)
    assert words in str(raised.value) and '\n' not in str(raised.value)


def test_an_unknown_argument_ends_an_executable_with_one_line():
    result = run('monitor', 'out/session')
    assert (result.returncode, result.stdout) == (2, '')
    assert result.stderr.startswith("error: monitor: unknown argument 'out/session'")
    assert result.stderr.count('\n') == 1


def test_help_inside_of_ros_arguments_is_not_ours():
    assert not asks_for_help(['--ros-args', '-p', 'file:=x', '--help'])
    assert asks_for_help(['--ros-args', '-p', 'file:=x', '--', '--help'])


@pytest.mark.parametrize('name', EXECUTABLES)
@pytest.mark.parametrize(
    ('module', 'words'),
    [('scipy', 'the Python package scipy is missing'), ('rclpy', 'the ROS package rclpy')],
)
def test_a_missing_package_is_one_line(tmp_path, name, module, words):
    result = run(name, first=hide(tmp_path, module))
    assert (result.returncode, result.stdout) == (2, '')
    assert result.stderr.startswith(f'error: {name} cannot start: {words}')
    assert result.stderr.count('\n') == 1


def test_the_demo_says_in_one_line_what_is_missing(tmp_path):
    result = subprocess.run(
        [sys.executable, '-m', 'diffsheg_ros.demo'],
        env=environment(hide(tmp_path, 'scipy')),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 2
    assert result.stderr.startswith('error: the demo cannot start: the Python package scipy')
    assert result.stderr.count('\n') == 1


def test_a_package_that_is_broken_is_one_line_with_its_place(tmp_path):
    (tmp_path / 'scipy.py').write_text('raise ImportError("libm.so.9: cannot open\\nnothing")\n')
    result = run('speaker', first=str(tmp_path))
    assert result.returncode == 2
    assert 'ImportError: libm.so.9: cannot open nothing' in result.stderr
    assert str(tmp_path / 'scipy.py') in result.stderr and result.stderr.count('\n') == 1


def test_messages_that_are_not_built_are_named():
    missing = ModuleNotFoundError('no', name='diffsheg_ros.msg')
    assert 'colcon build' in import_failure(missing)


def test_a_name_that_is_like_no_other_gets_the_list():
    assert did_you_mean('prest', ['preset', 'seed']) == 'did you mean preset?'
    assert did_you_mean('zzz', ['preset', 'seed']) == 'there are preset, seed'


@pytest.mark.parametrize('command', [['diffsheg_ros', 'avatar'], ['diffsheg_ros.demo']])
def test_ctrl_c_while_importing_ends_without_a_word(tmp_path, command):
    """A module that takes for ever to import stands for a slow disk."""
    (tmp_path / 'scipy.py').write_text(
        textwrap.dedent("""
            import pathlib, time
            pathlib.Path(__file__).with_name('reached').touch()
            time.sleep(60)
        """)
    )
    process = subprocess.Popen(
        [sys.executable, '-m', *command],
        env=environment(str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    end_s = time.monotonic() + 60
    while not (tmp_path / 'reached').exists() and time.monotonic() < end_s:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert output == ''
    assert process.returncode == -signal.SIGINT  # a shell shows 130


def test_ctrl_c_before_python_is_up_is_kept_until_it_can_be_taken():
    """So the installed executables are started: by env, with the signal held back."""
    held = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('still here', flush=True)"
    program = (
        f'{held}; from diffsheg_ros.startup.executables import start; start("avatar", ["--help"])'
    )
    process = subprocess.run(
        ['env', '--block-signal=INT', sys.executable, '-c', program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (process.stdout, process.stderr) == ('still here\n', '')
    assert process.returncode == -signal.SIGINT
