"""glTF: the avatar turns and speaks as the motion says, read by another library."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.errors import InputError
from diffsheg_model.motion.avatar_rig import (
    AVATAR,
    AVATAR_JOINTS_OF_SHOW,
    JAW_OPEN_RAD,
    avatar_motion,
)
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON, SHOW_SKELETON
from diffsheg_model.motion.skeleton import joint_frames
from diffsheg_model.motion_files.glb import Glb, read_glb, write_gltf
from tests.support.motions import moving

pygltflib = pytest.importorskip('pygltflib')


class Read:
    """A GLB file by pygltflib, its only animation evaluated at the keys."""

    def __init__(self, path: Path) -> None:
        self.gltf = pygltflib.GLTF2().load(str(path))
        self.names = [node.name for node in self.gltf.nodes]
        (animation,) = self.gltf.animations
        self.channels = {}
        for channel in animation.channels:
            sampler = animation.samplers[channel.sampler]
            assert sampler.interpolation == 'LINEAR'
            self.times_s = self.numbers(sampler.input)[:, 0]
            key = (self.names[channel.target.node], channel.target.path)
            assert key not in self.channels
            self.channels[key] = self.numbers(sampler.output)

    def numbers(self, index: int) -> np.ndarray:
        accessor = self.gltf.accessors[index]
        view = self.gltf.bufferViews[accessor.bufferView]
        width = {'SCALAR': 1, 'VEC3': 3, 'VEC4': 4}[accessor.type]
        assert accessor.componentType == pygltflib.FLOAT
        assert view.byteOffset % 4 == 0 and view.byteLength == 4 * width * accessor.count
        start = view.byteOffset + (accessor.byteOffset or 0)
        data = self.gltf.binary_blob()[start : start + view.byteLength]
        return np.frombuffer(data, '<f4').reshape(-1, width)

    def world(self, frame: int) -> dict[str, Rotation]:
        """Return the rotation of every node in the world, in a frame."""
        turned: dict[str, Rotation] = {}

        def visit(index: int, above: Rotation) -> None:
            node = self.gltf.nodes[index]
            keys = self.channels.get((node.name, 'rotation'))
            local = node.rotation or [0, 0, 0, 1] if keys is None else keys[frame]
            turned[node.name] = above * Rotation.from_quat(local)
            for child in node.children or []:
                visit(child, turned[node.name])

        for root in self.gltf.scenes[self.gltf.scene].nodes:
            visit(root, Rotation.identity())
        return turned

    def weights(self, mesh_node: str) -> dict[str, np.ndarray]:
        """(F,) values of every target of a node's mesh."""
        mesh = self.gltf.meshes[self.gltf.nodes[self.names.index(mesh_node)].mesh]
        targets = mesh.extras['targetNames']
        values = self.channels[mesh_node, 'weights'].reshape(len(self.times_s), len(targets))
        return {target: values[:, i] for i, target in enumerate(targets)}


@pytest.fixture
def small_avatar(tmp_path: Path) -> Path:
    """BEAT's bones, a face of three targets and a hat of none."""
    glb = Glb({'asset': {'version': '2.0'}, 'scene': 0}, bytearray())
    corner = glb.add_floats('VEC3', np.zeros((3, 3)), limits=True)
    primitive = {'attributes': {'POSITION': corner}}
    morphed = {**primitive, 'targets': [{'POSITION': corner}] * 3}
    names = ['tongueOut', 'jawOpen', 'eyeBlinkLeft']
    glb.scene['meshes'] = [
        {'primitives': [morphed], 'weights': [0, 0, 0], 'extras': {'targetNames': names}},
        {'primitives': [primitive]},
    ]
    nodes = [
        {'name': name, 'translation': offset, 'children': list(BEAT_SKELETON.children(joint))}
        for joint, (name, offset) in enumerate(
            zip(BEAT_SKELETON.names, BEAT_SKELETON.offsets_m.tolist(), strict=True)
        )
    ]
    for node in nodes:
        if not node['children']:
            del node['children']
    glb.scene['nodes'] = [*nodes, {'name': 'face', 'mesh': 0}, {'name': 'hat', 'mesh': 1}]
    glb.scene['scenes'] = [{'nodes': [0, len(nodes), len(nodes) + 1]}]
    (tmp_path / 'avatar.glb').write_bytes(glb.to_bytes())
    return tmp_path / 'avatar.glb'


