"""The folder of real recordings, for tests that use them if present."""

import os
from pathlib import Path

from tests.support.paths import ROOT

DATA = Path(os.environ.get('DIFFSHEG_DATA', Path(__file__).parents[2] / 'shared' / 'data'))
SPEECH = ROOT / 'diffsheg_ros' / 'media' / 'speech.flac'
"""The demo's recording, always here."""
