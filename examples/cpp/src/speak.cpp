// Sends a tone of two seconds as speech; put the samples of your synthesiser in its place.
#include <chrono>
#include <memory>
#include <vector>

#include "messages.hpp"
#include "rclcpp/rclcpp.hpp"

using diffsheg_ros::msg::AudioChunk;
using namespace std::chrono_literals;

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  const auto node = std::make_shared<rclcpp::Node>("speak");
  const auto publisher = node->create_publisher<AudioChunk>("audio", 1000);
  while (rclcpp::ok() && !publisher->get_subscription_count()) {
    rclcpp::sleep_for(100ms);  // until the avatar is active
  }
  rclcpp::sleep_for(500ms);  // until it has found this publisher, too
  std::vector<float> samples(32000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = 0.3F * std::sin(0.05F * static_cast<float>(i));
  }
  const auto begin_ns = (node->now() + rclcpp::Duration(100ms)).nanoseconds();
  for (const auto & chunk : chunks_of(samples, 16000, begin_ns, "tone-" + std::to_string(begin_ns))) {
    publisher->publish(chunk);
  }
  publisher->wait_for_all_acked(5s);
  rclcpp::shutdown();
  return 0;
}
