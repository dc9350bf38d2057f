"""The ``diffsheg`` command. Each command is a module with a function of its name.

A command's function is its interface: the signature gives the options, the docstring the help, and
the module's ``EXAMPLE`` a line that works.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffsheg_model.session.sampler_options import SamplerOptions

_OUTPUT = Parameter(name=('--output', '-o'))

Output = Annotated[Path, _OUTPUT]
"""What every command that writes calls its target."""

OptionalOutput = Annotated[Path | None, _OUTPUT]
"""The same where there is a place of its own for it."""

Sampler = Annotated[SamplerOptions, Parameter(name='*')]
"""Options for the sampler, one for each field."""
