"""``diffsheg render``: a video or a strip of stills from a motion file."""

import logging
from pathlib import Path
from typing import Literal

from diffsheg_model.cli.options import Output

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
    """Draw a motion with the viewer's avatar, without a window.

    The suffix chooses the format: .mp4 is a video with sound, .webp an animated picture, .png a
    strip of stills. An installed Chromium or Chrome draws them. Without a GPU it draws a few frames
    a second.

    Args:
        motion: npz, mcap, bvh, csv (ARKit, Live Link Face) or BEAT's facial json.
        audio: recording for the motion. Default: the sound in an mcap.
        output: the file to write.
        beside: second motion, drawn beside the first.
        fps: frame rate of the video.
        size: width x height in pixels, of the video or of one still.
        camera: view of the figure: half of it, a portrait, or from the side.
        start: time of the first frame, seconds.
        seconds: duration of the part to draw. Default: all.
        stills: number of stills, at equal distances in time.
        motion_fps: frame rate of the motion files, instead of the rate that they give.
        browser: program to use. Default: DIFFSHEG_BROWSER, or else the first browser on PATH.
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
