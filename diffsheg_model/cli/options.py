"""Options that several commands share.

Each is the type of a parameter of a command. Those with a help text need none in the docstring.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffsheg_model.engines.registry import EngineName, Precision
from diffsheg_model.session.sampler_options import SamplerOptions

_OUTPUT = Parameter(name=('--output', '-o'))

Output = Annotated[Path, _OUTPUT]
"""The file or folder that a command writes."""

OptionalOutput = Annotated[Path | None, _OUTPUT]
"""The same, for commands with a default output."""

Sampler = Annotated[SamplerOptions, Parameter(name='*')]
"""One option for each setting of the sampler, since ``name='*'`` makes options of fields."""

BundleOption = Annotated[
    Path | None,
    Parameter(help='folder of the model. Default: the model that comes with the package.'),
]

EngineOption = Annotated[
    EngineName,
    Parameter(
        help='program that runs the network. auto takes the fastest one that is installed and '
        'works here.'
    ),
]

PrecisionOption = Annotated[
    Precision,
    Parameter(
        help="number format of the network's arithmetic. auto is fp32. The other formats change "
        'the motion a little, and not every engine has them.'
    ),
]

ThreadsOption = Annotated[int, Parameter(help='CPU threads. 0 is all cores but one.')]
