"""Engines, which run the denoising network behind one small interface.

Imports: bundle, config, sampling, network (for torch only) and below.
"""

from diffsheg_model.engines.create import create_engine
from diffsheg_model.engines.engine import Conditions, Engine, check_conditions
from diffsheg_model.engines.registry import ENGINES, PRECISIONS

__all__ = [
    'ENGINES',
    'PRECISIONS',
    'Conditions',
    'Engine',
    'check_conditions',
    'create_engine',
]
