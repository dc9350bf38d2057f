"""Good files for every reader, small, with the call that reads them.

A reader is what `untrusted.reading.reader` was put on; a new one needs a line in `SAMPLES`.
"""

import io
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import soundfile

from diffsheg_model.bundle import DEFAULT_BUNDLE
from diffsheg_model.data.recordings import (
    arkit,
    beat,
    facegood,
    livelink,
    show,
)
from diffsheg_model.data.recordings.recording import TakeFiles
from diffsheg_model.data.shard_writer import TakeInfo, write_index, write_take
from diffsheg_model.motion.avatar_rig import AVATAR
from diffsheg_model.motion.formats import ARKIT_WEIGHTS, BEAT, SHOW
from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion_files.arkit_csv import write_face_csv
from diffsheg_model.motion_files.mcap.motion import write_mcap
from diffsheg_model.motion_files.npz import write_npz
from diffsheg_model.motion_files.track import ReadOptions
from tests.support import golden_reference as golden
from tests.support.fuzzing import Sample
from tests.support.made_recordings import (
    TEXTGRID,
    show_pickle,
    write_body,
    write_facial_json,
    write_live_link,
    write_wav,
)

OPTIONS = ReadOptions()
SECONDS = 0.5


def made(path: Path, write: Callable[[Path], object]) -> bytes:
    write(path)
    return path.read_bytes()


def motion(frames: int = 6) -> Motion:
    chance = np.random.default_rng(0)
    return Motion(
        15.0,
        BEAT.joint_names,
        chance.uniform(-1, 1, (frames, len(BEAT.joint_names), 3)).astype(np.float32),
        BEAT.weight_names,
        chance.uniform(0, 1, (frames, len(BEAT.weight_names))).astype(np.float32),
    )


def sounds(path: Path) -> list[bytes]:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 3000).astype(np.float32)
    found = []
    kinds = [('WAV', 'PCM_16'), ('WAV', 'FLOAT'), ('FLAC', None), ('OGG', None), ('AIFF', None)]
    for kind, subtype in kinds:
        file = io.BytesIO()
        soundfile.write(file, samples, 16000, format=kind, subtype=subtype)
        found.append(file.getvalue())
    return found


def tables(path: Path) -> list[bytes]:
    return [
        made(path, lambda p: write_live_link(p, seconds=SECONDS + 1, lost=(3,))),
        made(path, lambda p: write_face_csv(p, motion())),
    ]


def facial_jsons(path: Path) -> list[bytes]:
    return [made(path, lambda p: write_facial_json(p, seconds=SECONDS))]


def bodies(path: Path) -> list[bytes]:
    return [made(path, lambda p: write_body(p, seconds=SECONDS, fps=15.0))]


def recordings(path: Path) -> list[bytes]:
    found = [made(path, lambda p: write_mcap(p, motion(), np.zeros(3000, np.float32), 16000))]
    return [*found, plain_mcap(found[0])]


def plain_mcap(packed: bytes) -> bytes:
    """The same messages without compression and checksums, which would tell of any damage."""
    from mcap.reader import make_reader
    from mcap.writer import CompressionType, Writer

    file = io.BytesIO()
    writer = Writer(file, compression=CompressionType.NONE, enable_crcs=False)
    writer.start('ros2')
    channels: dict[int, int] = {}
    for schema, channel, message in make_reader(io.BytesIO(packed)).iter_messages():
        if channel.id not in channels:
            schema_id = writer.register_schema(schema.name, schema.encoding, schema.data)
            channels[channel.id] = writer.register_channel(channel.topic, 'cdr', schema_id)
        number, when = channels[channel.id], message.log_time
        writer.add_message(number, when, message.data, when, message.sequence)
    writer.finish()
    return file.getvalue()


def npys(path: Path) -> list[bytes]:
    return [
        made(path, lambda p: np.save(p, np.zeros((30, 116), np.float32))),
        made(path, lambda p: np.save(p, np.asfortranarray(np.eye(3)))),
    ]


def pickles(path: Path) -> list[bytes]:
    content = show_pickle(frames=5, hand_columns=12)
    return [pickle.dumps(content, protocol) for protocol in (2, 4, 5)]


