"""The avatar in a browser: the page, the server that serves it on loopback, and their messages.

`server` serves the page in `web/` and passes each connected page, a `Client`, to a `Show`. The
show decides what the page displays and answers its requests. `hub` sends motion and sound to all
clients, in the binary layout of `wire_format`. `connections` limits what a connection may cost.
`clip_show` plays files; `diffsheg_ros.nodes.viewer` shows live ROS topics.
Imports: motion_files, audio, motion, advice, errors.
"""

from pathlib import Path

WEB = Path(__file__).parent / 'web'
"""The page: plain files, three.js and the figure included; nothing is fetched from elsewhere."""
