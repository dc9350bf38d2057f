"""Quality of motion that is planned while speech is heard, by an engine that is always in time."""

from pathlib import Path

import numpy as np

from benchmarks import measures
from benchmarks.live_settings import Setting
from benchmarks.measures import Model
from benchmarks.samplers import Recordings, Row
from benchmarks.takes import Speech
from diffsheg_model.bundle import load_bundle
from diffsheg_model.engines import create_engine
from diffsheg_model.evaluation.metrics import seams
from diffsheg_model.features.speech_encoder import create_speech_encoder
from diffsheg_model.motion.motion import Motion
from diffsheg_model.session.live_options import LiveOptions


def measure(
    setting: Setting, bundle_folder: Path, engine_name: str, recordings: Recordings, seeds: int
) -> Row:
    """Return all figures of quality of one setting; runs in its own process.

    Args:
        setting: live settings.
        bundle_folder, engine_name: the model, and the engine that runs it on one thread.
        recordings: speech to generate motion for; without a recording its figures are left out.
        seeds: number of seeds to average over, at least 2.
    """
    base = load_bundle(bundle_folder)
    bundle, live = setting.applied(base)
    engine = create_engine(engine_name, base, 1)
    try:
        encoder = create_speech_encoder(base, threads=1)
        model = Model(bundle, engine, encoder, seeds, lambda text: None, live)
        return _figures(model, recordings)
    finally:
        engine.close()


def _figures(model: Model, recordings: Recordings) -> Row:
    motions: list[Motion] = []

    def generate(speech: Speech) -> list[Motion]:
        made = model.motions(speech)
        motions.extend(made)
        return made

    demo, lips, body = recordings.demo, recordings.lips, recordings.body
    scores = measures.heard_lips(model, demo, generate(demo), None, 'other')
    if lips is not None:
        scores |= measures.captured_lips(model, lips, generate(lips.speech), None)
    if body is not None:
        scores |= measures.gesture(model, body, generate(body.speech))
    scores |= measures.eyes(model, motions, demo)
    if model.live is None:
        scores |= measures.seam_quality(model, motions)
    row = {metric: values['bundle'] for metric, values in scores.items() if 'bundle' in values}
    return row if model.live is None else row | hop_seams(motions, model.live)


def hop_seams(motions: list[Motion], live: LiveOptions) -> Row:
    """Return `seams.seam_ratio` of the steps from one hop to the next; empty for hops of 1."""
    if live.hop == 1:
        return {}
    ratios: dict[str, list[float]] = {'seam_rotations': [], 'seam_face': []}
    for motion in motions:
        # At the end of an utterance, all remaining frames come in one window.
        hopped = motion[: len(motion) - live.hop - live.provisional]
        starts = list(range(live.hop, len(hopped), live.hop))
        for name, values in (('seam_rotations', hopped.rotations), ('seam_face', hopped.weights)):
            ratios[name].append(seams.seam_ratio(values, starts, 0))
    return {name: float(np.mean(values)) for name, values in ratios.items()}
