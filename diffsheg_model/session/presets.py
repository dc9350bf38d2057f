"""Live presets: low_latency, balanced and quality."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from diffsheg_model.bundle import Bundle
from diffsheg_model.config import BundleConfig
from diffsheg_model.session.live_options import LiveOptions, most_new_frames
from diffsheg_model.session.sampler_options import SamplerOptions, with_sampler

#: Frames a second that the presets are written for.
PRESET_FPS = 15.0


@dataclass(frozen=True)
class Preset:
    """Settings that go together; docs/live.md compares them.

    Attributes:
        live: options for speech that is still being spoken, in frames of `PRESET_FPS`; None for
            whole windows.
        sampler: settings of the sampler that differ from the bundle's.
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
    """Return the bundle with the settings of a preset.

    Args:
        bundle: the model.
        preset: the settings.
        sampler: settings that replace the preset's.

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
    """Return a preset's live options for a bundle: as long in time, as far as windows have room."""
    live, format_ = preset.live, config.format
    if live is None:
        return None
    scale = format_.fps / PRESET_FPS
    room = most_new_frames(format_.window_frames, config.foppas.overlap)
    scale = min(scale, room / (live.hop + live.provisional))
    hop = max(1, int(live.hop * scale))
    provisional = min(int(live.provisional * scale), room - hop)
    return LiveOptions(hop, min(int(live.lookahead * scale), provisional), provisional)
