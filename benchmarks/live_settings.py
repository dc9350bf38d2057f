"""Live settings to compare: the presets, and a grid around the one with the lowest latency."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diffsheg_model.bundle import Bundle
from diffsheg_model.errors import InputError
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.presets import PRESETS, with_preset
from diffsheg_ros.avatar.parameters import AvatarParameters

GRID_PRESET = 'low_latency'
"""Preset that supplies all parameters not varied in the grid."""


@dataclass(frozen=True)
class Setting:
    """Parameters of the avatar node, by their names there; defaults are the preset's values."""

    preset: str
    hop: int = -1
    lookahead: int = -1
    provisional: int = -1
    sampling_steps: int = 0

    def applied(self, base: Bundle) -> tuple[Bundle, LiveOptions | None]:
        """Return the bundle and the live options that the avatar derives from these parameters.

        Raises:
            InputError: values are out of range or do not fit together.
        """
        parameters = AvatarParameters(**dataclasses.asdict(self))
        preset = PRESETS[parameters.preset]  # type: ignore[index]
        bundle = with_preset(base, preset, parameters.sampler_options())
        live = parameters.live_with_overrides(preset.live)
        if live is not None:
            live.check(bundle.config.format.window_frames, bundle.config.foppas)
        return bundle, live

    @property
    def is_preset(self) -> bool:
        """True if no parameter differs from the preset."""
        return self == Setting(self.preset)

    def __str__(self) -> str:
        if self.is_preset:
            return self.preset
        return (
            f'hop {self.hop}, look-ahead {self.lookahead}, provisional {self.provisional}, '
            f'{self.sampling_steps} steps'
        )


def presets() -> list[Setting]:
    """Return a setting for each preset."""
    return [Setting(name) for name in PRESETS]


def grid(
    base: Bundle,
    hops: Sequence[int],
    lookaheads: Sequence[int],
    provisionals: Sequence[int],
    steps: Sequence[int],
) -> Iterator[tuple[Setting, str]]:
    """Yield all combinations that do not equal a preset.

    Yields:
        A setting, and the reason why it is invalid; empty for a valid one.
    """
    known = [(bundle.config, live) for bundle, live in (it.applied(base) for it in presets())]
    for values in itertools.product(hops, lookaheads, provisionals, steps):
        setting = Setting(GRID_PRESET, *values)
        try:
            bundle, live = setting.applied(base)
        except InputError as error:
            yield setting, str(error)
            continue
        if (bundle.config, live) not in known:
            yield setting, ''
