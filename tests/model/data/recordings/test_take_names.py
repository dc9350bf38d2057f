"""Takes with names that collide or are too long."""

import pytest

from diffsheg_model.data.shards import open_shards
from tests.support.made_recordings import (
    run_prepare,
    write_live_link,
    write_wav,
)


@pytest.mark.parametrize(
    'names',
    [('a/b', 'a-b'), ('a-b/c', 'a/b-c'), ('Take', 'take'), ('dataset.json', 'x'), ('é', 'e\u0301')],
)
def test_takes_that_would_share_a_name_are_both_prepared(tmp_path, caplog, names):
    source, shards = tmp_path / 'source', tmp_path / 'shards'
    for seconds, name in zip((3.0, 4.0), names, strict=True):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(source / f'{name}.wav', seconds)
        write_live_link(source / f'{name}.csv', seconds)
    for _ in range(2):  # and again, to the same names
        assert run_prepare(source, '-o', shards) == 0
        takes = open_shards(shards).takes
        assert sorted(len(take.motion) for take in takes) == [45, 60]
        folded = {take.path.name.casefold() for take in takes}
        assert len(folded) == 2 and 'dataset.json' not in folded
    if 'x' not in names:
        (line,) = {record.getMessage() for record in caplog.records if 'share' in record.msg}
        assert all(f'{name}.csv' in line for name in names)


def test_a_path_longer_than_a_name_may_be_is_prepared(tmp_path):
    source = tmp_path / 'source' / ('f' * 150) / ('g' * 150)
    source.mkdir(parents=True)
    write_wav(source / 'a.wav', 3.0)
    write_live_link(source / 'a.csv', 3.0)
    assert run_prepare(tmp_path / 'source', '-o', tmp_path / 'shards') == 0
    assert len(open_shards(tmp_path / 'shards').takes) == 1