def one_file(path: Path, seeds: list[bytes], read: Callable[[Path], object]) -> Sample:
    return Sample(path, seeds, lambda: read(path))


def take(
    folder: Path, module: SimpleNamespace, kind: str, suffix: str, seeds: list[bytes], **files: Path
) -> Sample:
    """A take of one kind, its motion damaged; the sound lasts as long as that."""
    write_wav(folder / '2_scott_0_1_1.wav', SECONDS)
    path = folder / f'2_scott_0_1_1{suffix}'
    found = TakeFiles(path.stem, {'wav': folder / f'{path.stem}.wav', kind: path, **files})
    return Sample(path, seeds, lambda: module.read(found, OPTIONS))


def facegood_take(folder: Path) -> Sample:
    used = sorted({column for shares in facegood.MAPPING.values() for column in shares})
    names = used + [f'column_{k}' for k in range(facegood.COLUMNS - len(used))]
    np.save(folder / facegood.NAMES, np.array(names))
    return take(folder, facegood, 'npy', '.npy', npys(folder / 'made.npy')[:1],
                names=folder / facegood.NAMES)  # fmt: skip


def hand_components(folder: Path) -> Sample:
    path = folder / 'hands.npz'
    basis = np.eye(45)
    fields = {'hands_componentsl': basis, 'hands_componentsr': basis}
    seeds = [made(path, lambda p: np.savez(p, **fields))]
    return one_file(path, seeds, show.read_hand_components)


def annotations(folder: Path, name: str) -> Sample:
    from diffsheg_model.data.recordings.annotations import read_semantic, read_textgrid

    if name == 'semantic':
        seeds = [b'beat\t0.1\t0.5\t0.4\t0.3\thello\nno\t1\t2\t1\t0.1\t\n' * 5]
        return one_file(folder / 'x.txt', seeds, read_semantic)
    return one_file(folder / 'x.TextGrid', [TEXTGRID.encode()], read_textgrid)


def messages(folder: Path) -> Sample:
    from diffsheg_model.motion_files.mcap.definitions import FACE_BLENDSHAPES
    from diffsheg_model.motion_files.mcap.reader import read_messages

    path = folder / 'x.mcap'
    return one_file(
        path, recordings(path), lambda p: list(read_messages(p, {'/face': FACE_BLENDSHAPES}))
    )


def bundle(folder: Path) -> Sample:
    from diffsheg_model.bundle import load_bundle

    shutil.copytree(DEFAULT_BUNDLE, folder / 'bundle')
    path = folder / 'bundle' / 'bundle.json'
    return one_file(path, [path.read_bytes()], lambda p: load_bundle(p.parent))


