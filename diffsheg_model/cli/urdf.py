"""``diffsheg urdf``: the avatar for RViz, robot_state_publisher and simulators."""

import logging
from pathlib import Path

from diffsheg_model.cli.options import Output
from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg urdf -o avatar.urdf'

logger = logging.getLogger(__name__)


def urdf(output: Output, *, bundle: Path | None = None, legs: bool = False) -> None:
    """Write the avatar as a URDF file, with the joints of the topic joint_states.

    The link base_link stands on the ground, x to the front and z up. The file has masses and joint
    limits, but no collision shapes.

    Args:
        output: the file to write, .urdf.
        bundle: model that gives the skeleton and the joints. Default: the model that comes with
            the package.
        legs: include the legs.
    """
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.motion_files.urdf import write_urdf

    if output.suffix.lower() != '.urdf':
        raise InputError(f'{output}: name a file that ends in .urdf')
    model = load_bundle(bundle or DEFAULT_BUNDLE)
    format_ = model.config.format
    joint_names = format_.joint_names + format_.face_joint_names
    write_urdf(output, model.skeleton, joint_names, legs=legs)
    logger.info('%s: %d joints that move', output, 3 * len(joint_names))
