"""The packaging files agree with each other and with the code."""

import ast
import configparser
import importlib.util
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import diffsheg_model
from tests.support.paths import ROOT


def load_script(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / 'scripts' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry_points() -> list[tuple[str, str, str]]:
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    lines = config['options.entry_points']['console_scripts'].strip().splitlines()
    return [re.fullmatch(r'(\w+) = ([\w.]+):(\w+)', line).groups() for line in lines]


def test_versions_agree():
    version = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    assert version == diffsheg_model.__version__


@pytest.mark.parametrize(('name', 'module', 'function'), entry_points())
def test_every_executable_has_its_function(name, module, function):
    path = ROOT / (module.replace('.', '/') + '.py')
    body = ast.parse(path.read_text(encoding='utf-8')).body
    assert function in {node.name for node in body if isinstance(node, ast.FunctionDef)}


def test_every_message_is_generated():
    listed = re.findall(r'msg/\w+\.msg', (ROOT / 'CMakeLists.txt').read_text(encoding='utf-8'))
    assert sorted(listed) == sorted(f'msg/{path.name}' for path in (ROOT / 'msg').glob('*.msg'))


def test_every_ros_package_that_is_imported_is_declared():
    manifest = ElementTree.parse(ROOT / 'package.xml')
    declared = {node.text for node in manifest.iter() if node.tag.endswith('depend')}
    imported = set()
    for path in (ROOT / 'diffsheg_ros').rglob('*.py'):
        text = path.read_text(encoding='utf-8')
        imported |= set(re.findall(r'^\s*from (\w+)\.(?:msg|srv) import', text, re.MULTILINE))
    assert imported - {'diffsheg_ros'} <= declared


WHEEL_TARGETS = """\
set_target_properties(std_msgs::std_msgs__rosidl_generator_py PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "/opt/python/cp312-cp312/include/python3.12;\
/opt/python/cp312-cp312/lib/python3.12/site-packages/numpy/_core/include"
  INTERFACE_LINK_LIBRARIES "std_msgs::std_msgs__rosidl_generator_c"
)
"""


def test_cmake_files_of_the_wheels_are_pointed_to_this_python(tmp_path):
    fix_cmake_paths = load_script('fix_cmake_paths').fix_cmake_paths
    path = tmp_path / 'share/std_msgs/cmake/export.cmake'
    path.parent.mkdir(parents=True)
    path.write_text(WHEEL_TARGETS)
    (tmp_path / 'share/other.cmake').write_text('set(x "${CMAKE_CURRENT_LIST_DIR}/include")\n')

    assert fix_cmake_paths(tmp_path / 'share', '/py dir/include', '/np/include') == 1
    text = path.read_text()
    assert '"/py dir/include;/np/include"' in text
    assert text.count('\n') == WHEEL_TARGETS.count('\n') and 'generator_c"' in text
    # Paths to an older place, such as that of a replaced Python, are rewritten too.
    path.write_text(text.replace('/py dir/include', '/old/include/python3.11'))
    assert fix_cmake_paths(tmp_path / 'share', '/new/include/python3.12', '/np/include') == 1
    assert fix_cmake_paths(tmp_path / 'share', '/new/include/python3.12', '/np/include') == 0
    assert '"/new/include/python3.12;/np/include"' in path.read_text()


def test_this_environment_names_no_folder_that_is_absent():
    share = Path(sys.prefix) / 'share'
    named = set()
    for path in share.glob('*_msgs/cmake/*_pyExport.cmake'):
        for folders in re.findall(r'INCLUDE_DIRECTORIES "([^"$]+)"', path.read_text()):
            named |= set(folders.split(';'))
    if not named:
        pytest.skip('ROS is not installed as wheels here')
    assert [folder for folder in named if not Path(folder).is_dir()] == []
