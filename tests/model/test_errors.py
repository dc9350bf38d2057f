"""Messages of one line, whatever is in them."""

from diffsheg_model.errors import InputError, one_line, printable


def test_a_message_is_printable_and_at_most_1000_characters_long():
    assert str(InputError('a\nb\x1b[31m\u202e\udcff')) == r'a\nb\x1b[31m\u202e\udcff'
    long = str(InputError('begin' + 5000 * 'x' + 'end'))
    assert len(long) <= 1005 and long.startswith('begin') and long.endswith('end')
    assert ' ... ' in long


def test_printable_text_stays_as_it_is():
    assert printable('Grüße, 世界') == 'Grüße, 世界'
    assert printable('').encode() == b''


def test_any_error_is_told_in_one_line():
    assert one_line(InputError('no such file')) == 'no such file'
    assert one_line(RuntimeError('\nout of memory\nlong trace')) == 'RuntimeError: out of memory'
    assert one_line(TimeoutError()) == 'TimeoutError'
