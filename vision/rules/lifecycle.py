"""The life of a violation: opened, updated, cleared; identity, no cooldowns."""

import uuid
from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from vision.core.observation import Observation, View
from vision.core.places import Place, PlaceState
from vision.core.scene import GeoPoint
from vision.core.violations import (
    Candidate,
    Confidence,
    Fact,
    Lifecycle,
    Slug,
    Violation,
)
from vision.rules.cases import (
    BookRecord,
    Case,
    beyond,
    from_record,
    latest_on,
    to_record,
)
from vision.rules.verdict import Verdict

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "events.streetwarden.org")
_MOST_CLEARED = 256


@dataclass(frozen=True, slots=True)
class LifecycleParams:
    """How a rule speaks about one violation.

    Attributes:
        update_every_s: shortest time between two steps of one event, seconds.
        recurs: whether a new object on the same ground is a recurrence: refuse is, the
            next car is not.
        recurrence_s: how long a cleared event is remembered for that, seconds.
    """

    update_every_s: float = 60.0
    recurs: bool = True
    recurrence_s: float = 7 * 86_400.0


class CaseBook:
    """All events of one rule at one camera, and what has not become one."""

    def __init__(self, slug: Slug, rule: str, params: LifecycleParams) -> None:
        """Start with no events.

        Args:
            slug: which violation.
            rule: `name/version`, written on events and part of their identity.
            params: how often to speak.
        """
        self._slug = slug
        self._rule = rule
        self._params = params
        self._open: dict[str, Case] = {}
        self._cleared: deque[Case] = deque(maxlen=_MOST_CLEARED)
        self._occurrences: dict[str, int] = {}
        self._unsure: dict[str, int] = {}
        self._waiting: dict[str, Candidate] = {}

    def candidates(self) -> list[Candidate]:
        """Return what has not opened, each with its reasons."""
        return list(self._waiting.values())

    def follow(
        self, place: Place, verdict: Verdict | None, observation: Observation
    ) -> Violation | None:
        """Return the step that one place's verdict brings, if any.

        Args:
            place: as the memory sees it now.
            verdict: what the rule makes of it; None: no concern of the rule.
            observation: the picture it was made on.
        """
        self._waiting.pop(place.place_id, None)
        case = self._open.get(place.place_id)
        if place.state is PlaceState.ENDED:
            return None if case is None else self._finish(case, place, observation)
        if verdict is None:
            return None if case is None else self._leave(case, place, observation)
        if case is not None:
            return self._go_on(case, place, verdict, observation)
        if verdict.opens and place.state is PlaceState.STANDING:
            return self._begin(place, verdict, observation)
        self._waiting[place.place_id] = Candidate(
            camera_id=place.camera_id,
            slug=self._slug,
            rule=self._rule,
            place=place,
            zone_id=verdict.zone_id,
            facts=verdict.facts,
        )
        return None

    def opened_at(self, place_id: str) -> GeoPoint | None:
        """Return where on the map a place was when its event opened; None: none is."""
        case = self._open.get(place_id)
        return None if case is None else case.geo

    def recall(self, event_id: str) -> tuple[Case | None, bool]:
        """Return an event that is open or was cleared, and whether it was cleared."""
        for case in self._open.values():
            if case.event_id == event_id:
                return case, False
        for case in reversed(self._cleared):
            if case.event_id == event_id:
                return case, True
        return None, False

    def keep(self, place_ids: Container[str]) -> None:
        """Forget all state of places that no longer exist."""
        tables = (self._open, self._waiting, self._occurrences, self._unsure)
        for table in tables:
            for place_id in [key for key in table if key not in place_ids]:
                del table[place_id]

    def without_place(self, place_ids: Container[str]) -> list[str]:
        """Return the open events whose place is none of these; `keep` drops them."""
        return [c.event_id for c in self._open.values() if c.place_id not in place_ids]

    def state(self) -> BookRecord:
        """Return all events as plain values, to be stored."""
        return {
            "open": [to_record(case) for case in self._open.values()],
            "cleared": [to_record(case) for case in self._cleared],
            "occurrences": dict(self._occurrences),
            "unsure": dict(self._unsure),
        }

    def restore(self, record: BookRecord) -> None:
        """Take up stored events.

        Raises:
            KeyError: a field is missing.
            ValueError: a field cannot be read.
        """
        cases = [from_record(case) for case in record["open"]]
        self._open = {case.place_id: case for case in cases}
        self._cleared.extend(from_record(case) for case in record["cleared"])
        self._occurrences = dict(record["occurrences"])
        self._unsure = dict(record.get("unsure", {}))

    def step_over(self, place_ids: Iterable[str]) -> None:
        """Leave out the numbers that steps may have which this book does not know.

        A crash comes between an event and the memory of it. The same decision made
        again is harmless, but another one under its id would pass for a repeat.

        Args:
            place_ids: all places that are known; at each, an event may have opened.
        """
        for place_id, case in self._open.items():
            self._open[place_id] = replace(case, sequence=beyond(case.sequence))
        for place_id in place_ids:
            self._unsure[place_id] = beyond(self._unsure.get(place_id, 0))

    def _begin(
        self, place: Place, verdict: Verdict, observation: Observation
    ) -> Violation:
        occurrence = self._occurrences.get(place.place_id, 0) + 1
        self._occurrences[place.place_id] = occurrence
        name = f"{place.place_id}/{self._slug}/{self._rule}/{occurrence}"
        case = Case(
            event_id=str(uuid.uuid5(_NAMESPACE, name)),
            place_id=place.place_id,
            sequence=1,
            severity=verdict.severity,
            confidence=verdict.confidence,
            stepped_at=observation.frame.captured_at,
            zone_id=verdict.zone_id,
            footprint=place.xyxy,
            recurrence_of=self._earlier(place, observation),
            later_s=verdict.later_s(place),
            preset=place.preset,
            geo=place.geo,
        )
        latest = max(case.sequence, self._unsure.pop(place.place_id, 0))
        self._open[place.place_id] = replace(case, sequence=latest)
        return self._step(case, Lifecycle.OPENED, place, verdict.facts, observation)

    def _go_on(
        self, case: Case, place: Place, verdict: Verdict, observation: Observation
    ) -> Violation | None:
        if case.carried and observation.view.view is not View.CLEAR:
            return None  # perhaps it shows another view by now, with other zones
        if case.carried and place.state is PlaceState.STANDING:
            self._open[place.place_id] = case = replace(case, carried=False)
        if verdict.over:
            return self._clear(case, place, verdict.facts, observation)
        # What was worse or surer once stays so: an event only becomes graver.
        severity = max(case.severity, verdict.severity)
        sure = Confidence.HIGH in {case.confidence, verdict.confidence}
        confidence = Confidence.HIGH if sure else Confidence.LOW
        now = observation.frame.captured_at
        every = timedelta(seconds=self._params.update_every_s)
        known = (case.severity, case.confidence) == (severity, confidence)
        # A wall clock that was set back must not silence an event until it catches up.
        if known or timedelta(0) <= now - case.stepped_at < every:
            return None
        case = replace(
            case,
            sequence=case.sequence + 1,
            severity=severity,
            confidence=confidence,
            stepped_at=now,
        )
        self._open[place.place_id] = case
        return self._step(case, Lifecycle.UPDATED, place, verdict.facts, observation)

    def _finish(
        self, case: Case, place: Place, observation: Observation
    ) -> Violation | None:
        """Close the case of a place that ended: cleared with proof, or not verified."""
        if place.end_reason != "lost":
            facts = (
                Fact("place", str(place.end_reason)),
                Fact("clear_views", place.clear_views, "1"),
            )
            return self._clear(case, place, facts, observation)
        return self._drop(case, place, Fact("place", "lost"), observation)

    def _leave(self, case: Case, place: Place, observation: Observation) -> Violation:
        """Close the case of a place about which nobody asks any more.

        Either it was moved out of its zone, which was seen, or the zones were changed
        between two runs, which says nothing about what stands there.
        """
        none = Fact("zone", "none")
        if case.carried:
            return self._drop(case, place, none, observation)
        return self._clear(case, place, (none,), observation)

    def _drop(
        self, case: Case, place: Place, why: Fact, observation: Observation
    ) -> Violation:
        """Close a case without proof."""
        del self._open[place.place_id]
        case = replace(case, sequence=case.sequence + 1)
        facts = (Fact("cannot_verify", value=True), why)
        return self._step(case, Lifecycle.UPDATED, place, facts, observation)

    def _clear(
        self,
        case: Case,
        place: Place,
        facts: tuple[Fact, ...],
        observation: Observation,
    ) -> Violation:
        del self._open[place.place_id]
        now = observation.frame.captured_at
        case = replace(case, sequence=case.sequence + 1, stepped_at=now)
        self._cleared.append(case)
        return self._step(case, Lifecycle.CLEARED, place, facts, observation)

    def _earlier(self, place: Place, observation: Observation) -> str | None:
        """Return the latest event that was cleared on the same ground."""
        if not self._params.recurs:
            return None
        now, within_s = observation.frame.captured_at, self._params.recurrence_s
        return latest_on(self._cleared, place, now, within_s=within_s)

    def _step(
        self,
        case: Case,
        lifecycle: Lifecycle,
        place: Place,
        facts: tuple[Fact, ...],
        observation: Observation,
    ) -> Violation:
        frame = observation.frame
        gone = place.state is PlaceState.ENDED
        ended_at = place.last_seen_at if gone else frame.captured_at
        return Violation(
            event_id=case.event_id,
            sequence=case.sequence,
            lifecycle=lifecycle,
            slug=self._slug,
            rule=self._rule,
            place=place,
            zone_id=case.zone_id,
            started_s=place.first_seen_s + case.later_s,
            decided_s=frame.media_time_s,
            started_at=place.first_seen_at + timedelta(seconds=case.later_s),
            decided_at=frame.captured_at,
            ended_at=ended_at if lifecycle is Lifecycle.CLEARED else None,
            confidence=case.confidence,
            severity=case.severity,
            facts=facts,
            recurrence_of=case.recurrence_of,
        )
