"""A hostile client beside a page: the page keeps its rate, and the server its memory and files."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip('starlette', reason='the viewer needs requirements/viewer.txt')

from websockets.sync.client import connect

from diffsheg_model.viewer.wire_format import FACE, HEAD
from tests.support.hostile_page import KINDS
from tests.support.paths import ROOT

HELPERS = ROOT / 'tests' / 'support'
#: A pose later than this does not count in the rate.
ON_TIME_S = 0.25
#: What a server may have open: pages, others with the file that each is sent, those that wait to be
#: taken, and its own.
MOST_FILES = 32 + 2 * 128 + 64 + 40
MOST_GROWTH = 100 << 20


class Stage:
    """The server's process."""

    def __init__(self, **limits: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HELPERS / 'viewer_stage.py'), json.dumps(limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._process.stdout.readline().strip()
        self.port = int(self.url.rstrip('/').rpartition(':')[2])

    def closed(self) -> dict[str, int]:
        self._process.stdin.write('\n')
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def files(self) -> int:
        return len(os.listdir(f'/proc/{self._process.pid}/fd'))

    def memory(self) -> int:
        """Bytes of it that are in memory."""
        pages = Path(f'/proc/{self._process.pid}/statm').read_text().split()[1]
        return int(pages) * os.sysconf('SC_PAGE_SIZE')

    def stop(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


class Page:
    """A page that counts the poses that come in time."""

    def __init__(self, stage: Stage) -> None:
        self._stack = contextlib.ExitStack()
        address = stage.url.replace('http', 'ws') + 'socket'
        self._socket = self._stack.enter_context(connect(address, open_timeout=20))
        self._on_time = 0
        self._over = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def rate_hz(self, seconds: float) -> float:
        before = self._on_time
        time.sleep(seconds)
        return (self._on_time - before) / seconds

    def close(self) -> None:
        self._over = True
        self._thread.join(5)
        self._stack.close()

    def _read(self) -> None:
        while not self._over:
            message = self._socket.recv(timeout=20)
            if isinstance(message, bytes) and message[0] == FACE:
                late_s = time.monotonic() - HEAD.unpack_from(message)[4]
                self._on_time += late_s < ON_TIME_S


@pytest.fixture
def stage():
    made = Stage()
    yield made
    made.stop()


@pytest.fixture
def hostile():
    processes = []

    def start(kind: str, port: int) -> None:
        processes.append(
            subprocess.Popen(
                [sys.executable, str(HELPERS / 'hostile_page.py'), kind, str(port)],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert processes[-1].stdout.readline() == 'begun\n'

    yield start
    for process in processes:
        process.kill()
        process.wait()


def keeps_its_rate(page: Page, quiet_hz: float, seconds: float) -> bool:
    """Another program may have the processors for a moment, but not three times."""
    rates = []
    while len(rates) < 3:
        rates.append(page.rate_hz(seconds))
        if rates[-1] >= 0.9 * quiet_hz:
            return True
    print(f'{rates} poses a second in time, {quiet_hz} without the other')
    return False


@pytest.mark.parametrize('kind', [kind.__name__ for kind in KINDS])
@pytest.mark.parametrize('seconds', [2.0, pytest.param(30.0, marks=pytest.mark.slow)])
def test_other_pages_keep_their_rate(stage, hostile, kind, seconds):
    page = Page(stage)
    quiet_hz = page.rate_hz(2.0)
    before = stage.memory()
    hostile(kind, stage.port)
    assert keeps_its_rate(page, quiet_hz, seconds)
    assert stage.files() < MOST_FILES
    assert stage.memory() - before < MOST_GROWTH
    if kind not in ('unfinished', 'unfinished_pieces', 'never_reading'):  # those are 31 pages
        late = Page(stage)
        assert late.rate_hz(1.0) > 0
        late.close()
    page.close()
