"""Progress bars of the commands."""

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def frames_progress(
    total_frames: int, doing: str = 'generating'
) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal's stderr; yield the function to call with the frames done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn(doing),
        BarColumn(),
        TextColumn('{task.completed}/{task.total} frames'),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task('', total=total_frames)
    with bar:
        yield lambda frames: bar.update(task, completed=frames)
