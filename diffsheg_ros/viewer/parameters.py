"""Parameters of the viewer node."""

from dataclasses import dataclass

from diffsheg_model.viewer.port import DEFAULT_PORT
from diffsheg_ros.parameter_rules import Checked, parameter


@dataclass(frozen=True)
class ViewerParameters(Checked):
    """Parameters of the viewer."""

    host: str = parameter(
        '127.0.0.1',
        'Address to serve the page on. An address that others can reach needs allow_remote.',
    )
    port: int = parameter(
        DEFAULT_PORT,
        'Port to serve the page on; if it is taken, the next free one; 0: any free port.',
        low=0,
        high=65535,
    )
    allow_remote: bool = parameter(
        False,
        """True: other machines have access too. They need the token in the address that is
        printed to the terminal.""",
    )
    open_page: bool = parameter(False, 'True: open the page in the browser, if there is a display.')
    beside: str = parameter(
        '', 'Namespace of a second avatar, shown beside the first; empty: none.'
    )
