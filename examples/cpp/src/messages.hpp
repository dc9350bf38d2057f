// The avatar's messages without a node: values by their names, and a recording in pieces.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "builtin_interfaces/msg/time.hpp"
#include "diffsheg_ros/msg/audio_chunk.hpp"

/// Return the value that stands where its name stands; NaN where the name is not there.
template<class Values>
double value_of(
  const std::string & name, const std::vector<std::string> & names, const Values & values)
{
  const auto found = std::find(names.begin(), names.end(), name);
  const auto index = static_cast<std::size_t>(found - names.begin());
  return index < values.size() ? static_cast<double>(values[index]) : std::nan("");
}

inline builtin_interfaces::msg::Time stamp_of(std::int64_t nanoseconds)
{
  builtin_interfaces::msg::Time stamp;
  stamp.sec = static_cast<std::int32_t>(nanoseconds / 1000000000);
  stamp.nanosec = static_cast<std::uint32_t>(nanoseconds % 1000000000);
  return stamp;
}

/// Cut speech into pieces of 0.1 s, each stamped with when it will be heard.
/// samples: mono, -1 to 1, of `rate` Hz; begin_ns: when the first one is heard.
inline std::vector<diffsheg_ros::msg::AudioChunk> chunks_of(
  const std::vector<float> & samples, std::uint32_t rate, std::int64_t begin_ns,
  const std::string & utterance_id)
{
  std::vector<diffsheg_ros::msg::AudioChunk> chunks;
  const std::size_t step = rate / 10;
  for (std::size_t first = 0; first < samples.size(); first += step) {
    const auto last = std::min(first + step, samples.size());
    diffsheg_ros::msg::AudioChunk chunk;
    chunk.header.stamp =
      stamp_of(begin_ns + static_cast<std::int64_t>(first) * 1000000000 / rate);
    chunk.utterance_id = utterance_id;
    chunk.first_sample = first;
    chunk.sample_rate = rate;
    chunk.samples.assign(samples.begin() + first, samples.begin() + last);
    chunk.end_of_utterance = last == samples.size();
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}
