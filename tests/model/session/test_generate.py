import itertools
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile

from diffsheg_model.cli.generate import _Peaks
from diffsheg_model.cli.main import main
from diffsheg_model.engines.onnxruntime_engine import OnnxRuntimeEngine
from diffsheg_model.errors import InputError
from diffsheg_model.motion_files import read_npz
from diffsheg_model.session.generate import generate, generate_parts
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler
from tests.support.bundles import speech_like

RATE = 16000
FILES = ['curves.png', 'face.csv', 'motion.bvh', 'motion.npz']


def test_parts_are_the_motion(fast_bundle, tiny_engine):
    blocks = [speech_like(1.0, seed=n) for n in range(6)]
    told = []
    whole = generate(fast_bundle, tiny_engine, blocks, RATE, on_frames=told.append)
    parts = list(generate_parts(fast_bundle, tiny_engine, iter(blocks), RATE))
    assert [part.start_frame for part in parts] == [0, 30, 60]
    assert told == [30, 60, 90]
    np.testing.assert_array_equal(np.concatenate([p.weights for p in parts]), whole.weights)
    assert whole.start_frame == 0
    assert len(whole) == 90


def test_memory_is_flat_over_ten_minutes(fast_bundle, tiny_engine):
    block = speech_like(5.0)
    peaks = []
    tracemalloc.start()
    parts = generate_parts(fast_bundle, tiny_engine, (block for _ in range(120)), RATE)
    frames = 0
    for part in parts:
        frames += len(part)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
    tracemalloc.stop()
    assert frames == 9000
    assert max(peaks[150:]) < 1.1 * max(peaks[50:150])


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / 'speech.wav'
    soundfile.write(path, speech_like(3.0, 22050), 22050)
    return path


def command(*arguments) -> int:
    return main(['generate', *map(str, arguments)])


def test_the_command_writes_all_four_files(tiny_bundle, tiny_engine, wav, tmp_path):
    out = tmp_path / 'out'
    assert command(wav, '-o', out, '--seed', 5, '--bundle', tiny_bundle.path, '--style', 1) == 0
    assert sorted(path.name for path in out.iterdir()) == FILES
    motion = read_npz(out / 'motion.npz')
    samples, rate = soundfile.read(wav, dtype='float32')
    same = generate(tiny_bundle, tiny_engine, [samples], rate, seed=5, speaker=1)
    np.testing.assert_allclose(motion.rotations, same.rotations, rtol=0, atol=1e-4)
    assert len(motion) == 45


def test_a_recording_is_finished_by_another_engine(
    tiny_bundle, tiny_engine, wav, tmp_path, monkeypatch, caplog
):
    windows, sample = itertools.count(), OnnxRuntimeEngine.sample

    def failing(self, *arguments):
        if next(windows) == 1:
            raise RuntimeError('the device is gone')
        return sample(self, *arguments)

    samples, rate = soundfile.read(wav, dtype='float32')
    same = generate(tiny_bundle, tiny_engine, [samples], rate)
    monkeypatch.setattr(OnnxRuntimeEngine, 'sample', failing)
    out = tmp_path / 'out'
    assert command(wav, '-o', out, '--bundle', tiny_bundle.path, '--engine', 'onnxruntime') == 0
    motion = read_npz(out / 'motion.npz')
    np.testing.assert_allclose(motion.rotations, same.rotations, rtol=0, atol=1e-4)
    (warning,) = [text for text in caplog.messages if 'has taken over' in text]
    assert 'onnxruntime (fp32) failed in window 2 (RuntimeError: the device is gone)' in warning


def test_the_same_seed_gives_the_same_files_and_another_does_not(tiny_bundle, wav, tmp_path):
    for folder, seed in (('a', 0), ('b', 0), ('c', 1)):
        arguments = ('--bundle', tiny_bundle.path, '--seed', seed, '--threads', 1)
        assert command(wav, '-o', tmp_path / folder, *arguments) == 0
    a, b, c = ((tmp_path / name / 'motion.bvh').read_bytes() for name in 'abc')
    assert a == b != c


def test_sampler_settings_reach_the_motion(tiny_bundle, tiny_engine, wav, tmp_path):
    options = ('--steps', 8, '--solver', 'dpmpp_2m', '--spacing', 'log_snr', '--jump-n-sample', 1)
    options += ('--overlap', 6, '--start-fraction', 0.8)
    assert command(wav, '-o', tmp_path / 'out', '--bundle', tiny_bundle.path, *options) == 0
    changed = SamplerOptions(8, 'dpmpp_2m', 'log_snr', 0.8, overlap=6, jump_n_sample=1)
    samples, rate = soundfile.read(wav, dtype='float32')
    expected = generate(with_sampler(tiny_bundle, changed), tiny_engine, [samples], rate)
    motion = read_npz(tmp_path / 'out' / 'motion.npz')
    np.testing.assert_allclose(motion.rotations, expected.rotations, rtol=0, atol=1e-4)
    assert not np.allclose(
        expected.rotations, generate(tiny_bundle, tiny_engine, [samples], rate).rotations
    )


