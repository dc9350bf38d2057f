"""A loudspeaker through the real PortAudio and ALSA, on a device that writes a file."""

import numpy as np

from tests.support.alsa import needs_alsa, run_with_card

PLAY = """
    import threading
    import numpy as np
    from diffsheg_model.audio.loudspeaker import Loudspeaker

    samples = (np.arange(48000) % 1000 / 2000).astype(np.float32)
    over, place, latencies = threading.Event(), 0, []

    def fill(frames, heard_in_s, underrun):
        global place
        latencies.append(heard_in_s)
        block = samples[place : place + frames]
        place += len(block)
        if not len(block):
            over.set()
        return np.pad(block, (0, frames - len(block)))

    loudspeaker = Loudspeaker(fill, 'card', 48000)
    assert loudspeaker.lost
    loudspeaker.open()
    loudspeaker.start()
    assert over.wait(60) and not loudspeaker.lost
    loudspeaker.close()
    assert loudspeaker.lost
    assert loudspeaker.name == 'card' and loudspeaker.sample_rate == 48000
    assert loudspeaker.latency_s > 0 and all(0 < latency < 2 for latency in latencies)
    """


@needs_alsa
def test_it_plays_every_sample_in_order(tmp_path):
    run_with_card(PLAY, tmp_path)
    played = np.frombuffer((tmp_path / 'played').read_bytes(), '<i2') / 32768
    # PortAudio fills the device with silence first; the first sample is 0 too.
    played = played[np.flatnonzero(played)[0] - 1 :]
    expected = np.arange(48000) % 1000 / 2000
    np.testing.assert_allclose(played[: len(expected)], expected, atol=2 / 32768)
    assert not played[len(expected) :].any()
