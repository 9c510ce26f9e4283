"""Cost of deciding: view checks, tracking, places and rules on 1080p frames.

Run `python -m tests.benchmarks.bench_judgement`. Prints CPU milliseconds per analysed
frame on one core; exits with 1 when the whole is above the budget.
"""

import sys
import time

import cv2
import numpy as np

from tests.scenarios.stage import SCENE
from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.observation import Observation
from vision.rules.garbage_pile import GarbagePile
from vision.rules.illegal_parking import IllegalParking
from vision.rules.overflowing_bin import OverflowingBin
from vision.rules.places import PlaceMemory
from vision.rules.street_vending import StreetVending
from vision.tracking.association import AssociationTracker
from vision.view.check import CameraView

BUDGET_MS = 3.0
FRAMES = 120
SCALE = 6.0  # of the painted 320 x 180 street: 1920 x 1080


def busy_street() -> World:
    """Return twelve things that stand, four that drive and two that walk."""
    parked = [
        Actor("car", still(40 + 60 * i, 90, 0, 1e4), size=(50, 30), look=i)
        for i in range(5)
    ]
    refuse = [
        Actor("garbage", still(30 + 50 * i, 172, 0, 1e4), size=(20, 14), look=20 + i)
        for i in range(4)
    ]
    bins = [
        Actor("overflowing_bin", still(240 + 30 * i, 172, 0, 1e4), (16, 22), 30 + i)
        for i in range(2)
    ]
    stall = Actor("street_vendor", still(290, 130, 0, 1e4), size=(40, 36), look=40)
    driving = [
        Actor("car", [(t, -60, 140), (t + 6, 380, 140)], look=50 + t)
        for t in range(0, FRAMES, 3)
    ]
    walking = [
        Actor("person", [(0, 20 + 90 * i, 150), (1e4, 9000, 150)], size=(12, 30))
        for i in range(2)
    ]
    return World(
        [*parked, *refuse, *bins, stall, *driving, *walking],
        scale=SCALE,
        jitter_px=0.3,
        drop=0.1,
    )


def measure() -> dict[str, float]:
    """Return CPU milliseconds per frame, by part and together: the median frame's."""
    view, tracker = CameraView(), AssociationTracker(LABELS)
    memory = PlaceMemory("c1", LABELS)
    rules = (IllegalParking(), GarbagePile(), OverflowingBin(), StreetVending())
    rows = []
    for frame, detections in busy_street().film(FRAMES):
        marks = [time.process_time_ns()]
        state = view.check(frame, detections)
        marks.append(time.process_time_ns())
        tracks = tracker.update(frame, detections)
        marks.append(time.process_time_ns())
        places = memory.update(frame, detections, state, tracks)
        marks.append(time.process_time_ns())
        observation = Observation(
            frame, SCENE, LABELS, detections, tracks, places, state, dt_s=1.0
        )
        for rule in rules:
            rule.observe(observation)
        marks.append(time.process_time_ns())
        rows.append([*np.diff(marks), marks[-1] - marks[0]])
    parts = ("view", "tracking", "places", "rules", "together")
    return dict(zip(parts, np.median(rows, axis=0) / 1e6, strict=True))


def main() -> int:
    """Measure and print; 0 within the budget, 1 above it."""
    cv2.setNumThreads(1)
    measure()  # once to warm up
    figures = measure()
    for part, spent_ms in figures.items():
        sys.stdout.write(f"{part:9} {spent_ms:6.2f} ms a frame\n")
    sys.stdout.write(f"{'budget':9} {BUDGET_MS:6.2f} ms a frame\n")
    return 0 if figures["together"] <= BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
