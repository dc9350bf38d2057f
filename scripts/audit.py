"""Ask an advisory service for known holes in the packages that requirements/ allows.

Looks at two sets of versions: the newest, and the lowest that each file allows. Part of
`make lint`: ends with status 1 where a hole is known. Where no service answers, one line says so
and the status is 0. The packages of the tests are left out: they meet no foreign data.
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
    """A registry or a service is not reached."""


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


def holes(pinned: str, service: list[str]) -> tuple[list[str], list[str]]:
    """Return a line for each known hole in these versions, and the packages that are not known.

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
        f'{package["name"]} {package["version"]}: {hole["id"]}, '
        + (f'fixed in {", ".join(hole["fix_versions"])}' if hole['fix_versions'] else 'not fixed')
        for package in found
        for hole in package.get('vulns', [])
    ]
    return lines, [package['name'] for package in found if 'skip_reason' in package]


def answering(services: list[list[str]]) -> list[str]:
    """Return the first service that knows of holes that everybody knows.

    Raises:
        NoAnswer: None does.
    """
    for service in services:
        try:
            if holes(PROBE, service)[0]:
                return service
        except NoAnswer:
            continue
    raise NoAnswer('no advisory service')


def main(arguments: list[str] | None = None) -> int:
    """Return 1 where a hole is known, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--osv-url', help='ask this service, which speaks OSV, and no other')
    parser.add_argument(
        '--pinned', type=Path, action='append', help='file of name==version to look at instead'
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
            lines, unknown = holes(pinned, service)
            failed |= bool(lines)
            for line in lines:
                sys.stderr.write(f'error: a known hole in the {name} versions: {line}\n')
            if unknown:
                print(f'audit: not known to the service: {", ".join(unknown)}')
            print(f'audit: {name} versions, {len(lines)} known holes')
    except NoAnswer as reason:
        print(f'audit: {reason} is reached from here: known holes were not looked for')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
