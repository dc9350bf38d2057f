"""Training data made here: synthetic speech with a rule-based teacher, and FACEGOOD's real lips.

The flow of one synthetic take: `text` writes sentences, `voices` speaks them and says when each
phone sounds, `augment` puts the voice into a room, `mouth`, `upper_face`, `body`, `gestures` and
`arms` move a face and an upper body to it, and `data.shard_writer` writes what training reads.
"""
