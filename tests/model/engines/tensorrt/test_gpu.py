"""The code that needs a GPU, checked against the types of the real libraries."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytest.importorskip('tensorrt_rtx')
cuda_core = pytest.importorskip('cuda.core')

from diffsheg_model.engines.tensorrt.gpu import deserialise, rtx_capability
from diffsheg_model.errors import InputError


def write_stubs(folder: Path) -> None:
    """Write the types of tensorrt_rtx, under the name that the sources import, and of cuda.core."""
    module = 'tensorrt_rtx_bindings.tensorrt_rtx'
    arguments = ['--quiet', '--inspect-mode', '--module', module, '--output', str(folder)]
    subprocess.run(
        [sys.executable, '-c', f'from mypy.stubgen import main; main({arguments})'], check=True
    )
    lines = (folder / 'tensorrt_rtx_bindings' / 'tensorrt_rtx.pyi').read_text().splitlines()
    # A data type called bool, which would hide Python's bool in every annotation.
    lines = [line for line in lines if not line.startswith('bool:')]
    while True:
        try:
            ast.parse('\n'.join(lines))
            break
        except SyntaxError as error:  # a signature that Python cannot express
            del lines[error.lineno - 1]
    (folder / 'tensorrt.pyi').write_text('\n'.join([*lines, '__version__: str', '']))
    # cuda.core keeps its types beside the build for each CUDA; type checkers do not look there.
    build = Path(cuda_core.__path__[0])
    shutil.copytree(build, folder / 'cuda' / 'core', ignore=shutil.ignore_patterns('*.so'))
    (folder / 'cuda' / 'core' / '__init__.pyi').write_text(
        'from cuda.core import graph as graph, system as system\n'
        'from cuda.core._device import Device as Device\n'
        'from cuda.core._memory._buffer import Buffer as Buffer\n'
        'from cuda.core._memory._legacy import (\n'
        '    LegacyPinnedMemoryResource as LegacyPinnedMemoryResource,\n'
        ')\n'
        'from cuda.core._stream import Stream as Stream\n'
    )


def test_the_types_of_the_real_libraries_fit(tmp_path):
    write_stubs(tmp_path)
    probe = tmp_path / 'probe.py'
    probe.write_text(
        'from cuda.core import Device\n'
        'from diffsheg_model.engines.tensorrt.library import trt\n'
        'reveal_type(Device().create_stream())\n'
        'reveal_type(trt.Builder)\n'
    )
    sources = sorted((ROOT / 'diffsheg_model' / 'engines' / 'tensorrt').glob('*.py'))
    assert sources
    # The cache of `make lint` knows the other modules already: seconds instead of a minute.
    ran = subprocess.run(
        [sys.executable, '-m', 'mypy', '--cache-dir', ROOT / '.mypy_cache', probe, *sources],
        capture_output=True, text=True, cwd=ROOT, env={'MYPYPATH': str(tmp_path)},
    )  # fmt: skip
    ours = [line for line in ran.stdout.splitlines() if line.startswith('diffsheg_model/')]
    assert ours == [], ran.stdout
    assert '"cuda.core._stream.Stream"' in ran.stdout, 'the types of cuda.core were not found'
    assert 'tensorrt.Builder' in ran.stdout, 'the types of TensorRT were not found'


def test_a_foreign_plan_is_refused_in_one_line():
    with pytest.raises(InputError, match='refuses a plan: ') as caught:
        deserialise(b'no plan')
    assert '\n' not in str(caught.value)


def test_gpus_that_tensorrt_rtx_does_not_know_are_refused_in_one_line():
    import tensorrt_rtx

    own = tensorrt_rtx.ComputeCapability
    assert rtx_capability('NVIDIA T4', (7, 5)) == own.SM75
    assert rtx_capability('NVIDIA L4', (8, 9)) == own.SM89
    assert rtx_capability('of next year', (13, 0)) is None
    for gpu, capability in (('NVIDIA V100', (7, 0)), ('NVIDIA H100', (9, 0))):
        with pytest.raises(InputError, match=f'does not run on {gpu} .*; pip install tensorrt$'):
            rtx_capability(gpu, capability)
