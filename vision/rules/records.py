"""Places as plain values that survive a restart."""

import base64
from datetime import datetime
from typing import NotRequired, TypedDict, cast

import numpy as np

from vision.core.arrays import ImageU8
from vision.core.errors import ConfigError
from vision.core.places import PlaceState
from vision.rules.appearance import LOOK_SIZE_PX
from vision.rules.sighting import Moment, as_xyxy
from vision.rules.slot import Slot
from vision.rules.votes import Votes

VERSION = 1


class SlotRecord(TypedDict):
    """One settled place; times are wall times, as a stream's clock starts anew."""

    place_id: str
    kind: str
    anchor: list[float]
    look: str | None  # base64 of 32 x 32 uint8
    ground: str | None  # likewise
    bareness: float | None
    first_seen_at: str
    last_seen_at: str
    observed_s: float
    score: float
    sightings: int
    baseline: bool
    shares: list[tuple[str, float]]
    preset: str | None
    firm: NotRequired[bool]  # not in records of earlier versions
    recent_score: NotRequired[float]  # likewise
    lost: NotRequired[bool]  # likewise; it ends with the next picture


class MemoryRecord(TypedDict):
    """All places of one camera as plain, JSON-ready values."""

    version: int
    camera_id: str
    light: str | None
    size: NotRequired[tuple[int, int] | None]  # not in records of earlier versions
    places: list[SlotRecord]


def read(
    record: object, camera_id: str, vote_window_s: float
) -> tuple[list[Slot], str | None, tuple[int, int] | None]:
    """Return a camera's stored places, their light and the size of their picture.

    Raises:
        ConfigError: they are another camera's or cannot be read.
    """
    try:
        stored = cast("MemoryRecord", record)
        if (stored["version"], stored["camera_id"]) != (VERSION, camera_id):
            msg = f"got camera {stored['camera_id']!r} version {stored['version']}"
            raise ValueError(msg)  # noqa: TRY301 one message for all damage
        slots = [from_record(place, vote_window_s) for place in stored["places"]]
        stored_size = stored.get("size")
        size = (
            None if stored_size is None else (int(stored_size[0]), int(stored_size[1]))
        )
        return slots, stored["light"], size
    except (KeyError, TypeError, ValueError) as error:
        msg = (
            f"stored places: {error!r}, expected those of camera {camera_id!r}, "
            f"version {VERSION}; delete them to start afresh"
        )
        raise ConfigError(msg) from error


def to_record(slot: Slot) -> SlotRecord:
    """Return a settled slot as plain values."""
    return {
        "place_id": slot.place_id,
        "kind": slot.kind,
        "anchor": list(slot.anchor),
        "look": _packed(slot.look),
        "ground": _packed(slot.ground),
        "bareness": slot.bareness,
        "first_seen_at": slot.first.captured_at.isoformat(),
        "last_seen_at": slot.last.captured_at.isoformat(),
        "observed_s": slot.observed_s,
        "score": slot.score,
        "sightings": slot.sightings,
        "baseline": slot.baseline,
        "shares": list(slot.votes.shares()),
        "preset": slot.preset,
        "firm": slot.firm,
        "recent_score": slot.votes.strength(),
        "lost": slot.end_reason is not None,
    }


def from_record(record: SlotRecord, vote_window_s: float) -> Slot:
    """Return a slot as it was stored; its media times wait for the new clock.

    Raises:
        KeyError: a field is missing.
        ValueError: a field cannot be read.
    """
    score = float(record["score"])
    shares = tuple((k, float(v)) for k, v in record["shares"])
    bareness = record["bareness"]
    strength = float(record.get("recent_score", score))
    slot = Slot(
        kind=record["kind"],
        anchor=as_xyxy(record["anchor"]),
        look=_unpacked(record["look"]),
        ground=_unpacked(record["ground"]),
        bareness=None if bareness is None else float(bareness),
        first=Moment(0.0, datetime.fromisoformat(record["first_seen_at"])),
        last=Moment(0.0, datetime.fromisoformat(record["last_seen_at"])),
        votes=Votes(vote_window_s, shares, strength),
        observed_s=float(record["observed_s"]),
        score=score,
        sightings=int(record["sightings"]),
        settled=True,
        place_id=record["place_id"],
        baseline=bool(record["baseline"]),
        state=PlaceState.MISSING,
        unbroken=False,
        preset=record["preset"],
        firm=bool(record.get("firm", True)),
    )
    if record.get("lost", False):
        slot.end("lost")
    return slot


def _packed(look: ImageU8 | None) -> str | None:
    return None if look is None else base64.b64encode(look.tobytes()).decode()


def _unpacked(text: str | None) -> ImageU8 | None:
    if text is None:
        return None
    pixels = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return pixels.reshape(LOOK_SIZE_PX, LOOK_SIZE_PX)
