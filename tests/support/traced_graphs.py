"""Traced networks, kept between test runs: tracing takes half a minute whatever the size.

The graphs are kept without weights. They are used again for the same network sizes, sources and
versions of libraries; anything else is traced anew.
"""

import functools
import hashlib
import importlib.metadata
import sys

from filelock import FileLock

from diffsheg_model.files.atomic import atomic_path
from tests.support.paths import ROOT

_FOLDER = ROOT / '.pytest_cache' / 'traced_graphs'
_SOURCES = ('network/*.py', 'sampling/*.py', 'config.py', 'bundle.py')


def pytest_runtest_setup() -> None:
    """Keep the graphs of every test that may trace a network."""
    if 'torch' in sys.modules:
        keep_traced_graphs()


@functools.cache
def keep_traced_graphs() -> None:
    """Let bundles that are saved from now on take their graphs from the folder of kept ones."""
    import onnx

    from diffsheg_model.network import onnx_export

    trace = onnx_export._structures

    @functools.lru_cache(maxsize=16)
    def structures(*sizes: object) -> dict[str, onnx.ModelProto]:
        folder = _FOLDER / hashlib.sha256(repr((sizes, _versions())).encode()).hexdigest()[:32]
        _FOLDER.mkdir(parents=True, exist_ok=True)
        # Processes side by side need the same networks: one traces, the others wait.
        with FileLock(folder.with_suffix('.lock')):
            if not folder.is_dir():
                with atomic_path(folder) as path:
                    path.mkdir()
                    for name, model in trace(*sizes).items():
                        onnx.save(model, path / name)
        return {path.name: onnx.load(path) for path in sorted(folder.iterdir())}

    onnx_export._structures = structures


@functools.cache
def _versions() -> tuple[str, ...]:
    package = ROOT / 'diffsheg_model'
    files = sorted(path for pattern in _SOURCES for path in package.glob(pattern))
    digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    libraries = (importlib.metadata.version(name) for name in ('torch', 'onnx', 'onnxscript'))
    return (sys.version, *libraries, *digests)
