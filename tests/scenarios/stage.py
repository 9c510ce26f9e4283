"""Plays a painted street to the deciding half of the engine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.scenarios.world import LABELS, World
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import Observation, ViewState
from vision.core.places import Place
from vision.core.ports import ViewCheck
from vision.core.scene import Scene, Zone
from vision.core.violations import Candidate, Lifecycle, Violation
from vision.rules.place_rule import PlaceRule
from vision.rules.places import PlaceMemory
from vision.tracking.association import AssociationTracker

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
KERB = Zone("kerb", "no_parking", WHOLE)
PAVEMENT = Zone("pavement", "no_vending", WHOLE)
SCENE = Scene("c1", "Test street", (KERB, PAVEMENT))


class Trusting:
    """A view check that trusts every picture."""

    def check(self, _frame: Frame, _detections: Detections) -> ViewState:
        return ViewState()


@dataclass
class Stage:
    """One camera's deciding half; remembers all that it said."""

    rules: Sequence[PlaceRule]
    scene: Scene = SCENE
    view: ViewCheck = field(default_factory=Trusting)
    memory: PlaceMemory = field(default_factory=lambda: PlaceMemory("c1", LABELS))
    tracker: AssociationTracker = field(
        default_factory=lambda: AssociationTracker(LABELS)
    )
    steps: list[Violation] = field(default_factory=list)
    places: tuple[Place, ...] = ()
    observation: Observation | None = None

    def __post_init__(self) -> None:
        self._last_s: float | None = None

    def show(self, frame: Frame, detections: Detections) -> list[Violation]:
        view = self.view.check(frame, detections)
        tracks = self.tracker.update(frame, detections)
        self.places = self.memory.update(frame, detections, view, tracks)
        last_s = frame.media_time_s if self._last_s is None else self._last_s
        self._last_s = frame.media_time_s
        self.observation = observation = Observation(
            frame=frame,
            scene=self.scene,
            labels=LABELS,
            detections=detections,
            tracks=tracks,
            places=self.places,
            view=view,
            dt_s=max(0.0, frame.media_time_s - last_s),
        )
        new = [step for rule in self.rules for step in rule.observe(observation)]
        self.steps += new
        return new

    def play(self, film: Iterable[tuple[Frame, Detections]]) -> "Stage":
        for frame, detections in film:
            self.show(frame, detections)
        return self

    def of(self, lifecycle: Lifecycle) -> list[Violation]:
        return [step for step in self.steps if step.lifecycle is lifecycle]

    @property
    def opened(self) -> list[Violation]:
        return self.of(Lifecycle.OPENED)

    @property
    def cleared(self) -> list[Violation]:
        return self.of(Lifecycle.CLEARED)


def play(
    world: World, rule: PlaceRule, end_s: float, *, period_s: float = 1.0
) -> Stage:
    """Play a world to one rule from the start to `end_s`."""
    return Stage([rule]).play(world.film(end_s, period_s=period_s))


def number(said: Violation | Candidate, name: str) -> float:
    """Return one measured reason of a step or a candidate."""
    (value,) = (fact.value for fact in said.facts if fact.name == name)
    assert isinstance(value, int | float)
    return float(value)


def word(said: Violation | Candidate, name: str) -> str:
    """Return one reason in words."""
    (value,) = (fact.value for fact in said.facts if fact.name == name)
    assert isinstance(value, str)
    return value
