"""The recording of published motion and sound, collected as one motion."""

import os

import numpy as np

from diffsheg_model.motion.motion import Motion
from diffsheg_model.motion.stamped_motion import StampedMotion
from diffsheg_model.time_units import NS
from diffsheg_ros.audio_in.audio_piece import AudioPiece
from diffsheg_ros.audio_in.speech_feed import SpeechFeed
from diffsheg_ros.motion_values import FaceMotion, JointMotion

#: Nanoseconds after which the time of speech does not change any more, so that it can be stored.
_SETTLED_NS = NS
#: Seconds of waiting speech above which it is stored earlier, before the feed must drop any.
_MOST_WAITING_S = 200.0
_EVER_NS = 2**62


class MotionRecording(StampedMotion):
    """A `StampedMotion` of the content of messages.

    Speech has the times at which the avatar and the speaker play it.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Create an empty recording; `folder` is the folder of its spool files (see `Spool`)."""
        super().__init__(folder)
        self._feed = SpeechFeed()
        self._utterance_id = ''

    @property
    def known_end_ns(self) -> int:
        """Time at which the last sample so far is heard, nanoseconds."""
        return max(self.audio_end_ns, self._feed.end_ns)

    def add_audio(self, piece: AudioPiece, arrival_ns: int | None = None) -> None:
        """Add a piece of speech.

        Args:
            piece: the speech.
            arrival_ns: time of arrival; None for the stamp of the piece.
        """
        arrival_ns = piece.start_ns if arrival_ns is None else arrival_ns
        if piece.utterance_id != self._utterance_id:
            # A new utterance may interrupt speech that waits, which was heard up to now.
            self._utterance_id = piece.utterance_id
            self._store(arrival_ns, arrival_ns)
        self._feed.hear(piece, arrival_ns)
        ahead = self._feed.queued_s > _MOST_WAITING_S
        self._store(_EVER_NS if ahead else arrival_ns - _SETTLED_NS, arrival_ns)

    def add_face(self, face: FaceMotion) -> None:
        """Add a face."""
        self.add_weights(face.names, face.times_ns[0], face.weights[0])

    def add_joints(self, joints: JointMotion) -> None:
        """Add a body."""
        self.add_angles(joints.joint_names, joints.times_ns[0], joints.angles[0])

    def motion(self, rate_hz: float, delay_s: float) -> Motion:
        """Return the motion as in `StampedMotion.motion`; call it after all speech arrived."""
        self._store_all()
        return super().motion(rate_hz, delay_s)

    def audio(self, longest_s: float) -> np.ndarray:
        """Return the sound as in `StampedMotion.audio`; call it after all speech arrived."""
        self._store_all()
        return super().audio(longest_s)

    def _store_all(self) -> None:
        while self._feed.queued_s:
            self._store(_EVER_NS, _EVER_NS)
        self._store(_EVER_NS, _EVER_NS)

    def _store(self, until_ns: int, now_ns: int) -> None:
        for sound in self._feed.due(until_ns, now_ns=now_ns, late_ns=until_ns):
            self.add_samples(sound.start_ns, sound.first_sample, sound.sample_rate, sound.samples)
