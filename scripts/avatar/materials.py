"""glTF materials of the parts, and the images that they use."""

from typing import Any

from avatar.textures import cloth_normals, cloth_texture, eye_texture, hair_texture, rib_normals

_EYE, _CLOTH, _CLOTH_NORMALS, _RIB_NORMALS, _HAIR = range(5)

SHADE = {
    'skin': 0.5,
    'eyes': 0.55,
    'teeth': 0.4,
    'tongue': 0.4,
    'lashes': 0.0,
    'brows': 0.0,
    'top': 0.6,
    'rib': 0.6,
    'trousers': 0.6,
    'hair': 0.72,
}
"""Darkness of the most hidden places by material, 0 (no shade) to 1 (black)."""


def images() -> dict[str, bytes]:
    """Return the PNG files by name, in the order of the materials' texture indices."""
    return {
        'eye': eye_texture(),
        'cloth': cloth_texture(),
        'cloth-normals': cloth_normals(),
        'rib-normals': rib_normals(),
        'hair': hair_texture(),
    }


def materials() -> dict[str, dict[str, Any]]:
    """Return the materials by name; colours are at the vertices."""
    wool = {'KHR_materials_sheen': _sheen((0.20, 0.22, 0.24), 0.6)}
    matt = {'KHR_materials_specular': {'specularFactor': 0.15}}
    return {
        'skin': {
            **_rough(0.55),
            'extensions': {'KHR_materials_sheen': _sheen((0.18, 0.08, 0.05), 0.5)},
        },
        'eyes': {
            **_rough(0.3, _EYE),
            'extensions': {
                'KHR_materials_clearcoat': {
                    'clearcoatFactor': 1.0,
                    'clearcoatRoughnessFactor': 0.03,
                }
            },
        },
        'teeth': _rough(0.3),
        'tongue': _rough(0.45),
        'lashes': {**_rough(0.9), 'doubleSided': True, 'extensions': matt},
        'brows': {**_rough(0.9), 'doubleSided': True, 'extensions': matt},
        'top': {
            **_rough(0.92, _CLOTH),
            'normalTexture': {'index': _CLOTH_NORMALS, 'scale': 0.5},
            'extensions': wool,
        },
        'rib': {
            **_rough(0.92),
            'normalTexture': {'index': _RIB_NORMALS, 'scale': 0.7},
            'extensions': wool,
        },
        'trousers': {**_rough(0.9), 'doubleSided': True},
        'hair': {
            **_rough(0.62, _HAIR),
            'doubleSided': True,
            'extensions': {'KHR_materials_specular': {'specularFactor': 0.6}},
        },
    }


def _rough(roughness: float, image: int | None = None) -> dict[str, Any]:
    surface: dict[str, Any] = {'metallicFactor': 0, 'roughnessFactor': roughness}
    if image is not None:
        surface['baseColorTexture'] = {'index': image}
    return {'pbrMetallicRoughness': surface}


def _sheen(colour: tuple[float, float, float], roughness: float) -> dict[str, Any]:
    return {'sheenColorFactor': list(colour), 'sheenRoughnessFactor': roughness}
