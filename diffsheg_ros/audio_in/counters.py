"""Counters of audio that arrives."""

from dataclasses import dataclass

from diffsheg_ros.diagnostics.counters import Counters, ListenerCounters, counter
from diffsheg_ros.diagnostics.report import WARN


@dataclass
class AudioListenerCounters(ListenerCounters):
    """Counters of a node that subscribes to `audio`."""

    lost_messages: int = counter(
        'messages of `audio` that were published and did not arrive',
        WARN,
        """messages of audio were lost on their way: publish them reliably, with a depth for all
        that is sent at once; best effort loses most messages above 0.5 MB""",
    )


@dataclass
class RejectionCounters(Counters):
    """Counters of chunks that are not valid audio, from every check."""

    rejected_chunks: int = counter(
        """chunks that are not valid audio: samples not finite or far beyond -1..1, a rate outside
        8000..192000 Hz, an `utterance_id` of more than 1000 characters, a `first_sample` that
        jumped by more than `max_gap_s`. The message says which""",
        WARN,
        """chunks were rejected: samples must be finite and -1..1, the rate 8000..192000 Hz, the
        utterance_id at most 1000 characters, and first_sample must count samples""",
    )


@dataclass
class RemarkCounters(RejectionCounters):
    """Counters of unusual chunks; see `Remarks`."""

    sender_mistakes: int = counter(
        """chunks in which a mistake of the sender was recognised
        ([sending_speech.md](sending_speech.md)). The message names it""",
        WARN,
        'the sender of audio makes a mistake',
    )
    unstamped_chunks: int = counter(
        'chunks without a stamp, heard on arrival or when the speech before is over',
        WARN,
        """chunks have no stamp and are heard on arrival, or when the speech before is over: stamp
        each with the time at which its first sample is heard""",
    )
    early_chunks: int = counter(
        """chunks that are stamped before the sound before them is over: with the time of sending,
        faster than real time. They are heard one after the other, from the first stamp on""",
        WARN,
        """chunks are stamped before the sound before them is over: stamp each with the time at
        which its first sample is heard""",
    )
    untimely_chunks: int = counter(
        """chunks that show a difference between the sender's clock and this node's. The message
        gives the difference. It also tells if the sound is placed by its arrival""",
        WARN,
        """stamps are far from this node's clock: synchronise the clocks (chrony, ntp), or set
        use_sim_time on all nodes or on none""",
    )


@dataclass
class InboxCounters(RemarkCounters):
    """Counters of `Inbox`."""

    utterances: int = counter('utterances begun')
    interrupts: int = counter('utterances interrupted: by `~/interrupt`, or by a new utterance')
    dropped_chunks: int = counter(
        'chunks dropped because `max_queue_s` of audio was waiting',
        WARN,
        """audio was dropped because more than max_queue_s of it was waiting: choose a faster
        engine, or send audio less far ahead of its time""",
    )
    stale_chunks: int = counter('chunks of utterances that have ended; they were left out')
    rate_changes: int = counter(
        'chunks with another sample rate than the first chunk of their utterance',
        WARN,
        'the sample rate changed within an utterance: start a new utterance',
    )


@dataclass
class HearingCounters(RejectionCounters):
    """Counters of `UtteranceAudio`: the samples of an utterance and their times."""

    lost_samples: int = counter(
        'samples that did not come within `reorder_s` and were replaced by silence',
        WARN,
        'audio was lost on its way: publish it reliably, and check the network',
    )
    late_samples: int = counter(
        """samples that came after they had been replaced; if `lost_samples` rises too, raise
        `reorder_s`"""
    )
    repeated_samples: int = counter('samples that had arrived before; they were left out')
    reordered_chunks: int = counter('chunks that arrived out of order and were sorted')
    clock_steps: int = counter(
        """times that the stamps of an utterance stepped forward; the motion follows them. The cause
        is a synthesiser that pauses, or a change of the sender's clock"""
    )


@dataclass
class ListeningCounters(InboxCounters, HearingCounters):
    """Counters of whatever turns chunks into utterances: the avatar and the speaker."""

    stalls: int = counter(
        'utterances ended because no chunk came for `stall_s`',
        WARN,
        """an utterance stopped without its last chunk: send end_of_utterance, and check the
        network""",
    )
    resyncs: int = counter(
        'jumps of more than `max_gap_s` in the audio of an utterance; its motion started anew',
        WARN,
        """audio jumped by more than max_gap_s within an utterance; its motion started anew there:
        count first_sample without gaps, and check the network""",
    )
