"""Why nothing has opened yet: a camera's places, with what speaks for and against."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from vision.core.feed import FeedStatus
from vision.core.observation import Observation, ViewState
from vision.core.places import Place, PlaceState
from vision.core.redaction import without_secrets
from vision.core.scene import Scene
from vision.core.violations import Candidate, Violation
from vision.pipeline.why_record import (
    VERSION,
    CameraRecord,
    OpenedRecord,
    candidate_record,
    opened_record,
    place_record,
)

_MOST_PLACES = 200  # per list; what is left out is counted


@dataclass(frozen=True, slots=True)
class Seen:
    """What the latest picture of a camera showed, without its pixels.

    Attributes:
        pictures: how many were analysed so far.
        media_time_s: its time on the stream's clock, seconds.
        captured_at: its wall time.
        size: (width, height), pixels.
        view: whether it could be trusted.
        places: still objects in it, those that ended left out.
    """

    pictures: int
    media_time_s: float
    captured_at: datetime
    size: tuple[int, int]
    view: ViewState
    places: tuple[Place, ...]


def seen_in(observation: Observation, pictures: int) -> Seen:
    """Return what is remembered of an observation."""
    frame = observation.frame
    return Seen(
        pictures=pictures,
        media_time_s=frame.media_time_s,
        captured_at=frame.captured_at,
        size=(frame.width, frame.height),
        view=observation.view,
        places=tuple(
            place for place in observation.places if place.state != PlaceState.ENDED
        ),
    )


class OpenedPlaces:
    """Which places have an open event; outlives a restart with the place memory."""

    def __init__(self, known: Callable[[], Container[str]] | None = None) -> None:
        """Start with none.

        Args:
            known: tells all places that the memory knows; None: those that it tells of
                with each picture are all.
        """
        self._known = known
        self._records: dict[str, OpenedRecord] = {}

    def follow(self, steps: Iterable[Violation], seen: Seen) -> None:
        """Take the steps of one picture and forget places that are gone."""
        for step in steps:
            if step.is_last:
                self._records.pop(step.event_id, None)
            else:
                self._records[step.event_id] = opened_record(step, seen.size)
        alive = (
            {place.place_id for place in seen.places}
            if self._known is None
            else self._known()
        )
        self._records = {
            event_id: record
            for event_id, record in self._records.items()
            if record["place"]["place_id"] in alive
        }

    def records(self, seen: Seen) -> list[OpenedRecord]:
        """Return the open events with their places as they are now."""
        now = {place.place_id: place_record(place, seen.size) for place in seen.places}
        return [
            {**one, "place": now.get(one["place"]["place_id"], one["place"])}
            for one in self._records.values()
        ]

    @property
    def place_ids(self) -> set[str]:
        """The places that have one."""
        return {record["place"]["place_id"] for record in self._records.values()}

    def left_by(self, rules: Container[str]) -> Counter[str]:
        """Count, by rule, the open events of rules that are no longer there.

        Nothing here will ever say of these that they are over.

        Args:
            rules: names of those that watch the camera.
        """
        return Counter(
            one["rule"] for one in self._records.values() if one["rule"] not in rules
        )

    def state(self) -> list[OpenedRecord]:
        """Return all as plain values, to be stored."""
        return list(self._records.values())

    def restore(self, record: object) -> None:
        """Take up what `state` returned, perhaps by way of JSON.

        Raises:
            KeyError: an entry is not what `state` returned.
            TypeError: likewise.
        """
        stored = cast("list[OpenedRecord]", record)
        self._records = {
            one["event_id"]: {**one, "place": {**one["place"]}} for one in stored
        }


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One camera at the moment of the question.

    Attributes:
        scene: the camera.
        status: how its feed is doing.
        rules: names of the rules that watch it.
        seen: the latest picture, or None before the first.
        candidates: what has not opened.
        opened: what has.
    """

    scene: Scene
    status: FeedStatus
    rules: tuple[str, ...]
    seen: Seen | None
    candidates: Sequence[Candidate]
    opened: OpenedPlaces

    def answer(self, now: datetime) -> CameraRecord:
        """Return plain, JSON-ready values of bounded size."""
        seen, status = self.seen, self.status
        trouble = status.last_error
        record: CameraRecord = {
            "version": VERSION,
            "camera_id": self.scene.camera_id,
            "name": self.scene.name,
            "written_at": now.isoformat(),
            "feed": status.state.value,
            "trouble": None if trouble is None else without_secrets(trouble),
            "size": None,
            "pictures": 0,
            "media_time_s": None,
            "captured_at": None,
            "view": None,
            "view_reason": None,
            "rules": list(self.rules),
            "candidates": [],
            "opened": [],
            "unjudged": [],
            "left_out": 0,
        }
        if seen is None:
            return record
        candidates = [candidate_record(one, seen.size) for one in self.candidates]
        opened = self.opened.records(seen)
        judged = {one.place.place_id for one in self.candidates}
        judged |= {one["place"]["place_id"] for one in opened}
        rest = [
            place_record(one, seen.size)
            for one in seen.places
            if one.place_id not in judged
        ]
        record |= {
            "size": seen.size,
            "pictures": seen.pictures,
            "media_time_s": seen.media_time_s,
            "captured_at": seen.captured_at.isoformat(),
            "view": seen.view.view.value,
            "view_reason": seen.view.reason,
            "candidates": candidates[:_MOST_PLACES],
            "opened": opened[:_MOST_PLACES],
            "unjudged": rest[:_MOST_PLACES],
            "left_out": sum(
                max(0, len(one) - _MOST_PLACES) for one in (candidates, opened, rest)
            ),
        }
        return record
