"""Which rules a site's settings mean, and whether a model can serve them."""

from collections.abc import Sequence
from typing import assert_never

from vision.config.rules import (
    GarbagePileRule,
    IllegalParkingRule,
    OverflowingBinRule,
    RuleSettings,
    StreetVendingRule,
    concerns,
)
from vision.core.errors import ConfigError
from vision.core.scene import Scene
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.kinds import KINDS, VEHICLE, Kind, vehicle_kind
from vision.rules.overflowing_bin import BinParams, OverflowingBin
from vision.rules.place_rule import PlaceRule
from vision.rules.schedule import Schedule
from vision.rules.street_vending import StreetVending, VendingParams
from vision.rules.traffic import TrafficParams

_NOT_PARAMETERS = frozenset({"type", "cameras", "period_s", "queue"})


def build_rules(
    settings: Sequence[RuleSettings],
    scene: Scene,
    labels: Sequence[str],
    schedule: Schedule,
) -> tuple[PlaceRule, ...]:
    """Return the rules of one camera.

    A rule that needs a zone is left out at a camera that has none of its kind.

    Raises:
        ConfigError: the model lacks a class that a rule needs or exempts.
    """
    rules = []
    for one in settings:
        if not concerns(one, scene.camera_id, {zone.kind for zone in scene.zones}):
            continue
        rule = build_rule(one, schedule)
        check_labels(rule, labels)
        check_classes(one, labels)
        rules.append(rule)
    return tuple(rules)


def build_rule(settings: RuleSettings, schedule: Schedule) -> PlaceRule:
    """Return one rule with its limits and the site's calendars."""
    limits = settings.model_dump(exclude=set(_NOT_PARAMETERS))
    match settings:
        case IllegalParkingRule():
            traffic = TrafficParams(**settings.queue.model_dump())
            return IllegalParking(ParkingParams(**limits), schedule, traffic)
        case GarbagePileRule():
            return GarbagePile(GarbageParams(**limits), schedule)
        case OverflowingBinRule():
            return OverflowingBin(BinParams(**limits), schedule)
        case StreetVendingRule():
            return StreetVending(VendingParams(**limits), schedule)
        case _:
            assert_never(settings)


def build_kinds(settings: Sequence[RuleSettings]) -> tuple[Kind, ...]:
    """Return what is remembered: classes that a parking rule names are vehicles too.

    Else an ambulance that is exempt but taken for a car now and then would stand there
    as a car, and the grace time of a motorcycle would mean nothing.
    """
    vehicles = vehicle_kind(VEHICLE.labels | parking_classes(settings))
    return tuple(vehicles if kind is VEHICLE else kind for kind in KINDS)


def parking_classes(settings: Sequence[RuleSettings]) -> frozenset[str]:
    """Return the classes that parking rules name."""
    parking = [r for r in settings if isinstance(r, IllegalParkingRule)]
    return frozenset[str]().union(
        *({*r.exempt_labels, *r.class_grace_s} for r in parking)
    )


def check_classes(settings: RuleSettings, labels: Sequence[str]) -> None:
    """Refuse an exemption or a grace time of a class that the model does not know.

    Raises:
        ConfigError: naming the classes and what the model has.
    """
    if not isinstance(settings, IllegalParkingRule):
        return
    for key in ("exempt_labels", "class_grace_s"):
        unknown = sorted(set(getattr(settings, key)) - set(labels))
        if unknown:
            msg = (
                f"rule {settings.type}: {key} names the class {', '.join(unknown)}, "
                f"which the model does not give (it gives {', '.join(labels)}); map "
                f"a class to it with model.class_map, or take it out of {key}"
            )
            raise ConfigError(msg)


def check_labels(rule: PlaceRule, labels: Sequence[str]) -> None:
    """Refuse a model that cannot see what a rule judges.

    Raises:
        ConfigError: naming the missing classes and what the model has.
    """
    missing = sorted(rule.required_labels - set(labels))
    if missing:
        msg = (
            f"rule {rule.slug} needs the class {', '.join(missing)}, which the model "
            f"does not give (it gives {', '.join(labels)}); map a class of the model "
            "to it with model.class_map, enable a preview class with "
            "model.enable_preview, or remove the rule"
        )
        raise ConfigError(msg)
