"""A node's reports on /diagnostics."""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_msgs.msg import Header

from diffsheg_ros import messages
from diffsheg_ros.diagnostics import Report


class ReportPublisher:
    """Publishes what a node has to report."""

    def __init__(self, node: Node, what: str) -> None:
        """Publishes nothing yet.

        Args:
            node: who reports.
            what: of the node is reported, as a word.
        """
        self._node = node
        self._what = what
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def publish(self, report: Report) -> None:
        """Publishes a report, as of now."""
        name = self._node.get_fully_qualified_name().lstrip('/')
        status = DiagnosticStatus(
            level=bytes([report.level]),
            name=f'{name}: {self._what}',
            message=report.message,
            values=[KeyValue(key=key, value=value) for key, value in report.values.items()],
        )
        stamp = messages.to_stamp(self._node.get_clock().now().nanoseconds)
        self._publisher.publish(DiagnosticArray(header=Header(stamp=stamp), status=[status]))
