"""The pictures that leave the camera: sensor effects and faults in time."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from datasets.street_scene.schema import Fault, Scenario
from datasets.street_scene.sensor import greyed, sensor

_LEVEL = {"grey": 128, "black": 4}


def _fault_at(scenario: Scenario, t: float) -> Fault | None:
    return next((f for f in scenario.faults if f.from_s <= t < f.to_s), None)


def _moved(picture: NDArray[np.uint8], shift: tuple[int, int]) -> NDArray[np.uint8]:
    dx, dy = shift
    pad = max(abs(dx), abs(dy), 1)
    wide = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)), "edge")
    height, width = picture.shape[:2]
    return wide[pad + dy : pad + dy + height, pad + dx : pad + dx + width]


def pictures(
    scenario: Scenario, clean: Callable[[int], NDArray[np.uint8]]
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield what arrives from the camera.

    Args:
        scenario: light, weather, sway and faults.
        clean: gives the clean render (H, W, 3) uint8 RGB of a frame number.

    Yields:
        Media time (seconds) and picture; dropped frames are missing.
    """
    last: NDArray[np.uint8] | None = None
    for k, t in enumerate(scenario.times_s):
        fault = _fault_at(scenario, t)
        if fault is not None and fault.kind == "drop":
            continue
        if last is None or fault is None or fault.kind != "freeze":
            last = _through(fault, sensor(clean(k), scenario, k))
        yield t, last


def _through(fault: Fault | None, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what a fault makes of a good picture."""
    if fault is None:
        return picture
    if fault.kind == "move":
        return _moved(picture, fault.shift_px)
    if fault.kind == "infrared":
        return greyed(picture)
    if fault.kind in _LEVEL:
        return np.full_like(picture, _LEVEL[fault.kind])
    return picture
