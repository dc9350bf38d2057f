"""Counters that several nodes have, with their level and the advice that goes with them."""

from diffsheg_ros.diagnostics.report import ERROR, WARN

#: By name: level, and what happened and what to do; told when the counter rises.
SHARED_NEWS: dict[str, tuple[int, str]] = {
    'rejected_chunks': (
        WARN,
        'chunks were rejected: samples must be finite and -1..1, the rate 8000..192000 Hz, the '
        'utterance_id at most 1000 characters, and first_sample must count samples',
    ),
    'sender_mistakes': (WARN, 'the sender of audio makes a mistake'),
    'rate_changes': (WARN, 'the sample rate changed within an utterance: begin a new one'),
    'lost_samples': (
        WARN,
        'audio was lost on its way: publish it reliably, and check the network',
    ),
    'lost_messages': (
        WARN,
        'messages of audio were lost on their way: publish them reliably, with a depth for all '
        'that is sent at once; best effort loses most messages above 0.5 MB',
    ),
    'stalls': (WARN, 'an utterance stopped without its last chunk (end_of_utterance)'),
    'unstamped_chunks': (
        WARN,
        'chunks have no stamp and are heard on arrival, or when the speech before is over',
    ),
    'early_chunks': (WARN, 'chunks are stamped before the sound before them is over'),
    'untimely_chunks': (
        WARN,
        "stamps are far from this node's clock: check the clocks, or use_sim_time",
    ),
    'refused_messages': (WARN, 'messages were refused ({last_refusal}): mend the sender'),
    'faults': (ERROR, 'a callback failed; see the log'),
}
