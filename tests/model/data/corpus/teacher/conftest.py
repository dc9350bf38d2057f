"""A minute of synthetic speech for the tests of the teacher."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher.events import SpeechEvents, from_phones
from diffsheg_model.data.corpus.voices.phones import (
    Phone,
)
from diffsheg_model.motion.formats import BEAT
from tests.support.teacher import RATE, talk


@pytest.fixture(scope='module')
def spoken() -> tuple[tuple[Phone, ...], np.ndarray, SpeechEvents]:
    phones, samples = talk(60.0)
    return phones, samples, from_phones(phones, samples, RATE, BEAT.fps, 900)
