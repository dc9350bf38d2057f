"""The progress bar of takes."""

import io

from rich.console import Console

from diffsheg_model.data.progress import takes_progress


def test_the_bar_shows_the_number_of_takes():
    text = io.StringIO()
    with takes_progress(Console(file=text, force_terminal=True, width=80)) as progress:
        bar = progress.add_task('takes', total=5)
        progress.advance(bar, 2)
    assert '2/5' in text.getvalue()


def test_a_disabled_bar_writes_nothing():
    text = io.StringIO()
    with takes_progress(Console(file=text), disable=True) as progress:
        progress.add_task('takes', total=5)
    assert text.getvalue() == ''
