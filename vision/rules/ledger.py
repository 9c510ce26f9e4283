"""How long a condition held at each place, in observed seconds."""

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


class Ledger:
    """Credits a place's observed time while a condition holds.

    The place memory alone decides which seconds were observed; a ledger only says
    which of them count for a rule.
    """

    def __init__(self, *, resets: bool) -> None:
        """Start empty.

        Args:
            resets: whether the credit is lost when the condition fails.
        """
        self._resets = resets
        # observed_s so far, credit_s, elapsed_s at which the credit began
        self._entries: dict[str, tuple[float, float, float]] = {}

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
        elif self._resets:
            credit_s = 0.0
        self._entries[place.place_id] = (place.observed_s, credit_s, began_s)
        return credit_s

    def lasted_s(self, place: Place) -> float:
        """Return how long ago the credit began, hidden time included, seconds."""
        return place.elapsed_s - self._entries[place.place_id][2]

    def keep(self, place_ids: Container[str]) -> None:
        """Forget places that no longer exist."""
        for place_id in [key for key in self._entries if key not in place_ids]:
            del self._entries[place_id]

    def state(self) -> PlaceTable:
        """Return all entries as plain values."""
        return dict(self._entries)

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
