"""Whether a place is one where, and a time when, something may stand."""

from dataclasses import dataclass

from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.scene import MapZone, Zone
from vision.core.violations import Fact
from vision.rules.facts import at_least, required
from vision.rules.schedule import Ruling, Schedule
from vision.rules.zones import zones_under

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

    zone: Zone | MapZone | None
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

    Of zones that lie over each other one that forbids it now is enough; where none
    does, one in force tells why not, and then the one with most of the place.

    Args:
        place: what stands there.
        observation: the scene, the picture's size and its time.
        terms: which zones matter.
        schedule: the site's calendars.
    """
    ignored = zones_under(place, observation, "ignore")
    if any(share >= _IGNORED_SHARE for _, share in ignored):
        return None
    if terms.anywhere and not observation.scene.zones_of(terms.forbids, place.preset):
        return Standing(None, Ruling("always"), (Fact("zone", "anywhere"),))
    now = observation.frame.captured_at
    under = [
        (zone, share, schedule.ruling(zone, now))
        for zone, share in zones_under(place, observation, terms.forbids)
        if share >= terms.min_overlap
    ]
    permit = _permit(place, observation, terms, schedule) if under else None
    return max(
        (
            Standing(zone, ruling, reasons_of(zone, share, ruling, terms, permit))
            for zone, share, ruling in under
        ),
        key=lambda ground: (ground.forbidden, ground.ruling.window is not None),
        default=None,
    )


def reasons_of(
    zone: Zone | MapZone, share: float, ruling: Ruling, terms: Terms, permit: str | None
) -> tuple[Fact, ...]:
    """Return why a zone forbids what stands in it, or why not."""
    facts = [
        Fact("zone", zone.zone_id),
        at_least("overlap", share, terms.min_overlap),
        required(
            "calendar",
            ruling.window or f"{ruling.calendar} not in force",
            holds=ruling.window is not None,
            bound="in force",
        ),
    ]
    if zone.street_class is not None:
        facts.append(Fact("street_class", zone.street_class))
    if permit is not None and ruling.permits:
        facts.append(required("permit", permit, holds=False, bound="none"))
    return tuple(facts)


def _permit(
    place: Place, observation: Observation, terms: Terms, schedule: Schedule
) -> str | None:
    """Return the permit zone that covers a place now, with its hours, or None."""
    if terms.permits is None:
        return None
    for zone, share in zones_under(place, observation, terms.permits):
        window = schedule.ruling(zone, observation.frame.captured_at).window
        if share >= _PERMITTED_SHARE and window is not None:
            return f"{zone.zone_id} {window}"
    return None
