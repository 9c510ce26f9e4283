"""Labels that can be read and still cannot be meant."""

import math

import numpy as np

from vision.core.geometry import iou
from vision.evaluation.problems import Problems
from vision.evaluation.truth import Decoy, TrueEvent, TruthClip

_TWIN_IOU = 0.9


def tell_of_twins(truth: TruthClip, problems: Problems) -> None:
    """Tell of what is labelled twice: the engine reports one object once."""
    events = truth.events
    boxes = np.array([event.xyxy for event in events], np.float32).reshape(-1, 4)
    alike = np.argwhere(np.triu(iou(boxes, boxes) >= _TWIN_IOU, 1))
    for i, j in alike.tolist():
        a, b = events[i], events[j]
        meet = max(a.start_s, b.start_s) < min(_last_s(a), _last_s(b))
        if meet and a.slug is b.slug:
            text = (
                f"events: {a.slug} at {a.start_s:g} s and at {b.start_s:g} s have the "
                "same box at the same time; one object is reported once, so one of "
                "them counts as missed: remove it"
            )
            problems.add(truth.path, None, text, lost=0)


def outlasts_clip(truth: TruthClip, last_s: float, problems: Problems) -> bool:
    """Say whether something is labelled after the clip is over: another unit of time.

    Args:
        truth: as read.
        last_s: time of the last picture, plus what may be cut off after it, seconds.
        problems: told when something is; of an end alone only in passing.

    Returns:
        True when the clip must be left out.
    """
    spans: list[TrueEvent | Decoy] = [*truth.events, *truth.decoys]
    late = [span for span in spans if span.start_s > last_s]
    if late:
        text = (
            f"{late[0].slug} at {late[0].start_s:g} s, but {truth.name} is over before "
            f"{last_s:.1f} s; expected seconds from its first picture, no frames or "
            "milliseconds; the clip is left out"
        )
        problems.add(truth.path, None, text, lost=max(1, len(truth.events)))
        return True
    for span in spans:
        if span.end_s is not None and span.end_s > last_s:
            text = (
                f"{span.slug} at {span.start_s:g} s ends at {span.end_s:g} s, but "
                f"{truth.name} is over before {last_s:.1f} s; expected seconds from "
                "its first picture, null where it outlasts the clip"
            )
            problems.add(truth.path, None, text, lost=0)
    return False


def _last_s(event: TrueEvent) -> float:
    return math.inf if event.end_s is None else event.end_s