def shards(folder: Path, name: str) -> Sample:
    from diffsheg_model.data.shards import open_shards, open_take

    chance = np.random.default_rng(0)
    info = TakeInfo(
        speaker=0, fps=BEAT.fps, source='made', licence='none', gesture_valid=True, face_valid=True,
        weight_mask=(True,) * len(BEAT.weight_names),
    )  # fmt: skip
    channels = chance.uniform(0, 1, (40, BEAT.channels)).astype(np.float32)
    write_take(folder / 'take', np.zeros(40 * 16000 // 15, np.float32), channels, info, BEAT)
    write_index(folder, ['take'], {}, BEAT)
    if name == 'take':
        path = folder / 'take' / 'take.json'
        return Sample(path, [path.read_bytes()], lambda: open_take(folder / 'take', BEAT))
    if name == 'numbers':
        path = folder / 'take' / 'motion.npy'
        return Sample(path, [path.read_bytes()], lambda: open_shards(folder, in_memory=True))
    path = folder / 'dataset.json'
    return Sample(path, [path.read_bytes()], lambda: open_shards(folder))


def checkpoint(folder: Path) -> Sample:
    import torch

    from diffsheg_model.network.official_checkpoint import read_state_dict

    path = folder / 'x.tar'
    state = golden.state_dict('beat_tiny', golden.sinusoidal_positions)
    tensors = {name: torch.from_numpy(state[name]) for name in list(state)[:6]}
    seeds = [made(path, lambda p: torch.save({'encoder': tensors, 'ep': 9}, p))]
    return one_file(path, seeds, read_state_dict)


def statistics(folder: Path) -> Sample:
    from diffsheg_model.network.official_checkpoint import read_statistics

    values = {
        f'{part}_{kind}': np.ones(size)
        for part, size in (('pose', 165), ('expression', 100))
        for kind in ('mean', 'std')
    }
    path = folder / 'talkshow_mean_std.npy'
    np.save(path, np.array(values, dtype=object), allow_pickle=True)
    return Sample(path, [path.read_bytes()], lambda: read_statistics(folder, SHOW))


def autoencoder(folder: Path) -> Sample:
    from diffsheg_model.evaluation.frechet.autoencoder import (
        RECORD,
        MotionAutoencoder,
        load_autoencoder,
        save_autoencoder,
    )
    from diffsheg_model.evaluation.frechet.protocol import Protocol

    protocol = Protocol(
        format=BEAT, channels='expression', window_frames=34, stride=10, latent_dim=4, hidden_dim=4,
        batch_size=2, learning_rate=1e-3, seed=0, data_sha256='0', takes=1, windows=1,
        held_out_windows=1, steps=1, minutes=0.0, unexplained=1.0,
    )  # fmt: skip
    width = len(ARKIT_WEIGHTS)
    network = MotionAutoencoder(width, 34, 4, 4)
    save_autoencoder(folder / 'net', protocol, network, np.zeros(width), np.ones(width))
    path = folder / 'net' / RECORD
    return one_file(path, [path.read_bytes()], lambda p: load_autoencoder(p.parent))


def encoder_card(folder: Path) -> Sample:
    from diffsheg_model.features.speech_encoder import _read_card

    card = dict(name='hubert', dim=8, min_samples=400, max_samples=64000, normalise=True, source='')
    return one_file(folder / 'encoder.json', [json.dumps(card).encode()], _read_card)


def features_card(folder: Path) -> Sample:
    from diffsheg_model.data.speech_features import _read_card

    return one_file(folder / 'speech.json', [b'{"overlap": 4, "digest": "0123"}'], _read_card)


def sound(folder: Path, name: str) -> Sample:
    from diffsheg_model.audio.sound_file import audio_info, read_audio, read_blocks
    from diffsheg_model.data.recordings.recording import read_samples

    readers = {
        'audio_info': audio_info,
        'read_audio': read_audio,
        'read_blocks': lambda path: list(read_blocks(path)),
        'read_samples': read_samples,
    }
    path = folder / 'x.wav'
    return one_file(path, sounds(path), readers[name])


def motion_file(folder: Path, suffix: str) -> Sample:
    from diffsheg_model.motion_files.read import read_motion

    makers = {
        '.npz': lambda path: [made(path, lambda p: write_npz(p, motion()))],
        '.mcap': recordings,
        '.bvh': bodies,
        '.csv': tables,
        '.json': facial_jsons,
    }
    path = folder / f'x{suffix}'
    return one_file(path, makers[suffix](path), read_motion)


def plain(folder: Path, name: str, suffix: str, seeds: Callable[[Path], list[bytes]], *arguments):
    """A reader that is looked up by its module and name."""
    import importlib

    module, _, function = name.rpartition('.')
    read = getattr(importlib.import_module(f'diffsheg_model.{module}'), function)
    path = folder / f'x{suffix}'
    return one_file(path, seeds(path), lambda p: read(p, *arguments))


def object_arrays(path: Path) -> list[bytes]:
    content = np.array({'a': np.zeros(3), 'b': [1, 'x']}, dtype=object)
    return [*npys(path), made(path, lambda p: np.save(p, content, allow_pickle=True))]


SAMPLES: dict[str, Callable[[Path], Sample]] = {
    'untrusted.array_files.read_npy': lambda f: plain(
        f, 'untrusted.array_files.read_npy', '.npy', npys
    ),
    'audio.sound_file.audio_info': lambda f: sound(f, 'audio_info'),
    'audio.sound_file.read_audio': lambda f: sound(f, 'read_audio'),
    'audio.sound_file.read_blocks': lambda f: sound(f, 'read_blocks'),
    'bundle.load_bundle': bundle,
    'network.official_checkpoint.read_state_dict': checkpoint,
    'network.official_checkpoint.read_statistics': statistics,
    'evaluation.frechet.autoencoder.load_autoencoder': autoencoder,
    'motion_files.glb.read_glb': lambda f: plain(
        f, 'motion_files.glb.read_glb', '.glb', lambda p: [AVATAR.read_bytes()]
    ),
    'motion_files.npz.read_npz': lambda f: plain(
        f,
        'motion_files.npz.read_npz',
        '.npz',
        lambda p: [made(p, lambda q: write_npz(q, motion()))],
    ),
    'motion_files.mcap.reader.read_messages': messages,
    'motion_files.mcap.reader.read_topics': lambda f: plain(
        f, 'motion_files.mcap.reader.read_topics', '.mcap', recordings
    ),
    **{
        f'motion_files.read._read_checked{suffix}': lambda f, suffix=suffix: motion_file(f, suffix)
        for suffix in ('.npz', '.mcap', '.bvh', '.csv', '.json')
    },
    'data.recordings.annotations.read_semantic': lambda f: annotations(f, 'semantic'),
    'data.recordings.annotations.read_textgrid': lambda f: annotations(f, 'textgrid'),
    'data.recordings.arkit.read': lambda f: take(f, arkit, 'csv', '.csv', tables(f / 'made.csv')),
    'motion_files.arkit_csv.read_arkit_csv': lambda f: plain(
        f, 'motion_files.arkit_csv.read_arkit_csv', '.csv', tables, None, OPTIONS
    ),
    'motion_files.table.read_table': lambda f: plain(
        f, 'motion_files.table.read_table', '.csv', tables
    ),
    'data.recordings.beat.read': lambda f: take(
        f, beat, 'bvh', '.bvh', bodies(f / 'made.bvh'), json=_face_of_beat(f)
    ),
    'data.recordings.body.read_body': lambda f: plain(
        f, 'data.recordings.body.read_body', '.bvh', bodies, SECONDS, OPTIONS, True
    ),
    'motion_files.bvh.read_bvh': lambda f: plain(f, 'motion_files.bvh.read_bvh', '.bvh', bodies),
    'data.recordings.facegood.read': facegood_take,
    'motion_files.facial_json.read_facial_json': lambda f: plain(
        f, 'motion_files.facial_json.read_facial_json', '.json', facial_jsons, None, OPTIONS
    ),
    'data.recordings.livelink.read': lambda f: take(
        f, livelink, 'csv', '.csv', tables(f / 'made.csv')[:1]
    ),
    'motion_files.mcap.motion.read_mcap': lambda f: plain(
        f, 'motion_files.mcap.motion.read_mcap', '.mcap', recordings
    ),
    'data.recordings.recording.read_samples': lambda f: sound(f, 'read_samples'),
    'motion_files.track.read_text': lambda f: plain(
        f, 'motion_files.track.read_text', '.txt', lambda p: [b'a,b\n1,2\n', 'ä\n'.encode()]
    ),
    'data.recordings.show.read': lambda f: take(f, show, 'pkl', '.pkl', pickles(f / 'made.pkl')),
    'data.recordings.show.read_hand_components': hand_components,
    'untrusted.restricted_pickle.load_npy': lambda f: plain(
        f, 'untrusted.restricted_pickle.load_npy', '.npy', object_arrays
    ),
    'features.speech_encoder._read_card': encoder_card,
    'data.shards.open_shards': lambda f: shards(f, 'index'),
    'data.shards.open_shards in memory': lambda f: shards(f, 'numbers'),
    'data.shards.open_take': lambda f: shards(f, 'take'),
    'data.speech_features._read_card': features_card,
}
"""By module and name; what follows a space or the name of a function tells samples apart."""


def _face_of_beat(folder: Path) -> Path:
    write_facial_json(folder / 'face.json', seconds=SECONDS)
    return folder / 'face.json'
