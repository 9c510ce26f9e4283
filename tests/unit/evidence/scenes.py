"""Pictures with something in them, and what was made of them."""

from dataclasses import replace

import numpy as np

from tests.fakes import START, frame, place, violation
from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import Observation, ViewState
from vision.core.places import Passes, Place, PlaceState
from vision.core.scene import GeoPoint, MapZone, Scene, Zone
from vision.core.violations import Lifecycle, Violation

LABELS = ("car", "person")
BOX = (60.0, 60.0, 180.0, 140.0)
SCENE = Scene(
    "gate",
    "解放路东侧球机",
    (Zone("kerb", "no_parking", ((0.1, 0.3), (0.9, 0.3), (0.9, 0.9), (0.1, 0.9))),),
    GeoPoint(30.59, 114.3, "江岸区解放路128号"),
)


KERB = MapZone(
    "kerb", "no_parking", ((30.593, 114.305), (30.5935, 114.305), (30.5935, 114.306))
)
DRIVING = replace(SCENE, moving=True, geo=None, zones=(), map_zones=(KERB,))


def textured(seed: int, *, width: int = 320, height: int = 240) -> ImageU8:
    """Return a picture with structure at every scale."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width, 3), np.float64)
    for cell in (4, 8, 16, 40):
        grid = rng.uniform(0, 64, (height // cell + 1, width // cell + 1, 3))
        image += np.kron(grid, np.ones((cell, cell, 1)))[:height, :width]
    return image.astype(np.uint8)


def street(index: int, *, at_s: float | None = None, seed: int | None = None) -> Frame:
    """Return frame `index` of the camera `gate`."""
    base = frame(index=index, at_s=float(index) if at_s is None else at_s)
    return replace(base, picture=textured(index if seed is None else seed))


def standing(at: Frame, place_id: str = "p1", **changes: object) -> Place:
    """Return a parked car."""
    base = replace(place(at), place_id=place_id, xyxy=BOX)
    return replace(base, **changes)  # type: ignore[arg-type]  # keywords for the fields


def passed(at: Frame, place_id: str = "p1", count: int = 1, **more: object) -> Place:
    """Return a parked car that a vehicle passes for the `count`th time."""
    passes = Passes(count, 0.0, 5, 8.0, 6.0, 0.3, (4.2, 1.5))
    geo = GeoPoint(30.5931, 114.3054, accuracy_m=6.0)
    return standing(at, place_id, passes=passes, geo=geo, **more)


def observed(
    at: Frame, *places: Place, boxes: tuple[tuple[int, tuple[float, ...]], ...] = ()
) -> Observation:
    """Return what was made of a frame; `boxes` are (class_id, xyxy)."""
    detections = Detections(
        xyxy=np.array([box for _, box in boxes], np.float32).reshape(-1, 4),
        score=np.full(len(boxes), 0.9, np.float32),
        class_id=np.array([class_id for class_id, _ in boxes], np.int64),
    )
    return Observation(
        frame=at,
        scene=SCENE,
        labels=LABELS,
        detections=detections,
        tracks=(),
        places=places,
        view=ViewState(),
        dt_s=1.0,
    )


def decided(
    at: Frame,
    of: Place,
    *,
    sequence: int = 1,
    lifecycle: Lifecycle = Lifecycle.OPENED,
    event_id: str = "event-1",
) -> Violation:
    """Return a step decided on a frame."""
    base = violation(at, sequence=sequence, lifecycle=lifecycle)
    return replace(base, place=of, event_id=event_id)


__all__ = ["START", "PlaceState", "decided", "observed", "standing", "street"]
