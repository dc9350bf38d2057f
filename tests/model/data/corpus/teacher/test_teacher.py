"""The rule-based teacher, without any voice: mouth, upper face, gestures."""

import numpy as np
import pytest

from diffsheg_model.data.corpus.teacher import arms, teacher
from diffsheg_model.data.corpus.teacher.events import SpeechEvents, from_audio, from_phones
from diffsheg_model.data.corpus.teacher.mouth import ARTICULATORS, articulate
from diffsheg_model.data.corpus.teacher.styles import STYLES
from diffsheg_model.data.corpus.teacher.upper_face import blink_times
from diffsheg_model.data.corpus.voices.phones import (
    INVENTORY,
    Phone,
    name_from_segment,
    names_from_ipa,
)
from diffsheg_model.data.corpus.voices.speech import phones_from_ends
from diffsheg_model.data.corpus.voices.text import sentence
from diffsheg_model.data.corpus.voices.words import WORDS
from diffsheg_model.motion.formats import BEAT
from diffsheg_model.motion.rest_skeletons import human
from diffsheg_model.motion.skeleton import forward_kinematics

RATE = 16000


def say(*names: str, each_s: float = 0.12, start_s: float = 0.5) -> tuple[Phone, ...]:
    return tuple(
        Phone(name, start_s + i * each_s, start_s + (i + 1) * each_s, 0)
        for i, name in enumerate(names)
    )


def articulation(phones: tuple[Phone, ...], duration_s: float) -> dict[str, np.ndarray]:
    frames = int(duration_s * 60)
    loud = np.ones(frames)
    return dict(
        zip(ARTICULATORS, articulate(phones, duration_s, loud, 60.0, frames).T, strict=True)
    )


def talk(seconds: float, seed: int = 0) -> tuple[tuple[Phone, ...], np.ndarray]:
    """Syllables with pauses, as phones and as a buzz that is loud where they are open."""
    rng = np.random.default_rng(seed)
    phones: list[Phone] = []
    samples = np.zeros(int(seconds * RATE), np.float32)
    time = 0.6
    while time < seconds - 3.0:
        for _ in range(int(rng.integers(5, 12))):
            for name in (
                str(rng.choice(['B', 'T', 'S', 'W'])),
                str(rng.choice(['AA', 'IY', 'UW'])),
            ):
                length = 0.07 if len(name) == 1 else 0.14
                stress = int(len(name) == 2 and rng.random() < 0.4)
                phones.append(Phone(name, time, time + length, stress))
                span = slice(int(time * RATE), int((time + length) * RATE))
                samples[span] = (0.02 if len(name) == 1 else 0.3) * rng.standard_normal(
                    span.stop - span.start
                )
                time += length
        time += 2.0
    return tuple(phones), samples


@pytest.fixture(scope='module')
def spoken() -> tuple[tuple[Phone, ...], np.ndarray, SpeechEvents]:
    phones, samples = talk(60.0)
    return phones, samples, from_phones(phones, samples, RATE, BEAT.fps, 900)


def weight(face: np.ndarray, name: str) -> np.ndarray:
    return face[:, BEAT.weight_names.index(name)]


def test_lips_close_on_bilabials_and_open_on_vowels() -> None:
    mouth = articulation(say('AA', 'B', 'AA', 'M', 'AA', 'P', 'AA'), 2.0)
    for closure in (1, 3, 5):
        middle = int((0.5 + (closure + 0.5) * 0.12) * 60)
        assert mouth['close'][middle] > 0.8
        assert mouth['jaw'][middle] < 0.5 * mouth['jaw'].max()
    vowel = int((0.5 + 2.5 * 0.12) * 60)
    assert mouth['close'][vowel] < 0.35


def test_rounding_spreads_over_a_tongue_consonant() -> None:
    """Coarticulation: the t of 'too' is rounder than the t of 'tea'."""
    rounded = articulation(say('UW', 'T', 'UW'), 1.5)['pucker']
    spread = articulation(say('IY', 'T', 'IY'), 1.5)['pucker']
    middle = int((0.5 + 0.18) * 60)
    assert rounded[middle] > 0.4 > 0.1 > spread[middle]


def test_jaw_follows_vowel_height_and_rests_in_silence() -> None:
    mouth = articulation(say('AA', 'AA', 'IY', 'IY'), 3.0)
    assert mouth['jaw'][int(0.6 * 60)] > 1.8 * mouth['jaw'][int(0.9 * 60)]
    assert mouth['jaw'][int(2.5 * 60) :].max() < 0.02
    assert mouth['jaw'][: int(0.2 * 60)].max() < 0.02


