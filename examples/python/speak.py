"""Send a recording as speech, as a text-to-speech node does: `python3 speak.py speech.wav`."""

import sys
import time

import rclpy
import soundfile
from rclpy.duration import Duration
from rclpy.node import Node

from diffsheg_ros.msg import AudioChunk


def speak(node: Node, path: str) -> None:
    """Send a recording at once, in pieces of 0.1 s stamped with when each will be heard."""
    samples, rate = soundfile.read(path, dtype='float32', always_2d=True)
    samples = samples.mean(axis=1)
    publisher = node.create_publisher(AudioChunk, 'audio', 1000)
    while not publisher.get_subscription_count():  # the avatar, active
        time.sleep(0.1)
    time.sleep(0.5)  # until it has found this publisher, too
    begin = node.get_clock().now() + Duration(seconds=0.1)
    for first in range(0, len(samples), rate // 10):
        chunk = AudioChunk(utterance_id=f'{path}-{begin.nanoseconds}', sample_rate=rate)
        chunk.header.stamp = (begin + Duration(seconds=first / rate)).to_msg()
        chunk.first_sample = first
        chunk.samples = samples[first : first + rate // 10].tolist()
        chunk.end_of_utterance = first + rate // 10 >= len(samples)
        publisher.publish(chunk)
    publisher.wait_for_all_acked(Duration(seconds=5.0))


if __name__ == '__main__':
    rclpy.init()
    speak(rclpy.create_node('speak'), sys.argv[1])
    rclpy.shutdown()
