"""The URDF, read and moved by yourdfpy, beside the skeleton's own kinematics."""

import io
import xml.etree.ElementTree as ElementTree
from collections import Counter

import numpy as np
import pytest

from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.errors import InputError
from diffsheg_model.motion.figure_shapes import COLOURS, mass_kg, shapes
from diffsheg_model.motion.formats import BEAT, SHOW
from diffsheg_model.motion.joint_limits import BEAT_LIMITS, excess
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.motion.revolute_joints import revolute_names
from diffsheg_model.motion.rotations import euler_xyz_from_rotvec, euler_xyz_unwrapped
from diffsheg_model.motion.skeleton import Skeleton, forward_kinematics
from diffsheg_model.motion_files.urdf import limits_rad, urdf_text, write_urdf
from tests.support.paths import ROOT

CONFIG = ROOT / 'config'
FORMATS = pytest.mark.parametrize('format_', [BEAT, SHOW], ids=lambda format_: format_.name)
#: The skeleton's x, y, z (left, up, front) in base_link: y, z, x.
TO_BASE = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])


def moving_joints(format_) -> tuple[str, ...]:
    return format_.joint_names + format_.face_joint_names


def text_of(format_, **options) -> str:
    return urdf_text(human(format_.name), moving_joints(format_), **options)


def positions_of(robot, names, angles: np.ndarray) -> np.ndarray:
    """Return yourdfpy's positions (N, 3) of the joints in base_link, for angles (J, 3)."""
    robot.update_cfg(angles)
    return np.array([robot.get_transform(name, 'base_link')[:3, 3] for name in names])


def loaded(text: str):
    yourdfpy = pytest.importorskip('yourdfpy', reason='it comes with the extra `test`')
    robot = yourdfpy.URDF.load(io.BytesIO(text.encode()), load_meshes=False, build_scene_graph=True)
    assert robot.validate()
    return robot


@FORMATS
@pytest.mark.parametrize('legs', [False, True])
def test_joints_are_where_forward_kinematics_puts_them(format_, legs):
    skeleton, joint_names = human(format_.name), moving_joints(format_)
    robot = loaded(text_of(format_, legs=legs))
    rest = skeleton.rest[skeleton.indices(joint_names)]
    turned = np.random.default_rng(0).normal(0, 1.2, (4, len(joint_names), 3))
    rotations = np.stack([rest, 0 * rest, *turned])
    expected = forward_kinematics(skeleton, joint_names, rotations) @ TO_BASE.T
    links = set(robot.link_map)
    shown = [joint for joint, name in enumerate(skeleton.names) if name in links]
    assert (len(shown) == len(skeleton.names)) == legs
    names = [skeleton.names[joint] for joint in shown]
    # As they are published: followed in time, so some are beyond half a turn.
    for frame, angles in enumerate(euler_xyz_unwrapped(rotations)):
        given = dict(zip(revolute_names(joint_names), angles.ravel(), strict=True))
        found = positions_of(robot, names, given)
        assert np.abs(found - expected[frame, shown]).max() < 1e-6, frame


@FORMATS
def test_it_has_the_joints_that_are_published(format_):
    robot = loaded(text_of(format_))
    names = revolute_names(moving_joints(format_))
    assert sorted(robot.actuated_joint_names) == sorted(names)
    for name in names:
        joint = robot.joint_map[name]
        assert joint.type == 'revolute'
        assert joint.axis.tolist() == [float(axis == name[-1]) for axis in 'xyz']
        assert joint.limit.effort > 0 and joint.limit.velocity > 0
    others = {joint.type for name, joint in robot.joint_map.items() if name not in names}
    assert others == {'fixed'}


