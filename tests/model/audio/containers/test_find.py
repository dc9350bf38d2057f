"""Files of every container with several recordings, with other bytes, and cut ones."""

from pathlib import Path

import numpy as np
import pytest

from diffsheg_model.audio.sound_file import read_audio
from diffsheg_model.errors import InputError
from tests.support.sound_containers import CHUNKS, KINDS, decoded, encoded, sound, warnings_of


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
@pytest.mark.parametrize('between', [b'', b'\x00' * 700], ids=['', 'padded'])
def test_joined_recordings_are_all_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str], between: bytes
) -> None:
    if between and kind[0] in ('W64', 'AU'):
        pytest.skip('nothing tells the padding from sound')
    parts = [encoded(kind, seconds) for seconds in (2.0, 1.5, 3.0)]
    path = tmp_path / 'joined'
    path.write_bytes(between.join(parts))
    samples, _, lines = warnings_of(path, caplog)
    expected = np.concatenate([decoded(tmp_path, part) for part in parts])
    assert abs(len(samples) - 6.5 * 16000) < 1600
    np.testing.assert_allclose(samples, expected, atol=1e-6)
    assert [
        line for line in lines if 'holds 3 recordings one after the other: all are read' in line
    ]


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
def test_joined_recordings_may_differ_in_rate_and_channels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    path = tmp_path / 'joined'
    path.write_bytes(encoded(kind, 2.0, 16000) + encoded(kind, 1.0, 48000, 2))
    samples, rate, _ = warnings_of(path, caplog)
    assert rate == 48000
    assert len(samples) == pytest.approx(3 * 48000, abs=4800)
    second = sound(1.0, 48000, 2).mean(axis=1)
    heard = samples[-48000:]
    assert np.corrcoef(heard, second)[0, 1] > 0.7


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
def test_what_is_behind_the_sound_is_left_out_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    content = encoded(kind, 2.0)
    path = tmp_path / 'more'
    path.write_bytes(content + np.random.default_rng(1).bytes(5000))
    samples, _, lines = warnings_of(path, caplog)
    np.testing.assert_allclose(samples, decoded(tmp_path, content), atol=1e-6)
    if kind[0] != 'FLAC':  # a decoder does not say where its stream ends
        size = len(content) + 5000
        assert lines == [f'{path}: 5000 of its {size} bytes are not sound of its kind: left out']


@pytest.mark.parametrize('kind', CHUNKS + [('OGG', 'VORBIS')], ids=' '.join)
def test_another_kind_of_file_behind_flac_is_left_out_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    if kind[0] == 'AU':
        pytest.skip('its mark is too short to be told from the sound')
    content, other = encoded(('FLAC', 'PCM_16'), 2.0), encoded(kind, 1.0)
    path = tmp_path / 'more'
    path.write_bytes(content + other)
    samples, _, lines = warnings_of(path, caplog)
    np.testing.assert_array_equal(samples, decoded(tmp_path, content))
    assert len(lines) == 1 and 'not sound of its kind: left out' in lines[0]


@pytest.mark.parametrize('kind', [('WAV', 'PCM_16'), ('FLAC', 'PCM_16'), ('AIFF', 'PCM_16')])
def test_headers_without_sound_in_their_thousands_are_one_short_refusal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    header = {'WAV': 44, 'FLAC': 42, 'AIFF': 54}[kind[0]]
    path = tmp_path / 'headers'
    path.write_bytes(encoded(kind, 1.0)[:header] * 3000)
    with pytest.raises(InputError, match='more than 100 of the recordings in it cannot be read'):
        read_audio(path)
    assert len(caplog.messages) <= 102


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
def test_a_whole_recording_is_read_as_libsndfile_reads_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str]
) -> None:
    content = encoded(kind, 2.0, 16000, 2)
    path = tmp_path / 'whole'
    path.write_bytes(content)
    samples, _, lines = warnings_of(path, caplog)
    if kind[0] == 'MP3':  # its last bit depends on how much is decoded at a time
        np.testing.assert_allclose(samples, decoded(tmp_path, content), atol=1e-6)
    else:
        assert np.array_equal(samples, decoded(tmp_path, content))
    assert lines == []


@pytest.mark.parametrize('kind', KINDS, ids=' '.join)
@pytest.mark.parametrize('share', [0.5, 0.9])
def test_every_kind_that_is_cut_is_read_as_far_as_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: tuple[str, str], share: float
) -> None:
    content = encoded(kind, 20.0)
    path = tmp_path / 'cut'
    path.write_bytes(content[: int(share * len(content))])
    samples, _, lines = warnings_of(path, caplog)
    expected = decoded(tmp_path, content)[: len(samples)]
    assert 0.6 * share * 20 < len(samples) / 16000 <= 20 * share + 0.5
    assert np.corrcoef(samples, expected)[0, 1] > 0.99
    assert lines or kind[0] == 'OGG'  # no page of Ogg says how many there are


def test_a_flac_that_does_not_say_its_length_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = bytearray(encoded(('FLAC', 'PCM_16'), 2.5))
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path = tmp_path / 'streamed.flac'
    path.write_bytes(content)
    samples, _, lines = warnings_of(path, caplog)
    assert len(samples) == pytest.approx(40000, abs=2) and lines == []
