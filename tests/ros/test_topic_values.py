"""Range checks of what arrives: times, numbers, texts and levels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsheg_model.errors import InputError
from diffsheg_ros import topic_values as values

INT64 = 2**63 - 1


@given(sec=st.integers(-(2**31), 2**31 - 1), nanosec=st.integers(0, 2**32 - 1))
def test_a_stamp_is_a_time_or_is_refused(sec, nanosec):
    try:
        time_ns = values.stamp_ns(sec, nanosec)
    except InputError as error:
        assert '\n' not in str(error) and str(sec) in str(error)
        assert sec < 0 or nanosec >= 10**9
    else:
        assert time_ns == sec * 10**9 + nanosec
        assert 0 <= time_ns < 2**31 * 10**9 < INT64


def test_the_index_of_a_sample_is_bounded():
    values.check_first_sample(2**40, 48_000)
    for first_sample, rate in ((2**64 - 1, 192_000), (2**63, 0), (10**12, 16_000)):
        with pytest.raises(InputError, match=f'first_sample = {first_sample}'):
            values.check_first_sample(first_sample, rate)


@pytest.mark.parametrize(('sec', 'nanosec'), [(3601, 0), (-3601, 0), (0, 10**9), (2**31 - 1, 0)])
def test_durations_beyond_an_hour_are_refused(sec, nanosec):
    with pytest.raises(InputError, match='duration'):
        values.duration_ns(sec, nanosec)


@pytest.mark.parametrize('seconds', [0.0, -1.0, 3600.5, 9.3e9, float('inf'), float('nan')])
def test_a_length_is_finite_above_zero_and_at_most_an_hour(seconds):
    assert values.seconds('duration', 3600.0) == 3600.0
    with pytest.raises(InputError, match='duration = .* above 0'):
        values.seconds('duration', seconds)


@pytest.mark.parametrize(
    'text',
    ['1e308', '1e400', 'nan', 'inf', '-1', '', ' 1', '1_0', '٣', '0x10', '9' * 5000, '1e', '[/x]'],
)
def test_texts_that_are_no_number_of_the_range_are_refused_in_a_short_line(text):
    with pytest.raises(InputError, match='delay') as caught:
        values.parsed_number('delay', text, 0.0, 3600.0)
    assert len(str(caught.value)) < 120 and str(caught.value).isprintable()


def test_numbers_in_texts():
    assert values.parsed_number('x', '0.250', 0.0, 1.0) == 0.25
    assert values.parsed_number('x', '1e-3', 0.0, 1.0) == 0.001
    assert values.parsed_number('x', '60', 0.0, 60.0) == 60.0
    assert values.parsed_whole('x', '12') == 12
    for text in ('1.5', '-1', '9' * 30, '9' * 5000, 'x', '٣', '1_0', '', str(2**63)):
        with pytest.raises(InputError, match='^x = '):
            values.parsed_whole('x', text)


@pytest.mark.parametrize(
    ('value', 'level'),
    [(b'\0', 0), (b'\1', 1), (b'\2', 2), (b'\3', 3), (b'\4', 2), (b'\xff', 2), (b'', 0), (-1, 2)],
)
def test_unknown_levels_are_errors(value, level):
    assert values.level_of(value) == level


@pytest.mark.parametrize(
    ('text', 'cleaned'),
    [
        ('plain [/x] ünï', 'plain [/x] ünï'),
        ('\x1b[2J\x1b[31mred\x1b[0m', 'red'),
        ('\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b(Bc', 'abc'),
        ('\x9b31ma\x9d0;t\x9cb', 'ab'),
        ('a\nb\r\tc\0', 'a b  c'),
        ('\u202eabc\u2028d', 'abc d'),
        ('\x1b', ''),
    ],
)
def test_foreign_texts_are_made_printable(text, cleaned):
    assert values.clean_text(text) == cleaned


@given(st.text(st.characters(codec=None)), st.integers(1, 50))
def test_any_text_is_made_printable_and_short(text, most):
    cleaned = values.clean_text(text, most)
    assert len(cleaned) <= most
    assert cleaned.isprintable()


def test_very_long_texts_cost_little():
    assert len(values.clean_text('\x1b[' + '1;' * 10_000_000)) <= values.MAX_TEXT


def test_values_of_a_status_are_bounded():
    pairs = [(f'k{i}\n', 'x' * 5000) for i in range(10_000)]
    taken = values.status_values(pairs)
    assert len(taken) == values.MAX_VALUES and 'k0' in taken
    assert max(map(len, taken.values())) == values.MAX_TEXT


def test_names_are_bounded_and_different():
    values.check_names('Face', ['a', 'b'])
    for names in (['a', 'a'], ['x' * 201], [str(i) for i in range(2001)]):
        with pytest.raises(InputError, match='^a Face message has'):
            values.check_names('Face', names)
