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
        """Configure and activate by itself on start. Leave false where a launch file or a
        lifecycle manager does that.""",
    )
    exit_on_failure: bool = parameter(
        False,
        """With autostart: end the process with status 2 where configuring or activating fails, as
        launch files want it. False: stay unconfigured, so that a wrong value can be set right.""",
    )
    bundle: str = parameter(
        '', 'Folder of the model bundle; empty: the one that comes with the package.'
    )
    engine: str = parameter(
        'auto',
        'What runs the network; auto: the fastest that is installed and works here.',
        choices=ENGINES,
    )
    engine_precision: str = parameter(
        'auto',
        """Precision of the network's arithmetic; auto: fp32. The others are faster and change the
        motion a little; not every engine has them.""",
        choices=ALL_PRECISIONS,
    )
    engine_provider: str = parameter(
        'cpu',
        """Where engine onnxruntime computes; cuda and tensorrt need an NVIDIA GPU and
        onnxruntime-gpu.""",
        choices=PROVIDERS,
    )
    engine_threads: int = parameter(
        0,
        """CPU threads of the engine and of the speech encoder; 0: all cores that the process may
        use but one, which is left to the rest of the node.""",
        low=0,
        high=256,
    )
    engine_timeout_s: float = parameter(
        10.0,
        """A window of motion (about 2 s of it) that takes longer is made by another engine,
        seconds; the one that was late is not asked again.""",
        low=0.1,
        high=3600.0,
    )
    engine_fallback: bool = parameter(
        True,
        """Let another engine take over, in float32 on the CPU, when this one fails in the middle of
        a run. False leaves out the motion that it fails to make.""",
    )
    engine_cache: str = parameter(
        '',
        """Folder for what an engine derives from the bundle, such as TensorRT plans; empty: beside
        the bundle, or in ~/.cache/diffsheg where that cannot be written.""",
    )
    speech_encoder: str = parameter(
        '',
        """Folder of the exported speech encoder, for bundles that use one; empty: the bundle's own,
        or where `diffsheg export-speech` puts it.""",
    )
    style: int = parameter(
        0,
        'Style of motion, by its index in the bundle; a change holds from the next window on.',
        low=0,
        high=999,
        live=True,
        former_name='speaker',
    )
    seed: int = parameter(
        0,
        """Seed of the motion: the same seed, audio and order of utterances give the same motion; a
        change is for the next window.""",
        low=0,
        high=2**31 - 1,
        live=True,
    )
    guidance_scale: float = parameter(
        -1.0,
        """Classifier-free guidance, for bundles trained for it; negative: the bundle's. A change is
        for the next window.""",
        low=-1.0,
        high=10.0,
        live=True,
    )
    preset: str = parameter(
        'balanced',
        """What matters: low_latency follows the voice closely, quality is the motion as generated
        offline, balanced lies between. The parameters below override what it sets.""",
        choices=tuple(PRESETS),
    )
    hop: int = parameter(
        -1,
        """New frames of a window; 1 reacts soonest and takes most work. 0: whole windows; negative:
        the preset's.""",
        low=-1,
        high=1199,
    )
    lookahead: int = parameter(
        -1,
        """Frames that a window is planned beyond the sound heard, which is taken to go on as it
        was; negative: the preset's.""",
        low=-1,
        high=1199,
    )
    provisional: int = parameter(
        -1,
        """Last frames of a window that the next one plans anew; they are shown where it is late.
        Negative: the preset's.""",
        low=-1,
        high=1199,
    )
    sampling_steps: int = parameter(
        0,
        """Calls of the network for a first window, fewer for the later ones; 0: the preset's. Fewer
        are faster.""",
        low=0,
        high=1000,
    )
    sampling_solver: str = parameter(
        'preset',
        "How a sampling step is taken; dpmpp_2m needs fewer of them. preset: the preset's.",
        choices=('preset', *SOLVERS),
    )
    sampling_spacing: str = parameter(
        'preset',
        "How sampling steps are spaced. preset: the preset's.",
        choices=('preset', *SPACINGS),
    )
    start_fraction: float = parameter(
        0.0,
        "Share of the sampling steps that a later window runs through; 0: the bundle's.",
        low=0.0,
        high=1.0,
    )
    overlap: int = parameter(
        -1,
        "Frames that neighbouring windows share; negative: the bundle's.",
        low=-1,
        high=1199,
    )
    jump_length: int = parameter(
        0, "Steps that a harmonising jump goes back up; 0: the bundle's.", low=0, high=1000
    )
    jump_n_sample: int = parameter(
        0,
        "Passes over each harmonising jump, 1 for no jumps; 0: the bundle's.",
        low=0,
        high=100,
    )
    publish_rate_hz: float = parameter(
        60.0, 'How often face and joint_states are published, Hz.', low=1.0, high=240.0
    )
    playout_delay_s: float = parameter(
        -1.0,
        """Motion for the sample heard at t is stamped and published t + this, seconds; negative:
        the least that the hop and this computer allow.""",
        low=-1.0,
        high=60.0,
    )
    idle: bool = parameter(
        True,
        """Move while nobody speaks, as the model does in silence (breath, blinks, gaze); false:
        keep the rest pose.""",
    )
    blend_s: float = parameter(
        0.5, 'How long every transition to or from rest takes, seconds.', low=0.05, high=5.0
    )
    hold_s: float = parameter(
        0.5,
        'How long the last frame is held for a late one before going to rest, seconds.',
        low=0.0,
        high=10.0,
    )
    stop_timeout_s: float = parameter(
        5.0, 'How long deactivation waits for the engine to stop, seconds.', low=0.1, high=60.0
    )
    status_period_s: float = parameter(
        60.0,
        'How often the log says in one line how the avatar is, seconds; 0: never.',
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
