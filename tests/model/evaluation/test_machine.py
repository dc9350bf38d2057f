"""The description of the machine."""

import os

from diffsheg_model.evaluation.machine import machine


def test_the_description_names_cores_and_memory():
    assert f'{os.cpu_count()} cores' in machine()
    assert ' GiB, Python 3.' in machine()
