"""Pictures of mistakes: what was missed and what was wrongly reported."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vision.evaluation.gallery import TRUE, WRONG, Drawn, frame_at, picture_uri
from vision.evaluation.json_lines import Json

_SETTLED_S = 4.0

# Plain values of a report, read without their types, as the page reads them.
Values = Mapping[str, Any]


def event_shots(
    report: Mapping[str, Json], clips: Mapping[str, Path], *, limit: int
) -> dict[str, list[dict[str, Json]]]:
    """Return, per clip, a picture of every missed event and every false alarm.

    Args:
        report: of `event_report`.
        clips: clip name to video file.
        limit: most pictures in all; further mistakes are listed without a picture.

    Returns:
        Rows for the page: kind, times, reasons, evidence, embedded picture.
    """
    values: Values = report
    left = limit
    shots: dict[str, list[dict[str, Json]]] = {}
    for clip in values["clips"]:
        rows = []
        for at_s, boxes, row in (*_missed(clip), *_false(clip)):
            image = frame_at(clips[clip["clip"]], at_s) if left > 0 else None
            uri = "" if image is None else picture_uri(image, boxes, shares=True)
            left -= image is not None
            rows.append({**row, "uri": uri})
        shots[clip["clip"]] = rows
    return shots


_Shot = tuple[float, list[Drawn], dict[str, Json]]


def _missed(clip: Values) -> Iterator[_Shot]:
    for event in clip["true"]:
        if event["missed"] is None:
            continue
        end_s = clip["watched_s"] if event["end_s"] is None else event["end_s"]
        facts = event["missed"]["why_not"]
        row: dict[str, Json] = {
            "kind": "missed",
            "slug": event["slug"],
            "start_s": event["start_s"],
            "end_s": event["end_s"],
            "verdict": _unless_plain(event["missed"]["verdict"]),
            "note": event["note"],
            "facts": facts,
            "facts_are": "why_not",
            "evidence": [],
        }
        boxes = [Drawn(tuple(event["xyxy"]), TRUE, "", dashed=True)]
        # Early, when what is missed has just come to rest and nothing hides it yet.
        at_s = event["start_s"] + min(_SETTLED_S, (end_s - event["start_s"]) / 2)
        yield at_s, boxes, row


def _false(clip: Values) -> Iterator[_Shot]:
    for said in clip["found"]:
        if said["verdict"] in {"true", "ignored"}:
            continue
        row: dict[str, Json] = {
            "kind": "false_alarm",
            "slug": said["slug"],
            "start_s": said["started_s"],
            "end_s": said["ended_s"],
            "verdict": said["verdict"],
            "note": "",
            "facts": said["facts"],
            "facts_are": "reasons",
            "evidence": said["evidence"],
        }
        boxes = [
            Drawn(tuple(event["xyxy"]), TRUE, "", dashed=True)
            for event in clip["true"]
            if event["start_s"] <= said["opened_s"]
            and (event["end_s"] is None or event["end_s"] >= said["opened_s"])
        ]
        boxes.append(Drawn(tuple(said["xyxy"]), WRONG, said["slug"]))
        yield said["opened_s"], boxes, row


def _unless_plain(verdict: str) -> str | None:
    """Return the verdict on a missed event, unless nothing at all was reported."""
    return None if verdict == "background" else verdict
