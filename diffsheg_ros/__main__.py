"""The command `python -m diffsheg_ros NAME ...`, which runs an executable."""

import sys

from diffsheg_ros.startup.catalogue import EXECUTABLES
from diffsheg_ros.startup.executables import fail, start
from diffsheg_ros.startup.nearest import did_you_mean


def main() -> int:
    """Run the executable that the first argument names."""
    name, *arguments = sys.argv[1:] or ['--help']
    if name in EXECUTABLES:
        return start(name, arguments)
    if name in ('-h', '--help'):
        sys.stdout.write('usage: python -m diffsheg_ros NAME [arguments]\n')
        for known, executable in EXECUTABLES.items():
            sys.stdout.write(f'  {known:14} {executable.summary}\n')
        return 0
    return fail(f'no executable {name!r}: {did_you_mean(name, EXECUTABLES)}')


if __name__ == '__main__':
    sys.exit(main())
