"""Print how far the mouth is open and how the head turns: a subscriber to the avatar's motion."""

import contextlib

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import JointState

from diffsheg_ros.msg import FaceBlendshapes


class Listener(Node):
    """Reads values by their names: their order is that of the model."""

    def __init__(self) -> None:
        super().__init__('listener')
        self.create_subscription(FaceBlendshapes, 'face', self.on_face, 10)
        self.create_subscription(JointState, 'joint_states', self.on_joints, 10)

    def on_face(self, face: FaceBlendshapes) -> None:
        weights = dict(zip(face.names, face.weights, strict=True))
        self.get_logger().info(f'{face.utterance_id!r} jawOpen {weights["jawOpen"]:.2f}')

    def on_joints(self, joints: JointState) -> None:
        angles = dict(zip(joints.name, joints.position, strict=True))
        speeds = dict(zip(joints.name, joints.velocity, strict=True))
        self.get_logger().info(f'Neck_y {angles["Neck_y"]:.3f} rad, {speeds["Neck_y"]:.3f} rad/s')


if __name__ == '__main__':
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(Listener())
