"""Lines for an operator: utterances that begin and end."""

from diffsheg_model.time_units import NS
from diffsheg_ros.avatar.speech_log import SpeechLog


def test_beginning_and_end_of_an_utterance_are_told_once():
    log = SpeechLog()
    assert log.lines(0, '') == []
    assert log.lines(NS, 'a') == ["speaking: utterance 'a' has begun"]
    assert log.lines(2 * NS, 'a') == []
    assert log.lines(5 * NS, '') == ["utterance 'a' has ended after 4.0 s"]


def test_an_utterance_that_replaces_another_interrupts_it():
    log = SpeechLog()
    log.lines(0, 'a')
    assert log.lines(NS // 2, 'b', interrupted=True) == [
        "utterance 'a' was interrupted after 0.5 s",
        "speaking: utterance 'b' has begun",
    ]


def test_a_name_cannot_reach_the_terminal_as_anything_but_text():
    (line,) = SpeechLog().lines(0, '\x1b[2J\n' + 'x' * 1000)
    assert line.isprintable() and len(line) < 120
