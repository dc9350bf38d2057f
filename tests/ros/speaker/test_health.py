"""The speaker's report."""

import pytest

from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.counters import AudioListenerCounters
from diffsheg_ros.diagnostics.report import ERROR, OK, WARN
from diffsheg_ros.speaker.health import LoudspeakerStatus, SpeakerHealth
from diffsheg_ros.speaker.speaker import Speaker

OUTPUT = {'device': 'null', 'sample_rate': 16000, 'latency_s': 0.1}


def report_of(delay_ns=NS, last_refusal='', counters=None, **output):
    speaker = Speaker()
    speaker.delay_ns = delay_ns
    status = LoudspeakerStatus(**OUTPUT, **output)
    listener = AudioListenerCounters(**(counters or {}))
    return SpeakerHealth().report(0.0, speaker, status, listener, last_refusal)


def test_a_speaker_without_faults_reports_its_state_and_device():
    report = report_of()
    assert (report.level, report.message) == (OK, 'idle')
    assert {name: report.values[name] for name in OUTPUT} == {
        'device': 'null', 'sample_rate': '16000', 'latency_s': '0.1',
    }  # fmt: skip
    assert report.values['playout_delay_s'] == '1.000'


@pytest.mark.parametrize(
    ('given', 'level', 'words'),
    [
        ({'failure': 'the loudspeaker is gone'}, ERROR, 'the loudspeaker is gone'),
        ({'muted': 'waiting for /clock'}, WARN, 'waiting for /clock'),
        ({'delay_ns': None}, WARN, 'waiting for the avatar'),
        ({'counters': {'lost_messages': 2}}, WARN, '[lost_messages +2]'),
        ({'counters': {'faults': 1}}, ERROR, 'a callback failed'),
        ({'counters': {'refused_messages': 1}, 'last_refusal': 'audio: x'}, WARN, '(audio: x)'),
    ],
)
def test_each_fault_is_named(given, level, words):
    report = report_of(**given)
    assert report.level == level and words in report.message
