"""Layers of motion that poses can do without."""

from collections.abc import Callable

import numpy as np

from diffsheg_model.errors import one_line
from diffsheg_ros.timeline.pose import Poses


class OptionalLayer:
    """Changes poses, and leaves them as they are where that fails.

    A layer that raises, or gives numbers that are not finite, is reset and counted. So it cannot
    stop the motion below it.

    Attributes:
        name: of the layer, for reports.
        failures: times that it has failed.
        last_error: the newest failure in one line; empty before the first.
        reset: forgets all that the layer does.
    """

    def __init__(
        self, name: str, apply: Callable[[Poses], Poses], reset: Callable[[], None]
    ) -> None:
        """Begin without a failure.

        Args:
            name: of the layer.
            apply: returns poses at the same moments.
            reset: forgets all that the layer does.
        """
        self.name = name
        self._apply = apply
        self.reset = reset
        self.failures = 0
        self.last_error = ''

    def applied(self, poses: Poses) -> Poses:
        """Return the poses with this layer; without it where it fails."""
        try:
            changed = self._apply(poses)
            if changed is not poses:
                _check_like(poses, changed)
            return changed
        except Exception as error:
            self.failures += 1
            self.last_error = one_line(error)
            self.reset()
            return poses


class OptionalLayers:
    """Optional layers over a motion, the first one lowest."""

    def __init__(self, *layers: OptionalLayer) -> None:
        self.layers = list(layers)

    @property
    def failures(self) -> int:
        """Times that a layer has failed."""
        return sum(layer.failures for layer in self.layers)

    @property
    def last_errors(self) -> str:
        """Names and newest errors of the layers that have failed."""
        failed = [layer for layer in self.layers if layer.failures]
        return '; '.join(f'{layer.name}: {layer.last_error}' for layer in failed)

    def applied(self, poses: Poses) -> Poses:
        """Return the poses with all layers that work."""
        for layer in self.layers:
            poses = layer.applied(poses)
        return poses

    def reset(self) -> None:
        """Let every layer forget all that it does."""
        for layer in self.layers:
            layer.reset()


def _check_like(poses: Poses, changed: Poses) -> None:
    """Raise ValueError unless poses have the same shapes as others, and finite numbers."""
    for name in ('rotations', 'weights'):
        before, after = getattr(poses, name), getattr(changed, name)
        if before.shape != after.shape:
            raise ValueError(f'{name} have shape {after.shape} instead of {before.shape}')
        if after is not before and not np.isfinite(after).all():
            raise ValueError(f'{name} are not finite')
