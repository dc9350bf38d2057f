"""A node's reports on /diagnostics and in its log."""

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
    """Publisher of a node's reports, which logs their changes."""

    def __init__(self, node: Node, what: str) -> None:
        """Create the publisher.

        Args:
            node: the node that reports.
            what: subject of the reports, one word of the status name.
        """
        self._node = node
        self._what = what
        self._log = ReportLog()
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def publish(self, report: Report, logged: str = '') -> None:
        """Publish a report with the present time.

        Args:
            report: the report.
            logged: the part of its message that the node has logged itself.
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
        # rclpy does not allow two severities from one line of code.
        if level == ERROR:
            logger.error(text)
        elif level == WARN:
            logger.warning(text)
        else:
            logger.info(text)


class RefusalReports:
    """Reports of a node that only listens: refused messages, and faults.

    It sends one each second while there is a fault, and one when that is over.
    """

    def __init__(self, node: Node, refusals: Refusals) -> None:
        """Create the publisher and its timer.

        Args:
            node: the node; its attribute `faults`, if it has one, counts exceptions of callbacks.
            refusals: its refused messages.
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
        # Every refusal is in the log already.
        logged = '; '.join(text for level, text in words if level == WARN)
        self._reports.publish(report(words, 'listening', values), logged=logged)
