"""The command line itself: help for every command, one-line errors, exit codes."""

import subprocess
import sys

import pytest

from diffsheg_model.cli.main import COMMANDS, main


@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    assert main([command, '--help']) == 0
    shown = ' '.join(capsys.readouterr().out.split())
    assert f'Example: diffsheg {command}' in shown


def test_the_overview_lists_every_command(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['dance'], 'Unknown command "dance"'),
        (['generate', 'speech.wav'], 'requires an argument'),
        (['generate', 'a.wav', '-o', 'out', '--engine', 'abacus'], 'abacus'),
        (['generate', 'a.wav', '-o', 'out', '--precision', 'fp8'], 'fp8'),
        (['generate', 'a.wav', '-o', 'out', '--colour', 'red'], 'colour'),
        (['generate', 'a.wav', '-o', 'out', '--seed', 'x'], 'seed'),
    ],
)
def test_wrong_options_are_refused_in_one_line(arguments, message, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: ')
    assert message in shown
    assert shown.count('\n') == 1


def test_it_runs_as_a_module():
    result = subprocess.run(
        [sys.executable, '-m', 'diffsheg_model.cli.main', '--version'],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.strip()
