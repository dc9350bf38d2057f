"""Cache of artifacts that engines derive from a bundle: TensorRT plans, optimised or int8 graphs.

A file is used only if its key and checksum match. A file from another bundle, version or device is
made again, and so is one that was cut while being written. Artifacts are programs: a file that
another user owns or can write is never used.
"""

import hashlib
import logging
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from diffsheg_model import __version__
from diffsheg_model.bundle import DEFAULT_BUNDLE
from diffsheg_model.engines.private_folder import (
    Untrusted,
    check_private,
    make_private,
    read_private,
)
from diffsheg_model.errors import InputError
from diffsheg_model.files.atomic import atomic_path
from diffsheg_model.files.user_folders import cache_home

_SUFFIX = '.plan'
_LOCK = '.lock'

#: Seconds to wait for a build by another process.
_PATIENCE_S = 1800.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ArtifactKey:
    """Everything that an artifact depends on.

    Attributes:
        graph: name of the bundle's graph, or of another artifact such as 'timing'.
        engine: engine that made it, such as 'tensorrt' or 'openvino'.
        precision: 'fp32', 'fp16', 'int8'.
        device: name of the GPU or CPU.
        version: version of the engine, and of the driver if it matters.
        bundle: digest of the bundle.
        options: other settings that the result depends on; may be empty.
    """

    graph: str
    engine: str
    precision: str
    device: str
    version: str
    bundle: str
    options: str = ''

    def __post_init__(self) -> None:
        for name in ('graph', 'engine', 'precision', 'device', 'version', 'bundle'):
            if not getattr(self, name):
                raise InputError(f'ArtifactKey.{name} is empty: every artifact must name it')

    @property
    def stem(self) -> str:
        """Part of the file name that is the same for all versions."""
        parts = (self.graph, self.engine, self.precision, self.device)
        return '-'.join(re.sub(r'[^A-Za-z0-9_.]+', '_', part) for part in parts) + '-'

    @property
    def digest(self) -> str:
        """SHA-256 of all fields and of the version of this package, in hexadecimal."""
        return hashlib.sha256(repr((__version__, *astuple(self))).encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """File name: readable, and different for each key."""
        version = re.sub(r'[^A-Za-z0-9_.]+', '_', self.version)
        return f'{self.stem}{version}-{self.digest[:16]}{_SUFFIX}'


class ArtifactCache:
    """Folder with the artifacts of one bundle.

    The folder is private to this user. A folder that cannot be written, or that another user owns
    or can write, is not used. Artifacts are then built each time, and one warning is logged.
    Processes and threads may share a folder: while one builds an artifact, the others wait for it.

    Args:
        bundle: folder of the bundle.
        folder: folder of the cache. The default is '<bundle>.cache' beside the bundle. If that
            cannot be written, or if the bundle belongs to the package, it is a folder in
            $XDG_CACHE_HOME/diffsheg (~/.cache/diffsheg).
    """

    def __init__(self, bundle: Path, folder: Path | None = None) -> None:
        if folder is None:
            self.folder = _default_folder(bundle)
            _close_to_others(self.folder)
        else:
            self.folder = Path(folder)
        self._warned = False

    def get_or_build(self, key: ArtifactKey, build: Callable[[], bytes]) -> bytes:
        """Return the artifact of ``key`` from the cache; if missing, build and store it."""
        kept = self.load(key)
        if kept is not None:
            return kept
        with self._lock(key):
            kept = self.load(key)  # another process may have built it meanwhile
            if kept is None:
                kept = build()
                self.store(key, kept)
        return kept

    def load(self, key: ArtifactKey) -> bytes | None:
        """Return the artifact of ``key`` from the cache; None if it is missing or damaged."""
        path = self.folder / key.file_name
        try:
            content = read_private(self.folder, key.file_name)
        except Untrusted as error:
            # For the folder itself, `store` warns.
            if error.path != self.folder:
                logger.warning('%s: not used, it is made again', error)
                with suppress(OSError):
                    error.path.unlink()
            return None
        except OSError:
            return None
        header, _, data = content.partition(b'\n')
        if header == _header(key, data):
            return data
        logger.warning('%s is damaged or was not made for this engine: it is made again', path)
        return None

    def store(self, key: ArtifactKey, data: bytes) -> None:
        """Store ``data`` under ``key``, and remove artifacts of other versions for the device."""
        target = self.folder / key.file_name
        try:
            self._open_folder()
            with atomic_path(target) as path, path.open('wb') as file:
                file.write(_header(key, data) + b'\n')
                file.write(data)
                # Independent of the umask: a file that a group can write would not be used.
                os.fchmod(file.fileno(), 0o644)
            for other in self.folder.glob(f'{key.stem}*{_SUFFIX}'):
                if other != target:
                    other.unlink(missing_ok=True)
        except (InputError, OSError) as error:
            self._warn(error)

    def remove(self, key: ArtifactKey) -> None:
        """Remove the artifact of ``key``, which the engine could not use."""
        try:
            (self.folder / key.file_name).unlink(missing_ok=True)
        except OSError as error:
            self._warn(error)

    @contextmanager
    def _lock(self, key: ArtifactKey) -> Iterator[None]:
        """Let only one process at a time build into the folder; a kill releases the lock."""
        lock = FileLock(self.folder / _LOCK, thread_local=False)
        try:
            self._open_folder()
            try:
                lock.acquire(timeout=0)
            except Timeout:
                logger.info('waiting for another process that builds in %s', self.folder)
                lock.acquire(timeout=_PATIENCE_S)
            for killed in self.folder.glob(f'.{key.stem}*{_SUFFIX}.????????'):
                shutil.rmtree(killed, ignore_errors=True)
        except (OSError, NotImplementedError, Timeout) as error:
            self._warn(error)
        try:
            yield
        finally:
            lock.release()

    def _open_folder(self) -> None:
        """Create the folder if it is missing.

        Raises:
            OSError: it cannot be made, or another user owns or can write it.
        """
        make_private(self.folder)
        check_private(self.folder)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            logger.warning('nothing is kept for the next start: %s', error)
        self._warned = True


def _header(key: ArtifactKey, data: bytes) -> bytes:
    return f'diffsheg {key.digest} {hashlib.sha256(data).hexdigest()}'.encode()


def _default_folder(bundle: Path) -> Path:
    path = bundle.resolve()
    beside = path.with_name(f'{path.name}.cache')
    comes_with_the_package = path.is_relative_to(DEFAULT_BUNDLE.parent)
    trusted = not beside.exists() or beside.stat().st_uid in (0, os.geteuid())
    if not comes_with_the_package and trusted and os.access(path.parent, os.W_OK | os.X_OK):
        return beside
    place = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return cache_home() / 'diffsheg' / f'{path.name}-{place}'


def _close_to_others(folder: Path) -> None:
    """Empty a folder that earlier versions made writable for a group, and make it private."""
    try:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return
        if status.st_mode & 0o022:
            folder.chmod(0o700)
            for plan in folder.glob(f'*{_SUFFIX}'):
                plan.unlink()
            logger.info('other users could write %s: it was emptied and made private', folder)
    except OSError:
        return
