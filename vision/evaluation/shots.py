"""Pictures and short clips of what was missed, wrongly reported, and found."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vision.evaluation.gallery import RIGHT, TRUE, WRONG, Drawn, frame_at, picture_uri
from vision.evaluation.json_lines import Json
from vision.evaluation.moving import Timed, clip_uri

_SETTLED_S = 4.0
_AROUND_S = 4.0
_LONGEST_S = 120.0

# Plain values of a report, read without their types, as the page reads them.
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many pictures and short clips a page may hold; mistakes come first.

    Attributes:
        shots: most pictures in all; further rows are listed without one.
        clips: most short clips in all.
    """

    shots: int = 48
    clips: int = 24


@dataclass(frozen=True, slots=True)
class _Shot:
    """One row of the gallery and what its picture is made of.

    Attributes:
        at_s: time of the picture, media seconds.
        span_s: from when to when the short clip shows.
        boxes: what is drawn when.
        row: what the page says beside it.
    """

    at_s: float
    span_s: tuple[float, float]
    boxes: tuple[Timed, ...]
    row: dict[str, Json]


def event_shots(
    report: Mapping[str, Json], clips: Sequence[Path], *, budget: Budget
) -> list[list[dict[str, Json]]]:
    """Return, per clip, its missed events, false alarms and right reports, shown.

    Args:
        report: of `event_report`.
        clips: their video files, in the report's order (`in_order`): recorders give
            the same name to many.
        budget: how many pictures and short clips at most.

    Returns:
        Per clip, in that order, rows for the page, mistakes first: kind, times,
        reasons, evidence, embedded picture and short clip (empty text where there is
        none).
    """
    values: Values = report
    shown = [(k, list(_mistakes(clip))) for k, clip in enumerate(values["clips"])]
    shown += [(k, list(_right(clip))) for k, clip in enumerate(values["clips"])]
    shots: list[list[dict[str, Json]]] = [[] for _ in values["clips"]]
    pictures, films = budget.shots, budget.clips
    for k, rows in shown:
        for shot in rows:
            uri = _picture(clips[k], shot) if pictures > 0 else ""
            pictures -= bool(uri)
            film = clip_uri(clips[k], shot.span_s, shot.boxes) if films > 0 else None
            films -= film is not None
            shots[k].append({**shot.row, "uri": uri, "film": film or ""})
    return shots


def _picture(clip: Path, shot: _Shot) -> str:
    image = frame_at(clip, shot.at_s)
    if image is None:
        return ""
    boxes = [timed.box for timed in shot.boxes if timed.at(shot.at_s)]
    return picture_uri(image, boxes, shares=True)


def _mistakes(clip: Values) -> Iterator[_Shot]:
    for event in clip["true"]:
        if event["missed"] is not None:
            yield _missed(clip, event)
    for said in clip["found"]:
        if said["verdict"] not in {"true", "ignored"}:
            yield _said(clip, said, right=False)


def _right(clip: Values) -> Iterator[_Shot]:
    for said in clip["found"]:
        if said["verdict"] == "true":
            yield _said(clip, said, right=True)


def _missed(clip: Values, event: Values) -> _Shot:
    end_s = _end_s(clip, event["end_s"])
    why_not, instead = event["missed"]["why_not"], event["missed"]["instead"]
    near = None if instead is None else clip["found"][instead]
    row: dict[str, Json] = {
        "kind": "missed",
        "slug": event["slug"],
        "start_s": event["start_s"],
        "end_s": event["end_s"],
        "verdict": _unless_plain(event["missed"]["verdict"]),
        "note": event["note"],
        "facts": near["facts"] if why_not is None and near else why_not,
        "facts_are": "instead" if why_not is None and near else "why_not",
        "evidence": near["evidence"] if near else [],
    }
    # Early, when what is missed has just come to rest and nothing hides it yet.
    at_s = event["start_s"] + min(_SETTLED_S, (end_s - event["start_s"]) / 2)
    return _Shot(at_s, _around(event["start_s"], end_s), (_true(event),), row)


def _said(clip: Values, said: Values, *, right: bool) -> _Shot:
    row: dict[str, Json] = {
        "kind": "found" if right else "false_alarm",
        "slug": said["slug"],
        "start_s": said["started_s"],
        "end_s": said["ended_s"],
        "verdict": None if right else said["verdict"],
        "note": "",
        "facts": said["facts"],
        "facts_are": "reasons",
        "evidence": said["evidence"],
    }
    end_s = _end_s(clip, said["ended_s"])
    drawn = Drawn(tuple(said["xyxy"]), RIGHT if right else WRONG, said["slug"])
    told = Timed(drawn, said["started_s"], max(end_s, said["opened_s"]))
    boxes = (*(_true(event) for event in clip["true"]), told)
    # From before it came until after the decision, and after its end if that is near.
    last_s = max(said["opened_s"], min(end_s, said["opened_s"] + _LONGEST_S / 2))
    return _Shot(said["opened_s"], _around(said["started_s"], last_s), boxes, row)


def _true(event: Values) -> Timed:
    end_s = math.inf if event["end_s"] is None else event["end_s"]
    box = Drawn(tuple(event["xyxy"]), TRUE, "", dashed=True)
    return Timed(box, event["start_s"], end_s)


def _around(first_s: float, last_s: float) -> tuple[float, float]:
    first_s = max(0.0, first_s - _AROUND_S, last_s - _LONGEST_S)
    return first_s, last_s + _AROUND_S


def _end_s(clip: Values, end_s: float | None) -> float:
    return float(clip["last_s"]) if end_s is None else float(end_s)


def _unless_plain(verdict: str) -> str | None:
    """Return the verdict on a missed event, unless nothing at all was reported."""
    return None if verdict == "background" else verdict
