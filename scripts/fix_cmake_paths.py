"""Point the ROS wheels' CMake files at this Python.

The exported CMake targets of the wheels name the include folders of the Python and numpy that they
were built with. These folders exist on no user's machine, and CMake stops at the first of them.

Run this with the environment's own Python. It replaces those folders in `<prefix>/share` by this
Python's and prints the number of changed files. A second run changes nothing. An argument gives the
folder of Python.h where this Python does not know it.
"""

import re
import sys
import sysconfig
from pathlib import Path

import numpy

PYTHON_INCLUDE = re.compile(r'(?<=[";])/[^;"]*/include/python3\.\d+(?=[";])')
NUMPY_INCLUDE = re.compile(r'(?<=[";])/[^;"]*/numpy/(?:_core|core)/include(?=[";])')


def fix_cmake_paths(share: Path, python_include: str, numpy_include: str) -> int:
    """Rewrite the include folders of Python and numpy in the CMake files under `share`.

    Args:
        share: Folder with the packages' CMake files, which state include folders as quoted,
            semicolon-separated lists.
        python_include: Folder of this Python's `Python.h`.
        numpy_include: Folder of this numpy's headers.

    Returns:
        Number of changed files.
    """
    changed = 0
    for path in sorted(share.rglob('*.cmake')):
        text = path.read_text(encoding='utf-8', errors='surrogateescape')
        fixed = PYTHON_INCLUDE.sub(lambda _: python_include, text)
        fixed = NUMPY_INCLUDE.sub(lambda _: numpy_include, fixed)
        if fixed != text:
            path.write_text(fixed, encoding='utf-8', errors='surrogateescape')
            changed += 1
    return changed


if __name__ == '__main__':
    include = sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path('include')
    count = fix_cmake_paths(Path(sys.prefix) / 'share', include, numpy.get_include())
    print(f'{count} CMake files now name this Python')
