"""The motion format of a model: joints, weights, frame rate, window."""

from dataclasses import dataclass

from diffsheg_model.checked_fields import require


@dataclass(frozen=True)
class MotionFormat:
    """The channels of a model, in the order: joints x 3, face joints x 3, weights.

    Attributes:
        name: 'beat' or 'show', or a name of your own.
        fps: motion frames a second.
        window_frames: T, the number of frames that the network processes together.
        joint_names: gesture joints; three axis-angle channels each, radians.
        face_joint_names: joints among the expression channels (SHOW's jaw); three channels each.
        weight_names: expression weights: ARKit blendshapes, or FLAME coefficients.
        weights_are_unit: True for weights in [0, 1] (blendshapes), False for free coefficients.
    """

    name: str
    fps: float
    window_frames: int
    joint_names: tuple[str, ...]
    face_joint_names: tuple[str, ...]
    weight_names: tuple[str, ...]
    weights_are_unit: bool

    def __post_init__(self) -> None:
        require(1 <= self.fps <= 240, self, 'fps', 'in 1..240')
        require(2 <= self.window_frames <= 1200, self, 'window_frames', 'in 2..1200')
        names = self.joint_names + self.face_joint_names
        require(len(set(names)) == len(names), self, 'joint_names', 'distinct names')
        require(
            len(set(self.weight_names)) == len(self.weight_names),
            self,
            'weight_names',
            'distinct names',
        )

    @property
    def gesture_dim(self) -> int:
        return 3 * len(self.joint_names)

    @property
    def expression_dim(self) -> int:
        return 3 * len(self.face_joint_names) + len(self.weight_names)

    @property
    def channels(self) -> int:
        return self.gesture_dim + self.expression_dim