def test_face_opens_with_the_sound(
    spoken: tuple[tuple[Phone, ...], np.ndarray, SpeechEvents],
) -> None:
    phones, _, events = spoken
    face = teacher.face(phones, events, STYLES[0], np.random.default_rng(1))
    assert face.shape == (900, 51)
    assert face.dtype == np.float32
    assert face.min() >= 0.0
    assert face.max() <= 1.0
    jaw = weight(face, 'jawOpen')
    assert np.corrcoef(jaw, events.loudness)[0, 1] > 0.6
    calm = ~np.convolve(events.speaking, np.ones(7), 'same').astype(bool)
    assert jaw[calm].mean() < 0.1 * jaw[events.speaking].mean()
    assert (weight(face, 'mouthClose') <= jaw + 1e-6).all()
    assert (face.std(axis=0) > 1e-4).all(), 'a weight that never moves cannot be normalised'


@pytest.mark.parametrize('style', STYLES, ids=lambda style: style.name)
def test_blinks_are_human(style, spoken) -> None:  # type: ignore[no-untyped-def]
    phones, _, events = spoken
    count = 0
    for seed in range(10):
        for _, duration in blink_times(
            events, style.blinks_per_minute, np.random.default_rng(seed)
        ):
            assert 0.1 <= duration <= 0.4
            count += 1
    assert 8 <= count / 10 <= 30
    face = teacher.face(phones, events, style, np.random.default_rng(2))
    left, right = weight(face, 'eyeBlinkLeft'), weight(face, 'eyeBlinkRight')
    assert np.array_equal(left, right)
    closed = np.diff(np.r_[0, (left > 0.5).astype(int), 0])
    runs = np.flatnonzero(closed == -1) - np.flatnonzero(closed == 1)
    assert 8 <= len(runs) <= 30
    assert runs.max() <= 6  # 400 ms


def wrists(motion: np.ndarray) -> np.ndarray:
    """(F, 2, 3) metres: right and left wrist."""
    skeleton = human('beat')
    places = forward_kinematics(skeleton, BEAT.joint_names, motion)
    return places[:, skeleton.indices(['RightHand', 'LeftHand'])]


@pytest.mark.parametrize('style', STYLES, ids=lambda style: style.name)
def test_gesture_is_smooth_human_and_comes_to_rest(style, spoken) -> None:  # type: ignore[no-untyped-def]
    _, _, events = spoken
    motion = teacher.gesture(events, style, np.random.default_rng(3))
    assert motion.shape == (900, 47, 3)
    assert np.isfinite(motion).all()
    size = np.linalg.norm(motion, axis=2)
    assert size.max() < np.deg2rad(165), 'near 180 degrees an axis-angle flips'
    assert np.linalg.norm(np.diff(motion, axis=0), axis=2).max() < 1.6
    names = BEAT.joint_names
    assert size[:, names.index('Neck')].max() < np.deg2rad(45)
    assert size[:, names.index('Spine')].max() < np.deg2rad(30)
    paths = wrists(motion)
    assert paths[..., 1].min() > 0.75
    assert paths[..., 1].max() < 1.75
    speed = np.linalg.norm(np.diff(paths, axis=0), axis=2) * BEAT.fps
    talking = events.speaking[1:]
    assert 0.05 < np.median(speed[talking]) < 0.9
    assert np.percentile(speed, 99) < 4.0
    after = slice(-8, None)  # more than two seconds after the last word
    assert speed[after].max() < 0.25


def test_strokes_land_on_accents(spoken) -> None:  # type: ignore[no-untyped-def]
    """The hands are faster just before accents than they are at other times of speech."""
    _, _, events = spoken
    before, otherwise = [], []
    for seed in range(4):
        motion = teacher.gesture(events, STYLES[2], np.random.default_rng(seed))
        speed = np.linalg.norm(np.diff(wrists(motion), axis=0), axis=2).max(axis=1) * BEAT.fps
        times = (np.arange(len(speed)) + 0.5) / BEAT.fps
        near = np.zeros(len(speed), bool)
        for accent, _ in events.accents:
            near |= (times > accent - 0.28) & (times < accent - 0.02)
        before.append(speed[near & events.speaking[1:]].mean())
        otherwise.append(speed[~near & events.speaking[1:]].mean())
    assert np.mean(before) > 1.1 * np.mean(otherwise)


def test_styles_differ(spoken) -> None:  # type: ignore[no-untyped-def]
    _, _, events = spoken
    speeds, shares = [], []
    for style in STYLES:
        paths = wrists(teacher.gesture(events, style, np.random.default_rng(5)))
        moved = np.linalg.norm(np.diff(paths, axis=0), axis=2).sum(axis=0)
        speeds.append(moved.sum())
        shares.append(moved[0] / moved.sum())
    assert max(speeds) > 1.8 * min(speeds)
    names = [style.name for style in STYLES]
    assert shares[names.index('left-handed')] < shares[names.index('lecturer')]


