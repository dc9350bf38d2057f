"""Python packaging: `pip install .` gives diffsheg_model and its command line, without ROS.

The distribution is called `diffsheg`, not `diffsheg_ros`: rosidl registers the generated messages
under the ROS package's name. The entry points stand in setup.cfg, where CMake reads them too;
what the package needs stands in requirements/, a file per feature, from which users install too.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(
    r"^__version__ = '(.+)'$", (ROOT / 'diffsheg_model/__init__.py').read_text(), re.MULTILINE
).group(1)

# Files that are no feature of the package: what a robot, the checkout's own ROS and pip are told.
NO_EXTRAS = {'core', 'robot', 'ros', 'ros-jazzy', 'constraints', 'constraints-jazzy'}


def requirements(name: str) -> list[str]:
    """Return the requirements in `requirements/<name>.txt`, and in the files that it includes."""
    found = []
    for line in (ROOT / f'requirements/{name}.txt').read_text(encoding='utf-8').splitlines():
        text = line.split('#')[0].strip()
        if text.startswith('-r '):
            found += requirements(text.removeprefix('-r ').strip().removesuffix('.txt'))
        elif text:
            found.append(text)
    return found


class BuildPy(build_py):
    """A build with `requirements/` inside the package, which error messages point to."""

    def run(self) -> None:
        super().run()
        if not getattr(self, 'editable_mode', False):
            self.copy_tree(
                str(ROOT / 'requirements'), f'{self.build_lib}/diffsheg_model/requirements'
            )


setup(
    name='diffsheg',
    version=VERSION,
    description='Live speech to facial blendshapes and upper-body gestures (DiffSHEG)',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.10',
    packages=find_packages(
        include=['diffsheg_model', 'diffsheg_model.*', 'diffsheg_ros', 'diffsheg_ros.*']
    ),
    package_data={
        'diffsheg_model': ['bundles/**/*', '**/*.yaml', 'viewer/web/**/*'],
        'diffsheg_ros': ['media/*'],
    },
    install_requires=requirements('core'),
    extras_require={
        path.stem: requirements(path.stem)
        for path in sorted((ROOT / 'requirements').glob('*.txt'))
        if path.stem not in NO_EXTRAS
    },
    cmdclass={'build_py': BuildPy},
)
