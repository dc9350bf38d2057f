"""The pass over a pickle's opcodes: sound pickles of plain values pass, all others are refused."""

import pickle

import pytest

from diffsheg_model.untrusted.pickle_check import check_pickle

VALUES = {'a': [1, 2.5, 'x', None, True, b'raw', (1, (2, 3))], 'b': {4}, 'c': frozenset({5})}


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_end_of_a_plain_pickle_is_found(protocol):
    pickled = pickle.dumps([VALUES, VALUES], protocol)
    assert check_pickle(pickled + b'more') == len(pickled)
    assert check_pickle(b'before' + pickled, start=6) == 6 + len(pickled)


@pytest.mark.parametrize(
    ('pickled', 'message'),
    [
        (b'\x80\x04\x82\x01.', 'uses the opcode EXT1'),
        (b'\x80\x02NQ.', 'uses the opcode BINPERSID'),
        (b'\x80\x04N0N.', 'uses the opcode POP'),
        (b'\x80\x04)\x81.', 'uses the opcode NEWOBJ'),
        (b'\x80\x04a.', 'takes from an empty stack'),
        (b'\x80\x04(\x85.', 'takes from an empty stack'),
        (b'\x80\x04u.', 'takes from an empty stack'),
        (b'\x80\x04NN.', 'leaves things behind'),
        (b'\x80\x04h\x05.', 'takes from place 5 of its memo'),
        (b'\x80\x04Nr\xff\xff\xff\x7f.', 'fills place 2147483647 of its memo'),
        (b'\x80\x04)' + b'\x85' * 65 + b'.', 'nested too deeply'),
    ],
)
def test_other_opcodes_and_unsound_orders_are_refused(pickled, message):
    with pytest.raises(pickle.UnpicklingError, match=message):
        check_pickle(pickled)


def test_references_to_the_outside_are_allowed_where_the_caller_says_so():
    pickled = b'\x80\x02NQ.'
    assert check_pickle(pickled, persistent=True) == len(pickled)


@pytest.mark.parametrize('kept', range(0, 60, 7))
def test_a_cut_pickle_is_refused(kept):
    with pytest.raises(Exception, match='.'):
        check_pickle(pickle.dumps(VALUES)[:kept])
