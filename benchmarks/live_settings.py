"""Which live settings are compared: the presets, and a grid around the one that follows closest."""

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
"""What the grid's settings do not name is this preset's."""


@dataclass(frozen=True)
class Setting:
    """Parameters of the avatar node, by their names there; those left out are the preset's."""

    preset: str
    hop: int = -1
    lookahead: int = -1
    provisional: int = -1
    sampling_steps: int = 0

    def applied(self, base: Bundle) -> tuple[Bundle, LiveOptions | None]:
        """What the avatar makes of it: the bundle, and how to plan while speech is heard.

        Raises:
            InputError: values that are out of their range, or do not go together.
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
        """Whether it changes nothing of the preset."""
        return self == Setting(self.preset)

    def __str__(self) -> str:
        if self.is_preset:
            return self.preset
        return (
            f'hop {self.hop}, look-ahead {self.lookahead}, provisional {self.provisional}, '
            f'{self.sampling_steps} steps'
        )


def presets() -> list[Setting]:
    """One setting a preset."""
    return [Setting(name) for name in PRESETS]


def grid(
    base: Bundle,
    hops: Sequence[int],
    lookaheads: Sequence[int],
    provisionals: Sequence[int],
    steps: Sequence[int],
) -> Iterator[tuple[Setting, str]]:
    """All combinations that are no preset.

    Yields:
        A setting, and why it cannot be; empty where it can.
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
