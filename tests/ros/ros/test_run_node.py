"""A node as a process."""

import signal
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip('rclpy', reason='nodes need ROS 2')

pytestmark = pytest.mark.ros

PROGRAM = """
    import sys
    from rclpy.node import Node
    from diffsheg_model.errors import InputError
    from diffsheg_ros.ros.run_node import run_node

    class Sample(Node):
        exit_status = 3
        calls = 0

        def __init__(self):
            super().__init__('sample')
            if self.declare_parameter('wrong', False).value:
                raise InputError('this cannot work')
            self.create_timer(0.05, self.call)

        def call(self):
            self.calls += 1
            raise RuntimeError('one callback fails')

        def destroy_node(self):
            faults = getattr(self, 'faults', 0)
            print(self.calls == faults, 'after', self.calls, 'calls', flush=True)
            super().destroy_node()

    endless = 'endless' in sys.argv
    print('begun', flush=True)
    sys.exit(run_node(Sample, finished=lambda node: node.calls == 2 and not endless))
"""


@pytest.fixture
def run():
    started = []

    def run(*arguments):
        process = subprocess.Popen(
            [sys.executable, '-c', textwrap.dedent(PROGRAM), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_a_node_goes_on_after_an_exception_until_it_is_finished(run):
    process = run()
    out, error = process.communicate(timeout=60)
    assert process.returncode == 3
    assert 'True after 2 calls' in out
    assert 'a callback failed; the node goes on' in error and 'one callback fails' in error


def test_a_node_that_cannot_be_created_gives_one_line(run):
    process = run('--ros-args', '-p', 'wrong:=true')
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (2, 'error: this cannot work\n')


def test_a_stop_signal_ends_it_in_order(run):
    process = run('endless')
    while 'a callback failed' not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3 and 'True after' in out
