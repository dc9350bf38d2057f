"""How far behind the sound, and how far ahead of it, motion is planned while it is heard."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from diffsheg_model.bundle import Bundle
from diffsheg_model.config import BundleConfig, FoppasConfig
from diffsheg_model.errors import InputError
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler


def most_new_frames(window_frames: int, overlap: int) -> int:
    """Frames of a live window that may be new or provisional.

    Those before them, at least an overlap's length, are known motion to go on from.
    """
    return window_frames - max(1, overlap)


@dataclass(frozen=True)
class LiveOptions:
    """Short hops instead of whole windows, for speech that is heard while it is spoken.

    A window still has all the frames that the network was trained on. Its last `provisional`
    frames are planned anew by the next window, the `hop` before them are new and final, and all
    others are known, from the windows before it. So a frame is final when its own sound has been
    heard and that of `provisional - lookahead` frames after it, and of up to `hop - 1` more.

    Attributes:
        hop: new frames of a window; the fewer, the sooner and the more work.
        lookahead: frames at a window's end whose sound has not been heard when it is planned; see
            `diffsheg_model.features.extrapolation`.
        provisional: frames at a window's end that are there in case the next one comes late.
    """

    hop: int = 2
    lookahead: int = 6
    provisional: int = 6

    def __post_init__(self) -> None:
        for name, low in (('hop', 1), ('lookahead', 0), ('provisional', 0)):
            if getattr(self, name) < low:
                raise InputError(f'{name} = {getattr(self, name)}: must be {low} or more')
        if self.lookahead > self.provisional:
            raise InputError(
                f'lookahead = {self.lookahead}: must be at most provisional = {self.provisional}, '
                'so that no frame is final before its sound was heard'
            )

    @property
    def lag_frames(self) -> int:
        """Frames from the moment that a new frame's sound begins to the one it can be planned."""
        return self.hop + self.provisional - self.lookahead

    def check(self, window_frames: int, foppas: FoppasConfig) -> None:
        """Raises InputError where a window has no room for it."""
        longest = most_new_frames(window_frames, foppas.overlap)
        if self.hop + self.provisional > longest:
            raise InputError(
                f'hop + provisional = {self.hop} + {self.provisional}: must be at most {longest} '
                f'in windows of {window_frames} frames with overlap {foppas.overlap}; lower one'
            )


#: Frames a second that the presets are written for.
PRESET_FPS = 15.0


@dataclass(frozen=True)
class Preset:
    """Settings that go together; docs/live.md says what each is worth.

    Attributes:
        live: how to plan on speech that is still being spoken, in frames of `PRESET_FPS`; None for
            whole windows.
        sampler: what of the sampler differs from the bundle's settings.
        speech_context_s: sound before a window that its speech features hear; the bundle's where
            None. Less is faster.
    """

    live: LiveOptions | None = None
    sampler: SamplerOptions = SamplerOptions()
    speech_context_s: float | None = None


_FAST = SamplerOptions(steps=10, solver='dpmpp_2m', spacing='log_snr')

PresetName = Literal['low_latency', 'balanced', 'quality']
PRESETS: dict[PresetName, Preset] = {
    'low_latency': Preset(LiveOptions(hop=2, lookahead=6, provisional=6), _FAST, 1.0),
    'balanced': Preset(LiveOptions(hop=8, lookahead=0, provisional=8), _FAST),
    'quality': Preset(),
}


def with_preset(bundle: Bundle, preset: Preset, sampler: SamplerOptions) -> Bundle:
    """The bundle with the settings of a preset.

    Args:
        bundle: the model.
        preset: what to set.
        sampler: what to set otherwise than the preset says.

    Raises:
        InputError: values that are out of their range, or do not go together.
    """
    own = {name: value for name, value in vars(sampler).items() if value is not None}
    bundle = with_sampler(bundle, dataclasses.replace(preset.sampler, **own))
    if preset.speech_context_s is None:
        return bundle
    config = bundle.config
    features = dataclasses.replace(config.features, speech_context_s=preset.speech_context_s)
    return dataclasses.replace(bundle, config=dataclasses.replace(config, features=features))


def live_options(preset: Preset, config: BundleConfig) -> LiveOptions | None:
    """What a preset means for a bundle: as long in time, and as far as its windows have room."""
    live, format_ = preset.live, config.format
    if live is None:
        return None
    scale = format_.fps / PRESET_FPS
    room = most_new_frames(format_.window_frames, config.foppas.overlap)
    scale = min(scale, room / (live.hop + live.provisional))
    hop = max(1, int(live.hop * scale))
    provisional = min(int(live.provisional * scale), room - hop)
    return LiveOptions(hop, min(int(live.lookahead * scale), provisional), provisional)
