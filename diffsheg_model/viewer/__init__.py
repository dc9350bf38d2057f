"""The avatar in a browser: a page, the server that serves it on loopback, and what travels between.

`server` serves the page of `web/` and hands guests to a `Show`, which says what there is to see and
answers what a page asks; `hub` spreads motion and sound to all guests; `wire` is their layout.
`clip_show` plays files; `diffsheg_ros.nodes.viewer` shows what is published on ROS topics.
"""

from pathlib import Path

WEB = Path(__file__).parent / 'web'
"""The page: plain files, three.js and the figure included; nothing is fetched from elsewhere."""
