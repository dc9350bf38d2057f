"""Speech to face and gesture motion with DiffSHEG (CVPR 2024, arXiv 2401.04747), without ROS.

Features, the UniEG network, the diffusion sampler FOPPAS, engines, bundles, training and files.
Nothing here imports ROS; nothing on the inference path imports torch.
"""

__version__ = '0.1.0'
