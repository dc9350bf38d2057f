"""Where real recordings lie, for the tests that use them where present."""

import os
from pathlib import Path

DATA = Path(os.environ.get('DIFFSHEG_DATA', Path(__file__).parents[2] / 'shared' / 'data'))
SPEECH = Path(__file__).parents[1] / 'diffsheg_ros' / 'media' / 'speech.flac'
"""The demo's recording, always here."""
