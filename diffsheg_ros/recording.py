"""What was published, as one motion and its sound."""

from diffsheg_model.stamped_motion import StampedMotion
from diffsheg_ros.audio_piece import AudioPiece
from diffsheg_ros.messages import FaceMotion, JointMotion


class Recording(StampedMotion):
    """Takes what the messages say; see `StampedMotion`."""

    def add_audio(self, piece: AudioPiece) -> None:
        """Takes a piece of speech."""
        self.add_samples(piece.start_ns, piece.first_sample, piece.sample_rate, piece.samples)

    def add_face(self, face: FaceMotion) -> None:
        """Takes the face of a moment."""
        self.add_weights(face.names, face.times_ns[0], face.weights[0])

    def add_joints(self, joints: JointMotion) -> None:
        """Takes the body of a moment."""
        self.add_angles(joints.joint_names, joints.times_ns[0], joints.angles[0])
