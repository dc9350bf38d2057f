"""The viewer's character, read by pygltflib: the properties that other code relies on."""

import base64
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from pygltflib import GLTF2

import diffsheg_model
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT_JOINTS
from diffsheg_model.motion.rest_skeletons import BEAT_SKELETON

AVATAR = Path(diffsheg_model.__file__).parent / 'viewer' / 'web' / 'avatar.glb'
ARKIT_52 = [*ARKIT_WEIGHTS, 'tongueOut']
FACE_MESHES = {'face', 'eyes', 'teeth', 'tongue', 'lashes', 'brows'}
DTYPES = {5120: 'i1', 5121: 'u1', 5122: '<i2', 5123: '<u2', 5125: '<u4', 5126: '<f4'}
TOPS = {5120: 127, 5121: 255, 5122: 32767, 5123: 65535}
WIDTHS = {'SCALAR': 1, 'VEC2': 2, 'VEC3': 3, 'VEC4': 4, 'MAT4': 16}


@dataclass(frozen=True, eq=False)
class Avatar:
    gltf: GLTF2

    @cached_property
    def blob(self) -> bytes:
        return self.gltf.binary_blob()

    def raw(self, view_index: int, offset: int, component: int, count: int, width: int):
        view = self.gltf.bufferViews[view_index]
        dtype = np.dtype(DTYPES[component])
        start = (view.byteOffset or 0) + (offset or 0)
        stride = view.byteStride or width * dtype.itemsize
        rows = np.ndarray((count, width), dtype, self.blob, start, (stride, dtype.itemsize))
        assert start + stride * (count - 1) + width * dtype.itemsize <= len(self.blob)
        return rows

    def values(self, index: int) -> np.ndarray:
        """Return an accessor's values, with sparse and normalised ones resolved."""
        accessor = self.gltf.accessors[index]
        width = WIDTHS[accessor.type]
        if accessor.bufferView is None:
            values = np.zeros((accessor.count, width))
        else:
            values = self.raw(
                accessor.bufferView,
                accessor.byteOffset,
                accessor.componentType,
                accessor.count,
                width,
            ).astype(float)
        if accessor.sparse is not None:
            sparse = accessor.sparse
            rows = self.raw(
                sparse.indices.bufferView,
                sparse.indices.byteOffset,
                sparse.indices.componentType,
                sparse.count,
                1,
            )[:, 0]
            assert (np.diff(rows.astype(int)) > 0).all()
            values[rows] = self.raw(
                sparse.values.bufferView,
                sparse.values.byteOffset,
                accessor.componentType,
                sparse.count,
                width,
            )
        if accessor.normalized:
            values = np.maximum(values / TOPS[accessor.componentType], -1)
        return values

    def mesh(self, name: str):
        return next(mesh for mesh in self.gltf.meshes if mesh.name == name)

    def attribute(self, mesh_name: str, attribute: str) -> np.ndarray:
        primitive = self.mesh(mesh_name).primitives[0]
        return self.values(getattr(primitive.attributes, attribute))

    def positions(self, mesh_name: str) -> np.ndarray:
        return self.attribute(mesh_name, 'POSITION')

    def moved(self, mesh_name: str, blendshape: str) -> np.ndarray:
        """Return the displacement (V, 3) of a mesh by a blendshape at 1, metres."""
        target = self.mesh(mesh_name).primitives[0].targets[ARKIT_52.index(blendshape)]
        # pygltflib keeps targets as its own objects or as plain dictionaries.
        index = target['POSITION'] if isinstance(target, dict) else target.POSITION
        return self.values(index)

    @cached_property
    def bones(self) -> dict[str, int]:
        return {self.gltf.nodes[index].name: index for index in self.gltf.skins[0].joints}

    @cached_property
    def joints(self) -> dict[str, np.ndarray]:
        """Return the positions of the bones in the bind pose, metres, from the nodes only."""
        parents = {child: i for i, node in enumerate(self.gltf.nodes) for child in node.children}
        places = {}
        for name, index in self.bones.items():
            place = np.zeros(3)
            while index is not None:
                place += self.gltf.nodes[index].translation or (0, 0, 0)
                index = parents.get(index)
            places[name] = place
        return places


