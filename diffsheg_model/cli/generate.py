"""``diffsheg generate``: motion files from a recording."""

import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from diffsheg_model.cli.options import (
    BundleOption,
    EngineOption,
    Output,
    PrecisionOption,
    Sampler,
    ThreadsOption,
)
from diffsheg_model.cli.progress import frames_progress
from diffsheg_model.engines.registry import Provider
from diffsheg_model.session.presets import PresetName
from diffsheg_model.session.sampler_options import SamplerOptions

EXAMPLE = 'diffsheg generate speech.wav -o out/ --seed 0'

logger = logging.getLogger(__name__)

#: Blocks a second of which the picture shows the lowest and the highest sample.
_PEAKS_HZ = 200


def generate(
    audio: Path,
    output: Output,
    seed: int = 0,
    bundle: BundleOption = None,
    style: Annotated[int, Parameter(name=('--style', '--speaker'))] = 0,
    engine: EngineOption = 'auto',
    precision: PrecisionOption = 'auto',
    provider: Provider = 'cpu',
    engine_cache: Path | None = None,
    threads: ThreadsOption = 0,
    speech_encoder: Path | None = None,
    preset: PresetName = 'quality',
    sampler: Sampler = SamplerOptions(),  # noqa: B008 (frozen)
) -> None:
    """Generate face and gesture motion for a recording.

    Writes motion.bvh, face.csv, motion.npz and curves.png into the output folder, all or none.
    The same recording, bundle and seed give the same motion. A recording may be of any length.
    If the engine fails during the work, another one continues, with a warning.

    Args:
        audio: the recording: any file that libsndfile reads (wav, flac, ogg, mp3), 8 to 192 kHz.
        output: folder for the files. It is created if it does not exist.
        seed: 0 or more. Each seed gives another motion.
        style: style of motion, by its index in the bundle, which says how many there are.
        provider: device for engine onnxruntime. cuda and tensorrt need onnxruntime-gpu.
        engine_cache: folder for files that an engine derives from the bundle. Default: beside the
            bundle, or ~/.cache/diffsheg.
        speech_encoder: folder of the exported speech encoder, for bundles that use one.
        preset: quality uses the whole recording. The others give the motion of a live avatar with
            that preset, which has heard the recording only so far.
        sampler: settings of the sampler. Default: the preset's, or else the bundle's.
    """
    # Long because the signature and its help are the command's interface.
    from diffsheg_model.audio.sound_file import audio_info, read_blocks
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.engines.create import create_serving_engine
    from diffsheg_model.features.speech_encoder import create_speech_encoder
    from diffsheg_model.files.atomic import check_folder_writable
    from diffsheg_model.outputs import write_outputs
    from diffsheg_model.session.generate import generate as generate_motion
    from diffsheg_model.session.presets import PRESETS, live_options, with_preset

    # Every input is checked before the long work begins.
    check_folder_writable(output)
    info = audio_info(audio)
    settings = PRESETS[preset]
    model = with_preset(load_bundle(bundle or DEFAULT_BUNDLE), settings, sampler)
    encoder = create_speech_encoder(model, speech_encoder, threads)
    network = create_serving_engine(
        engine, model, threads, precision=precision, provider=provider, cache=engine_cache
    )
    peaks = _Peaks(info.sample_rate)
    begin = time.perf_counter()
    try:
        with frames_progress(round(info.duration_s * model.config.format.fps)) as update:
            motion = generate_motion(
                model,
                network,
                peaks.watched(read_blocks(audio)),
                info.sample_rate,
                seed=seed,
                speaker=style,
                speech_encoder=encoder,
                live=live_options(settings, model.config),
                on_frames=update,
            )
    finally:
        network.close()
    seconds = time.perf_counter() - begin
    paths = write_outputs(output, motion, model.skeleton, peaks.signal(), peaks.rate)
    logger.info(
        '%d frames (%.1f s) in %.1f s, %.1f frames a second',
        len(motion),
        motion.duration_s,
        seconds,
        len(motion) / seconds,
    )
    for path in paths:
        logger.info('%s', path)


class _Peaks:
    """Lowest and highest sample of each short block of audio, for the waveform in the picture.

    Attributes:
        rate: values a second in `signal`.
    """

    def __init__(self, sample_rate: int) -> None:
        largest = max(1, sample_rate // _PEAKS_HZ)
        # A block size that divides the rate keeps the picture in time to the end.
        self._block = next(n for n in range(largest, 0, -1) if sample_rate % n == 0)
        self.rate = 2 * (sample_rate // self._block)
        self._rest = np.zeros(0, np.float32)
        self._parts: list[np.ndarray] = []

    def watched(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the blocks unchanged, and keep their peaks."""
        for block in blocks:
            samples = np.concatenate([self._rest, block])
            whole = len(samples) - len(samples) % self._block
            self._rest = samples[whole:].copy()
            self._keep(samples[:whole].reshape(-1, self._block))
            yield block

    def signal(self) -> np.ndarray:
        """Return (n,) alternating minima and maxima of all blocks so far."""
        if len(self._rest):
            self._keep(self._rest[None])
            self._rest = self._rest[:0]
        return np.concatenate(self._parts) if self._parts else self._rest

    def _keep(self, blocks: np.ndarray) -> None:
        ends = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1)
        self._parts.append(ends.reshape(-1))
