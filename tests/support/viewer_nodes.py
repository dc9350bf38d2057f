"""Viewers and other nodes as processes in one namespace."""

import re
import subprocess
import sys


class NodeProcesses:
    """Nodes as processes, which `stop` ends."""

    def __init__(self, space: str) -> None:
        """Start nothing yet; `space` is the namespace of nodes without one of their own."""
        self._space = space
        self._running = []

    def start(self, module: str, *arguments: str, space: str = '') -> subprocess.Popen:
        process = subprocess.Popen(
            [
                sys.executable, '-m', f'diffsheg_ros.{module}',
                '--ros-args', '-r', f'__ns:=/{space or self._space}', *arguments,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._running.append(process)
        return process

    def viewer(
        self, *arguments: str, port: int = 0, space: str = ''
    ) -> tuple[subprocess.Popen, str]:
        """Start a viewer; return its process and the address of its page."""
        process = self.start('nodes.viewer', '-p', f'port:={port}', *arguments, space=space)
        for line in process.stdout:
            found = re.search(r'open (http://\S+)', line)
            if found:
                return process, found.group(1)
        raise AssertionError('the viewer printed no address')

    def stop(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.communicate()
