"""A checked step on its way in, and the rows that it becomes."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from serve.cases.grid import Cell
from serve.messages import ViolationMessage
from serve.store.event_filter import EventState
from serve.store.tables import EventRow
from serve.store.tiles import tile_of
from vision.core.crs import to_wgs84
from vision.core.violations import Lifecycle

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Letter:
    """One checked message on its way in.

    Attributes:
        message: the checked message.
        text: its one spelling, unknown members too (`messages.canonical`).
        sha256: of that spelling, hex digest.
    """

    message: ViolationMessage
    text: str
    sha256: str


def place_of(message: ViolationMessage) -> tuple[float | None, float | None]:
    """Return (lat, lon) in WGS-84 degrees, or (None, None) for an unknown place."""
    location = message.data.location
    if location is None:
        return None, None
    return to_wgs84(location.lat, location.lon, location.crs)


def new_event(letter: Letter, cell: Cell | None, now: datetime) -> EventRow:
    """Return the row of an event of which this is the first step to come.

    Args:
        letter: the step.
        cell: of the grid, in which it happened, if known.
        now: when it arrived, aware UTC.
    """
    message = letter.message
    return EventRow(
        event_id=message.data.event_id,
        slug=message.data.slug.value,
        camera_id=message.data.camera.id,
        grid_id=cell.grid_id if cell else None,
        street=cell.street if cell else None,
        opened_at=message.time,
        received_at=now,
        evidence=json.dumps(evidence_of(letter)),
        **latest_of(letter),
    )


def latest_of(letter: Letter) -> dict[str, object]:
    """Return what the latest step of an event says of it, by column."""
    message = letter.message
    lat, lon = place_of(message)
    return {
        "sequence": message.data.sequence,
        "state": _state(message.data.lifecycle),
        "severity": message.data.severity,
        "updated_at": message.time,
        "body": letter.text,
        "lat": lat,
        "lon": lon,
        "tile": tile_of(lat, lon),
        "accuracy_m": _accuracy_of(message),
    }


def history_of(letter: Letter, now: datetime) -> dict[str, object]:
    """Return a step as it is kept for good, by column of `messages`."""
    message = letter.message
    return {
        "message_id": message.id,
        "content_sha256": letter.sha256,
        "type": message.type,
        "event_id": message.data.event_id,
        "sequence": message.data.sequence,
        "time": message.time,
        "received_at": now,
        "body": letter.text,
    }


def evidence_of(letter: Letter) -> list[dict[str, Json]]:
    """Return the files that a step announces, as the engine wrote them."""
    if not letter.message.data.evidence:
        return []
    # From the text: members that this version does not know are kept.
    announced: list[dict[str, Json]] = json.loads(letter.text)["data"]["evidence"]
    return announced


def united(
    old: list[dict[str, Json]], new: list[dict[str, Json]]
) -> list[dict[str, Json]]:
    """Return all files of two lists, each once."""
    seen = {(item["name"], item["sha256"]) for item in old}
    return old + [item for item in new if (item["name"], item["sha256"]) not in seen]


def _state(lifecycle: Lifecycle) -> str:
    cleared = lifecycle is Lifecycle.CLEARED
    return (EventState.CLEARED if cleared else EventState.OPEN).value


def _accuracy_of(message: ViolationMessage) -> float | None:
    location = message.data.location
    return None if location is None else location.accuracy_m
