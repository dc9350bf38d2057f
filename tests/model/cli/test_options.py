"""Options that several commands share: their order, names and help."""

from pathlib import Path

import pytest

from diffsheg_model.cli.main import make_app


def values_of(*arguments):
    _, call, _ = make_app().parse_args(arguments, exit_on_error=False, print_error=False)
    return call.arguments


@pytest.mark.parametrize(
    ('arguments', 'expected'),
    [
        (
            'generate a.wav out 3 mine 2 torch fp32 cpu cache 4 speech balanced',
            {
                'audio': Path('a.wav'),
                'output': Path('out'),
                'seed': 3,
                'bundle': Path('mine'),
                'style': 2,
                'engine': 'torch',
                'precision': 'fp32',
                'provider': 'cpu',
                'engine_cache': Path('cache'),
                'threads': 4,
                'speech_encoder': Path('speech'),
                'preset': 'balanced',
            },
        ),
        (
            'selftest torch fp32 cpu mine 4 cache',
            {
                'engine': 'torch',
                'precision': 'fp32',
                'provider': 'cpu',
                'bundle': Path('mine'),
                'threads': 4,
                'cache': Path('cache'),
            },
        ),
    ],
)
def test_options_keep_their_order_when_given_by_position(arguments, expected):
    assert values_of(*arguments.split()) == expected


@pytest.mark.parametrize('option', ['--style', '--speaker'])
@pytest.mark.parametrize('command', ['generate', 'evaluate'])
def test_the_style_has_its_former_name_too(command, option):
    assert values_of(command, 'input', '-o', 'out', option, '5')['style'] == 5


@pytest.mark.parametrize('command', ['generate', 'evaluate', 'selftest'])
def test_shared_options_have_a_help_text(command, capsys):
    make_app()([command, '--help'], result_action='return_value')
    shown = ' '.join(capsys.readouterr().out.replace('│', ' ').split())
    for text in ('the model that comes with the package', 'number format', 'all cores but one'):
        assert text in shown
