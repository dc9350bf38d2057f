"""Sound devices of ALSA that read and write files, for tests on machines without a sound card."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from diffsheg_model.audio.sound_device import load_sounddevice
from diffsheg_model.errors import InputError
from tests.support.paths import ROOT

_CONFIG = """
</usr/share/alsa/alsa.conf>
pcm.files {{ type file  slave.pcm "null"  file "{played}"  infile "{heard}"  format raw }}
pcm.card {{ type plug  slave {{ pcm "files"  format S16_LE  channels 1  rate 48000 }} }}
"""


def _missing() -> str:
    try:
        load_sounddevice('a microphone')
    except InputError as error:
        return str(error)
    return '' if os.path.exists('/usr/share/alsa/alsa.conf') else 'ALSA is not configured here'


needs_alsa = pytest.mark.skipif(bool(_missing()), reason=_missing() or 'it is there')


def run_with_card(program: str, folder: Path, *arguments: str) -> str:
    """Run a program in a process of its own, where ALSA has a device `card`; return its output.

    The device is mono, 48 kHz, 16 bits. It writes to `folder/played` and reads `folder/heard`, and
    takes no time.
    """
    files = {name: folder / name for name in ('played', 'heard')}
    files['heard'].touch()
    (folder / 'asoundrc').write_text(_CONFIG.format(**files))
    return subprocess.run(
        [sys.executable, '-c', textwrap.dedent(program), *arguments],
        env=os.environ | {'ALSA_CONFIG_PATH': str(folder / 'asoundrc')},
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
