"""Readers of motion recordings, one module for each kind, and their preparation as shards.

- `kinds` lists the kinds and recognises the kind of a folder.
- `beat`, `show`, `facegood`, `livelink` and `arkit` find the takes of a kind and read them.
- `body` and `annotations` read single files; `recording` is the common result.
- `channels` resamples a recording to a motion format.
- `prepare` writes a folder of recordings as shards; `report` lists the result of every take.

Imports: data, motion_files, audio and below.
"""
