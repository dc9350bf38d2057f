"""A browser without a window: a real one, and a real server on this machine."""

import http.server
import os
import shutil
import signal
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.pictures import browser
from diffsheg_model.pictures.browser import find_browser, headless
from tests.model.pictures.test_video import click, written

WAIT_S = 60


def installed() -> bool:
    try:
        find_browser()
    except InputError:
        return False
    return True


needs_browser = pytest.mark.skipif(not installed(), reason='no Chromium or Chrome is installed')

PAGE = b"""<!doctype html><canvas width=8 height=8></canvas><script>
const gl = document.querySelector('canvas').getContext('webgl2');
gl.clearColor(1, 0, 0, 1);
gl.clear(gl.COLOR_BUFFER_BIT);
const pixel = new Uint8Array(4);
gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
let frames = 0;
function frame() {
  if (++frames < 20) return requestAnimationFrame(frame);
  fetch('/report?size=' + innerWidth + 'x' + innerHeight + '&pixel=' + pixel);
}
frame();
</script>"""

PLAYER = b"""<!doctype html><video src=clip.mp4 muted autoplay></video><script>
const report = (values) => fetch('/report?' + new URLSearchParams(values));
const video = document.querySelector('video');
video.onerror = () => report({error: video.error.message});
video.onended = async () => {
  const bytes = await (await fetch('clip.mp4')).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
  const first = sound.getChannelData(0).findIndex((sample) => Math.abs(sample) > 0.2);
  report({size: video.videoWidth + 'x' + video.videoHeight, duration: video.duration,
          onset: first / 48000});
};
</script>"""


class Site:
    """Serves files from memory and waits for the page's report."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.report: dict[str, str] = {}
        self._reported = threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, _, query = self.path.partition('?')
                content = site.files.get(path)
                self.send_response(404 if content is None else 200)
                self.send_header('Content-Length', str(len(content or b'')))
                kind = 'video/mp4' if path.endswith('.mp4') else 'text/html'
                self.send_header('Content-Type', kind)
                self.end_headers()
                self.wfile.write(content or b'')
                if path == '/report':
                    site.report = dict(urllib.parse.parse_qsl(query))
                    site._reported.set()

            def log_message(self, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f'http://127.0.0.1:{self._server.server_port}/'

    def wait(self, running: browser.Browser) -> dict[str, str]:
        deadline_s = time.monotonic() + WAIT_S
        while not self._reported.wait(0.2):
            running.check()
            assert time.monotonic() < deadline_s, running.log.read_text()
        return self.report

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def temporary(monkeypatch):
    """The folder of the profile."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, 'tempdir', folder)
        yield Path(folder)


def alive(text: str) -> list[int]:
    """Return the ids of processes with a text in their command line, zombies excluded."""
    found = []
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            command = (folder / 'cmdline').read_bytes()
        except OSError:
            continue
        if text.encode() in command and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def gone(text: str) -> bool:
    """Return True if no such process is left within some seconds."""
    deadline_s = time.monotonic() + 10
    while alive(text):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.05)
    return True


@needs_browser
def test_a_page_is_shown_at_its_size_and_drawn_by_webgl(site, temporary):
    site.files['/'] = PAGE
    with headless(site.url, 640, 360) as running:
        report = site.wait(running)
        (profile,) = temporary.iterdir()
        assert len(alive(str(profile))) > 1
        running.check()
    assert report == {'size': '640x360', 'pixel': '255,0,0,255'}
    assert list(temporary.iterdir()) == []
    assert gone(str(profile))


@needs_browser
def test_a_browser_that_is_killed_is_noticed(site, temporary):
    site.files['/'] = PAGE
    with headless(site.url, 320, 200) as running:
        site.wait(running)
        (profile,) = temporary.iterdir()
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(10)
        with pytest.raises(InputError, match=r'was stopped by SIGKILL too early: ') as caught:
            running.check()
        assert '\n' not in str(caught.value)
    assert list(temporary.iterdir()) == []
    assert gone(str(profile))


@needs_browser
def test_an_error_in_the_block_stops_it_too(site, temporary):
    with pytest.raises(KeyError), headless(site.url, 320, 200) as running:
        raise KeyError
    assert running.process.poll() is not None
    assert list(temporary.iterdir()) == []
    assert gone(str(temporary))


