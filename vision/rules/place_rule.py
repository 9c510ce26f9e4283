"""What all rules share: judge each place, follow its life, forget what is gone."""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, TypedDict, cast

from vision.core.errors import ConfigError
from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.violations import Candidate, Confidence, Fact, Params, Slug, Violation
from vision.rules.cases import BookRecord, Case
from vision.rules.kinds import KIND_NAMED
from vision.rules.ledger import Entries, PlaceMemo, PlaceTable, Since
from vision.rules.lifecycle import CaseBook, LifecycleParams
from vision.rules.verdict import Verdict


class RuleRecord(TypedDict):
    """One rule's memory at one camera as plain, JSON-ready values."""

    rule: str
    book: BookRecord
    memos: dict[str, PlaceTable]


class PlaceRule(ABC):
    """A rule about one kind of place at one camera.

    A subclass says what it makes of a place; this class does the rest.
    """

    slug: ClassVar[Slug]
    kind: ClassVar[str]
    version: ClassVar[str]
    required_labels: ClassVar[frozenset[str]]

    def __init__(
        self, lifecycle: LifecycleParams, memos: Mapping[str, PlaceMemo]
    ) -> None:
        """Start with no events.

        Args:
            lifecycle: how often to speak.
            memos: what the subclass remembers per place, by name.
        """
        self._book = CaseBook(self.slug, self.name, lifecycle)
        self._memos = dict(memos)

    @property
    @abstractmethod
    def params(self) -> Params:
        """The limits in force, as evidence names them."""

    @property
    def name(self) -> str:
        """`name/version`, as written on events."""
        return f"{self.slug}/{self.version}"

    @abstractmethod
    def judge(self, place: Place, observation: Observation) -> Verdict | None:
        """Return what to make of a place; None: no concern of this rule."""

    def observe(self, observation: Observation) -> list[Violation]:
        """Return the steps that this frame brings: opened, updated, cleared."""
        places = [place for place in observation.places if place.kind == self.kind]
        steps = [
            self._book.follow(place, self._weigh(place, observation), observation)
            for place in places
        ]
        alive = self._alive(places)
        self._book.keep(alive)
        for memo in self._memos.values():
            memo.keep(alive)
        return [replace(step, params=self.params) for step in steps if step is not None]

    def _alive(self, places: Sequence[Place]) -> Container[str]:
        """Return the ids of all places that may still have a step."""
        return {place.place_id for place in places if place.end_reason is None}

    def _weigh(self, place: Place, observation: Observation) -> Verdict | None:
        """Return the verdict; of what the detector is never sure of, a cautious one."""
        verdict = self.judge(place, observation)
        if verdict is None or not place.faint:
            return verdict
        facts = (*verdict.facts, Fact("faint", value=True))
        return replace(verdict, confidence=Confidence.LOW, facts=facts)

    @property
    def offending(self) -> frozenset[str]:
        """The classes that are the violation; of a bin, only the full one."""
        return KIND_NAMED[self.kind].labels

    def recall(self, event_id: str) -> tuple[Case | None, bool]:
        """Return an event that is open or was cleared, and whether it was cleared."""
        return self._book.recall(event_id)

    def candidates(self) -> list[Candidate]:
        """Return the places that have not opened, each with its reasons."""
        return self._book.candidates()

    def step_over(self, place_ids: Iterable[str]) -> None:
        """Leave out the numbers of steps that were taken and may be forgotten.

        Args:
            place_ids: all places that are known.
        """
        self._book.step_over(place_ids)

    def pass_over(self, observed_s: Mapping[str, float]) -> None:
        """Let no time count that passed before this rule watched here.

        Args:
            observed_s: how long each place was seen standing so far, by its id.
        """
        for memo in self._memos.values():
            if isinstance(memo, Entries | Since):
                for place_id, so_far_s in observed_s.items():
                    memo.pass_over(place_id, so_far_s)

    def without_place(self, place_ids: Container[str]) -> list[str]:
        """Return the open events for which no step will follow.

        Args:
            place_ids: all places that are known.
        """
        return self._book.without_place(place_ids)

    def state(self) -> RuleRecord:
        """Return the rule's memory as plain values, to be stored."""
        memos = {name: memo.state() for name, memo in self._memos.items()}
        return {"rule": self.name, "book": self._book.state(), "memos": memos}

    def restore(self, record: object) -> None:
        """Take up a stored memory.

        Args:
            record: what `state` returned before the restart, perhaps by way of JSON.

        Raises:
            ConfigError: it is another rule's or cannot be read.
        """
        try:
            stored = cast("RuleRecord", record)
            if stored["rule"] != self.name:
                msg = f"got {stored['rule']!r}"
                raise ValueError(msg)  # noqa: TRY301 one message for all damage
            self._book.restore(stored["book"])
            for name, memo in self._memos.items():
                memo.restore(stored["memos"].get(name, {}))
        except (KeyError, TypeError, ValueError) as error:
            msg = (
                f"stored events: {error!r}, expected those of rule {self.name!r}; "
                "delete them to start afresh"
            )
            raise ConfigError(msg) from error
