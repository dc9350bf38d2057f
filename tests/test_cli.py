"""The command line itself: help for every command, one-line errors, exit codes."""

import subprocess
import sys

import pytest

from diffsheg_model.cli.main import COMMANDS, main


@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    name = command.replace('_', '-')
    with pytest.raises(SystemExit) as caught:
        main([name, '--help'])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert f'example: diffsheg {name}' in ' '.join(shown.split())


def test_the_overview_lists_every_command(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(f'diffsheg {command.replace("_", "-")}' in shown for command in COMMANDS)


def test_an_unknown_command_is_refused(capsys):
    assert main(['dance']) == 2
    assert capsys.readouterr().err.startswith("error: unknown command 'dance': choose one of")


def test_it_runs_as_a_module():
    result = subprocess.run(
        [sys.executable, '-m', 'diffsheg_model.cli.main', '--version'],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.startswith('diffsheg ')
