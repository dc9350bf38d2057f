"""Synthetic training data: generated speech with a rule-based teacher, and FACEGOOD's real lips.

Steps of one synthetic take:

- `voices.text` writes sentences.
- `voices.voices` speaks them and gives the times of their phones.
- `teacher` animates face and upper body to the phones.
- `augment` adds a room, noise and a level to the voice.
- `data.shard_writer` writes the take as training reads it.

Imports: data, motion_files and below.
"""
