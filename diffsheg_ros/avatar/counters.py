"""Counters of the avatar."""

from dataclasses import dataclass

from diffsheg_ros.audio_in.counters import AudioListenerCounters, ListeningCounters
from diffsheg_ros.diagnostics.counters import Counters, counter
from diffsheg_ros.diagnostics.report import ERROR, WARN


@dataclass
class WorkerCounters(ListeningCounters):
    """Counters of `MotionWorker` and of the audio that it hears."""

    windows: int = counter('windows generated for speech')
    frames: int = counter('final frames in these windows')
    idle_windows: int = counter('windows generated for idle motion')
    long_hops: int = counter(
        """windows with more new frames than a hop, because there was no time for more windows;
        WARN if they are a tenth of the windows or more""",
        WARN,
        'the CPU cannot keep up with the hop: raise hop, or choose preset balanced or quality',
    )
    failed_windows: int = counter(
        """windows left out because the engine raised an error, hung or returned NaN or infinite
        numbers, and no other engine took over""",
        ERROR,
        'the engine failed ({last_error}): configure the node again, or choose another engine',
    )
    callback_errors: int = counter(
        'windows or interrupts that could not be published',
        ERROR,
        'publishing motion failed ({last_error}); see the log: a fault of the program',
    )


@dataclass
class MotionCounters(Counters):
    """Counters of the motion on its way from the worker to the topics."""

    late_windows: int = counter(
        'windows that came after the time of their first new frame',
        WARN,
        'motion came too late: raise playout_delay_s, lower sampling_steps, or free the CPU',
    )
    underruns: int = counter(
        """times that the body was held because its next frame was overdue; without `late_windows`
        the sound itself came late""",
        WARN,
        """the body was held because motion was missing: raise playout_delay_s, or send audio
        sooner""",
    )
    fallbacks: int = counter(
        'times that another engine took over; see `last_fallback`, which is WARN'
    )
    rejected_emphases: int = counter(
        """`Emphasis` messages with a duration or gain out of range, or more than an hour ahead""",
        WARN,
        """an Emphasis needs a duration above 0 and at most 3600 s, a gain of 0 to 2, and a time
        within the next hour""",
    )
    dropped_emphases: int = counter(
        '`Emphasis` messages dropped because more than 256 were waiting',
        WARN,
        'too many Emphasis messages wait: send them closer to their time',
    )
    late_emphases: int = counter(
        '`Emphasis` messages that came after their span of speech',
        WARN,
        'an Emphasis came after its span of speech: send it earlier',
    )
    pose_errors: int = counter(
        'poses that could not be computed; the last one was published again',
        ERROR,
        """computing the pose failed ({last_pose_error}); the last one is held: a fault of the
        program""",
    )
    layer_failures: int = counter(
        """times that a layer of motion, such as emphasis, failed; it was reset, and the rest of the
        motion went on""",
        ERROR,
        """a layer of motion failed and was reset ({layer_error}); the rest of the motion goes on: a
        fault of the program""",
    )


@dataclass
class AvatarNodeCounters(AudioListenerCounters):
    """Counters of the node around the avatar."""

    heard_chunks: int = counter(
        'chunks received; if the sender has sent more, the others were lost on the way'
    )
    pose_gaps: int = counter(
        'times that no pose was published for 0.5 s',
        ERROR,
        'no pose was published for a while ({last_gap})',
    )
    clock_jumps: int = counter(
        "times that the node's clock went back, or forward by 10 s and more at once",
        WARN,
        'the clock jumped: all earlier speech has ended, start a new utterance',
    )


@dataclass
class AvatarCounters(AvatarNodeCounters, MotionCounters, WorkerCounters):
    """All counters that the avatar reports."""
