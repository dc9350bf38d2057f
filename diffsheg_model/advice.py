"""Advice on what to install, in the same words everywhere."""

import shlex
from pathlib import Path


def requirements_file(feature: str) -> Path:
    """Return the file that lists what a feature needs.

    It lies in `requirements/` of the checkout, which an installed package has as well.

    Args:
        feature: File name without its ending, such as `audio` or `viewer`.
    """
    package = Path(__file__).resolve().parent
    installed = package / 'requirements' / f'{feature}.txt'
    return installed if installed.exists() else package.parent / 'requirements' / f'{feature}.txt'


def install_advice(*features: str) -> str:
    """Return the command that installs what features need, for a message to a user."""
    files = (shlex.quote(str(requirements_file(feature))) for feature in features)
    return 'python3 -m pip install ' + ' '.join(f'-r {file}' for file in files)
