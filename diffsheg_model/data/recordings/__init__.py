"""Readers of what people have recorded, one file a kind, and what they share.

`kinds` lists the kinds and recognises them; `beat`, `show`, `facegood`, `livelink` and `arkit` find
a kind's takes in a folder and read one each into a `recording.Recording`; `bvh`, `facial_json`,
`arkit_csv` and `annotations` read single files; `clock` checks frame rates against the audio, and
`channels` resamples a recording to a motion format. `prepare` puts it to
work.
"""
