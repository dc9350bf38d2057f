"""Messages that tell a user what to install."""

import shlex
from pathlib import Path


def requirements_file(feature: str) -> Path:
    """Return the requirements file of a feature, in the installed package or in the checkout.

    Args:
        feature: name of a file in `requirements/` without its ending, such as `audio`.
    """
    package = Path(__file__).resolve().parent
    installed = package / 'requirements' / f'{feature}.txt'
    return installed if installed.exists() else package.parent / 'requirements' / f'{feature}.txt'


def install_advice(*features: str) -> str:
    """Return the command that installs the requirements of features, for a message."""
    files = (shlex.quote(str(requirements_file(feature))) for feature in features)
    return 'python3 -m pip install ' + ' '.join(f'-r {file}' for file in files)
