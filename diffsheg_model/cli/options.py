"""Options that several commands share.

``Parameter(name='*')`` turns a dataclass into one option for each of its fields.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffsheg_model.engines.registry import EngineName, Precision
from diffsheg_model.session.sampler_options import SamplerOptions

if TYPE_CHECKING:
    from diffsheg_model.bundle import Bundle

_OUTPUT = Parameter(name=('--output', '-o'))

Output = Annotated[Path, _OUTPUT]
"""The file or folder that a command writes."""

OptionalOutput = Annotated[Path | None, _OUTPUT]
"""The same, for commands with a default output."""

Sampler = Annotated[SamplerOptions, Parameter(name='*')]
"""One option for each setting of the sampler."""


@Parameter(name='*')
@dataclass(frozen=True)
class EngineOptions:
    """Options for the model and the engine that runs it.

    Attributes:
        bundle: folder of the model. Default: the model that comes with the package.
        engine: program that runs the network. auto takes the fastest one that is installed and
            works here.
        precision: number format of the network's arithmetic. auto is fp32. The other formats
            change the motion a little, and not every engine has them.
        threads: CPU threads. 0 is all cores but one.
    """

    bundle: Path | None = None
    engine: EngineName = 'auto'
    precision: Precision = 'auto'
    threads: int = 0

    def load_bundle(self) -> 'Bundle':
        """Return the chosen bundle.

        Raises:
            InputError: the folder holds no usable bundle.
        """
        from diffsheg_model.bundle import DEFAULT_BUNDLE, load_bundle

        return load_bundle(DEFAULT_BUNDLE if self.bundle is None else self.bundle)
