"""The versions that requirements/ allows: none with a hole that is known, and all there are."""

import http.server
import importlib.util
import json
import subprocess
import sys
import threading

import pytest
from packaging.version import Version

from tests.support.paths import ROOT
from tests.system.test_install_advice import FEATURES, requirements_of

AUDIT = ROOT / 'scripts/audit.py'

#: The first versions without a known vulnerability that this package could be reached through.
FIRST_SAFE = {
    'filelock': '3.20.3',  # follows a link that is put in the lock's place
    'lightning': '2.6.6',  # a checkpoint imports what it names
    'onnx': '1.21.0',  # follows links out of a model's folder, sets any attribute
    'onnxruntime': '1.28',  # reads files outside of a model's folder
    'pillow': '12.3.0',  # writes out of bounds; bombs
    'soundfile': '0.13',  # libsndfile before 1.2.2 overflows
    'starlette': '1.3.1',  # quadratic Range headers; unchecked Host
    'torch': '2.11',  # weights_only lets a checkpoint corrupt memory
    'transformers': '5.0',  # loads a trainer's state as pickle
    'uvicorn': '0.11.7',
    'websockets': '9.1',
}


def lowest(requirement) -> Version:
    return min(Version(part.version) for part in requirement.specifier if part.operator == '>=')


@pytest.mark.parametrize('python', ['3.10', '3.11', '3.13'])
@pytest.mark.parametrize('feature', ['robot', *FEATURES])
def test_no_lowest_version_has_a_known_hole(feature, python):
    for requirement in requirements_of(feature):
        if requirement.marker and not requirement.marker.evaluate({'python_version': python}):
            continue
        # onnxruntime has left Python 3.10 behind; bundles are checked by the package itself.
        if (requirement.name, python) == ('onnxruntime', '3.10'):
            continue
        if requirement.name in FIRST_SAFE:
            assert lowest(requirement) >= Version(FIRST_SAFE[requirement.name]), requirement


def test_every_version_that_is_installed_here_is_allowed():
    """The tests run with the versions that users get."""
    from importlib.metadata import PackageNotFoundError, version

    for requirement in requirements_of('robot'):
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            assert requirement.specifier.contains(version(requirement.name)), requirement
        except PackageNotFoundError:
            pytest.skip(f'{requirement.name} is not installed')


class Osv(http.server.BaseHTTPRequestHandler):
    """An advisory service on this machine: what it knows is in `server.known`."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        name, version = asked['package']['name'], asked['version']
        found = [
            {
                'id': f'TEST-{name}', 'modified': '2026-01-01T00:00:00Z', 'summary': 'a hole',
                'affected': [{'package': {'name': name, 'ecosystem': 'PyPI'},
                              'ranges': [{'type': 'ECOSYSTEM',
                                          'events': [{'introduced': '0'}, {'fixed': '99.1'}]}]}],
            }
        ] if (name, version) in self.server.known else []  # fmt: skip
        body = json.dumps({'vulns': found} if found else {}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def service():
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Osv) as server:
        server.known = {('pillow', '9.0.0')}
        server.url = f'http://127.0.0.1:{server.server_port}/v1/query'
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def audit(tmp_path, url: str):
    if importlib.util.find_spec('pip_audit') is None:
        pytest.skip('pip-audit is not installed')
    (tmp_path / 'lowest.txt').write_text('starlette==0.40.0\nfilelock==3.20.3\n')
    return subprocess.run(
        [sys.executable, AUDIT, '--osv-url', url, '--pinned', tmp_path / 'lowest.txt'],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_a_known_vulnerability_fails(tmp_path, service):
    service.known.add(('starlette', '0.40.0'))
    ran = audit(tmp_path, service.url)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stderr == (
        'error: a known vulnerability in the lowest versions: starlette 0.40.0: '
        'TEST-starlette, fixed in 99.1\n'
    )
    assert ran.stdout == 'audit: lowest versions, 1 known vulnerabilities\n'


def test_no_known_hole_passes(tmp_path, service):
    ran = audit(tmp_path, service.url)
    assert (ran.returncode, ran.stderr) == (0, '')
    assert ran.stdout == 'audit: lowest versions, 0 known vulnerabilities\n'


@pytest.mark.parametrize('answers', [True, False], ids=['knows nothing', 'is not there'])
def test_without_a_service_one_line_says_that_nothing_was_looked_for(tmp_path, service, answers):
    service.known.clear()
    ran = audit(tmp_path, service.url if answers else 'http://127.0.0.1:9/v1/query')
    assert (ran.returncode, ran.stderr) == (0, '')
    assert ran.stdout == (
        'audit: no advisory service is reached from here: no package was checked\n'
    )
