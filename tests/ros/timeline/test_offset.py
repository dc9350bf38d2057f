"""The fading offset: it joins pose and velocity, within the bounds that it states."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffsheg_model.time_units import NS
from diffsheg_ros.timeline.offset import Offset
from diffsheg_ros.timeline.pose import MovingPose, Poses, moving

JOINTS, WEIGHTS = 5, 4
T0 = 1_700_000_000 * NS
BLEND_S = 0.4
BLEND_NS = round(BLEND_S * NS)


class Spinning:
    """A motion at even speeds, as a plan."""

    def __init__(self, random: np.random.Generator, speed: float) -> None:
        self.start = Rotation.random(JOINTS, random_state=random)
        self.spins = speed * random.standard_normal((JOINTS, 3))
        self.weights = random.uniform(0, 1, WEIGHTS)
        self.rates = speed * random.standard_normal(WEIGHTS)

    def poses(self, times_ns: np.ndarray) -> Poses:
        times_s = (times_ns - T0) / NS
        turned = [(Rotation.from_rotvec(t * self.spins) * self.start).as_quat() for t in times_s]
        return Poses(times_ns, np.array(turned), self.weights + np.outer(times_s, self.rates))

    @property
    def at_start(self) -> MovingPose:
        return MovingPose(self.start.as_quat(), self.weights, self.spins, self.rates)


def spins(poses: Poses) -> np.ndarray:
    """(T - 1, J, 3) angular velocities between even steps of time."""
    step_s = (poses.times_ns[1] - poses.times_ns[0]) / NS
    quaternions = poses.rotations
    between = [
        (Rotation.from_quat(after) * Rotation.from_quat(before).inv()).as_rotvec()
        for before, after in zip(quaternions[:-1], quaternions[1:], strict=True)
    ]
    return np.array(between) / step_s


@pytest.mark.parametrize('seed', range(6))
def test_it_begins_as_shown_and_ends_as_planned_within_its_bounds(seed):
    random = np.random.default_rng(seed)
    shown, planned = (Spinning(random, speed) for speed in random.uniform(0, 6, 2))
    offset = Offset.between(T0, shown.at_start, planned.at_start)
    step_ns = NS // 2000
    times_ns = T0 + np.arange(BLEND_NS // step_ns + 40) * step_ns
    plan = planned.poses(times_ns)
    joined = offset.applied(plan, BLEND_NS)
    start = moving(offset.applied(planned.poses(np.array([T0, T0 + 200])), BLEND_NS))
    assert (Rotation.from_quat(start.rotations) * shown.start.inv()).magnitude().max() < 1e-9
    np.testing.assert_allclose(start.weights, shown.weights, atol=1e-12)
    np.testing.assert_allclose(start.spins, shown.spins, atol=1e-4)
    np.testing.assert_allclose(start.rates, shown.rates, atol=1e-4)
    end = times_ns >= T0 + BLEND_NS
    np.testing.assert_array_equal(joined.rotations[end], plan.rotations[end])
    np.testing.assert_array_equal(joined.weights[end], plan.weights[end])

    # The bounds of the docstring, for weights and for joints.
    size, rate = np.abs(offset.weights), np.abs(offset.weight_rates)
    speed = np.abs(np.diff(joined.weights - plan.weights, axis=0)) / (step_ns / NS)
    assert (speed <= 1.5 * size / BLEND_S + rate + 1e-6).all()
    acceleration = np.abs(np.diff(joined.weights, n=2, axis=0)) / (step_ns / NS) ** 2
    assert (acceleration <= 6 * size / BLEND_S**2 + 4 * rate / BLEND_S + 1e-6).all()
    size = np.linalg.norm(offset.rotvecs, axis=1)
    rate = np.linalg.norm(offset.rotvec_rates, axis=1)
    assert (size <= np.pi + 1e-9).all()
    relative = np.linalg.norm(shown.spins, axis=1) + np.linalg.norm(planned.spins, axis=1)
    assert (rate <= np.pi / 2 * relative + 1e-9).all()
    added = 1.5 * size / BLEND_S + rate
    planned_speed = np.linalg.norm(planned.spins, axis=1)
    velocity = spins(joined)
    assert (np.linalg.norm(velocity, axis=2) <= planned_speed + added + 1e-6).all()
    acceleration = np.linalg.norm(np.diff(velocity, axis=0), axis=2) / (step_ns / NS)
    bound = 6 * size / BLEND_S**2 + 4 * rate / BLEND_S + added**2 + added * planned_speed
    assert (acceleration <= 1.01 * bound + 1e-3).all()


def test_offsets_that_replace_each_other_decay_instead_of_piling_up():
    """Each hop the plan shifts a little and a new offset takes over what is shown."""
    random = np.random.default_rng(2)
    plan, shift = Spinning(random, 0.0), 0.02
    weights = plan.weights.copy()
    offset, shown = None, []
    for hop in range(200):
        at = T0 + np.array([0, 200]) + hop * NS // 15
        poses = plan.poses(at)
        if offset is not None:
            poses = offset.applied(poses, BLEND_NS)
        before = moving(poses)
        if hop < 100:
            plan.weights = weights + shift * random.uniform(-1, 1, WEIGHTS)
        offset = Offset.between(int(at[0]), before, moving(plan.poses(at)))
        shown.append(np.abs(before.weights - plan.weights).max())
    assert max(shown) < 2 * shift + shift
    assert shown[-1] < 1e-6
