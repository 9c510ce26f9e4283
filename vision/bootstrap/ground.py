"""From marks or known heights to the ground plane of a view."""

import numpy as np

from vision.config.cameras import GroundSettings
from vision.core.arrays import FloatArray
from vision.core.errors import ConfigError
from vision.core.geometry import homography
from vision.core.ground import ground_from_heights


def build_ground(settings: GroundSettings) -> FloatArray:
    """Return the (3, 3) map from pixels to metres that the settings mean.

    Raises:
        ConfigError: the marks lie in line, or no ground fits the sizes.
    """
    size = np.array([settings.width_px, settings.height_px], np.float32)
    try:
        if settings.fov_deg is None:
            shares = np.array([mark.picture for mark in settings.points], np.float32)
            metres = np.array([mark.metres for mark in settings.points], np.float32)
            return homography(shares * size, metres)
        return ground_from_heights(
            np.array([one.box for one in settings.sizes], np.float32)
            * np.tile(size, 2),
            np.array([one.height_m for one in settings.sizes], np.float32),
            size_px=(settings.width_px, settings.height_px),
            fov_deg=settings.fov_deg,
        )
    except ValueError as error:
        given = "points" if settings.fov_deg is None else "sizes"
        msg = f"ground.{given}: {error}"
        raise ConfigError(msg) from error
