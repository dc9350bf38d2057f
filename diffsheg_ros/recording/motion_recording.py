"""What was published, as one motion and its sound."""

import os

import numpy as np

from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.stamped_motion import StampedMotion
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.speech_feed import SpeechFeed
from diffsheg_ros.motion_values import FaceMotion, JointMotion

#: Speech is kept when it was heard so long ago: its time does not change any more.
_SETTLED_NS = NS
#: Speech that is sent far ahead is kept sooner, before the feed has to drop any.
_MOST_WAITING_S = 200.0
_EVER_NS = 2**62


class MotionRecording(StampedMotion):
    """Takes what the messages say; see `StampedMotion`.

    Speech lies at the times at which the avatar and the speaker hear it.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Begin empty; `folder` is where it is kept, as `Spool` takes it."""
        super().__init__(folder)
        self._feed = SpeechFeed()
        self._utterance_id = ''

    @property
    def known_end_ns(self) -> int:
        """When the last sample that has come is heard."""
        return max(self.audio_end_ns, self._feed.end_ns)

    def add_audio(self, piece: AudioPiece, arrival_ns: int | None = None) -> None:
        """Take a piece of speech.

        Args:
            piece: the speech.
            arrival_ns: when it came; its stamp where left out.
        """
        arrival_ns = piece.start_ns if arrival_ns is None else arrival_ns
        if piece.utterance_id != self._utterance_id:
            # It may interrupt what waits; up to now that was heard.
            self._utterance_id = piece.utterance_id
            self._keep(arrival_ns, arrival_ns)
        self._feed.hear(piece, arrival_ns)
        ahead = self._feed.queued_s > _MOST_WAITING_S
        self._keep(_EVER_NS if ahead else arrival_ns - _SETTLED_NS, arrival_ns)

    def add_face(self, face: FaceMotion) -> None:
        """Take the face of a moment."""
        self.add_weights(face.names, face.times_ns[0], face.weights[0])

    def add_joints(self, joints: JointMotion) -> None:
        """Take the body of a moment."""
        self.add_angles(joints.joint_names, joints.times_ns[0], joints.angles[0])

    def motion(self, rate_hz: float, delay_s: float) -> Motion:
        """Return the motion, see `StampedMotion.motion`; all speech has come."""
        self._keep_all()
        return super().motion(rate_hz, delay_s)

    def audio(self, longest_s: float) -> np.ndarray:
        """Return the sound, see `StampedMotion.audio`; all speech has come."""
        self._keep_all()
        return super().audio(longest_s)

    def _keep_all(self) -> None:
        while self._feed.queued_s:
            self._keep(_EVER_NS, _EVER_NS)
        self._keep(_EVER_NS, _EVER_NS)

    def _keep(self, until_ns: int, now_ns: int) -> None:
        for sound in self._feed.due(until_ns, now_ns=now_ns, late_ns=until_ns):
            self.add_samples(sound.start_ns, sound.first_sample, sound.sample_rate, sound.samples)