@pytest.fixture(scope='module')
def avatar() -> Avatar:
    return Avatar(GLTF2().load_binary(str(AVATAR)))


def test_the_file_is_small_and_names_its_licence(avatar):
    assert AVATAR.stat().st_size <= 4_000_000
    asset = avatar.gltf.asset
    assert asset.version == '2.0'
    assert asset.extras['license'] == 'CC0-1.0'
    assert 'MakeHuman' in asset.extras['source']
    assert asset.generator.endswith('scripts/export_avatar.py')
    text = AVATAR.with_suffix('.md').read_text(encoding='utf-8')
    assert 'CC0' in text and 'MakeHuman' in text


def test_the_file_contains_all_its_images(avatar):
    for image in avatar.gltf.images:
        assert image.uri is None
        view = avatar.gltf.bufferViews[image.bufferView]
        assert avatar.blob[view.byteOffset : view.byteOffset + 8] == base64.b64decode(
            'iVBORw0KGgo='
        )


def test_the_bones_are_those_of_beat_in_the_same_tree(avatar):
    assert list(avatar.bones) == list(BEAT_SKELETON.names)
    assert set(BEAT_JOINTS) <= set(avatar.bones)
    for index, parent in enumerate(BEAT_SKELETON.parents):
        if parent >= 0:
            name, above = BEAT_SKELETON.names[index], BEAT_SKELETON.names[parent]
            assert avatar.bones[name] in avatar.gltf.nodes[avatar.bones[above]].children


def test_the_bones_have_no_rotation_at_rest(avatar):
    for node in avatar.gltf.nodes:
        assert node.rotation in (None, [0, 0, 0, 1])
        assert node.scale in (None, [1, 1, 1])
        assert node.matrix is None
    bind = avatar.values(avatar.gltf.skins[0].inverseBindMatrices).reshape(-1, 4, 4)
    for matrix, name in zip(bind, avatar.bones, strict=True):
        np.testing.assert_allclose(matrix[:3, :3], np.eye(3), atol=1e-7)
        np.testing.assert_allclose(matrix[3, :3], -avatar.joints[name], atol=1e-4)


def test_the_rest_pose_is_a_t_pose_with_thumbs_to_the_front(avatar):
    joints = avatar.joints
    assert joints['Hips'][1] == pytest.approx(0.95, abs=0.05)
    assert joints['HeadEnd'][1] == pytest.approx(1.75, abs=0.1)
    for side, sign in (('Left', 1), ('Right', -1)):
        chain = [joints[side + part] for part in ('Arm', 'ForeArm', 'Hand', 'HandMiddle1')]
        for start, end in zip(chain, chain[1:], strict=False):
            along = (end - start) / np.linalg.norm(end - start)
            np.testing.assert_allclose(along, (sign, 0, 0), atol=0.01)
        for finger in ('Index', 'Middle', 'Ring', 'Pinky'):
            segments = np.diff([joints[f'{side}Hand{finger}{n}'] for n in (1, 2, 3, 4)], axis=0)
            segments /= np.linalg.norm(segments, axis=1, keepdims=True)
            np.testing.assert_allclose(segments, np.tile(segments[0], (3, 1)), atol=0.01)
            assert sign * segments[0, 0] > 0.97
        index, pinky = joints[f'{side}HandIndex1'], joints[f'{side}HandPinky1']
        assert joints[f'{side}HandThumb4'][2] > index[2] + 0.02 > pinky[2] + 0.05


def test_palms_face_down(avatar):
    positions = avatar.positions('skin')
    joints = avatar.joints
    for side, sign in (('Left', 1), ('Right', -1)):
        tip = joints[f'{side}HandMiddle4']
        finger = positions[np.linalg.norm(positions - tip, axis=1) < 0.03]
        # The nail's side of a finger is the flatter one: the pulp hangs further below the bone.
        assert finger[:, 1].min() < tip[1] < finger[:, 1].max()
        thumb = joints[f'{side}HandThumb4'] - joints[f'{side}HandThumb1']
        assert sign * thumb[0] > 0 and thumb[2] > 0


