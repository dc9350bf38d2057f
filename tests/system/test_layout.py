"""The layout of the tree: mirrored tests, rooms with a purpose, files and functions of a size."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import ROOT

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

TESTS_OF = {'diffsheg_model': 'model', 'diffsheg_ros': 'ros'}
SOURCES = sorted(
    path.relative_to(ROOT) for name in TESTS_OF for path in (ROOT / name).rglob('*.py')
)
MODULES = [path for path in SOURCES if path.stem not in ('__init__', '__main__')]
SHOWN_ELSEWHERE: dict[str, dict[str, str]] = tomllib.loads(
    (ROOT / 'tests/shown_elsewhere.toml').read_text()
)

LONGEST_FILE = 400  # lines
LONGEST_FUNCTION = 60  # lines, unless a comment in it gives a reason


def mirrored_test(module: Path) -> Path:
    """Return the path of a module's own test file."""
    package, *rooms, _ = module.parts
    return Path('tests', TESTS_OF[package], *rooms, f'test_{module.stem}.py')


def test_every_module_has_its_test_at_the_mirrored_path_or_names_the_one_that_shows_it():
    missing = []
    for module in MODULES:
        elsewhere = SHOWN_ELSEWHERE.get('.'.join(module.parts[:-1]), {}).get(module.stem)
        if not (ROOT / mirrored_test(module)).is_file() and elsewhere is None:
            missing.append(
                f'{module}: neither {mirrored_test(module)} nor an entry in shown_elsewhere.toml'
            )
    assert missing == []


@pytest.mark.parametrize('room', sorted(SHOWN_ELSEWHERE))
def test_entries_of_the_list_are_true(room):
    wrong = []
    for name, test in SHOWN_ELSEWHERE[room].items():
        module = Path(*room.split('.'), f'{name}.py')
        if not (ROOT / module).is_file():
            wrong.append(f'{room}.{name}: no such module')
        elif (ROOT / mirrored_test(module)).is_file():
            wrong.append(f'{room}.{name}: has a test of its own')
        elif not test.startswith('tests/') or not (ROOT / test).is_file():
            wrong.append(f'{room}.{name}: no test file {test!r}')
    assert wrong == []


def test_every_test_of_a_module_mirrors_one():
    """Tests under tests/model and tests/ros lie in the folder of an existing room."""
    lost = []
    for package, side in TESTS_OF.items():
        for path in (ROOT / 'tests' / side).rglob('test_*.py'):
            room = ROOT / package / path.parent.relative_to(ROOT / 'tests' / side)
            if not room.is_dir():
                lost.append(str(path.relative_to(ROOT)))
    assert lost == []


def test_every_room_says_what_it_is_for():
    rooms = {ROOT / path.parent for path in MODULES}
    silent = [
        str(room.relative_to(ROOT))
        for room in sorted(rooms)
        if not ast.get_docstring(ast.parse((room / '__init__.py').read_text(encoding='utf-8')))
    ]
    assert silent == []


def test_files_and_functions_can_be_read_in_one_sitting():
    long = []
    for folder in ('benchmarks', 'diffsheg_model', 'diffsheg_ros', 'launch', 'scripts', 'tests'):
        for path in sorted((ROOT / folder).rglob('*.py')):
            text = path.read_text(encoding='utf-8')
            lines = text.splitlines()
            if len(lines) > LONGEST_FILE:
                long.append(f'{path.relative_to(ROOT)}: {len(lines)} lines')
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                size = node.end_lineno - node.lineno + 1
                own = lines[node.lineno - 1 : node.end_lineno]
                if size > LONGEST_FUNCTION and not any('# Long because' in line for line in own):
                    long.append(f'{path.relative_to(ROOT)}:{node.lineno} {node.name}: {size} lines')
    assert long == []


def test_no_two_classes_of_the_packages_share_a_name():
    found: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.parse((ROOT / path).read_text(encoding='utf-8')).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith('_'):
                found.setdefault(node.name, []).append(str(path))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}
