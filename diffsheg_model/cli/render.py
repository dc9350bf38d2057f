"""``diffsheg render``: a motion file becomes a video or a strip of stills."""

import logging
from pathlib import Path
from typing import Literal

from diffsheg_model.cli import Output

EXAMPLE = 'diffsheg render out/motion.npz speech.wav -o clip.mp4'

logger = logging.getLogger(__name__)


def render(
    motion: Path,
    audio: Path | None = None,
    *,
    output: Output,
    beside: Path | None = None,
    fps: float = 30.0,
    size: str = '1280x720',
    camera: Literal['half', 'portrait', 'side'] = 'half',
    start: float = 0.0,
    seconds: float | None = None,
    stills: int = 6,
    motion_fps: float | None = None,
    browser: str | None = None,
) -> None:
    """Draws a motion with the viewer's figure, without a window.

    The suffix says what it becomes: .mp4 a video with sound, .webp an animated picture, .png a
    strip of stills. A Chromium or Chrome that is installed draws it, in software if need be: some
    frames a second.

    Args:
        motion: npz, mcap, bvh, csv (ARKit, Live Link Face) or BEAT's facial json.
        audio: its sound; that of an mcap unless given.
        output: the file.
        beside: a second motion, drawn beside the first.
        fps: frames a second of the video.
        size: width x height of a picture, pixels; of one still in a strip.
        camera: half the figure, its portrait, or from its side.
        start: where to begin, seconds.
        seconds: how much of it; all unless given.
        stills: how many, at equal distances in time.
        motion_fps: frames a second of the motions, where a file states none or a wrong one.
        browser: the program; else DIFFSHEG_BROWSER, else the first on PATH.
    """
    from diffsheg_model.cli.progress import frames_progress
    from diffsheg_model.pictures.render import RenderOptions, moments, render_motion
    from diffsheg_model.viewer.clip import load_clips

    picture = RenderOptions.from_text(size, fps, camera, start, seconds, stills)
    paths = [motion] if beside is None else [motion, beside]
    clips, sound, rate = load_clips(paths, audio, motion_fps)
    with frames_progress(len(moments(output, clips, sound, rate, picture)), 'drawing') as update:
        render_motion(output, clips, sound, rate, picture, browser=browser, on_frames=update)
    logger.info('%s', output)
