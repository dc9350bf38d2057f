"""The memory that a file's content may take."""

import pytest

from diffsheg_model.errors import InputError
from diffsheg_model.untrusted.budget import FREE_BYTES, TIMES, check_budget


@pytest.mark.parametrize('file_bytes', [0, 1000, 1 << 30])
def test_the_budget_grows_with_the_file(file_bytes):
    most = FREE_BYTES + TIMES * file_bytes
    check_budget(most, file_bytes, 'x')
    with pytest.raises(InputError, match=r'^x declares .* MB of content in a file of .* MB'):
        check_budget(most + 1, file_bytes, 'x')
