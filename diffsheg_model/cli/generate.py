"""``diffsheg generate``: a recording becomes motion files."""

import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from diffsheg_model.cli import Output, Sampler
from diffsheg_model.cli.progress import frames_progress
from diffsheg_model.engines.registry import EngineName, Precision, Provider
from diffsheg_model.session.presets import PresetName
from diffsheg_model.session.sampler_options import SamplerOptions

EXAMPLE = 'diffsheg generate speech.wav -o out/ --seed 0'

logger = logging.getLogger(__name__)

#: Stretches a second of which the waveform's peaks are kept for the picture.
_PEAKS_HZ = 200


def generate(
    audio: Path,
    output: Output,
    seed: int = 0,
    bundle: Path | None = None,
    speaker: int = 0,
    engine: EngineName = 'auto',
    precision: Precision = 'auto',
    provider: Provider = 'cpu',
    engine_cache: Path | None = None,
    threads: int = 0,
    speech_encoder: Path | None = None,
    preset: PresetName = 'quality',
    sampler: Sampler = SamplerOptions(),  # noqa: B008 (frozen)
) -> None:
    """Generates the face and gesture motion for a recording.

    Writes motion.bvh, face.csv, motion.npz and curves.png into the output folder, all or none.
    The same recording, bundle and seed give the same motion. A recording may be of any length.

    Args:
        audio: the recording, any file that libsndfile reads (wav, flac, ogg, mp3), 8..192 kHz.
        output: folder to write into; made where it does not exist.
        seed: 0 or more; another seed gives another motion.
        bundle: the model's folder; the one that comes with the package unless given.
        speaker: whose style, 0 or more; the bundle says how many it knows.
        engine: what runs the network; auto takes the fastest that is installed and works here.
            If it fails in the middle, another one makes the rest of the motion, with a warning.
        precision: of the network's arithmetic; auto is fp32, the others change the motion a
            little, and not every engine has them.
        provider: where engine onnxruntime computes; cuda and tensorrt need onnxruntime-gpu.
        engine_cache: folder for what an engine derives from the bundle; beside the bundle, or in
            ~/.cache/diffsheg, unless given.
        threads: CPU threads; 0 is all cores but one.
        speech_encoder: folder of the exported speech encoder, for bundles that use one.
        preset: quality hears the whole recording; the others make the motion that a live avatar
            with that preset makes, as far as the recording has been spoken.
        sampler: settings of the sampler; the preset's or the bundle's unless given.
    """
    from diffsheg_model.audio.sound_file import audio_info, read_blocks
    from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
    from diffsheg_model.engines.create import create_serving_engine
    from diffsheg_model.features.speech_encoder import create_speech_encoder
    from diffsheg_model.files.atomic import check_folder_writable
    from diffsheg_model.outputs import write_outputs
    from diffsheg_model.session.generate import generate as generate_motion
    from diffsheg_model.session.presets import PRESETS, live_options, with_preset

    # All that can be refused is refused before the work.
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
                speaker=speaker,
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
    """The minimum and maximum of each short stretch of audio: all that a picture shows of it.

    Attributes:
        rate: numbers a second in `signal`.
    """

    def __init__(self, sample_rate: int) -> None:
        shortest = max(1, sample_rate // _PEAKS_HZ)
        # A stretch that divides the rate keeps the picture in time to the end.
        self._stretch = next(n for n in range(shortest, 0, -1) if sample_rate % n == 0)
        self.rate = 2 * (sample_rate // self._stretch)
        self._rest = np.zeros(0, np.float32)
        self._parts: list[np.ndarray] = []

    def watched(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Hands the blocks on."""
        for block in blocks:
            samples = np.concatenate([self._rest, block])
            whole = len(samples) - len(samples) % self._stretch
            self._rest = samples[whole:].copy()
            self._keep(samples[:whole].reshape(-1, self._stretch))
            yield block

    def signal(self) -> np.ndarray:
        """(n,) minima and maxima by turns, of all that has passed."""
        if len(self._rest):
            self._keep(self._rest[None])
            self._rest = self._rest[:0]
        return np.concatenate(self._parts) if self._parts else self._rest

    def _keep(self, stretches: np.ndarray) -> None:
        ends = np.stack([stretches.min(axis=1), stretches.max(axis=1)], axis=1)
        self._parts.append(ends.reshape(-1))
