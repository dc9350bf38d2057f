"""Changes to a bundle's sampler settings, which trade work for quality."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffsheg_model.config import Solver, Spacing
from diffsheg_model.sampling.foppas import make_sampler

if TYPE_CHECKING:
    from diffsheg_model.bundle import Bundle


@dataclass(frozen=True)
class SamplerOptions:
    """Settings to change; docs/sampling.md gives their effects.

    Attributes:
        steps: calls of the network for a first window; the bundle's unless given.
        solver: dpmpp_2m needs fewer steps than ddim; the bundle's unless given.
        spacing: positions of the steps in the chain; the bundle's unless given.
        start_fraction: share of the steps that a later window runs through; the bundle's unless
            given.
        overlap: frames that neighbouring windows share; the bundle's unless given.
        jump_length: steps that a harmonising jump goes back up; the bundle's unless given.
        jump_n_sample: passes over each harmonising jump, 1 for no jumps; the bundle's unless given.
        guidance_scale: classifier-free guidance, for bundles trained for it; the bundle's unless
            given.
    """

    steps: int | None = None
    solver: Solver | None = None
    spacing: Spacing | None = None
    start_fraction: float | None = None
    overlap: int | None = None
    jump_length: int | None = None
    jump_n_sample: int | None = None
    guidance_scale: float | None = None


def with_sampler(bundle: 'Bundle', options: SamplerOptions) -> 'Bundle':
    """Return the bundle with other sampler settings.

    Raises:
        InputError: a value is out of its range, or they do not go together.
    """
    config = bundle.config
    values = {
        'sampling_steps' if name == 'steps' else name: value
        for name, value in dataclasses.asdict(options).items()
        if value is not None
    }
    parts = {}
    for part in ('diffusion', 'foppas'):
        own = getattr(config, part)
        fields = {field.name for field in dataclasses.fields(own)}
        chosen = {name: value for name, value in values.items() if name in fields}
        parts[part] = dataclasses.replace(own, **chosen)
    make_sampler(**parts)
    return dataclasses.replace(bundle, config=dataclasses.replace(config, **parts))
