// Prints how far the mouth is open and how the head turns: a subscriber to the avatar's motion.
#include <memory>

#include "diffsheg_ros/msg/face_blendshapes.hpp"
#include "messages.hpp"
#include "rclcpp/rclcpp.hpp"
#include "sensor_msgs/msg/joint_state.hpp"

using diffsheg_ros::msg::FaceBlendshapes;
using sensor_msgs::msg::JointState;

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  const auto node = std::make_shared<rclcpp::Node>("listener");
  const auto face = node->create_subscription<FaceBlendshapes>(
    "face", 10, [&](const FaceBlendshapes & face) {
      const double jaw = value_of("jawOpen", face.names, face.weights);
      RCLCPP_INFO(node->get_logger(), "'%s' jawOpen %.2f", face.utterance_id.c_str(), jaw);
    });
  const auto joints = node->create_subscription<JointState>(
    "joint_states", 10, [&](const JointState & joints) {
      const double angle = value_of("Neck_y", joints.name, joints.position);
      const double speed = value_of("Neck_y", joints.name, joints.velocity);
      RCLCPP_INFO(node->get_logger(), "Neck_y %.3f rad, %.3f rad/s", angle, speed);
    });
  rclcpp::spin(node);
  rclcpp::shutdown();
  return 0;
}
