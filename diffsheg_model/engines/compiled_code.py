"""Cache folder of torch.compile."""

import atexit
import logging
import os
import shutil
import tempfile
from pathlib import Path

from diffsheg_model.engines.private_folder import check_private, make_private

_VARIABLE = 'TORCHINDUCTOR_CACHE_DIR'

logger = logging.getLogger(__name__)


def keep_compiled_code(folder: Path) -> None:
    """Let torch.compile cache its code in a folder that no other user can write.

    Its default is a folder in /tmp with a name that another user could take first. An unusable
    folder is replaced by a temporary one. A folder set in the environment is kept.
    """
    if _VARIABLE not in os.environ:
        os.environ[_VARIABLE] = str(_usable(folder))


def _usable(folder: Path) -> Path:
    try:
        # Check the parent too: in a writable one the folder could be exchanged.
        for made in (folder.parent, folder):
            make_private(made)
            check_private(made)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    except OSError as error:
        logger.warning('compiled code is not kept for the next start: %s', error)
    temporary = tempfile.mkdtemp(prefix='diffsheg-')
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)
