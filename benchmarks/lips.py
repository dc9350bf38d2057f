"""Does the bundle's mouth follow speech that it was not trained on? `make bench-lips`."""

import argparse
import os
from pathlib import Path

import numpy as np

from benchmarks.report import report
from diffsheg_model.audio import read_audio
from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle
from diffsheg_model.engines import create_engine
from diffsheg_model.evaluation.lips import (
    best_lag,
    opening_in_pauses,
    pearson,
    short_time_energy,
    speech_frames,
)
from diffsheg_model.generate import generate

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get('DIFFSHEG_DATA', ROOT.parent / 'shared' / 'data'))
RECORDINGS = (
    ROOT / 'diffsheg_ros/media/speech.flac',
    DATA / 'speech/2_scott_0_3_3.wav',
    DATA / 'speech/forrest_tts.wav',
    DATA / 'beat_scott/2_scott_0_1_1.wav',
    DATA / 'facegood/1114_2_05.wav',
)
SECONDS = 60


def main() -> None:
    """Prints a row for every recording that is here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bundle', type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument('--seeds', type=int, default=4)
    parser.add_argument('recordings', type=Path, nargs='*')
    options = parser.parse_args()
    bundle = load_bundle(options.bundle)
    engine = create_engine('auto', bundle)
    jaw = bundle.config.format.weight_names.index('jawOpen')
    fps = bundle.config.format.fps
    rows = []
    for path in options.recordings or [path for path in RECORDINGS if path.is_file()]:
        samples, rate = read_audio(path)
        samples = samples[: SECONDS * rate]
        scores = []
        for seed in range(options.seeds):
            motion = generate(bundle, engine, [samples], rate, seed=seed)
            opening = motion.weights[:, jaw]
            energy = short_time_energy(samples, rate, fps, len(motion))
            lag, r = best_lag(opening, energy)
            speech = speech_frames(energy)
            scores.append(
                (
                    pearson(opening, energy),
                    r,
                    lag,
                    opening[speech].mean(),
                    opening_in_pauses(opening, energy, fps),
                )
            )
        means = np.mean(scores, axis=0)
        rows.append(
            {
                'recording': path.name,
                'seconds': float(len(samples) / rate),
                'jaw_energy_r': float(means[0]),
                'r_at_best_lag': float(means[1]),
                'lag_frames': float(means[2]),
                'opening_in_speech': float(means[3]),
                'pauses_over_speech': float(means[4]),
            }
        )
    report(f'{bundle.config.name}: jawOpen and speech, mean of {options.seeds} seeds', rows)


if __name__ == '__main__':
    main()
