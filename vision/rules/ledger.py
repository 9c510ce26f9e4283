"""How long, and how much of late, a condition held at each place, in observed time."""

import math
from collections.abc import Container
from typing import Protocol, TypeAlias

from vision.core.places import Place

PlaceTable: TypeAlias = dict[str, tuple[float, ...]]  # by place_id


class PlaceMemo(Protocol):
    """What a rule remembers per place."""

    def keep(self, place_ids: Container[str]) -> None:
        """Forget places that no longer exist."""
        ...

    def state(self) -> PlaceTable:
        """Return all entries as plain values."""
        ...

    def restore(self, record: PlaceTable) -> None:
        """Take up stored entries."""
        ...


class Entries:
    """Three numbers per place, the first of them its observed time so far, seconds."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, float, float]] = {}

    def keep(self, place_ids: Container[str]) -> None:
        """Forget places that no longer exist."""
        for place_id in [key for key in self._entries if key not in place_ids]:
            del self._entries[place_id]

    def pass_over(self, place_id: str, observed_s: float) -> None:
        """Let nothing count that was observed of a place while nobody asked.

        Args:
            place_id: which place.
            observed_s: its observed time up to now, seconds.
        """
        _, *kept = self._entries.get(place_id, (0.0, 0.0, 0.0))
        self._entries[place_id] = (observed_s, kept[0], kept[1])

    def state(self) -> PlaceTable:
        """Return all entries as plain values."""
        return dict(self._entries)


class Ledger(Entries):
    """Credits a place's observed time while a condition holds.

    The place memory alone decides which seconds were observed; a ledger only says
    which of them count for a rule. The credit is lost when the condition fails. Kept
    with the observed time: the credit, and the elapsed time at which it began, seconds.
    """

    def credit(self, place: Place, *, holds: bool) -> float:
        """Take one view of a place and return the credit so far.

        At the first view it is taken to have held since the place was first seen.

        Args:
            place: as the memory sees it now.
            holds: whether the condition held since the view before.

        Returns:
            Seconds.
        """
        known = place.place_id in self._entries
        before_s, credit_s, began_s = self._entries.get(place.place_id, (0.0, 0.0, 0.0))
        gained_s = place.observed_s - before_s
        if holds:
            if known and credit_s == 0:
                began_s = place.elapsed_s - gained_s
            credit_s += gained_s
        else:
            credit_s = 0.0
        self._entries[place.place_id] = (place.observed_s, credit_s, began_s)
        return credit_s

    def lasted_s(self, place: Place) -> float:
        """Return how long ago the credit began, hidden time included, seconds."""
        return place.elapsed_s - self._entries[place.place_id][2]

    def restore(self, record: PlaceTable) -> None:
        """Take up stored entries; earlier versions did not store when they began."""
        self._entries = {
            key: (
                float(observed_s),
                float(credit_s),
                float(began[0] if began else observed_s - credit_s),
            )
            for key, (observed_s, credit_s, *began) in record.items()
        }


class RecentShare(Entries):
    """In how much of a place's recent observed time a condition held.

    Kept with the observed time: how long of it the condition held, and all of it,
    seconds; both fade exponentially, so that what was long ago weighs nothing however
    long it lasted.
    """

    def __init__(self, recent_s: float) -> None:
        """Start empty.

        Args:
            recent_s: observed time after which a second weighs 1/e, seconds.
        """
        super().__init__()
        self._recent_s = recent_s

    def credit(self, place: Place, *, holds: bool) -> float:
        """Take one view of a place and return the share.

        Args:
            place: as the memory sees it now.
            holds: whether the condition held since the view before.

        Returns:
            Share of the recent observed time, [0, 1]; 0 before any was observed.
        """
        before_s, held_s, all_s = self._entries.get(place.place_id, (0.0, 0.0, 0.0))
        kept, new_s = self._fade(max(0.0, place.observed_s - before_s))
        held_s = held_s * kept + (new_s if holds else 0.0)
        all_s = all_s * kept + new_s
        self._entries[place.place_id] = (place.observed_s, held_s, all_s)
        return held_s / all_s if all_s > 0 else 0.0

    def restore(self, record: PlaceTable) -> None:
        """Take up stored entries; earlier versions stored sums that do not fade."""
        self._entries = {
            key: self._entry(*(float(number) for number in numbers))
            for key, numbers in record.items()
        }

    def _entry(
        self, observed_s: float, held_s: float, all_s: float | None = None
    ) -> tuple[float, float, float]:
        if all_s is not None:
            return observed_s, held_s, all_s
        _, all_s = self._fade(observed_s)
        share = held_s / observed_s if observed_s > 0 else 0.0
        return observed_s, share * all_s, all_s

    def _fade(self, passed_s: float) -> tuple[float, float]:
        """Return what is kept of a sum, a share, and what a time adds, seconds."""
        kept = math.exp(-passed_s / self._recent_s)
        return kept, self._recent_s * (1 - kept)


class Since:
    """For how long a condition has held at each place, at all looks at it, seconds.

    Of places that are looked at now and then: what happened between two looks nobody
    saw. Kept is the elapsed time at which it began, seconds.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._began: dict[str, float] = {}

    def lasted(self, place: Place, *, holds: bool) -> float:
        """Take one look at a place and return for how long the condition has held.

        At the first look it is taken to have held since the place was first seen.

        Args:
            place: as the memory sees it now.
            holds: whether the condition holds at this look.

        Returns:
            Seconds; 0 while it does not hold.
        """
        if not holds:
            self._began[place.place_id] = math.inf
            return 0.0
        began_s = self._began.get(place.place_id, 0.0)
        if math.isinf(began_s):
            began_s = place.elapsed_s
        self._began[place.place_id] = began_s
        return place.elapsed_s - began_s

    def pass_over(self, place_id: str, observed_s: float) -> None:
        """Let nothing count that lies before the next look at a place."""
        del observed_s  # looks count, not what lay between
        self._began[place_id] = math.inf

    def keep(self, place_ids: Container[str]) -> None:
        """Forget places that no longer exist."""
        self._began = {k: s for k, s in self._began.items() if k in place_ids}

    def state(self) -> PlaceTable:
        """Return all entries as plain values; -1: it does not hold now."""
        return {k: (-1.0 if math.isinf(s) else s,) for k, s in self._began.items()}

    def restore(self, record: PlaceTable) -> None:
        """Take up stored entries."""
        self._began = {
            key: math.inf if began_s < 0 else float(began_s)
            for key, (began_s,) in record.items()
        }
