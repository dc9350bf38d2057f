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
    """A node of this package as a process; what it logs goes into a file."""

    def __init__(self, name: str, parameters: dict[str, object], folder: Path) -> None:
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
                # Ctrl-C in the terminal is for the demo alone; it stops its nodes itself.
                start_new_session=True,
            )

    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def last_words(self, wanted: tuple[str, ...] = ('ERROR', 'error', 'Error')) -> str:
        """The last line of its log that tells of an error, else the last line."""
        lines = [
            text for text in self._log.read_text(errors='replace').splitlines() if text.strip()
        ]
        telling = [text for text in lines if any(word in text for word in wanted)]
        return (telling or lines or ['(it said nothing)'])[-1]

    def said(self, pattern: str, limit_s: float) -> str:
        """Waits for a line of its log; what the pattern's group found, empty if it never came."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s and self.exit_status() is None:
            found = re.search(pattern, self._log.read_text(errors='replace'))
            if found:
                return found.group(1)
            time.sleep(0.05)
        return ''

    def stop(self) -> int:
        """Asks it to stop, waits, and ends it for good if it does not; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()