@needs_browser
def test_a_temporary_folder_whose_path_is_too_long_for_a_socket(site, tmp_path, monkeypatch):
    folder = tmp_path / ('long' * 20)
    folder.mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(folder))
    site.files['/'] = PAGE
    with headless(site.url, 320, 200) as running:
        site.wait(running)
        profile = running.log.parent
    assert not profile.exists() and list(folder.iterdir()) == []


@needs_browser
def test_a_clip_plays_in_a_browser(site, tmp_path):
    """Size, length and the place of the sound, as the browser's own decoders see them."""
    pytest.importorskip('av', reason='videos need the extra `render`')
    clip = written(tmp_path / 'clip.mp4', audio=click(0.5, 2), rate=16000)
    site.files = {'/': PLAYER, '/clip.mp4': clip.read_bytes()}
    with headless(site.url, 320, 200) as running:
        report = site.wait(running)
    if 'DECODER_ERROR_NOT_SUPPORTED' in report.get('error', ''):
        pytest.skip('this Chromium was built without H.264')
    assert 'error' not in report, report
    assert report['size'] == '96x64'
    assert float(report['duration']) == pytest.approx(40 / 30, abs=0.025)
    assert float(report['onset']) == pytest.approx(0.5, abs=0.5 / 30)


def script(path: Path, text: str) -> str:
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return str(path)


def test_last_words(tmp_path, temporary):
    """Of a program that ends at once, beside what Chromium says without a reason."""
    words = '[7:7:0101/000000.0:ERROR:a/b.cc:3] No usable sandbox!'
    noise = '[7:8:0101/000000.0:ERROR:dbus/bus.cc:405] Failed to connect to the bus'
    program = script(tmp_path / 'fails', f'echo "{words}" >&2; echo "{noise}" >&2; exit 3')
    with headless('http://127.0.0.1:1/', 320, 200, program) as running:
        running.process.wait(10)
        with pytest.raises(
            InputError, match=r'fails ended with status 3 too early: No usable sandbox!; name'
        ):
            running.check()
    quiet = script(tmp_path / 'quiet', 'exit 0')
    with headless('http://127.0.0.1:1/', 320, 200, quiet) as running:
        running.process.wait(10)
        with pytest.raises(InputError, match='it said nothing'):
            running.check()
    assert list(temporary.iterdir()) == []


def test_one_that_ignores_being_asked_is_ended(tmp_path, temporary, monkeypatch):
    monkeypatch.setattr(browser, '_STOP_S', 0.5)
    stubborn = script(tmp_path / 'stubborn', 'trap "" TERM; sleep 1000 & touch "$TMPDIR/up"; wait')
    with headless('http://127.0.0.1:1/', 320, 200, stubborn) as running:
        deadline_s = time.monotonic() + 10
        while not list(temporary.glob('*/up')):
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        group = running.process.pid
    assert running.process.returncode == -signal.SIGKILL
    deadline_s = time.monotonic() + 10
    while any(group_of(int(path.name)) == group for path in Path('/proc').glob('[0-9]*')):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    assert list(temporary.iterdir()) == []


def group_of(process: int) -> int | None:
    """Its process group; None where it is gone or only waits to be reaped."""
    try:
        state, _, group = Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[:3]
    except OSError:
        return None
    return None if state == 'Z' else int(group)


def test_which_browser(tmp_path, monkeypatch):
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(InputError, match=r'apt install chromium\) or name one with --browser'):
        find_browser()
    chrome = script(tmp_path / 'google-chrome', 'exit 0')
    assert find_browser() == chrome
    chromium = script(tmp_path / 'chromium', 'exit 0')
    assert find_browser() == chromium
    monkeypatch.setenv(browser.VARIABLE, chrome)
    assert find_browser() == chrome
    assert find_browser(chromium) == chromium
    with pytest.raises(InputError, match='nosuch: no such program; let --browser name'):
        find_browser('nosuch')
    monkeypatch.setenv(browser.VARIABLE, str(tmp_path / 'gone'))
    with pytest.raises(InputError, match='let DIFFSHEG_BROWSER name'):
        find_browser()
    broken = tmp_path / 'broken'
    broken.write_bytes(b'\x7fELF')
    broken.chmod(0o755)
    with pytest.raises(InputError, match='cannot start the browser'), headless('', 64, 64, broken):
        pass
    assert shutil.which('google-chrome')