def test_sides_mirror_each_other(avatar):
    for name, place in avatar.joints.items():
        if name.startswith('Left'):
            other = avatar.joints['Right' + name.removeprefix('Left')]
            np.testing.assert_allclose(other * (-1, 1, 1), place, atol=2e-3)
    # The face looks to +Z, the left eye is at +X.
    eyes = avatar.positions('eyes')
    head = avatar.joints['Head']
    assert eyes[:, 2].max() > head[2] + 0.05
    assert eyes[:, 0].min() == pytest.approx(-eyes[:, 0].max(), abs=1e-3)


def test_face_meshes_have_the_52_blendshapes_in_order(avatar):
    named = {mesh.name: mesh for mesh in avatar.gltf.meshes if mesh.extras}
    assert set(named) == FACE_MESHES
    for mesh in named.values():
        assert mesh.extras['targetNames'] == ARKIT_52
        assert len(mesh.primitives[0].targets) == 52
    for name in ARKIT_52:
        largest = max(np.abs(avatar.moved(mesh, name)).max() for mesh in FACE_MESHES)
        assert 0.0005 < largest < 0.06, name


def test_no_vertex_is_lost(avatar):
    for mesh in avatar.gltf.meshes:
        primitive = mesh.primitives[0]
        positions = avatar.positions(mesh.name)
        assert np.isfinite(positions).all()
        assert positions[:, 1].min() > 0.5
        accessor = avatar.gltf.accessors[primitive.attributes.POSITION]
        np.testing.assert_allclose(accessor.min, positions.min(axis=0), atol=1e-6)
        np.testing.assert_allclose(accessor.max, positions.max(axis=0), atol=1e-6)
        indices = avatar.values(primitive.indices)
        assert indices.min() == 0
        assert indices.max() == len(positions) - 1
        normals = np.linalg.norm(avatar.attribute(mesh.name, 'NORMAL'), axis=1)
        np.testing.assert_allclose(normals, 1, atol=0.02)
        colours = avatar.attribute(mesh.name, 'COLOR_0')
        assert np.isfinite(colours).all()


def test_weights_sum_to_one(avatar):
    for mesh in avatar.gltf.meshes:
        weights = avatar.attribute(mesh.name, 'WEIGHTS_0')
        joints = avatar.attribute(mesh.name, 'JOINTS_0')
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-9)
        assert joints.max() < len(avatar.bones)


@pytest.mark.parametrize(
    ('mesh', 'place', 'bone'),
    [
        ('hair', 'HeadEnd', 'Head'),
        ('top', 'LeftForeArm', 'LeftForeArm'),
        ('top', 'RightArm', 'RightArm'),
        ('skin', 'LeftHandIndex4', 'LeftHandIndex3'),
        ('skin', 'RightHandThumb4', 'RightHandThumb3'),
    ],
)
def test_bones_move_the_surface_near_them(avatar, mesh, place, bone):
    positions = avatar.positions(mesh)
    near = np.argsort(np.linalg.norm(positions - avatar.joints[place], axis=1))[:20]
    joints = avatar.attribute(mesh, 'JOINTS_0')[near]
    weights = avatar.attribute(mesh, 'WEIGHTS_0')[near]
    share = (weights * (joints == list(avatar.bones).index(bone))).sum(axis=1)
    assert share.mean() > 0.3


def eye_of(avatar: Avatar, side: str) -> np.ndarray:
    eyes = avatar.positions('eyes')
    ours = eyes[:, 0] > 0 if side == 'Left' else eyes[:, 0] < 0
    return (eyes[ours].min(axis=0) + eyes[ours].max(axis=0)) / 2


