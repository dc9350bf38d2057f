"""Ask an advisory service for known vulnerabilities in the packages that requirements/ allows.

Two sets of versions are checked: the newest and the lowest that each file allows. `make lint` runs
this script. The exit status is 1 if a vulnerability is known. If no service answers, one line says
so and the status is 0. Packages of the tests are left out, because they read no foreign data.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / 'requirements'
NOT_FOR_USERS = ('test', 'ros', 'ros-jazzy', 'constraints', 'constraints-jazzy')
RESOLUTIONS = {'newest': 'highest', 'lowest': 'lowest-direct'}
#: Holes of this version have been public for years: a service that knows none does not answer.
PROBE = 'pillow==9.0.0'


class NoAnswer(Exception):
    """Error for a registry or a service that is not reached."""


def resolve(resolution: str, folder: Path = FOLDER) -> str:
    """Return the versions that the files of users allow, one `name==version` a line.

    Raises:
        NoAnswer: The registry is not reached.
        SystemExit: There are no such versions.
    """
    files = [path for path in sorted(folder.glob('*.txt')) if path.stem not in NOT_FOR_USERS]
    environment = dict(os.environ)
    if index := os.environ.get('PIP_INDEX_URL'):
        environment['UV_DEFAULT_INDEX'] = index
    ran = subprocess.run(
        [sys.executable, '-m', 'uv', 'pip', 'compile', '--quiet', '--no-header', '--no-annotate',
         '--resolution', resolution, *files],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    if 'No solution found' in ran.stderr:
        raise SystemExit(f'error: requirements/ allow no set of versions:\n{ran.stderr}')
    if ran.returncode:
        raise NoAnswer('no package registry')
    return ran.stdout


def vulnerabilities(pinned: str, service: list[str]) -> tuple[list[str], list[str]]:
    """Return a line for each known vulnerability of these versions, and the unknown packages.

    Args:
        pinned: One `name==version` a line.
        service: Options of pip-audit that choose the service.

    Raises:
        NoAnswer: The service is not reached.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'pinned.txt')
        path.write_text(pinned)
        ran = subprocess.run(
            [sys.executable, '-m', 'pip_audit', '--requirement', path, '--no-deps',
             '--disable-pip', '--format', 'json', '--progress-spinner', 'off', '--timeout', '15',
             '--cache-dir', folder, *service],
            capture_output=True, text=True,
        )  # fmt: skip
    try:
        found = json.loads(ran.stdout)['dependencies']
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswer('no advisory service') from error
    lines = [
        f'{package["name"]} {package["version"]}: {flaw["id"]}, '
        + (f'fixed in {", ".join(flaw["fix_versions"])}' if flaw['fix_versions'] else 'not fixed')
        for package in found
        for flaw in package.get('vulns', [])
    ]
    return lines, [package['name'] for package in found if 'skip_reason' in package]


def answering(services: list[list[str]]) -> list[str]:
    """Return the first service that reports the well-known vulnerabilities of `PROBE`.

    Raises:
        NoAnswer: None does.
    """
    for service in services:
        try:
            if vulnerabilities(PROBE, service)[0]:
                return service
        except NoAnswer:
            continue
    raise NoAnswer('no advisory service')


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if a vulnerability is known, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--osv-url', help='ask this service alone; it must speak the OSV protocol')
    parser.add_argument(
        '--pinned', type=Path, action='append', help='check this file of name==version lines'
    )
    options = parser.parse_args(arguments)
    services = [['--vulnerability-service', name] for name in ('pypi', 'osv')]
    if options.osv_url:
        services = [['--vulnerability-service', 'osv', '--osv-url', options.osv_url]]
    failed = False
    try:
        service = answering(services)
        if options.pinned:
            lists = {path.stem: path.read_text() for path in options.pinned}
        else:
            lists = {name: resolve(resolution) for name, resolution in RESOLUTIONS.items()}
        for name, pinned in lists.items():
            lines, unknown = vulnerabilities(pinned, service)
            failed |= bool(lines)
            for line in lines:
                sys.stderr.write(f'error: a known vulnerability in the {name} versions: {line}\n')
            if unknown:
                print(f'audit: not known to the service: {", ".join(unknown)}')
            print(f'audit: {name} versions, {len(lines)} known vulnerabilities')
    except NoAnswer as reason:
        print(f'audit: {reason} is reached from here: no package was checked')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
