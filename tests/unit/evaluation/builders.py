"""Short ways to say what happened and what was said."""

from pathlib import Path

from vision.core.violations import Slug
from vision.evaluation.found import ClipRun, FoundEvent
from vision.evaluation.truth import Decoy, TrueEvent, TruthClip

BOX = (0.1, 0.1, 0.3, 0.3)
ELSEWHERE = (0.6, 0.6, 0.8, 0.8)
Box = tuple[float, float, float, float]


def true(
    start_s: float,
    end_s: float | None = None,
    *,
    slug: Slug = Slug.ILLEGAL_PARKING,
    xyxy: Box = BOX,
    ignore: bool = False,
) -> TrueEvent:
    return TrueEvent(slug=slug, start_s=start_s, end_s=end_s, xyxy=xyxy, ignore=ignore)


def found(
    started_s: float,
    ended_s: float | None = None,
    *,
    slug: Slug = Slug.ILLEGAL_PARKING,
    xyxy: Box = BOX,
    score: float = 0.9,
) -> FoundEvent:
    return FoundEvent(
        event_id=f"{slug}-{started_s:g}-{xyxy}",
        slug=slug,
        started_s=started_s,
        opened_s=started_s + 60,
        xyxy=xyxy,
        score=score,
        ended_s=ended_s,
        cleared_s=None if ended_s is None else ended_s + 20,
    )


def queue(start_s: float, end_s: float, *, xyxy: Box = BOX) -> Decoy:
    return Decoy(kind="queue", start_s=start_s, end_s=end_s, xyxy=xyxy)


def clip(
    *events: TrueEvent,
    camera: str = "north",
    name: str = "clip.mp4",
    decoys: tuple[Decoy, ...] = (),
    conditions: tuple[str, ...] = ("day",),
) -> TruthClip:
    return TruthClip(
        path=Path("truth") / f"{name}.json",
        clip=Path("truth") / name,
        camera=camera,
        sha256=None,
        synthetic=True,
        size=(640, 360),
        duration_s=600.0,
        conditions=conditions,
        zones=(),
        events=events,
        decoys=decoys,
    )


def run(*events: FoundEvent, watched_s: float = 600.0) -> ClipRun:
    return ClipRun(watched_s, last_s=watched_s, found=events, frames=600)
