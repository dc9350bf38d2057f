"""A microphone through the real PortAudio and ALSA, on a device that reads a file."""

import numpy as np

from tests.support.alsa import needs_alsa, run_with_card

LISTEN = """
    import sys
    import threading
    import numpy as np
    from diffsheg_model.audio.microphone import Microphone

    blocks, over = [], threading.Event()

    def on_block(samples, age_s, after_loss):
        if len(blocks) < 40:
            assert samples.dtype == np.float32 and 0 < age_s < 2
            blocks.append(samples)
        else:
            over.set()

    microphone = Microphone(on_block, 'card', 48000, block_s=0.02)
    microphone.open()
    assert over.wait(60) and not microphone.lost
    microphone.close()
    assert microphone.lost and microphone.name == 'card'
    assert {len(block) for block in blocks} == {960}
    np.save(sys.argv[1], np.concatenate(blocks))
    """


@needs_alsa
def test_it_hears_what_the_device_records(tmp_path):
    recorded = np.random.default_rng(1).integers(-(2**15), 2**15, 20 * 48000).astype('<i2')
    (tmp_path / 'heard').write_bytes(recorded.tobytes())
    run_with_card(LISTEN, tmp_path, str(tmp_path / 'samples.npy'))
    heard = (np.load(tmp_path / 'samples.npy') * 32768).astype('<i2').reshape(40, 960)
    # The device takes no time, so sound may be lost between two blocks, but not within one.
    content = recorded.tobytes()
    places = [content.find(block.tobytes()) for block in heard]
    assert places[0] == 0 and places == sorted(places)