def test_the_same_seed_gives_the_same_motion(spoken) -> None:  # type: ignore[no-untyped-def]
    phones, _, events = spoken
    one, same, other = (
        teacher.combine(
            teacher.gesture(events, STYLES[0], np.random.default_rng(seed)),
            teacher.face(phones, events, STYLES[0], np.random.default_rng(seed)),
        )
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_left_arm_reaches_where_it_should() -> None:
    """Conventions: a hanging left arm turns by about -75 degrees around z, the elbow around -y."""
    frames = 3
    still = np.zeros(frames)
    hanging = np.tile([0.09, -0.53, 0.05], (frames, 1))
    inwards = np.tile([-1.0, 0.0, 0.0], (frames, 1))
    joints = arms.solve_left_arm(hanging, inwards, still, still + 0.3, BEAT.fps)
    motion = np.zeros((frames, 47, 3))
    for name, vectors in joints.items():
        motion[:, BEAT.joint_names.index(f'Left{name}')] = vectors
        motion[:, BEAT.joint_names.index(f'Right{name}')] = arms.mirrored(vectors)
    assert joints['Arm'][0, 2] < np.deg2rad(-60)
    skeleton = human('beat')
    places = forward_kinematics(skeleton, BEAT.joint_names, motion)[0]
    shoulder, wrist, right = (
        places[skeleton.index(name)] for name in ('LeftArm', 'LeftHand', 'RightHand')
    )
    assert wrist - shoulder == pytest.approx(hanging[0], abs=0.02)
    assert right == pytest.approx(wrist * [-1, 1, 1], abs=1e-6)


def test_events_from_audio_find_phrases_and_syllables() -> None:
    phones, samples = talk(30.0, seed=4)
    known = from_phones(phones, samples, RATE, BEAT.fps, 450)
    heard = from_audio(samples, RATE, BEAT.fps, 450)
    assert len(heard.phrases) == len(known.phrases)
    for ours, theirs in zip(heard.phrases, known.phrases, strict=True):
        assert ours == pytest.approx(theirs, abs=0.12)
    assert len(heard.accents) >= 2 * len(heard.phrases)
    assert np.mean(heard.speaking == known.speaking) > 0.95


def test_silence_has_no_events_and_a_closed_mouth() -> None:
    silence = np.zeros(5 * RATE, np.float32)
    events = from_audio(silence, RATE, BEAT.fps, 75)
    assert events.phrases == ()
    assert events.accents == ()
    face = teacher.face((), events, STYLES[0], np.random.default_rng(0))
    assert weight(face, 'jawOpen').max() < 0.01
    motion = teacher.gesture(events, STYLES[0], np.random.default_rng(0))
    assert np.linalg.norm(np.diff(wrists(motion), axis=0), axis=2).max() * BEAT.fps < 0.15


@pytest.mark.parametrize(
    ('ipa', 'names'),
    [
        ('oʊ', ['OW']), ('ɛɹ', ['EH', 'R']), ('tʃ', ['CH']), ('yː', ['YY']), ('th', ['T']),
        ('ɑ̃', ['AA']), ('ç', ['HH']), ('', []), ('?', []),
    ],
)  # fmt: skip
def test_ipa_names(ipa: str, names: list[str]) -> None:
    assert names_from_ipa(ipa) == names
    assert set(names) <= INVENTORY


@pytest.mark.parametrize(
    ('segment', 'language', 'name'),
    [
        ('ax', 'en', 'AX'), ('pau', 'en', 'sil'), ('hh', 'en', 'HH'), ('a:', 'cs', 'AA'),
        ('c~', 'cs', 'CH'), ('c', 'cs', 'T'), ('@:', 'fi', 'AE'), ('l:', 'fi', 'L'),
        ('dZ', 'it', 'JH'), ('o1', 'it', 'OW'), ('nn', 'ru', 'N'), ('sch', 'ru', 'SH'),
        ('_', 'cs', None),
    ],
)  # fmt: skip
def test_segment_names(segment: str, language: str, name: str | None) -> None:
    assert name_from_segment(segment, language) == name


def test_phone_times_are_scaled_to_the_waveform_and_unknown_ones_join_the_last() -> None:
    rows = [('sil', 0.2, 0), ('AA', 0.5, 1), (None, 0.6, 0), ('B', 1.0, 0)]
    phones = phones_from_ends(rows, 1.05)
    assert [phone.name for phone in phones] == ['sil', 'AA', 'B']
    assert phones[1].end_s == pytest.approx(0.63)
    assert phones[-1].end_s == pytest.approx(1.05)


def test_sentences_repeat_rarely_and_follow_the_seed() -> None:
    rng = np.random.default_rng(0)
    texts = [sentence('en', rng) for _ in range(2000)]
    assert len(set(texts)) > 1600
    assert texts[:5] == [sentence('en', r) for r in [np.random.default_rng(0)] for _ in range(5)]
    for language in WORDS:
        assert sentence(language, rng).strip()
