"""A node's reports on /diagnostics, and what of them is logged."""

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from std_msgs.msg import Header

from diffsheg_ros.diagnostics.counters import ListenerCounters
from diffsheg_ros.diagnostics.report import ERROR, WARN, Report, Rises, report
from diffsheg_ros.diagnostics.report_log import ReportLog
from diffsheg_ros.ros import messages
from diffsheg_ros.ros.refusals import Refusals
from diffsheg_ros.topic_values import clean_text

#: Characters of a status message: every counter's advice fits in.
_LONGEST_MESSAGE = 4000


class ReportPublisher:
    """Publishes what a node has to report, and logs it when it changes."""

    def __init__(self, node: Node, what: str) -> None:
        """Publishes nothing yet.

        Args:
            node: who reports.
            what: of the node is reported, as a word.
        """
        self._node = node
        self._what = what
        self._log = ReportLog()
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def publish(self, report: Report, logged: str = '') -> None:
        """Publishes a report, as of now.

        Args:
            report: what is to be told.
            logged: what of its message the node has logged itself.
        """
        name = self._node.get_fully_qualified_name().lstrip('/')
        status = DiagnosticStatus(
            level=bytes([report.level]),
            name=f'{name}: {self._what}',
            message=clean_text(report.message, _LONGEST_MESSAGE),
            values=[
                KeyValue(key=key, value=clean_text(value)) for key, value in report.values.items()
            ],
        )
        stamp = messages.to_stamp(self._node.get_clock().now().nanoseconds)
        self._publisher.publish(DiagnosticArray(header=Header(stamp=stamp), status=[status]))
        self._write(self._log.line(time.monotonic(), report, logged))

    def _write(self, line: tuple[int, str] | None) -> None:
        if line is None:
            return
        level, text = line[0], clean_text(line[1], _LONGEST_MESSAGE)
        logger = self._node.get_logger()
        # One call each: rclpy allows no two severities from one line of code.
        if level == ERROR:
            logger.error(text)
        elif level == WARN:
            logger.warning(text)
        else:
            logger.info(text)


class RefusalReports:
    """The reports of a node that only listens: messages refused, and faults.

    There is one a second while something is wrong, and one when it is over.
    """

    def __init__(self, node: Node, refusals: Refusals) -> None:
        """Begin to report.

        Args:
            node: reports; its `faults`, where it has them, count exceptions of callbacks.
            refusals: what it has refused.
        """
        self._node = node
        self._refusals = refusals
        self._rises = Rises()
        self._wrong = False
        self._reports = ReportPublisher(node, 'topics')
        node.create_timer(1.0, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _report(self) -> None:
        counters = ListenerCounters(
            refused_messages=self._refusals.count, faults=getattr(self._node, 'faults', 0)
        )
        rises = self._rises.since(time.monotonic(), counters.values())
        words = counters.news(rises, {}, last_refusal=self._refusals.last)
        if not words and not self._wrong:
            return
        self._wrong = bool(words)
        values = {'last_refusal': self._refusals.last}
        values |= {name: str(count) for name, count in counters.values().items()}
        # Every refusal has its line in the log already.
        logged = '; '.join(text for level, text in words if level == WARN)
        self._reports.publish(report(words, 'listening', values), logged=logged)
