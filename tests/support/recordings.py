"""Where real recordings lie, for the tests that use them where present."""

import os
from pathlib import Path

from tests.support.paths import ROOT

DATA = Path(os.environ.get('DIFFSHEG_DATA', Path(__file__).parents[2] / 'shared' / 'data'))
SPEECH = ROOT / 'diffsheg_ros' / 'media' / 'speech.flac'
"""The demo's recording, always here."""
