"""Progress bars: shown on a terminal, silent elsewhere."""

from diffsheg_model.cli.progress import frames_progress


def test_nothing_is_written_without_a_terminal(capfd):
    with frames_progress(10, 'drawing') as update:
        update(5)
        update(10)
    assert capfd.readouterr() == ('', '')


def test_a_terminal_shows_the_frames(capfd, monkeypatch):
    monkeypatch.setenv('FORCE_COLOR', '1')
    monkeypatch.setenv('TERM', 'xterm')
    with frames_progress(10, 'drawing') as update:
        update(10)
    assert '10/10 frames' in capfd.readouterr().err
