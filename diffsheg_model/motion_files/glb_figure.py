"""The GLB container of glTF 2.0: a JSON scene and one block of binary data in a file."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.reading import reader

_MAGIC, _VERSION = b'glTF', 2
_JSON, _BINARY = b'JSON', b'BIN\0'
_FLOAT = 5126
_WIDTHS = {'SCALAR': 1, 'VEC3': 3, 'VEC4': 4}


@dataclass
class Glb:
    """A scene that can be added to.

    Attributes:
        scene: the JSON part, as glTF 2.0 says.
        data: buffer 0.
    """

    scene: dict[str, Any]
    data: bytearray

    def add_floats(self, kind: str, values: np.ndarray, limits: bool = False) -> int:
        """Appends an accessor of float32 numbers; its index.

        Args:
            kind: 'SCALAR', 'VEC3' or 'VEC4'.
            values: as many numbers as the kind has, a row an element.
            limits: whether to state the least and the largest of each component, which glTF
                wants of an animation's times.
        """
        rows = np.ascontiguousarray(values, dtype='<f4').reshape(-1, _WIDTHS[kind])
        self.data += bytes(-len(self.data) % 4)
        view = {'buffer': 0, 'byteOffset': len(self.data), 'byteLength': rows.nbytes}
        self.data += rows.tobytes()
        views = self.scene.setdefault('bufferViews', [])
        views.append(view)
        accessor: dict[str, Any] = {
            'bufferView': len(views) - 1,
            'componentType': _FLOAT,
            'count': len(rows),
            'type': kind,
        }
        if limits:
            accessor |= {'min': rows.min(axis=0).tolist(), 'max': rows.max(axis=0).tolist()}
        accessors = self.scene.setdefault('accessors', [])
        accessors.append(accessor)
        return len(accessors) - 1

    def to_bytes(self) -> bytes:
        """The file's content."""
        data = bytes(self.data) + bytes(-len(self.data) % 4)
        self.scene['buffers'] = [{'byteLength': len(data)}]
        scene = json.dumps(self.scene, separators=(',', ':')).encode()
        scene += b' ' * (-len(scene) % 4)
        chunks = b''.join(
            struct.pack('<I4s', len(chunk), name) + chunk
            for name, chunk in ((_JSON, scene), (_BINARY, data))
        )
        return struct.pack('<4sII', _MAGIC, _VERSION, 12 + len(chunks)) + chunks


@reader('a GLB file')
def read_glb(path: Path) -> Glb:
    """Reads a GLB file whose data are all in its one binary block.

    Raises:
        InputError: no such file, no GLB of version 2, cut, or with data elsewhere.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f'cannot read {path}: {error.strerror or error}') from error
    try:
        magic, version, length = struct.unpack_from('<4sII', content)
        if (magic, version) != (_MAGIC, _VERSION) or length > len(content):
            raise ValueError('no GLB of version 2, or cut short')
        size, name = struct.unpack_from('<I4s', content, 12)
        if name != _JSON:
            raise ValueError('its first part is no JSON')
        scene = json.loads(content[20 : 20 + size])
        data = bytearray()
        if 20 + size < length:
            data_size, name = struct.unpack_from('<I4s', content, 20 + size)
            if name != _BINARY:
                raise ValueError('its second part is no binary data')
            data += content[28 + size : 28 + size + data_size]
        if len(scene.get('buffers', [])) > 1 or any('uri' in b for b in scene.get('buffers', [])):
            raise ValueError('it has data in other files')
    except (struct.error, ValueError, AttributeError) as error:
        raise InputError(f'{path} is no usable GLB file: {error}') from error
    return Glb(scene, data)
