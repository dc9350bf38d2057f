"""Sound devices that are missing, and what is said about them."""

import sys

import pytest

from diffsheg_model.audio.sound_device import load_sounddevice
from diffsheg_model.errors import InputError
from tests.support.alsa import needs_alsa, run_with_card

REFUSED = """
    from diffsheg_model.audio.microphone import Microphone
    from diffsheg_model.errors import InputError

    for device, rate in (('no such', 0), ('card', 4000), ('card', 48000)):
        microphone = Microphone(lambda *block: None, device, rate)
        try:
            microphone.open()
            print('opened', microphone.name, microphone.sample_rate)
        except InputError as error:
            print(error)
        microphone.refresh()
        assert microphone.lost
    """


@needs_alsa
def test_a_device_that_cannot_be_opened_is_one_line_that_names_the_others(tmp_path):
    unknown, rate, opened = run_with_card(REFUSED, tmp_path).splitlines()
    assert unknown.startswith("no microphone 'no such': ")
    assert 'there are: ' in unknown and ' card' in unknown
    assert rate.startswith('microphone card: sample rate 4000 Hz is outside 8000..192000 Hz')
    assert opened == 'opened card 48000'


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sounddevice', None)
    with pytest.raises(InputError, match='a microphone needs sounddevice: python3 -m pip install'):
        load_sounddevice('a microphone')
