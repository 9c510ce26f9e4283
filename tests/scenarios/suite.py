"""Random kerbside streets with known truth, to score the parking rule on.

Each street mixes parked cars, short stops, queues that discharge, flowing traffic,
occluding buses and detector noise. `python -m tests.scenarios.suite` prints the score:
of the streets that the limits were tuned on, and of others that nobody looked at before
they were scored (`--mistakes` lists what went wrong in the first ones only).
"""

import sys
from dataclasses import dataclass

import numpy as np

from tests.scenarios.stage import Stage
from tests.scenarios.world import Actor, Waypoint, World
from vision.core.violations import Violation
from vision.rules.illegal_parking import IllegalParking, ParkingParams

GRACE_S = 60.0
LENGTH_S = 420.0
LATEST_ARRIVAL_S = 250.0
KERB_Y, LANE_Y, BUS_Y = 100.0, 140.0, 178.0
STOP_LINE_X, QUEUE_GAP = 260.0, 75.0
REDS_S = (60.0, 200.0, 340.0)
TUNED = range(40)  # the limits of the parking rule were chosen on these
HELD_OUT = range(1000, 1040)  # for the figure that counts; never looked at singly


@dataclass(frozen=True)
class Visit:
    """A vehicle that stood at the kerb: where, from when, until when, seconds."""

    x: float
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Score:
    """One-to-one matches of events with parked vehicles."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.false + self.missed)

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.hits + other.hits, self.false + other.false, self.missed + other.missed
        )


def street(seed: int) -> tuple[World, list[Visit]]:
    """Return a random street and the visits on it that are violations."""
    rng = np.random.default_rng(seed)
    actors, visits = _kerb(rng)
    actors += _flow(rng) + _queues(rng) + _buses(rng)
    flash_s = float(rng.uniform(50, 300))
    world = World(
        actors,
        seed=seed,
        jitter_px=float(rng.uniform(0, 1.2)),
        drop=float(rng.uniform(0, 0.25)),
        light=lambda t: 1.7 if flash_s <= t < flash_s + 3 else 1.0,
    )
    return world, visits


def _kerb(rng: np.random.Generator) -> tuple[list[Actor], list[Visit]]:
    """Return cars that stop at the kerb: for a moment, or for long."""
    actors: list[Actor] = []
    visits: list[Visit] = []
    for bay, x in enumerate((60.0, 160.0)):
        clock_s = float(rng.uniform(5, 90))
        while clock_s < LATEST_ARRIVAL_S:
            long = rng.random() < 0.6
            stay_s = float(rng.uniform(130, 240) if long else rng.uniform(5, 45))
            path = [(clock_s, -60.0, LANE_Y), (clock_s + 6, x, KERB_Y)]
            path += [(clock_s + 6 + stay_s, x, KERB_Y)]
            path += [(clock_s + 12 + stay_s, 400.0, LANE_Y)]
            look = 100 * bay + len(actors)
            actors.append(Actor("car", path, size=(62, 36), look=look))
            if long:
                visits.append(Visit(x, clock_s + 6, clock_s + 6 + stay_s))
            clock_s += stay_s + float(rng.uniform(30, 90))
    return actors, visits


def _flow(rng: np.random.Generator) -> list[Actor]:
    """Return cars that pass, now dense, now sparse."""
    every_s = float(rng.uniform(6, 40))
    times = np.arange(3, LENGTH_S, every_s) + rng.uniform(0, 3)
    return [
        Actor("car", [(t, -60, LANE_Y), (t + 5, 390, LANE_Y)], (60, 36), 300 + i)
        for i, t in enumerate(times.tolist())
        if not any(red_s - 8 <= t <= red_s + 105 for red_s in REDS_S)
    ]


def _queues(rng: np.random.Generator) -> list[Actor]:
    """Return cars that stop one behind the other at a light and discharge in order."""
    cars: list[Actor] = []
    for red_s in REDS_S:
        green_s = red_s + float(rng.uniform(40, 95))
        for i in range(int(rng.integers(2, 4))):
            x = STOP_LINE_X - QUEUE_GAP * i
            path: list[Waypoint] = [(red_s + 3 * i, -60.0, LANE_Y)]
            path += [(red_s + 3 * i + 5, x, LANE_Y), (green_s + 2 * i, x, LANE_Y)]
            path += [(green_s + 2 * i + 5, 400.0, LANE_Y)]
            cars.append(Actor("car", path, (60, 36), 500 + len(cars)))
    return cars


def _buses(rng: np.random.Generator) -> list[Actor]:
    """Return buses in front of everything, some of which stop there for a while."""
    buses: list[Actor] = []
    for i in range(2):
        t, stop_s = float(rng.uniform(20, 380)), float(rng.uniform(0, 20))
        x = float(rng.uniform(60, 240))
        path = [(t, -120.0, BUS_Y), (t + 3, x, BUS_Y), (t + 3 + stop_s, x, BUS_Y)]
        path += [(t + 6 + stop_s, 450.0, BUS_Y)]
        buses.append(Actor("bus", path, size=(160, 110), look=700 + i))
    return buses


def score(opened: list[Violation], visits: list[Visit]) -> Score:
    """Match events with visits, by place and by time of first sight."""
    left = list(visits)
    hits = 0
    for step in opened:
        x = (step.place.xyxy[0] + step.place.xyxy[2]) / 2
        found = next(
            (
                visit
                for visit in left
                if abs(visit.x - x) < 20
                and abs(step.place.xyxy[3] - KERB_Y) < 15
                and visit.start_s - 5 <= step.started_s <= visit.end_s
                and step.decided_s <= visit.end_s + 1
            ),
            None,
        )
        if found is not None:
            left.remove(found)
            hits += 1
    return Score(hits, len(opened) - hits, len(left))


def run(seed: int, *, period_s: float = 1.0) -> Score:
    """Return the parking rule's score on one street."""
    world, visits = street(seed)
    stage = Stage([IllegalParking(ParkingParams(grace_s=GRACE_S))])
    stage.play(world.film(LENGTH_S, period_s=period_s))
    return score(stage.opened, visits)


def report(seeds: range, name: str) -> Score:
    """Score streets and print it."""
    total = sum((run(seed) for seed in seeds), start=Score())
    sys.stdout.write(
        f"{len(seeds)} {name} streets of {LENGTH_S:g} s: {total}, "
        f"parking F1 {total.f1:.3f}\n"
    )
    return total


if __name__ == "__main__":
    if "--mistakes" in sys.argv:
        for seed in TUNED:
            one = run(seed)
            if one.false or one.missed:
                sys.stdout.write(f"street {seed}: {one}\n")
    report(TUNED, "tuned")
    sys.exit(0 if report(HELD_OUT, "held-out").f1 >= 0.95 else 1)
