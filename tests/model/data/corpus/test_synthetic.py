"""The plan of synthetic takes."""

from diffsheg_model.data.corpus.synthetic import plan_takes
from diffsheg_model.data.corpus.voices.voices import (
    VOICES,
)


def test_styles_take_turns_and_voices_that_validate_never_train() -> None:
    training = tuple(voice for voice in VOICES if not voice.held_out)
    plans = plan_takes(1.0, 0, training, validation=False)
    assert [plan.speaker for plan in plans[:9]] == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    assert plans[:30] == plan_takes(0.4, 0, training, validation=False)[:30]
    held_out = {voice.name for voice in VOICES if voice.held_out}
    assert not held_out & {plan.voice.name for plan in plans}
    assert {voice.language for voice in VOICES if voice.held_out} >= {'en', 'cs', 'cmn'}
