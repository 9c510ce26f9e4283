"""The truth file of a clip, after ``datasets/truth.schema.json``."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from datasets.street_scene.events import Span, spans
from datasets.street_scene.pinhole import Pinhole, clip_to_frame
from datasets.street_scene.schema import Scenario

_MIN_VISIBLE = 0.2
_MARGIN = 0.5  # how far a box may reach outside the picture, shares of its side


class Boxed(Protocol):
    """What the truth needs to know of a box in a frame."""

    @property
    def id(self) -> str:
        """The actor's id."""

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """Normalised corners, may reach outside the picture."""

    @property
    def visible(self) -> float:
        """Visible share, 0..1."""


def zone_polygons(scenario: Scenario) -> list[dict[str, object]]:
    """Return the zones as polygons in the picture, normalised and clipped.

    Raises:
        ValueError: a zone lies behind the camera or outside the picture.
    """
    camera = Pinhole.from_view(scenario.view, scenario.width, scenario.height)
    rows: list[dict[str, object]] = []
    for zone in scenario.zones:
        corners = [camera.project((x, y, 0.0)) for x, y in zone.polygon]
        ahead = [c for c in corners if c is not None]
        shape = clip_to_frame(ahead) if len(ahead) == len(corners) else []
        if len(shape) < 3:  # noqa: PLR2004 - a polygon
            msg = (
                f"zones.{zone.id}: got a polygon that the camera does not see, "
                "expected one in front of it; move the zone or the camera"
            )
            raise ValueError(msg)
        polygon = [[round(x, 4), round(y, 4)] for x, y in shape]
        row: dict[str, object] = {"id": zone.id, "kind": zone.kind, "polygon": polygon}
        extra = {"street_class": zone.street_class, "calendar": zone.calendar}
        rows.append(row | {k: v for k, v in extra.items() if v is not None})
    return rows


def _best_box(
    span: Span, times_s: Sequence[float], boxes: Sequence[Sequence[Boxed]]
) -> list[float] | None:
    """Return the box at the least hidden moment of a span; None: never seen."""
    best: Boxed | None = None
    for t, found in zip(times_s, boxes, strict=True):
        if t < span.start_s or (span.end_s is not None and t >= span.end_s):
            continue
        for box in found:
            if box.id == span.actor and (best is None or box.visible > best.visible):
                best = box
    if best is None or best.visible < _MIN_VISIBLE:
        return None
    return [round(min(1 + _MARGIN, max(-_MARGIN, v)), 4) for v in best.xyxy]


def _rows(
    scenario: Scenario, boxes: Sequence[Sequence[Boxed]], *, decoys: bool
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for span in spans(scenario):
        if (span.decoy is not None) is not decoys:
            continue
        xyxy = _best_box(span, scenario.times_s, boxes)
        if xyxy is None and decoys:
            continue  # a queue may begin outside the picture
        if xyxy is None:
            msg = (
                f"{scenario.name}: {span.slug} of {span.actor} is never seen by the "
                "camera; move one of them"
            )
            raise ValueError(msg)
        row: dict[str, object] = {"kind": span.decoy} if decoys else {}
        row |= {
            "slug": span.slug,
            "start_s": round(span.start_s, 3),
            "end_s": None if span.end_s is None else round(span.end_s, 3),
            "xyxy": xyxy,
            "note": f"{span.actor}: {span.note}" if span.note else span.actor,
        }
        rows.append(row)
    return rows


def conditions(scenario: Scenario) -> list[str]:
    """Return the words by which a report groups the clip."""
    found = [scenario.light, scenario.weather, *scenario.tags]
    if scenario.view.shake_px > 0:
        found.append("shake")
    found += sorted({fault.kind for fault in scenario.faults})
    whys = {span.decoy for span in spans(scenario)}
    if "queue" in whys:
        found.append("queue")
    if None not in whys:
        found.append("negative")
    return found


def truth_of(
    scenario: Scenario, boxes: Sequence[Sequence[Boxed]], clip: str, sha256: str
) -> Mapping[str, object]:
    """Return the truth of a clip as it is written to its file.

    Args:
        scenario: the scenario.
        boxes: boxes per frame, as many as ``scenario.times_s``.
        clip: the clip's file name.
        sha256: of the clip that the truth belongs to.

    Raises:
        ValueError: a violation or a zone that the camera never sees.
    """
    return {
        "schema": 1,
        "clip": clip,
        "sha256": sha256,
        "synthetic": True,
        "width": scenario.width,
        "height": scenario.height,
        "fps": scenario.fps,
        "duration_s": scenario.duration_s,
        "camera": scenario.camera or scenario.name,
        "about": " ".join(scenario.about.split()),
        "conditions": conditions(scenario),
        "zones": zone_polygons(scenario),
        "events": _rows(scenario, boxes, decoys=False),
        "decoys": _rows(scenario, boxes, decoys=True),
    }


def write_truth(
    scenario: Scenario, boxes: Sequence[Sequence[Boxed]], clip: Path
) -> Path:
    """Write NAME.truth.json beside the clip and return its path."""
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    path = clip.with_suffix(".truth.json")
    truth = truth_of(scenario, boxes, clip.name, digest)
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path
