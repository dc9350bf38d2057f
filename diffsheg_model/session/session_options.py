"""All that the motion of a session depends on besides the model and the audio."""

import dataclasses
from dataclasses import dataclass

from diffsheg_model.config import BundleConfig, FoppasConfig
from diffsheg_model.errors import InputError
from diffsheg_model.features.speech_encoder import SpeechEncoder
from diffsheg_model.session.live_options import LiveOptions


@dataclass(frozen=True)
class SessionOptions:
    """Choices for one session; settings of the sampler come from the bundle (`with_sampler`).

    Attributes:
        seed: 0 or more; the same seed and audio give the same motion.
        utterance: ordinal, 0 or more, so that equal sentences are not spoken alike.
        speaker: index of the style, 0 .. num_speakers - 1.
        guidance_scale: classifier-free guidance; the bundle's where None.
        live: how to plan on speech that is still being spoken; None for whole windows only.
        speech_encoder: the encoder that the bundle's features ask for; None if they need none.
    """

    seed: int = 0
    utterance: int = 0
    speaker: int = 0
    guidance_scale: float | None = None
    live: LiveOptions | None = None
    speech_encoder: SpeechEncoder | None = None

    def foppas(self, config: BundleConfig) -> FoppasConfig:
        """Return the bundle's sampling settings with the guidance of this session.

        Raises:
            InputError: the guidance is out of its range.
        """
        if self.guidance_scale is None:
            return config.foppas
        return dataclasses.replace(config.foppas, guidance_scale=self.guidance_scale)

    def restyled(
        self, config: BundleConfig, seed: int, speaker: int, guidance_scale: float | None
    ) -> 'SessionOptions':
        """Return the options with another style.

        Raises:
            InputError: a value is out of its range for the bundle.
        """
        options = dataclasses.replace(
            self, seed=seed, speaker=speaker, guidance_scale=guidance_scale
        )
        options.check(config)
        return options

    def check(self, config: BundleConfig) -> None:
        """Raise InputError for a value that is out of its range for a bundle."""
        if self.seed < 0:
            raise InputError(f'seed = {self.seed}: must be 0 or more')
        if self.utterance < 0:
            raise InputError(f'utterance = {self.utterance}: must be 0 or more')
        config.check_speaker(self.speaker)
        foppas = self.foppas(config)
        if self.live is not None:
            self.live.check(config.format.window_frames, foppas)