@pytest.mark.parametrize('side', ['Left', 'Right'])
def test_lids_close(avatar, side):
    centre = eye_of(avatar, side)
    lashes = avatar.positions('lashes')
    closed = lashes + avatar.moved('lashes', f'eyeBlink{side}')
    near = np.linalg.norm(lashes[:, :2] - centre[:2], axis=1) < 0.012
    upper, lower = near & (lashes[:, 1] > centre[1]), near & (lashes[:, 1] < centre[1])
    open_gap = np.percentile(lashes[upper, 1], 10) - np.percentile(lashes[lower, 1], 90)
    shut_gap = np.percentile(closed[upper, 1], 10) - np.percentile(closed[lower, 1], 90)
    assert open_gap > 0.006
    assert shut_gap < 0.001
    other = 'Right' if side == 'Left' else 'Left'
    assert np.abs(avatar.moved('lashes', f'eyeBlink{other}')[near]).max() < 1e-4


@pytest.mark.parametrize('side', ['Left', 'Right'])
def test_shut_lids_cover_the_eyeball(avatar, side):
    """Seen from the front, skin covers the whole eyeball."""
    centre = eye_of(avatar, side)
    face = avatar.positions('face') + avatar.moved('face', f'eyeBlink{side}')
    triangles = avatar.values(avatar.mesh('face').primitives[0].indices).astype(int).reshape(-1, 3)
    eyes = avatar.positions('eyes')
    for dx, dy in [(0, 0), (0.006, 0.002), (-0.006, 0.002), (0, -0.005), (0, 0.006)]:
        point = centre[:2] + (dx, dy)
        a, b, c = (face[triangles[:, corner]] for corner in range(3))
        area = cross2(b - a, c - a)
        safe = np.where(np.abs(area) < 1e-12, np.inf, area)
        v, w = cross2(point - a[:, :2], c - a) / safe, cross2(b - a, point - a[:, :2]) / safe
        inside = (v >= 0) & (w >= 0) & (v + w <= 1) & np.isfinite(safe)
        depth = (a[:, 2] + v * (b - a)[:, 2] + w * (c - a)[:, 2])[inside].max()
        nearest = np.argsort(np.linalg.norm(eyes[:, :2] - point, axis=1))[:4]
        assert depth > eyes[nearest, 2].max() - 1e-4


def cross2(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


@pytest.mark.parametrize(
    ('blendshape', 'side', 'axis', 'sign'),
    [
        ('eyeLookInLeft', 'Left', 0, -1),
        ('eyeLookOutLeft', 'Left', 0, 1),
        ('eyeLookInRight', 'Right', 0, 1),
        ('eyeLookOutRight', 'Right', 0, -1),
        ('eyeLookUpLeft', 'Left', 1, 1),
        ('eyeLookDownRight', 'Right', 1, -1),
    ],
)
def test_eyes_look(avatar, blendshape, side, axis, sign):
    eyes = avatar.positions('eyes')
    ours = eyes[:, 0] > 0 if side == 'Left' else eyes[:, 0] < 0
    moved = avatar.moved('eyes', blendshape)
    pupil = np.flatnonzero(ours)[np.argmax(eyes[ours, 2])]
    assert sign * moved[pupil, axis] > 0.003
    assert np.abs(moved[~ours]).max() < 1e-4


def test_jaw_opens_the_lower_teeth_and_the_tongue(avatar):
    teeth, moved = avatar.positions('teeth'), avatar.moved('teeth', 'jawOpen')
    height = np.median(teeth[:, 1])
    assert moved[teeth[:, 1] < height - 0.004, 1].max() < -0.005
    assert np.abs(moved[teeth[:, 1] > height + 0.004]).max() < 1e-4
    tongue = avatar.positions('tongue')
    tip = np.argsort(-tongue[:, 2])[:20]
    assert avatar.moved('tongue', 'jawOpen')[tip, 1].max() < -0.01
    assert avatar.moved('tongue', 'tongueOut')[tip, 2].min() > 0.01


@pytest.mark.parametrize('name', ['mouthSmile', 'browDown', 'eyeBlink', 'noseSneer'])
def test_left_is_the_figures_left(avatar, name):
    positions = avatar.positions('face')
    for side, sign in (('Left', 1), ('Right', -1)):
        moved = np.linalg.norm(avatar.moved('face', name + side), axis=1)
        assert sign * np.average(positions[:, 0], weights=moved) > 0.005
