"""``diffsheg urdf``: the figure for RViz, robot_state_publisher and simulators."""

import logging
from pathlib import Path

from diffsheg_model.cli import Output
from diffsheg_model.errors import InputError

EXAMPLE = 'diffsheg urdf -o avatar.urdf'

logger = logging.getLogger(__name__)


def urdf(output: Output, *, bundle: Path | None = None, legs: bool = False) -> None:
    """Writes the figure as a URDF; its joints are those of joint_states.

    The link base_link stands on the ground, x to the front and z up. Masses and limits are there,
    collision shapes are not.

    Args:
        output: the file to write, .urdf.
        bundle: the model whose skeleton and joints it has; the default bundle unless given.
        legs: with legs, from the hips down.
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
