"""Whether a place is one where, and a time when, something may stand."""

from dataclasses import dataclass

from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.scene import Zone
from vision.core.violations import Fact
from vision.rules.facts import at_least, required
from vision.rules.schedule import Ruling, Schedule
from vision.rules.zones import best_zone

_IGNORED_SHARE = 0.5
_PERMITTED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """The ground under a place and what is in force there now.

    Attributes:
        zone: the zone that forbids; None: a scene without such zones, so anywhere.
        ruling: what holds in the zone.
        facts: the reasons, for or against.
    """

    zone: Zone | None
    ruling: Ruling
    facts: tuple[Fact, ...]

    @property
    def forbidden(self) -> bool:
        """Whether standing here now counts."""
        return all(fact.holds is not False for fact in self.facts)

    @property
    def zone_id(self) -> str | None:
        """The zone's id, or None."""
        return None if self.zone is None else self.zone.zone_id


@dataclass(frozen=True, slots=True)
class Terms:
    """Which zones forbid something, and which permit it after all.

    Attributes:
        forbids: kind of the zones that forbid.
        permits: kind of the zones that permit within them, in their hours, or None.
        min_overlap: share of the ground contact that must lie in the zone.
        anywhere: whether a scene without such zones forbids it everywhere.
    """

    forbids: str
    permits: str | None
    min_overlap: float
    anywhere: bool


def standing(
    place: Place, observation: Observation, terms: Terms, schedule: Schedule
) -> Standing | None:
    """Return where a place stands and what holds there, or None outside all zones.

    Args:
        place: what stands there.
        observation: the scene, the picture's size and its time.
        terms: which zones matter.
        schedule: the site's calendars.
    """
    if best_zone(place, observation, "ignore")[1] >= _IGNORED_SHARE:
        return None
    zone, share = best_zone(place, observation, terms.forbids)
    if zone is None:
        nowhere = bool(observation.scene.zones_of(terms.forbids, place.preset))
        if nowhere or not terms.anywhere:
            return None
        return Standing(None, Ruling("always"), (Fact("zone", "anywhere"),))
    if share < terms.min_overlap:
        return None
    ruling = schedule.ruling(zone, observation.frame.captured_at)
    window = ruling.window
    facts = [
        Fact("zone", zone.zone_id),
        at_least("overlap", share, terms.min_overlap),
        required(
            "calendar",
            window or f"{ruling.calendar} not in force",
            holds=window is not None,
            bound="in force",
        ),
    ]
    if zone.street_class is not None:
        facts.append(Fact("street_class", zone.street_class))
    permit = _permit(place, observation, terms, schedule) if ruling.permits else None
    if permit is not None:
        facts.append(required("permit", permit, holds=False, bound="none"))
    return Standing(zone, ruling, tuple(facts))


def _permit(
    place: Place, observation: Observation, terms: Terms, schedule: Schedule
) -> str | None:
    """Return the permit zone that covers a place now, with its hours, or None."""
    if terms.permits is None:
        return None
    zone, share = best_zone(place, observation, terms.permits)
    if zone is None or share < _PERMITTED_SHARE:
        return None
    window = schedule.ruling(zone, observation.frame.captured_at).window
    return None if window is None else f"{zone.zone_id} {window}"
