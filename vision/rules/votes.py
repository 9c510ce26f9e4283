"""Which class an object is, by majority over the last seconds."""

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

Shares: TypeAlias = tuple[tuple[str, float], ...]

_LEAST_WEIGHT = 1e-6  # a detection of score 0 is still a detection


@dataclass(slots=True)
class _Second:
    """All looks of one second.

    Attributes:
        number: whole seconds of media time.
        looks: pictures that showed the place.
        seen: pictures in which the detector found the object.
        total: summed scores.
        tally: likewise per label.
    """

    number: int
    looks: int = 0
    seen: int = 0
    total: float = 0.0
    tally: dict[str, float] = field(default_factory=dict)


class Votes:
    """Label votes in a sliding window of seconds.

    Votes are gathered per whole second and each second weighs the same, so the
    outcome does not depend on how many frames a second holds.
    """

    def __init__(
        self, window_s: float, shares: Shares = (), strength: float = 0.0
    ) -> None:
        """Start without votes.

        Args:
            window_s: how long a vote counts, seconds.
            shares: outcome of an earlier watch; holds until there are votes.
            strength: likewise its mean score, [0, 1].
        """
        self._window_s = window_s
        self._seconds: deque[_Second] = deque()
        self._shares = shares
        self._strength = strength
        self._fresh = True
        # Kept up beside the seconds, as both are asked for in every picture:
        self._found: deque[float] = deque()  # share of looks with the object, each
        self._scores: deque[float] = deque()  # mean score with the object, each
        self._voted: dict[str, int] = {}  # seconds by the labels that got votes

    def add(self, label: str, score: float, at_s: float) -> None:
        """Count one sighting.

        Args:
            label: what it was taken for.
            score: how sure, [0, 1]; the vote's weight.
            at_s: media time, seconds.
        """
        second = self._second(at_s)
        second.looks += 1
        second.seen += 1
        second.total += score
        self._found[-1] = second.seen / second.looks
        self._scores[-1] = second.total / second.seen
        if label not in second.tally:
            self._voted[label] = self._voted.get(label, 0) + 1
        votes = second.tally.get(label, 0.0)
        second.tally[label] = votes + max(score, _LEAST_WEIGHT)
        self._fresh = False

    def abstain(self, at_s: float) -> None:
        """Count a picture in which the detector was silent although it is there."""
        self.shares()  # before the votes behind it leave the window
        second = self._second(at_s)
        second.looks += 1
        self._found[-1] = second.seen / second.looks

    def shares(self) -> Shares:
        """Return each label's share at the latest vote, largest first; sum is 1."""
        if not self._fresh:
            self._shares = self._count()
            self._fresh = True
        return self._shares

    def support(self) -> float:
        """Return in how many of the recent looks the detector found it, [0, 1]."""
        return sum(self._found) / len(self._found) if self._found else 0.0

    def strength(self) -> float:
        """Return the mean score of the recent seconds in which it was found, [0, 1]."""
        found = len(self._found) - self._found.count(0.0)
        return sum(self._scores) / found if found else self._strength

    def restart(self) -> None:
        """Forget the votes, keep their outcome: the clock starts anew."""
        self.shares()
        self._strength = self.strength()
        self._seconds.clear()
        self._found.clear()
        self._scores.clear()
        self._voted.clear()

    def _second(self, at_s: float) -> _Second:
        if not self._seconds or int(at_s) > self._seconds[-1].number:
            self._seconds.append(_Second(int(at_s)))
            self._found.append(0.0)
            self._scores.append(0.0)
        while self._seconds[-1].number - self._seconds[0].number > self._window_s:
            self._strength = 0.0  # the earlier watch is out of the window, too
            self._found.popleft()
            self._scores.popleft()
            for label in self._seconds.popleft().tally:
                self._voted[label] -= 1
                if self._voted[label] == 0:
                    del self._voted[label]
        return self._seconds[-1]

    def _count(self) -> Shares:
        if len(self._voted) == 1:
            return ((next(iter(self._voted)), 1.0),)  # nearly always
        voted = [second.tally for second in self._seconds if second.tally]
        total: dict[str, float] = {}
        for tally in voted:
            share = 1 / sum(tally.values())
            for label, votes in tally.items():
                total[label] = total.get(label, 0.0) + votes * share
        ranked = sorted(total.items(), key=lambda item: (-item[1], item[0]))
        return tuple((label, votes / len(voted)) for label, votes in ranked)
