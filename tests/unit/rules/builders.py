"""Places and observations out of thin air, for rules that look at nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import Observation, ViewState
from vision.core.places import Place, PlaceState
from vision.core.scene import Scene, Zone

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # Friday, 14:00 in Shanghai
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
IMAGE = np.zeros((100, 200, 3), np.uint8)
LABELS = ("person", "car", "garbage", "bin", "overflowing_bin", "street_vendor")


def place(kind: str, label: str, seen_s: float, **how: object) -> Place:
    """Return a place that has stood since the start for `seen_s` observed seconds."""
    plain = Place(
        place_id="p1",
        camera_id="c1",
        kind=kind,
        label=label,
        xyxy=(80.0, 40.0, 120.0, 60.0),
        state=PlaceState.STANDING,
        first_seen_s=0.0,
        last_seen_s=seen_s,
        observed_s=seen_s,
        first_seen_at=START,
        last_seen_at=START + timedelta(seconds=seen_s),
        score=0.8,
        baseline=False,
        label_share=((label, 1.0),),
    )
    return replace(plain, **how)  # type: ignore[arg-type]  # keywords for the fields


def zone(kind: str, **how: object) -> Zone:
    """Return a zone over the whole picture."""
    return replace(Zone(f"{kind}-1", kind, WHOLE), **how)  # type: ignore[arg-type]  # keywords for the fields


def observation(
    t: float, places: Sequence[Place], *zones: Zone, people: Sequence[float] = ()
) -> Observation:
    """Return what a rule is shown at `t`; `people` stand at x on the place's foot."""
    boxes = [(x - 5, 35, x + 5, 62) for x in people]
    return Observation(
        frame=Frame("c1", int(t), t, START + timedelta(seconds=t), IMAGE),
        scene=Scene("c1", "Test street", tuple(zones)),
        labels=LABELS,
        detections=Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.full(len(boxes), 0.9, np.float32),
            np.zeros(len(boxes), np.int64),
        ),
        tracks=(),
        places=tuple(places),
        view=ViewState(),
        dt_s=1.0,
    )
