"""diffsheg prepare: shards out of recordings, reports, options and resume."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diffsheg_model.cli.main import main
from diffsheg_model.data.recordings.prepare import PrepareOptions, prepare
from diffsheg_model.data.shards import open_shards
from diffsheg_model.errors import InputError
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion_files.track import ReadOptions
from tests.support.made_recordings import (
    light_take,
    report_of,
    run_prepare,
    write_beat_take,
    write_body,
    write_facial_json,
    write_live_link,
    write_show_take,
    write_wav,
)
from tests.support.recordings import DATA


def bytes_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob('*')) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_beat_becomes_shards(tmp_path, caplog):
    caplog.set_level('INFO')
    write_beat_take(tmp_path / 'beat' / '2')
    light_take(tmp_path / 'beat' / '4', '4_lawrence_0_1_1', 3.0)
    assert run_prepare(tmp_path / 'beat', '-o', tmp_path / 'shards') == 0
    shards = open_shards(tmp_path / 'shards')
    assert shards.format == BEAT and shards.speaker_names[3] == 'lawrence'
    whole, face = shards.takes
    assert (whole.path.name, face.path.name) == ('2_scott_0_1_1', '4_lawrence_0_1_1')
    assert (whole.speaker, face.speaker) == (1, 3)
    assert len(whole.motion) == len(whole.mel) == 60 and len(face.motion) == 45
    assert whole.valid.all()
    assert not face.valid[:141].any() and face.valid[141:].all()
    assert face.lacking[:141].all()
    assert whole.semantic is not None and whole.semantic.max() == np.float32(0.9)
    assert 'non-commercial' in whole.licence
    words = json.loads((whole.path / 'words.json').read_text())
    assert words[0] == [0.5, 1.25, 'say']
    samples, rate = soundfile.read(whole.path / 'audio.wav')
    assert (len(samples), rate) == (64000, 16000)
    # statistics of what was captured only
    np.testing.assert_allclose(shards.mean[:141], whole.motion[:, :141].mean(axis=0), atol=1e-5)
    both = np.concatenate([whole.motion[:, 141:], face.motion[:, 141:]])
    np.testing.assert_allclose(shards.std[141:], both.std(axis=0), atol=1e-5)
    report = report_of(tmp_path / 'shards')
    assert report['kind'] == 'beat' and report['skipped'] == []
    assert report['prepared'][1]['notes'] == ['no bvh: the body is masked']
    assert '2 takes prepared, 0.00 h; 0 skipped' in caplog.text


@pytest.mark.parametrize('kind', ['show', 'livelink'])
def test_other_kinds_become_shards(tmp_path, kind):
    source = tmp_path / 'source'
    if kind == 'show':
        write_show_take(source / 'seth' / 'v', 'clip')
    else:
        write_wav(source / 'a.wav', 4.0, 44100)
        write_live_link(source / 'a.csv', 4.0)
    assert run_prepare(source, '-o', tmp_path / 'shards') == 0
    shards = open_shards(tmp_path / 'shards')
    (take,) = shards.takes
    if kind == 'show':
        assert shards.format == SHOW and take.speaker == 2 and take.path.name == 'seth-v-clip'
        assert take.valid[:39].all() and not take.valid[39:129].any() and take.valid[129:].all()
    else:
        assert shards.format == BEAT and take.speaker == 0
        assert take.valid[141:].all() and not take.valid[:141].any()


def spoilt_source(folder: Path) -> None:
    """One good take, and one of each kind of fault."""
    for number, name in enumerate(
        ('good', 'nowav', 'nopair', 'duration', 'nan', 'joints', 'broken', 'short', 'mute'), start=1
    ):
        light_take(folder, f'{number}_{name}_0_1_1', 1.0 if name == 'short' else 3.0)
    (folder / '2_nowav_0_1_1.wav').unlink()
    (folder / '3_nopair_0_1_1.json').unlink()
    write_facial_json(folder / '4_duration_0_1_1.json', 2.0)
    face = folder / '5_nan_0_1_1.json'
    face.write_text(face.read_text().replace('[0.5,', '[NaN,', 1))
    write_body(folder / '6_joints_0_1_1.bvh', 3.0, 60)
    body = folder / '6_joints_0_1_1.bvh'
    body.write_text(body.read_text().replace('JOINT RightArm\n', 'JOINT Wing\n'))
    (folder / '7_broken_0_1_1.json').write_bytes(b'\xff\xfe\x00')
    (folder / '9_mute_0_1_1.wav').write_bytes(b'not audio at all')


def test_every_reason_to_skip_is_reported(tmp_path, caplog):
    caplog.set_level('INFO')
    spoilt_source(tmp_path / 'beat')
    assert run_prepare(tmp_path / 'beat', '-o', tmp_path / 'shards') == 0
    report = report_of(tmp_path / 'shards')
    assert [take['name'] for take in report['prepared']] == ['1_good_0_1_1']
    reasons = {take['name'].split('_')[1]: take['reason'] for take in report['skipped']}
    expected = {
        'nowav': 'no 2_nowav_0_1_1.wav beside its motion',
        'nopair': 'no 3_nopair_0_1_1.bvh and no 3_nopair_0_1_1.json beside its wav',
        'duration': 'too short to train on: 2.00 s',
        'nan': 'NaN in frame 0 of browDownLeft (1 such frames)',
        'joints': "another set of joints: lacks 1 of BEAT's 47 (RightArm)",
        'broken': 'is not text',
        'short': 'too short to train on: 1.00 s, a window of beat is 2.27 s',
        'mute': 'not a readable audio file',
    }
    assert reasons.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in reasons[name]
        assert f'skipped: {reasons[name]}' in caplog.text
    assert len(open_shards(tmp_path / 'shards').takes) == 1


def test_nothing_to_prepare_is_an_error_and_still_reported(tmp_path, capsys):
    write_wav(tmp_path / 'beat' / '1_wayne_0_1_1.wav')
    write_wav(tmp_path / 'beat' / '2_scott_0_1_1.wav', 1.0)
    (tmp_path / 'beat' / '2_scott_0_1_1.json').write_text('{}')
    assert run_prepare(tmp_path / 'beat', '-o', tmp_path / 'shards', '--kind', 'beat') == 2
    assert 'none of 2 takes could be prepared; see' in capsys.readouterr().err
    assert len(report_of(tmp_path / 'shards')['skipped']) == 2
    assert not (tmp_path / 'shards' / 'dataset.json').exists()


def test_run_again_keeps_what_is_done_and_tries_the_rest(tmp_path, caplog):
    source, shards = tmp_path / 'beat', tmp_path / 'shards'
    for number in (1, 2, 3):
        light_take(source, f'{number}_a_0_1_1')
    (source / '2_a_0_1_1.json').rename(tmp_path / 'away.json')
    assert run_prepare(source, '-o', shards) == 0
    done = (shards / '1_a_0_1_1' / 'motion.npy').stat()
    assert len(report_of(shards)['skipped']) == 1
    (tmp_path / 'away.json').rename(source / '2_a_0_1_1.json')
    # a take that was damaged since then is made anew
    cut = shards / '3_a_0_1_1' / 'mel.npy'
    whole = cut.read_bytes()
    cut.write_bytes(whole[:1000])
    assert run_prepare(source, '-o', shards) == 0
    assert '3_a_0_1_1/mel.npy: cut or corrupt' in caplog.text
    assert cut.read_bytes() == whole
    after = (shards / '1_a_0_1_1' / 'motion.npy').stat()
    assert (after.st_ino, after.st_mtime_ns) == (done.st_ino, done.st_mtime_ns)
    report = report_of(shards)
    assert report['skipped'] == [] and report['prepared'][0]['notes'] == [
        'no bvh: the body is masked'
    ]
    assert len(open_shards(shards).takes) == 3


def test_many_workers_write_the_same_bytes(tmp_path):
    for number in range(1, 4):
        light_take(tmp_path / 'beat', f'{number}_a_0_1_1')
    prepare(tmp_path / 'beat', tmp_path / 'one', PrepareOptions(), workers=1)
    prepare(tmp_path / 'beat', tmp_path / 'two', PrepareOptions(), workers=2)
    assert bytes_of(tmp_path / 'one') == bytes_of(tmp_path / 'two')


def test_a_part_may_be_chosen_and_options_are_kept(tmp_path, capsys):
    for number in range(1, 4):
        light_take(tmp_path / 'beat', f'{number}_a_0_1_1')
    shards = tmp_path / 'shards'
    options = ['-o', shards, '--only', '1_*', '--only', '3_*', '--speaker', 0, '--licence', 'mine']
    assert run_prepare(tmp_path / 'beat', *options) == 0
    takes = open_shards(shards).takes
    assert [take.path.name[0] for take in takes] == ['1', '3']
    assert {take.speaker for take in takes} == {0} and takes[0].licence == 'mine'
    assert run_prepare(tmp_path / 'beat', *options[:-4], '--speaker', 1) == 2
    assert 'holds shards made with another speaker' in capsys.readouterr().err


def test_two_runs_do_not_share_a_folder(tmp_path):
    import fcntl

    light_take(tmp_path / 'beat', '1_wayne_0_1_1')
    shards = tmp_path / 'shards'
    shards.mkdir()
    with (shards / '.prepare.json.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match='another diffsheg prepare is at work there'):
            prepare(tmp_path / 'beat', shards, PrepareOptions(), workers=1)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nowhere'], 'no such folder'), (['.'], 'no recordings of a known kind'),
        (['.', '--kind', 'show'], 'has no recordings of kind show'),
        (['.', '--kind', 'facegood'], 'has no blendshape_names.npy'),
        (['.', '--kind', 'zoo'], 'zoo'), (['.', '--fps', '0'], '--fps 0.0: must be from 1'),
        (['.', '--tolerance', 'nan'], '--tolerance nan: must be above 0'),
        (['.', '--speaker', '-2'], '--speaker -2: must be 0 or more'),
    ],
)  # fmt: skip
def test_bad_options_are_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert run_prepare(*arguments, '-o', tmp_path.parent / 'out') == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: ') and message in shown and shown.count('\n') == 1
    assert not (tmp_path.parent / 'out').exists()


def test_shards_are_kept_apart_from_recordings(tmp_path):
    light_take(tmp_path, '1_wayne_0_1_1')
    with pytest.raises(InputError, match='choose a folder outside of the recordings'):
        prepare(tmp_path, tmp_path / 'shards', PrepareOptions(), workers=1)


def test_a_folder_of_two_kinds_must_be_told(tmp_path):
    light_take(tmp_path / 'both', '1_wayne_0_1_1')
    write_show_take(tmp_path / 'both', 'clip', 3.0)
    with pytest.raises(InputError, match=r'several kinds \(show, beat\): choose one with --kind'):
        prepare(tmp_path / 'both', tmp_path / 'shards', PrepareOptions(), workers=1)
    only_beat = PrepareOptions(kind='beat', reading=ReadOptions(tolerance_s=1.0))
    assert len(prepare(tmp_path / 'both', tmp_path / 'shards', only_beat, workers=1).prepared) == 1


def test_training_starts_on_prepared_shards(tmp_path):
    """On made takes, and on the real one where it is present."""
    pytest.importorskip('torch')
    pytest.importorskip('lightning')
    from tests.support.training import TINY

    write_beat_take(tmp_path / 'made')
    light_take(tmp_path / 'made', '4_lawrence_0_1_1')
    arguments = ['--preset', 'beat', '-o', tmp_path / 'run']
    for source in filter(Path.is_dir, (tmp_path / 'made', DATA / 'beat_scott')):
        shards = tmp_path / f'shards-{source.name}'
        assert run_prepare(source, '-o', shards) == 0
        arguments += ['--data', shards]
    # The network of other tests: tracing another one takes half a minute.
    for setting in (
        'network.conv_frames=7', 'network.output=clean', *TINY, 'batches.batch_size=4',
        'batches.workers=0', 'run.max_steps=2', 'run.accelerator=cpu',
    ):  # fmt: skip
        arguments += ['--set', setting]
    assert main(['train', *map(str, arguments)]) == 0
    bundle = json.loads((tmp_path / 'run' / 'bundle' / 'bundle.json').read_text())
    assert 'takes: BEAT: non-commercial research only' in json.dumps(bundle)
