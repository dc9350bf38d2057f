"""Allowed imports: robots without torch, and the model without ROS."""

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bundles import speech_like
from tests.support.paths import ROOT

PACKAGES = ('diffsheg_model', 'diffsheg_ros')
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob('*.py'))

ROS_CLIENT = {'rclpy', 'launch', 'launch_ros', 'ament_index_python'}
MESSAGES = {
    'builtin_interfaces', 'diagnostic_msgs', 'lifecycle_msgs', 'rcl_interfaces', 'sensor_msgs',
    'std_msgs', 'std_srvs', 'trajectory_msgs', 'diffsheg_ros.msg',
}  # fmt: skip
TRAINING_LIBRARIES = {'torch', 'lightning', 'transformers', 'onnx', 'onnxscript', 'tensorboard'}

# Modules of which each needs torch to be imported; others import them only where they are used.
WITH_TORCH = {
    'diffsheg_model.network.official_checkpoint',
    'diffsheg_model.engines.torch_engine',
    'diffsheg_model.evaluation.frechet.autoencoder',
    'diffsheg_model.evaluation.frechet.training',
    'diffsheg_model.network.onnx_export',
    'diffsheg_model.network.hubert',
    'diffsheg_model.network.speech_export',
    'diffsheg_model.network.split_unieg',
    'diffsheg_model.training',
    'diffsheg_model.network.unieg',
    'diffsheg_model.network.whisper',
}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + '.') for package in packages)


def imports(path: Path, *, at_load: bool = False) -> Iterator[str]:
    """Names that a file imports, 'a.b' and 'a.b.c' for `from a.b import c`.

    With `at_load` only those that are imported with the file itself, not inside a function or for
    a type checker.
    """
    pending = list(ast.parse(path.read_text(encoding='utf-8')).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: a relative import'
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)
        elif at_load and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        elif at_load and isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test):
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)


def offences(files: list[Path], forbidden: set[str], *, at_load: bool = False) -> list[str]:
    return [
        f'{path.relative_to(ROOT)} imports {name}'
        for path in files
        for name in imports(path, at_load=at_load)
        if within(name, forbidden)
    ]


def is_node_file(path: Path) -> bool:
    return path.parent.name in ('nodes', 'ros')


def test_the_model_knows_nothing_of_ros():
    files = [path for path in SOURCES if module_of(path).startswith('diffsheg_model')]
    assert files
    assert offences(files, ROS_CLIENT | MESSAGES | {'diffsheg_ros'}) == []


def test_only_node_files_import_rclpy():
    files = [path for path in SOURCES if not is_node_file(path)]
    assert offences(files, ROS_CLIENT) == []


def test_only_node_files_and_the_conversions_import_message_types():
    files = [path for path in SOURCES if not is_node_file(path) and path.stem != 'messages']
    assert offences(files, MESSAGES) == []


def test_only_one_file_imports_tensorrt_and_not_before_it_is_used():
    tensorrt = {'tensorrt', 'tensorrt_rtx'}
    files = [path for path in SOURCES if offences([path], tensorrt)]
    assert len(files) <= 1
    assert offences(files, tensorrt, at_load=True) == []


def test_torch_is_loaded_only_by_modules_that_are_loaded_on_demand():
    files = [path for path in SOURCES if not within(module_of(path), WITH_TORCH)]
    assert offences(files, TRAINING_LIBRARIES | WITH_TORCH, at_load=True) == []


@pytest.mark.parametrize('module', sorted(WITH_TORCH))
def test_the_list_of_modules_with_torch_is_not_stale(module):
    files = [path for path in SOURCES if within(module_of(path), {module})]
    assert offences(files, TRAINING_LIBRARIES, at_load=True)


def test_motion_is_generated_where_torch_cannot_be_imported(tiny_bundle, tmp_path):
    audio = tmp_path / 'speech.f32'
    speech_like(3.0).tofile(audio)
    program = f"""
        import sys

        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.split('.')[0] in {sorted(TRAINING_LIBRARIES)}:
                    raise ModuleNotFoundError(f'No module named {{name}}', name=name)

        sys.meta_path.insert(0, Absent())

        import numpy as np
        from diffsheg_model.bundle import load_bundle
        from diffsheg_model.engines import create_engine
        from diffsheg_model.errors import InputError
        from diffsheg_model.session.generate import generate

        bundle = load_bundle({str(tiny_bundle.path)!r})
        samples = np.fromfile({str(audio)!r}, dtype=np.float32)
        engine = create_engine('auto', bundle, threads=1)
        print(generate(bundle, engine, [samples], 16000).rotations.shape)
        try:
            create_engine('torch', bundle)
        except InputError as error:
            print(error)
        """
    ran = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(program)],
        capture_output=True, text=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    shape, error = ran.stdout.splitlines()
    assert shape == '(45, 47, 3)'
    assert 'torch' in error and 'not installed' in error
