"""Asks the engine to look again at what it opened, when the truth knows the answer."""

from collections.abc import Callable, Sequence

import numpy as np
from typing_extensions import override

from vision.core.geometry import iou
from vision.core.observation import Observation
from vision.core.ports import EvidenceStore, Rule, Writing
from vision.core.verification import LookRequest, Reported
from vision.core.violations import Lifecycle, Violation
from vision.evaluation.found import Look
from vision.evaluation.truth import TrueEvent, TruthClip
from vision.rules.place_rule import PlaceRule
from vision.rules.second_look import SecondLooks

_GONE_FOR_S = 1.0  # the last of it must have left the picture, too
_SAME_PLACE_IOU = 0.3


class Overheard(EvidenceStore):
    """Passes everything on, and keeps hold of the latest observation."""

    def __init__(self, store: EvidenceStore) -> None:
        """Listen in front of a store."""
        self._store = store
        self.latest: Observation | None = None

    @override
    def observe(self, observation: Observation) -> None:
        self.latest = observation
        self._store.observe(observation)

    @override
    def capture(self, violation: Violation, observation: Observation) -> Writing:
        return self._store.capture(violation, observation)


class Asker:
    """Puts two questions about each event: when it has opened, and once it is gone."""

    def __init__(
        self,
        truth: TruthClip,
        rules: Sequence[Rule],
        reported: Callable[[str], Reported | None],
    ) -> None:
        """Start without questions.

        Args:
            truth: of the clip that is watched.
            rules: the camera's; they know their events.
            reported: returns the picture that decided an event, by its id.
        """
        self._truth = truth
        self._looks = SecondLooks(
            [r for r in rules if isinstance(r, PlaceRule)], reported=reported
        )
        self._opened: dict[str, Violation] = {}
        self._asked_s: dict[str, float] = {}
        self._gone: set[int] = set()
        self._answered: list[Look] = []

    @property
    def answered(self) -> tuple[Look, ...]:
        """What was answered, in order; what was not by the clip's end is left out."""
        return tuple(self._answered)

    def follow(self, observation: Observation, steps: Sequence[Violation]) -> None:
        """Ask what is to be asked at this picture, and take the answers.

        Args:
            observation: the picture.
            steps: what the rules said at it.
        """
        for step in steps:
            if step.lifecycle is Lifecycle.OPENED:
                self._opened[step.event_id] = step
                self._ask(step, "opened", observation)
        now_s = observation.frame.media_time_s
        for k, event in enumerate(self._truth.events):
            gone = event.end_s is not None and now_s >= event.end_s + _GONE_FOR_S
            if gone and k not in self._gone:
                self._gone.add(k)
                for step in self._about(event, observation):
                    self._ask(step, f"gone-{k}", observation)
        for answer in self._looks.observe(observation):
            request = answer.request
            self._answered.append(
                Look(
                    event_id=request.event_id,
                    asked_s=self._asked_s.pop(request.request_id),
                    decided_s=now_s,
                    outcome=answer.outcome,
                )
            )

    def _about(self, event: TrueEvent, observation: Observation) -> list[Violation]:
        size = (observation.frame.width, observation.frame.height) * 2
        box = np.array([event.xyxy], np.float32) * np.array(size, np.float32)
        return [
            step
            for step in self._opened.values()
            if step.slug is event.slug
            and float(iou(box, np.array([step.place.xyxy], np.float32))[0, 0])
            >= _SAME_PLACE_IOU
        ]

    def _ask(self, step: Violation, why: str, observation: Observation) -> None:
        request = LookRequest(
            request_id=f"{step.event_id}/{why}",
            event_id=step.event_id,
            slug=step.slug,
            place_id=step.place.place_id,
            asked_at=observation.frame.captured_at,
            xyxy=step.place.xyxy,
            preset=step.place.preset,
        )
        self._asked_s[request.request_id] = observation.frame.media_time_s
        self._looks.ask(request)
