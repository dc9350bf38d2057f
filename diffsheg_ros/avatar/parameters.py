"""Parameters of the avatar node."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from diffsheg_model.config import SOLVERS, SPACINGS
from diffsheg_model.engines.registry import ALL_PRECISIONS, ENGINES, PROVIDERS
from diffsheg_model.session.live_options import LiveOptions
from diffsheg_model.session.presets import PRESETS
from diffsheg_model.session.sampler_options import SamplerOptions
from diffsheg_ros.audio_in.parameters import HearingParameters
from diffsheg_ros.parameter_rules import parameter


@dataclass(frozen=True)
class AvatarParameters(HearingParameters):
    """Parameters of the avatar node."""

    autostart: bool = parameter(
        False,
        """True: the node configures and activates itself on start. Leave it false if a launch file
        or a lifecycle manager does this.""",
    )
    exit_on_failure: bool = parameter(
        False,
        """True, with autostart: the process ends with status 2 if configuring or activating fails,
        as launch files need it. False: the node stays unconfigured, so that a wrong value can be
        corrected.""",
    )
    bundle: str = parameter(
        '', 'Folder of the bundle (the model); empty: the bundle of this package.'
    )
    engine: str = parameter(
        'auto',
        'Library that computes the network; auto: the fastest that is installed and works here.',
        choices=ENGINES,
    )
    engine_precision: str = parameter(
        'auto',
        """Number format of the network's arithmetic; auto: fp32. The other formats are faster and
        change the motion a little. Not every engine has them.""",
        choices=ALL_PRECISIONS,
    )
    engine_provider: str = parameter(
        'cpu',
        """Device of engine onnxruntime; cuda and tensorrt need an NVIDIA GPU and
        onnxruntime-gpu.""",
        choices=PROVIDERS,
    )
    engine_threads: int = parameter(
        0,
        """CPU threads of the engine and of the speech encoder; 0: all cores that the process may
        use, except one for the rest of the node.""",
        low=0,
        high=256,
    )
    engine_timeout_s: float = parameter(
        10.0,
        """Longest computing time of a window (about 2 s of motion), seconds. After that another
        engine computes the window, and the late engine is not used again.""",
        low=0.1,
        high=3600.0,
    )
    engine_fallback: bool = parameter(
        True,
        """True: if the engine fails while the node runs, another one takes over, in float32 on the
        CPU. False: the motion of failed windows is left out.""",
    )
    engine_cache: str = parameter(
        '',
        """Folder for files that an engine derives from the bundle, such as TensorRT plans; empty:
        beside the bundle, or ~/.cache/diffsheg if that place cannot be written.""",
    )
    speech_encoder: str = parameter(
        '',
        """Folder of the exported speech encoder, for bundles that use one; empty: the bundle's own,
        or the default folder of `diffsheg export-speech`.""",
    )
    style: int = parameter(
        0,
        'Style of motion, by its index in the bundle. A change takes effect with the next window.',
        low=0,
        high=999,
        live=True,
        former_name='speaker',
    )
    seed: int = parameter(
        0,
        """Seed of the motion: the same seed, audio and order of utterances give the same motion. A
        change takes effect with the next window.""",
        low=0,
        high=2**31 - 1,
        live=True,
    )
    guidance_scale: float = parameter(
        -1.0,
        """Classifier-free guidance, for bundles trained for it; negative: the bundle's. A change
        takes effect with the next window.""",
        low=-1.0,
        high=10.0,
        live=True,
    )
    preset: str = parameter(
        'balanced',
        """Trade-off between delay and quality: low_latency has the shortest delay, quality is the
        motion as generated offline, balanced lies between. The parameters below override it.""",
        choices=tuple(PRESETS),
    )
    hop: int = parameter(
        -1,
        """New frames of a window; 1 reacts fastest and needs most computing time. 0: whole windows;
        negative: the preset's.""",
        low=-1,
        high=1199,
    )
    lookahead: int = parameter(
        -1,
        """Frames of a window beyond the sound heard so far. Their sound is extrapolated. Negative:
        the preset's.""",
        low=-1,
        high=1199,
    )
    provisional: int = parameter(
        -1,
        """Last frames of a window, which the next window plans again. They are shown if it is late.
        Negative: the preset's.""",
        low=-1,
        high=1199,
    )
    sampling_steps: int = parameter(
        0,
        """Sampling steps of an utterance's first window; later windows run fewer. Fewer steps are
        faster. 0: the preset's.""",
        low=0,
        high=1000,
    )
    sampling_solver: str = parameter(
        'preset',
        "Solver of the sampling steps; dpmpp_2m needs fewer steps. preset: the preset's.",
        choices=('preset', *SOLVERS),
    )
    sampling_spacing: str = parameter(
        'preset',
        "Spacing of the sampling steps. preset: the preset's.",
        choices=('preset', *SPACINGS),
    )
    start_fraction: float = parameter(
        0.0,
        "Fraction of the sampling steps that later windows run; 0: the bundle's.",
        low=0.0,
        high=1.0,
    )
    overlap: int = parameter(
        -1,
        "Frames that two successive windows share; negative: the bundle's.",
        low=-1,
        high=1199,
    )
    jump_length: int = parameter(
        0,
        """Sampling steps that a harmonising jump (RePaint) goes back to more noise; 0: the
        bundle's.""",
        low=0,
        high=1000,
    )
    jump_n_sample: int = parameter(
        0,
        "Passes over the steps of each harmonising jump, 1: no jumps; 0: the bundle's.",
        low=0,
        high=100,
    )
    publish_rate_hz: float = parameter(
        60.0, 'Rate of face and joint_states, Hz.', low=1.0, high=240.0
    )
    playout_delay_s: float = parameter(
        -1.0,
        """Delay of the motion, seconds: motion for the sample heard at t is published at t plus
        this delay. Negative: the shortest delay that the hop and this computer allow.""",
        low=-1.0,
        high=60.0,
    )
    idle: bool = parameter(
        True,
        """True: while nobody speaks, show the model's motion in silence (breath, blinks, gaze).
        False: keep the rest pose.""",
    )
    blend_s: float = parameter(
        0.5, 'Duration of every transition to or from rest, seconds.', low=0.05, high=5.0
    )
    hold_s: float = parameter(
        0.5,
        'Longest time to hold the last frame when motion is late, before going to rest, seconds.',
        low=0.0,
        high=10.0,
    )
    stop_timeout_s: float = parameter(
        5.0, 'Longest wait for the engine to stop on deactivation, seconds.', low=0.1, high=60.0
    )
    status_period_s: float = parameter(
        60.0,
        'Time between two status lines in the log, seconds; 0: no status lines.',
        low=0.0,
        high=86_400.0,
    )

    def sampler_options(self) -> SamplerOptions:
        """Return the settings of the sampler that differ from the preset's."""
        kept = {
            'steps': (self.sampling_steps, 0),
            'solver': (self.sampling_solver, 'preset'),
            'spacing': (self.sampling_spacing, 'preset'),
            'start_fraction': (self.start_fraction, 0.0),
            'jump_length': (self.jump_length, 0),
            'jump_n_sample': (self.jump_n_sample, 0),
        }
        changed: dict[str, Any] = {
            name: value for name, (value, the_presets) in kept.items() if value != the_presets
        }
        for name in ('overlap', 'guidance_scale'):
            if getattr(self, name) >= 0:
                changed[name] = getattr(self, name)
        return SamplerOptions(**changed)

    def live_with_overrides(self, live: LiveOptions | None) -> LiveOptions | None:
        """Return the options for speech that is still being spoken; None for whole windows.

        Args:
            live: what the preset says.

        Raises:
            InputError: values that do not go together.
        """
        if self.hop == 0 or (live is None and self.hop < 0):
            return None
        changed = {
            name: getattr(self, name)
            for name in ('hop', 'lookahead', 'provisional')
            if getattr(self, name) >= 0
        }
        return dataclasses.replace(live or LiveOptions(), **changed)
