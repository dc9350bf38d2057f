// Prints the pieces of a tone of 0.25 s, and values of a face and of joints by their names.
#include <cstdio>
#include <vector>

#include "diffsheg_ros/msg/face_blendshapes.hpp"
#include "messages.hpp"
#include "sensor_msgs/msg/joint_state.hpp"

int main()
{
  std::vector<float> tone(4000);
  for (std::size_t i = 0; i < tone.size(); ++i) {
    tone[i] = 0.5F * std::sin(0.1F * static_cast<float>(i));
  }
  for (const auto & chunk : chunks_of(tone, 16000, 1000000000, "tone")) {
    std::printf(
      "%s first_sample %lu, %zu samples, stamp %d.%09u%s\n", chunk.utterance_id.c_str(),
      static_cast<unsigned long>(chunk.first_sample), chunk.samples.size(),
      chunk.header.stamp.sec, chunk.header.stamp.nanosec,
      chunk.end_of_utterance ? ", the last" : "");
  }
  diffsheg_ros::msg::FaceBlendshapes face;
  face.names = {"eyeBlinkLeft", "jawOpen"};
  face.weights = {0.0F, 0.25F};
  sensor_msgs::msg::JointState joints;
  joints.name = {"Neck_x", "Neck_y"};
  joints.position = {0.1, -0.2};
  std::printf("jawOpen %.2f\n", value_of("jawOpen", face.names, face.weights));
  std::printf("Neck_y %.2f\n", value_of("Neck_y", joints.name, joints.position));
  return 0;
}