@pytest.fixture(params=['small', 'real'])
def avatar(request: pytest.FixtureRequest, small_avatar: Path) -> Path:
    return small_avatar if request.param == 'small' else AVATAR


def test_bones_turn_as_published(tmp_path, avatar):
    motion = moving(start_frame=30)
    write_gltf(tmp_path / 'out.glb', motion, avatar)
    read = Read(tmp_path / 'out.glb')
    assert np.allclose(read.times_s, 2 + np.arange(30) / 15)
    turned = {name for name, path in read.channels if path == 'rotation'}
    assert turned == set(BEAT.joint_names)
    _, expected = joint_frames(BEAT_SKELETON, motion.joint_names, motion.rotations)
    for frame in (0, 13, 29):
        world = read.world(frame)
        for joint, name in enumerate(BEAT_SKELETON.names):
            assert np.allclose(world[name].as_matrix(), expected[frame, joint], atol=1e-5), name


def test_rotations_are_continuous_for_any_player(tmp_path, small_avatar):
    write_gltf(tmp_path / 'out.glb', moving(frames=60, seed=3), small_avatar)
    for (_, path), values in Read(tmp_path / 'out.glb').channels.items():
        if path == 'rotation':
            assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-6)
            assert (np.sum(values[1:] * values[:-1], axis=1) > 0).all()


def test_weights_drive_the_targets_of_their_names(tmp_path, avatar):
    motion = moving()
    write_gltf(tmp_path / 'out.glb', motion, avatar)
    read = Read(tmp_path / 'out.glb')
    faces = [name for name, path in read.channels if path == 'weights']
    assert faces and 'hat' not in faces and 'hair' not in faces
    for face in faces:
        targets = read.weights(face)
        assert not targets.pop('tongueOut').any()
        for name, values in targets.items():
            assert np.allclose(values, motion.weights[:, ARKIT_WEIGHTS.index(name)], atol=1e-6)


def test_the_real_avatar_has_every_joint_and_weight():
    glb = read_glb(AVATAR)
    names = {node.get('name') for node in glb.scene['nodes']}
    assert names >= set(BEAT_SKELETON.names)
    targets = [mesh.get('extras', {}).get('targetNames', []) for mesh in glb.scene['meshes']]
    assert any(set(names) >= set(ARKIT_WEIGHTS) for names in targets)


def test_a_face_alone_stands_at_rest(tmp_path, small_avatar):
    nothing = np.zeros((2, 0, 3), np.float32)
    motion = Motion(30.0, (), nothing, ('jawOpen', 'smirk'), np.array([[0.1, 0], [0.4, 1]]))
    write_gltf(tmp_path / 'out.glb', motion, small_avatar)
    read = Read(tmp_path / 'out.glb')
    assert list(read.channels) == [('face', 'weights')]
    assert np.allclose(read.weights('face')['jawOpen'], [0.1, 0.4])
    world = read.world(0)
    _, expected = joint_frames(BEAT_SKELETON, (), np.zeros((1, 0, 3)))
    for joint, name in enumerate(BEAT_SKELETON.names):
        assert np.allclose(world[name].as_matrix(), expected[0, joint], atol=1e-6), name


