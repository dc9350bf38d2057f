"""A node's reports on /diagnostics, and what of them is logged."""

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_msgs.msg import Header

from diffsheg_ros import messages
from diffsheg_ros.diagnostics import ERROR, WARN, Report
from diffsheg_ros.report_log import ReportLog


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
            message=report.message,
            values=[KeyValue(key=key, value=value) for key, value in report.values.items()],
        )
        stamp = messages.to_stamp(self._node.get_clock().now().nanoseconds)
        self._publisher.publish(DiagnosticArray(header=Header(stamp=stamp), status=[status]))
        self._write(self._log.line(time.monotonic(), report, logged))

    def _write(self, line: tuple[int, str] | None) -> None:
        if line is None:
            return
        level, text = line
        logger = self._node.get_logger()
        # One call each: rclpy allows no two severities from one line of code.
        if level == ERROR:
            logger.error(text)
        elif level == WARN:
            logger.warning(text)
        else:
            logger.info(text)
