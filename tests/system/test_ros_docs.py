"""Joints and blendshapes in docs/joints.md, and launch arguments in docs/ros.md."""

import ast
import re

from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.motion.revolute_joints import revolute_names
from tests.support.paths import ROOT


def section(page: str, title: str) -> str:
    """Return the text below a heading of a page, up to the next heading."""
    text = (ROOT / 'docs' / page).read_text(encoding='utf-8')
    return re.search(rf'^#+ {title}\n(.*?)(?=^#|\Z)', text, re.MULTILINE | re.DOTALL)[1]


def joint_table() -> str:
    bundle = load_bundle(DEFAULT_BUNDLE)
    format_ = bundle.config.format
    skeleton = bundle.skeleton
    joint_names = format_.joint_names + format_.face_joint_names
    rows = ['| joint | parent joint | names in `joint_states` |', '|---|---|---|']
    for name, index in zip(joint_names, skeleton.indices(joint_names), strict=True):
        parent = skeleton.names[skeleton.parents[index]]
        names = ', '.join(f'`{revolute}`' for revolute in revolute_names([name]))
        rows.append(f'| {name} | {parent} | {names} |')
    return '\n'.join(rows)


def test_the_table_of_joints_is_that_of_the_default_bundle():
    assert joint_table() in section('joints.md', 'Joints'), joint_table()
    names = load_bundle(DEFAULT_BUNDLE).config.format.joint_names
    assert f'{len(names)} joints, {3 * len(names)} names' in section('joints.md', 'Joints')


def test_the_blendshapes_are_those_of_the_default_bundle_in_order():
    names = load_bundle(DEFAULT_BUNDLE).config.format.weight_names
    listed = section('joints.md', 'Blendshapes').partition('In this order:')[2]
    assert re.findall(r'`(\w+)`', listed) == list(names)


def test_every_launch_argument_is_named():
    tree = ast.parse((ROOT / 'launch' / 'avatar.launch.py').read_text(encoding='utf-8'))
    (arguments,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == 'ARGUMENTS'
    ]
    for key in arguments.keys:
        assert f'`{key.value}`' in section('ros.md', 'Launch'), key.value