def test_a_motion_of_smplx_moves_the_same_limbs(tmp_path, avatar):
    motion = moving(SHOW)
    write_gltf(tmp_path / 'out.glb', motion, avatar)
    read = Read(tmp_path / 'out.glb')
    _, expected = joint_frames(SHOW_SKELETON, motion.joint_names, motion.rotations)
    world = read.world(20)
    for joint in ('spine3', 'head', 'left_wrist', 'right_index3', 'left_thumb2'):
        turned = world[AVATAR_JOINTS_OF_SHOW[joint]].as_matrix()
        assert np.allclose(turned, expected[20, SHOW_SKELETON.index(joint)], atol=1e-5), joint
    face = next(name for name, path in read.channels if path == 'weights')
    jaw = np.clip(motion.rotations[:, -1, 0] / JAW_OPEN_RAD, 0, 1)
    assert np.allclose(read.weights(face)['jawOpen'], jaw, atol=1e-6)


def test_the_table_of_joints_is_whole():
    assert set(AVATAR_JOINTS_OF_SHOW) >= set(SHOW.joint_names)
    assert set(AVATAR_JOINTS_OF_SHOW) <= set(SHOW_SKELETON.names)
    assert set(AVATAR_JOINTS_OF_SHOW.values()) <= set(BEAT_SKELETON.names)
    assert len(set(AVATAR_JOINTS_OF_SHOW.values())) == len(AVATAR_JOINTS_OF_SHOW)
    # Ancestors stay ancestors, so turning a joint takes the same limb along.
    for skeleton_joint, name in AVATAR_JOINTS_OF_SHOW.items():
        parent = SHOW_SKELETON.parents[SHOW_SKELETON.index(skeleton_joint)]
        if parent >= 0:
            above = BEAT_SKELETON.index(AVATAR_JOINTS_OF_SHOW[SHOW_SKELETON.names[parent]])
            joint = BEAT_SKELETON.index(name)
            while joint not in (above, -1):
                joint = BEAT_SKELETON.parents[joint]
            assert joint == above, name
    motion = moving()
    assert avatar_motion(motion) is motion


def test_refusals(tmp_path, small_avatar):
    out = tmp_path / 'out' / 'motion.glb'
    nothing = np.zeros((1, 0), np.float32)
    with pytest.raises(InputError, match='has no joint Tail'):
        write_gltf(out, Motion(15.0, ('Tail',), np.zeros((1, 1, 3)), (), nothing), small_avatar)
    with pytest.raises(InputError, match='no frames'):
        write_gltf(out, moving()[:0], small_avatar)
    broken = moving()
    broken.weights[4, 24] = np.nan
    with pytest.raises(InputError, match='jawOpen is not finite in frame 4'):
        write_gltf(out, broken, small_avatar)
    boneless = tmp_path / 'boneless.glb'
    scene = read_glb(small_avatar)
    scene.scene['nodes'][1]['name'] = 'Backbone'
    boneless.write_bytes(scene.to_bytes())
    with pytest.raises(InputError, match='the avatar has no bone Spine'):
        write_gltf(out, moving(), boneless)
    assert not out.exists()


def test_files_that_are_no_glb(tmp_path, small_avatar):
    whole = small_avatar.read_bytes()
    elsewhere = json.dumps({'buffers': [{'uri': 'a.bin', 'byteLength': 3}]}).encode()
    elsewhere += b' ' * (-len(elsewhere) % 4)
    chunk = struct.pack('<I4s', len(elsewhere), b'JSON') + elsewhere
    for name, content in {
        'empty': b'',
        'text': b'not a scene at all',
        'cut': whole[:-40],
        'old': whole[:4] + b'\1\0\0\0' + whole[8:],
        'spoilt': whole[:20] + b'[[[[' + whole[24:],
        'elsewhere': struct.pack('<4sII', b'glTF', 2, 12 + len(chunk)) + chunk,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f'{name} is not a usable GLB'):
            read_glb(tmp_path / name)
    with pytest.raises(InputError, match=r'cannot read .*absent'):
        read_glb(tmp_path / 'absent')
