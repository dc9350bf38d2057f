"""`diffsheg evaluate` and the ablations on made recordings and a tiny bundle."""

import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from tests.support.bundles import speech_like

torch = pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('librosa')
from benchmarks import ablations
from diffsheg_model.cli.main import main
from diffsheg_model.errors import InputError
from diffsheg_model.evaluation.catalogue import CATALOGUE
from diffsheg_model.evaluation.frechet.training import AutoencoderOptions, train_autoencoder
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from tests.support.evaluation import make_recordings


@pytest.fixture(scope='module')
def recordings(tmp_path_factory):
    return make_recordings(tmp_path_factory.mktemp('recordings') / 'made', semantic=True)


@pytest.fixture(scope='module')
def autoencoders(recordings, tmp_path_factory):
    """One of each kind, small enough for few windows."""
    root = tmp_path_factory.mktemp('autoencoders')
    for channels in ('all', 'gesture', 'expression'):
        options = AutoencoderOptions(
            channels,
            stride=4,
            latent_dim=4,
            hidden_dim=8,
            batch_size=16,
            max_steps=5,
            progress_bar=False,
        )
        train_autoencoder([recordings], root / channels, options)
    return root


class Page(HTMLParser):
    """Headings, pictures and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ('src', 'href')]


@pytest.fixture(scope='module')
def evaluated(tiny_bundle, recordings, autoencoders, tmp_path_factory):
    """A whole run: the folder that it wrote."""
    folder = tmp_path_factory.mktemp('report') / 'new' / 'report'
    arguments = ['--bundle', tiny_bundle.path, '--data', recordings, '-o', folder, '--seeds=2']
    for channels in ('gesture', 'all', 'expression'):
        arguments += ['--autoencoder', autoencoders / channels]
    assert main(['evaluate', *map(str, arguments), '--threads=1', '--steps=5', *JUMPS]) == 0
    return folder


JUMPS = ['--jump-n-sample=1', '--overlap=6']


def test_every_figure_is_in_the_json(evaluated, tiny_bundle, recordings):
    values = json.loads((evaluated / 'metrics.json').read_text())
    assert set(values['metrics']) == set(CATALOGUE)
    for name, figure in values['metrics'].items():
        count = 1 if name == 'seed_difference' else 2
        assert len(figure['seeds']) == count and np.isfinite(figure['mean']), name
    assert values['bundle']['sha256'] == tiny_bundle.digest
    assert values['sampler']['sampling_steps'] == 5 and values['sampler']['overlap'] == 6
    assert values['data']['takes'] == ['take0', 'take1'] and values['data']['seconds'] == 16
    assert set(values['autoencoders']) == {'FMD', 'FGD', 'FED'}
    assert len(values['autoencoders']['FGD']['id']) == 8
    assert values['machine'] and values['notes'] == []
    captured = values['metrics']['blinks_per_minute']['captured']
    assert captured == pytest.approx(20, abs=3)
    assert values['metrics']['jaw_energy_r']['captured'] > 0.5
    assert values['metrics']['real_time']['captured'] is None
    assert values['metrics']['wrist_speed']['captured'] > 0
    assert values['metrics']['gesture_seams']['captured'] == pytest.approx(1, abs=0.3)


def test_the_page_needs_nothing_else(evaluated):
    text = (evaluated / 'report.html').read_text()
    page = Page(text)
    assert page.tags.count('img') == 4
    assert all(source.startswith('data:image/png;base64,') for source in page.sources)
    assert not {'script', 'link', 'iframe'} & set(page.tags)
    assert 'url(' not in text and '@import' not in text
    for title in ('FGD (gesture)', 'mouth opening r', 'beat alignment'):
        assert title in text
    values = json.loads((evaluated / 'metrics.json').read_text())
    assert values['autoencoders']['FMD']['id'] in text
    assert sorted(path.name for path in evaluated.iterdir()) == ['metrics.json', 'report.html']


def test_what_was_not_captured_is_not_compared(tiny_bundle, tmp_path):
    mask = [name == 'jawOpen' for name in BEAT.weight_names]
    root = make_recordings(tmp_path / 'lips', takes=1, gesture_valid=False, weight_mask=mask)
    motion = np.load(root / 'take0' / 'motion.npy')
    motion[:, :141] = np.nan
    np.save(root / 'take0' / 'motion.npy', motion)
    arguments = ['--bundle', tiny_bundle.path, '--data', root, '-o', tmp_path / 'report']
    arguments += ['--threads=1', '--steps=2', '--jump-n-sample=1', '--seeds=1']
    assert main(['evaluate', *map(str, arguments)]) == 0
    metrics = json.loads((tmp_path / 'report' / 'metrics.json').read_text())['metrics']
    assert 'jaw_r' in metrics and 'face_l1' in metrics
    assert not {'rounding_r', 'speed_ratio', 'jerk_ratio', 'srgr', 'pck', 'FGD'} & set(metrics)
    assert metrics['wrist_speed']['captured'] is None
    assert metrics['blinks_per_minute']['captured'] is None


def test_too_few_windows_are_said_or_refused(
    tiny_bundle, recordings, autoencoders, tmp_path, capsys, caplog
):
    arguments = ['--bundle', tiny_bundle.path, '--data', recordings, '-o', tmp_path / 'out']
    arguments += ['--autoencoder', autoencoders / 'gesture', '--threads=1', '--max-seconds=3']
    arguments += ['--max-takes=1', '--steps=2', '--jump-n-sample=1', '--speaker=3']
    line = (
        'FGD left out: 3 windows of 34 frames with valid gesture channels, and the covariance '
        'of 4 features needs 5; give more or longer takes'
    )
    assert main(['evaluate', *map(str, arguments)]) == 0
    assert line in caplog.text
    shown = capsys.readouterr().out
    assert f'tiny ({tiny_bundle.digest[:8]}) on 1 take, 3 s, 1 seed' in shown
    assert 'sampling_steps 2' in shown and 'beat alignment' in shown and 'FGD' not in shown
    values = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert values['notes'] == [line] and 'FGD' not in values['metrics']
    assert main(['evaluate', *map(str, arguments), '--strict']) == 2
    assert capsys.readouterr().err == f'error: {line}\n'


def fails(capsys, *arguments):
    """The one line that the command fails with."""
    assert main(['evaluate', *map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and error.count('\n') == 1
    return error


def test_bad_input_is_one_line(tiny_bundle, recordings, autoencoders, tmp_path, capsys):
    def run(*more, data=recordings, bundle=tiny_bundle.path, output=tmp_path / 'out'):
        return fails(capsys, '--bundle', bundle, '--data', data, '-o', output, *more)

    assert 'is not a bundle' in run(bundle=tmp_path)
    assert 'dataset.json' in run(data=tmp_path / 'none')
    assert 'is not an auto-encoder' in run('--autoencoder', recordings)
    gesture = autoencoders / 'gesture'
    assert 'give one for each measure' in run('--autoencoder', gesture, '--autoencoder', gesture)
    assert 'seeds = 0' in run('--seeds=0')
    assert 'max_takes = -1' in run('--max-takes=-1')
    assert 'speaker 9 must be one of the 0..3' in run('--speaker=9')
    assert 'sampling_steps = 0' in run('--steps=0')
    assert 'jump_length' in run('--steps=5', '--jump-length=3')
    assert 'overlap' in run('--overlap=34')
    (tmp_path / 'file').write_text('')
    assert 'is a file' in run(output=tmp_path / 'file')
    silent = shutil.copytree(recordings, tmp_path / 'silent')
    (silent / 'take1' / 'audio.wav').unlink()
    assert 'take1/audio.wav: no such audio file' in run(data=silent)
    soundfile.write(silent / 'take1' / 'audio.wav', speech_like(2.0), 16000)
    assert 'do not belong together' in run(data=silent)
    (silent / 'take1' / 'motion.npy').write_bytes(b'\x93NUMPY cut')
    assert 'motion.npy' in run(data=silent)
    assert not (tmp_path / 'out').exists()


def test_sampler_settings_change_only_what_is_asked(tiny_bundle):
    changed = with_sampler(tiny_bundle, SamplerOptions(steps=10, overlap=2))
    assert changed.config.diffusion.sampling_steps == 10
    assert changed.config.foppas.overlap == 2
    assert changed.config.foppas.jump_length == tiny_bundle.config.foppas.jump_length
    assert with_sampler(tiny_bundle, SamplerOptions()).config == tiny_bundle.config
    with pytest.raises(InputError, match='jump_length'):
        with_sampler(tiny_bundle, SamplerOptions(steps=3))


def test_ablations(tiny_bundle, recordings, autoencoders, tmp_path, capsys):
    arguments = [f'one={tiny_bundle.path}', f'two={tiny_bundle.path}', '--data', recordings]
    arguments += ['--autoencoder', autoencoders / 'gesture', '--seeds=1', '--max-takes=1']
    arguments += ['--max-seconds=4', '--threads=1', '--no-sampler']
    arguments += ['--markdown', tmp_path / 'table.md', '--json', tmp_path / 'rows.json']
    assert ablations.main(list(map(str, arguments))) == 0
    shown = capsys.readouterr().out
    assert 'FGD' in shown and 'one' in shown and 'two' in shown
    rows = json.loads((tmp_path / 'rows.json').read_text())
    assert [row['name'] for row in rows] == ['one', 'two']
    assert rows[0]['metrics'] == rows[1]['metrics'], 'equal rows are measured once'
    lines = (tmp_path / 'table.md').read_text().splitlines()
    assert len({line.count('|') for line in lines[:4]}) == 1
    assert lines[2].startswith('| one | ')


def test_sampler_ablations_are_all_possible(tiny_bundle):
    variants = ablations.sampler_variants(tiny_bundle)
    assert [variant.name for variant in variants] == [
        'jump passes 1',
        'jump passes 2',
        'jump passes 5',
        'steps 25',
        'steps 10',
        'steps 5, jumps of 2',
    ]
    assert variants[1].key == variants[3].key, 'the published settings'


def test_ablations_of_a_wrong_path_are_one_line(recordings, tmp_path, capsys):
    for arguments, message in (
        (['--data', tmp_path / 'none'], 'dataset.json'),
        (['--data', recordings, f'one={tmp_path}'], 'is not a bundle'),
        (['--data', recordings, 'one'], 'must be NAME=BUNDLE_DIR'),
        ([], 'no data'),
    ):
        assert ablations.main(list(map(str, arguments))) == 2
        error = capsys.readouterr().err.splitlines()
        assert len([line for line in error if line.startswith('error: ')]) == 1
        assert message in error[-1]
