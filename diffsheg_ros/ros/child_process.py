"""Nodes as child processes."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

STOP_LIMIT_S = 10.0


class NodeProcess:
    """A node of this package as a child process; its log goes into a file."""

    def __init__(self, name: str, parameters: dict[str, object], folder: Path) -> None:
        """Start the process.

        Args:
            name: name of the executable.
            parameters: ROS parameters by name.
            folder: folder of the log file.
        """
        self.name = name
        self._log = folder / f'{name}.log'
        arguments = ['--ros-args']
        for key, value in parameters.items():
            # JSON is YAML, so any path arrives as it is.
            arguments += ['-p', f'{key}:={json.dumps(value)}']
        with self._log.open('wb') as log:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'diffsheg_ros', name, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal must reach the demo alone, which stops its nodes itself.
                start_new_session=True,
            )

    def exit_status(self) -> int | None:
        """Return the exit status; None while the process runs."""
        return self._process.poll()

    def last_words(self, wanted: tuple[str, ...] = ('ERROR', 'error', 'Error')) -> str:
        """Return the last line of the log that contains a wanted word, else the last line."""
        lines = [
            text for text in self._log.read_text(errors='replace').splitlines() if text.strip()
        ]
        telling = [text for text in lines if any(word in text for word in wanted)]
        return (telling or lines or ['(it said nothing)'])[-1]

    def said(self, pattern: str, limit_s: float) -> str:
        """Wait until the log matches a pattern.

        Args:
            pattern: regular expression with one group.
            limit_s: longest time to wait, seconds.

        Returns:
            The text of the group; empty if the process ended or the time passed before.
        """
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s and self.exit_status() is None:
            found = re.search(pattern, self._log.read_text(errors='replace'))
            if found:
                return found.group(1)
            time.sleep(0.05)
        return ''

    def stop(self) -> int:
        """Send SIGINT, kill the process if it does not end in time, and return its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()