@FORMATS
def test_it_is_one_tree_of_links_with_names_of_their_own(format_):
    """urdfdom and KDL, and so robot_state_publisher, require it."""
    robot = ElementTree.fromstring(text_of(format_, legs=True))
    links = Counter(link.get('name') for link in robot.findall('link'))
    joints = Counter(joint.get('name') for joint in robot.findall('joint'))
    assert set(links.values()) == set(joints.values()) == {1}
    assert not set(links) & set(joints)  # sdformat takes them for the same thing
    children = Counter(joint.find('child').get('link') for joint in robot.findall('joint'))
    parents = {joint.find('parent').get('link') for joint in robot.findall('joint')}
    assert set(children.values()) == {1}
    assert set(links) - set(children) == {'base_link'}
    assert parents <= set(links) and set(children) < set(links)
    # KDL warns of a root that weighs something; simulators drop moving links that do not.
    weighed = {link.get('name') for link in robot.findall('link[inertial]')}
    assert weighed == set(links) - {'base_link', 'figure'}


@FORMATS
def test_masses_and_inertias_are_those_of_solid_bodies(format_):
    robot = loaded(text_of(format_, legs=True))
    total = 0.0
    for name, link in robot.link_map.items():
        if name in ('base_link', 'figure'):
            continue
        total += link.inertial.mass
        moments = np.linalg.eigvalsh(link.inertial.inertia)
        assert (moments > 0).all(), name
        assert moments[2] <= moments[0] + moments[1] + 1e-12, name  # the triangle inequality
    assert 50 < total < 100


@FORMATS
def test_limits_hold_the_rest_pose_and_human_motion(format_):
    skeleton, joint_names = human(format_.name), moving_joints(format_)
    robot = loaded(text_of(format_))
    angles = euler_xyz_from_rotvec(skeleton.rest[skeleton.indices(joint_names)])
    for name, angle in zip(revolute_names(joint_names), angles.ravel(), strict=True):
        limit = robot.joint_map[name].limit
        assert limit.lower < angle < limit.upper, name


def test_limits_are_those_of_human_joints():
    rotations = np.random.default_rng(0).normal(0, 0.7, (20_000, 1, 3))
    narrow = 0
    for name in BEAT_LIMITS:
        low, high = limits_rad(name).T
        allowed = rotations[(excess((name,), rotations) == 0)[:, 0], 0]
        angles = euler_xyz_from_rotvec(allowed)
        assert len(allowed) > 100
        assert (low <= angles).all() and (angles <= high).all(), name
        narrow += (high - low).max() < np.pi * 1.2
    assert narrow > 30
    # A finger's hinge bends 110 degrees to one side; 10 of slack each way, and the coupling of the
    # three angles, come on top.
    low, high = np.rad2deg(limits_rad('LeftHandIndex2')).round()[2]
    assert -135 <= low <= -120 and 20 <= high <= 35
    assert (limits_rad('jaw') == [-2 * np.pi, 2 * np.pi]).all()


@FORMATS
def test_the_figure_has_a_body_all_over(format_):
    """In base_link, standing at rest: feet on the ground, its face to the front."""
    robot = loaded(text_of(format_, legs=True))
    skeleton, joint_names = human(format_.name), moving_joints(format_)
    rest = euler_xyz_from_rotvec(skeleton.rest[skeleton.indices(joint_names)])
    robot.update_cfg(dict(zip(revolute_names(joint_names), rest.ravel(), strict=True)))
    places = {colour: [] for colour in COLOURS}
    for name, link in robot.link_map.items():
        for visual in link.visuals:
            place = (robot.get_transform(name, 'base_link') @ visual.origin)[:3, 3]
            places[visual.material.name].append(place)
    everything = np.concatenate([*places.values()])
    assert everything[:, 2].min() == pytest.approx(0.05, abs=0.06)
    assert 1.6 < everything[:, 2].max() < 1.75
    head = skeleton.names[skeleton.index('Head' if format_ is BEAT else 'head')]
    middle = robot.get_transform(head, 'base_link')[:3, 3]
    eyes, lips, hair = (np.array(places[colour]) for colour in ('eyes', 'lips', 'hair'))
    assert len(eyes) == 2 and eyes[:, 1].min() < 0 < eyes[:, 1].max()
    assert (eyes[:, 0] > middle[0] + 0.04).all() and (lips[:, 2] < eyes[:, 2].min()).all()
    assert hair[:, 2].max() > eyes[:, 2].max()
    # Mirrored: whatever is on the left is on the right.
    mirrored = everything * (1, -1, 1)
    distances = np.linalg.norm(everything[:, None] - mirrored[None], axis=-1).min(axis=1)
    assert distances.max() < 1e-6