def test_stereo_24_bit_at_48_khz(tiny_bundle, tmp_path):
    path = tmp_path / 'stereo.flac'
    speech = speech_like(2.0, 48000)
    soundfile.write(path, np.stack([speech, -0.5 * speech], axis=1), 48000, subtype='PCM_24')
    assert command(path, '-o', tmp_path / 'out', '--bundle', tiny_bundle.path) == 0
    assert len(read_npz(tmp_path / 'out' / 'motion.npz')) == 30


def refused(capsys, *arguments) -> str:
    assert command(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ')
    assert error.count('\n') == 1
    return error


def test_bad_input_is_one_line_and_leaves_nothing(tiny_bundle, wav, tmp_path, capsys):
    out = tmp_path / 'out'
    one = tmp_path / 'one.wav'
    soundfile.write(one, np.array([0.5]), RATE)
    nan = tmp_path / 'nan.wav'
    soundfile.write(nan, np.full(RATE, np.nan), RATE, subtype='FLOAT')
    text = tmp_path / 'text.wav'
    text.write_text('no sound at all')
    common = ('-o', out, '--bundle', tiny_bundle.path)
    assert 'no such' in refused(capsys, tmp_path / 'none.wav', *common)
    assert 'less than one frame' in refused(capsys, one, *common)
    assert 'NaN' in refused(capsys, nan, *common)
    assert 'text.wav' in refused(capsys, text, *common)
    assert 'speaker = 9' in refused(capsys, wav, *common, '--style', 9)
    assert 'speaker = 8' in refused(capsys, wav, *common, '--speaker', 8)
    assert 'seed = -1' in refused(capsys, wav, *common, '--seed', -1)
    assert 'guidance_scale' in refused(capsys, wav, *common, '--guidance_scale', 99)
    assert 'sampling_steps = 0' in refused(capsys, wav, *common, '--steps', 0)
    assert 'with jump_n_sample = 1' in refused(capsys, wav, *common, '--steps', 5)
    assert 'overlap = 34' in refused(capsys, wav, *common, '--overlap', 34)
    assert 'ddim' in refused(capsys, wav, *common, '--solver', 'euler')
    assert 'threads = -1' in refused(capsys, wav, *common, '--threads', -1)
    precision = refused(capsys, wav, *common, '--engine', 'torch', '--precision', 'int8')
    assert "torch has no precision 'int8'" in precision
    provider = refused(capsys, wav, *common, '--engine', 'onnxruntime', '--provider', 'cuda')
    assert 'pip install onnxruntime-gpu' in provider
    assert 'no bundle' in refused(capsys, wav, '-o', out, '--bundle', tmp_path)
    assert 'is a file' in refused(capsys, wav, '-o', wav, '--bundle', tiny_bundle.path)
    below_file = refused(capsys, wav, '-o', wav / 'out', '--bundle', tiny_bundle.path)
    assert 'not a writable folder' in below_file
    assert not out.exists()


def test_it_runs_without_torch(tiny_bundle, wav, tmp_path):
    """In a process of its own, in which importing torch or ROS fails."""
    program = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'lightning', 'transformers', 'onnx', 'rclpy'):
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)

sys.meta_path.insert(0, Absent())
from diffsheg_model.cli.main import main
sys.exit(main(['generate', {str(wav)!r}, '-o', {str(tmp_path / 'out')!r},
               '--bundle', {str(tiny_bundle.path)!r}]))
"""
    result = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == FILES


@pytest.mark.parametrize('rate', [8000, 16000, 22050, 44100, 96000])
def test_peaks_keep_extremes_and_time_in_little_memory(rate):
    samples = 0.1 * speech_like(10.0, rate)
    samples[rate] = 0.9
    samples[-1] = -0.8
    peaks = _Peaks(rate)
    cuts = [0, 1, 777, rate + 5, len(samples)]
    blocks = [samples[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    passed = np.concatenate(list(peaks.watched(iter(blocks))))
    np.testing.assert_array_equal(passed, samples)
    signal = peaks.signal()
    assert len(signal) / peaks.rate == pytest.approx(10.0, abs=0.02)
    assert peaks.rate < 1000
    assert signal.max() == samples.max()
    assert signal.min() == samples.min()
    assert np.argmax(signal) / peaks.rate == pytest.approx(1.0, abs=0.02)


def test_too_short_audio_says_what_to_do(tiny_bundle, tiny_engine):
    with pytest.raises(InputError, match='longer recording'):
        generate(tiny_bundle, tiny_engine, [], RATE)
