"""The ``diffsheg`` command. Each command is a module with a function of its name.

A command's function is its interface: the signature gives the options, the docstring the help, and
the module's ``EXAMPLE`` a line that works.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Output = Annotated[Path, Parameter(name=('--output', '-o'))]
"""What every command that writes calls its target."""