def test_the_jaw_carries_the_chin_where_there_is_one():
    skeleton = human('show')
    jaw = shapes(skeleton, skeleton.index('jaw'))
    assert {body.colour for body in jaw} == {'skin', 'lips'}
    beat = human('beat')
    assert 'lips' in {body.colour for body in shapes(beat, beat.index('Head'))}
    assert mass_kg('Head') > mass_kg('LeftHandIndex1')


def test_a_skeleton_of_other_names_is_thin_but_whole():
    skeleton = Skeleton(
        ('root', 'a & b', 'tip'),
        (-1, 0, 1),
        np.array([[0, 1, 0], [0, 0.2, 0], [0.1, 0.05, 0]]),
        np.array([[0.3, 0.2, 0.1], [0, 0, 0], [0, 1.1, -0.4]]),
    )
    robot = loaded(urdf_text(skeleton, ['root', 'a & b'], name='thin <one>'))
    assert robot.robot.name == 'thin <one>'
    rotations = np.array([[[0.4, -1.0, 0.2], [1.0, 0.5, 0.3]]])
    angles = dict(
        zip(
            revolute_names(['root', 'a & b']),
            euler_xyz_from_rotvec(rotations[0]).ravel(),
            strict=True,
        )
    )
    expected = forward_kinematics(skeleton, ['root', 'a & b'], rotations)[0] @ TO_BASE.T
    assert np.allclose(positions_of(robot, skeleton.names, angles), expected, atol=1e-6)


def test_a_joint_of_the_legs_that_moves_is_kept():
    robot = loaded(urdf_text(human('beat'), ['LeftLeg']))
    assert {'LeftUpLeg', 'LeftLeg'} <= set(robot.link_map)
    assert not {'LeftFoot', 'RightUpLeg'} & set(robot.link_map)


def test_the_file(tmp_path):
    bundle = load_bundle(DEFAULT_BUNDLE)
    joint_names = bundle.config.format.joint_names
    write_urdf(tmp_path / 'avatar.urdf', bundle.skeleton, joint_names)
    text = (tmp_path / 'avatar.urdf').read_text()
    assert text == urdf_text(bundle.skeleton, joint_names)
    assert text.startswith('<?xml version="1.0"?>\n<robot name="avatar">')
    assert '-0"' not in text and 'e-' not in text
    with pytest.raises(InputError, match='has no joint Hip'):
        write_urdf(tmp_path / 'other.urdf', bundle.skeleton, ['Hip'])
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='cannot write'):
        write_urdf(tmp_path / 'file' / 'avatar.urdf', bundle.skeleton, joint_names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['avatar.urdf', 'file']


def test_the_configuration_of_rviz():
    yaml = pytest.importorskip('yaml')
    manager = yaml.safe_load((CONFIG / 'avatar.rviz').read_text())['Visualization Manager']
    shown = {display['Name']: display for display in manager['Displays']}
    assert shown['Grid']['Enabled'] and not shown['TF']['Enabled']
    robot = shown['RobotModel']
    assert robot['Enabled'] and robot['Description Topic']['Value'] == 'robot_description'
    assert robot['Description Topic']['Durability Policy'] == 'Transient Local'
    assert manager['Global Options']['Fixed Frame'] == 'base_link'
    assert manager['Global Options']['Frame Rate'] == 60
