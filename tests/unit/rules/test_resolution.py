"""A camera that changes its resolution shows the same street."""

import json

import cv2
import numpy as np
import pytest

from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import ViewState
from vision.core.places import Place
from vision.rules.places import PlaceMemory

CAR = Actor("car", still(160, 120, 0, 1000), look=3)
CLEAR = ViewState()


def run(store: PlaceMemory, world: World, start: int, end: int) -> tuple[Place, ...]:
    places: tuple[Place, ...] = ()
    for t in range(start, end):
        places = store.update(world.frame(float(t), t), world.detect(float(t)), CLEAR)
    return places


def shown_at(size: tuple[int, int], world: World, t: int) -> tuple[Frame, Detections]:
    """Return what a camera of another resolution shows of the same street."""
    frame, seen = world.frame(float(t), t), world.detect(float(t))
    shares = (size[0] / frame.width, size[1] / frame.height)
    image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    scaled = seen.xyxy * np.array(shares * 2, np.float32)
    boxes = Detections(scaled.astype(np.float32), seen.score, seen.class_id)
    return Frame("c1", t, float(t), frame.captured_at, image.astype(np.uint8)), boxes


@pytest.mark.parametrize("size", [(426, 240), (1280, 720), (352, 288)])
@pytest.mark.parametrize("restarted", [False, True])
def test_another_resolution_shows_the_same_places(
    size: tuple[int, int], *, restarted: bool
) -> None:
    store, world = PlaceMemory("c1", LABELS), World([CAR])
    (before, *_) = run(store, world, 0, 30)
    if restarted:
        stored, store = json.loads(json.dumps(store.state())), PlaceMemory("c1", LABELS)
        store.restore(stored)
    places: tuple[Place, ...] = ()
    for t in range(30, 60):
        places = store.update(*shown_at(size, world, t), CLEAR)

    (after,) = places
    assert after.place_id == before.place_id
    assert after.observed_s > before.observed_s + 25
    assert after.xyxy[2] < size[0]
    (back, *rest) = run(store, world, 60, 70)
    assert (back.place_id, rest) == (before.place_id, [])
    assert back.xyxy == pytest.approx(before.xyxy, abs=3)
