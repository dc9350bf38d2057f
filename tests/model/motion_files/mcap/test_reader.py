"""Recordings that are damaged, cut off, or of something else."""

import logging
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('mcap', reason='recordings need the extra mcap')

from mcap.writer import Writer

from diffsheg_model.errors import InputError
from diffsheg_model.motion_files.mcap.definitions import (
    FACE_BLENDSHAPES,
    JOINT_STATE,
    schema_text,
)
from diffsheg_model.motion_files.mcap.messages import (
    face_bytes,
    joint_state_bytes,
)
from diffsheg_model.motion_files.mcap.motion import read_mcap
from diffsheg_model.motion_files.mcap.recorder import McapRecorder
from tests.support.mcap_files import T0, body_at, face_at, record
from tests.support.mcap_motions import audio, motion, recording  # noqa: F401


def raw_mcap(path: Path, topic: str, kind: str, text: str, *, encoding='ros2msg', data=b'') -> Path:
    """A file of two topics with a schema of one's own, by the mcap library alone."""
    with path.open('wb') as file:
        writer = Writer(file)
        writer.start(profile='ros2')
        for name, schema, wording, form in (
            (topic, kind, text, encoding),
            ('/joint_states', JOINT_STATE, schema_text(JOINT_STATE), 'ros2msg'),
        ):
            channel = writer.register_channel(
                name, 'cdr', writer.register_schema(schema, form, wording.encode())
            )
            writer.add_message(channel, T0, data or face_at(0)[2], T0)
        writer.finish()
    return path


def refusals(folder: Path) -> dict[str, tuple[Path, str]]:
    robot = joint_state_bytes(T0, ['Head'], np.zeros((1, 3))).replace(b'Head_y', b'wheel\0')
    (folder / 'text.mcap').write_text('no recording at all')
    (folder / 'empty.mcap').touch()
    (folder / 'bag').mkdir()
    face = schema_text(FACE_BLENDSHAPES)
    far = face_bytes(0, 'u', ['jawOpen'], np.zeros(1))
    return {
        'missing': (folder / 'missing.mcap', 'No such file'),
        'text': (folder / 'text.mcap', 'is not an MCAP file'),
        'empty': (folder / 'empty.mcap', 'is not an MCAP file'),
        'folder': (folder / 'bag', 'has no .mcap file in it'),
        'no topics': (record(folder / 'a.mcap', face_at(0)), 'no topics face and joint_states'),
        'no messages': (record(folder / 'b.mcap'), 'no topics face and joint_states'),
        'type': (
            raw_mcap(folder / 'c.mcap', '/face', 'std_msgs/msg/String', 'string data'),
            '/face was recorded as std_msgs/msg/String',
        ),
        'definition': (
            raw_mcap(folder / 'd.mcap', '/face', FACE_BLENDSHAPES, face.replace('32[]', '64[]')),
            'definition other than',
        ),
        'idl': (
            raw_mcap(folder / 'e.mcap', '/face', FACE_BLENDSHAPES, face, encoding='ros2idl'),
            'written in ros2idl',
        ),
        'joints': (
            record(folder / 'f.mcap', face_at(0), ('/joint_states', JOINT_STATE, robot)),
            'topic /joint_states: the joint names are not <joint>_x',
        ),
        'bodies only': (
            record(folder / 'g.mcap', face_at(0, np.nan), body_at(0)), 'nothing was published',
        ),
        'two clocks': (
            record(folder / 'h.mcap', face_at(0), body_at(0), ('/face', FACE_BLENDSHAPES, far)),
            'record with one clock',
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    'case',
    ['missing', 'text', 'empty', 'folder', 'no topics', 'no messages', 'type', 'definition', 'idl',
     'joints', 'bodies only', 'two clocks'],
)  # fmt: skip
def test_what_is_no_recording_of_an_avatar_is_refused_in_one_line(tmp_path, case):
    path, words = refusals(tmp_path)[case]
    with pytest.raises(InputError, match=re.escape(words)) as error:
        read_mcap(path, fps=10.0)
    assert '\n' not in str(error.value)


def test_a_file_that_was_cut_short_is_read_up_to_there(tmp_path, recording, motion, caplog):
    path = tmp_path / 'cut.mcap'
    recorder = McapRecorder(tmp_path / 'chunks.mcap')
    for index in range(40):
        for topic, kind, data in (face_at(index), body_at(index)):
            recorder.add(topic, kind, data, T0 + index)
        recorder.flush()
    recorder.close()
    for source, least in ((tmp_path / 'chunks.mcap', 15), (recording, 0)):
        whole = source.read_bytes()
        lengths = []
        for share in (0.3, 0.6, 0.9, 1.0):
            path.write_bytes(whole[: int(len(whole) * share) - 1])
            caplog.clear()
            try:
                with caplog.at_level(logging.WARNING):
                    lengths.append(len(read_mcap(path)[0]))
            except InputError as error:
                assert '\n' not in str(error)
                lengths.append(0)
            assert caplog.text.count('cut short or damaged') == 1
        assert lengths == sorted(lengths) and lengths[2] >= least
        assert lengths[-1] == 40


def test_damaged_bytes_raise_nothing_but_input_errors(tmp_path, recording):
    whole = bytearray(recording.read_bytes())
    rng = np.random.default_rng(5)
    path = tmp_path / 'damaged.mcap'
    read = 0
    for place in rng.integers(8, len(whole), 60):
        damaged = whole.copy()
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            read_mcap(path)
            read += 1
        except InputError as error:
            assert '\n' not in str(error)
    assert read > 0
