"""Training settings from presets, files and single fields, and the settings.yaml of a run."""

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.training.settings_file import (
    PRESETS,
    load_settings,
    preset_names,
    write_settings,
)


@pytest.mark.parametrize('preset', preset_names())
def test_presets_hold_every_field_with_a_comment(preset):
    settings = load_settings(preset)
    config = settings.bundle_config()
    assert (config.network.latent_dim == 512) == (preset != 'compact')
    text = (PRESETS / f'{preset}.yaml').read_text()
    for section in vars(settings).values():
        for field in getattr(section, '__dataclass_fields__', {}):
            assert f'  {field}: ' in text, field
    parameters = sum(line.count('#') for line in text.splitlines())
    assert parameters > 50


def test_settings_that_make_no_sense(tmp_path):
    with pytest.raises(InputError, match='must be one of beat, compact, show'):
        load_settings('large')
    with pytest.raises(InputError, match='optimiser.learning_rate = -1'):
        load_settings('compact', None, ['optimiser.learning_rate=-1'])
    with pytest.raises(InputError, match='no_such_field'):
        load_settings('compact', None, ['run.no_such_field=1'])
    with pytest.raises(InputError, match='section.field=value'):
        load_settings('compact', None, ['run.seed'])
    with pytest.raises(InputError, match='no such settings file'):
        load_settings('compact', tmp_path / 'none.yaml')


@pytest.mark.parametrize('preset', preset_names())
def test_written_settings_are_read_again(preset, tmp_path):
    settings = load_settings(preset, None, ['optimiser.learning_rate=1e-12', 'card.name=Ünner'])
    write_settings(settings, tmp_path / 'settings.yaml')
    assert load_settings('beat', tmp_path / 'settings.yaml') == settings


def test_later_sources_go_over_earlier_ones(tmp_path):
    mine = tmp_path / 'mine.yaml'
    mine.write_text('optimiser: {learning_rate: 4e-3}\nrun: {seed: 7, threads: 3}\n')
    settings = load_settings('compact', mine, ['run.seed=8', 'network={num_heads: 4}'])
    assert settings.optimiser.learning_rate == 0.004
    assert (settings.run.seed, settings.run.threads) == (8, 3)
    assert (settings.network.num_heads, settings.network.latent_dim) == (4, 128)


def test_values_as_their_fields_take_them():
    settings = load_settings(
        'compact',
        None,
        ['run.devices=2', 'card.name=007', 'card.provenance=', 'batches.gain_db=3'],
    )
    assert (settings.run.devices, settings.card.name) == (2, '007')
    assert (settings.card.provenance, settings.batches.gain_db) == ('', 3.0)
    assert load_settings('compact', None, ['run.devices=auto']).run.devices == 'auto'


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        ('run.seed=x', "settings: run.seed = 'x': must be a whole number"),
        ('run.seed=', 'settings: run.seed = None: must be a whole number'),
        ('run.devices=1.5', 'settings: run.devices = 1.5: must be a whole number or text'),
        ('format=gltf', "settings: format = 'gltf': must be one of beat, show"),
        ('network.num_heads=7', 'settings: network.num_heads = 7: must be a divisor of latent_dim'),
        (
            'loss.step_weight=snr',
            "settings: loss.step_weight = 'snr': must be one of none, min_snr",
        ),
        ('batches.stride=0', 'settings: batches.stride = 0: must be at least 1 frame'),
        ('run=3', 'settings: run must be an object, not 3'),
        ('run.seed=[', '--set run.seed=[: no value (ParserError'),
    ],
)
def test_values_that_are_refused(override, message):
    with pytest.raises(InputError) as caught:
        load_settings('compact', None, [override])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize('content', [b'a: [', b'- 1', b'', b'\xff\xfe\xfd', b'a: &a [*a, *b]'])
def test_damaged_files(content, tmp_path):
    (tmp_path / 'mine.yaml').write_bytes(content)
    with pytest.raises(InputError, match='mine.yaml: no settings') as caught:
        load_settings('compact', tmp_path / 'mine.yaml')
    assert '\n' not in str(caught.value)
