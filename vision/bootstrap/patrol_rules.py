"""Which rules a site's settings mean for a camera that moves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from vision.bootstrap.rules import check_classes, check_labels, parking_classes
from vision.config.rules import (
    GarbagePileRule,
    IllegalParkingRule,
    OverflowingBinRule,
    RuleSettings,
    StreetVendingRule,
    concerns,
)
from vision.core.scene import Scene
from vision.patrol.params import PATROL_KINDS, VEHICLE, PatrolKind
from vision.rules.patrol_refuse import (
    PassedBin,
    PassedBinParams,
    PassedGarbage,
    PassedGarbageParams,
)
from vision.rules.patrol_rule import Known, PassLimits, PassParams, PatrolRule
from vision.rules.patrol_twice import (
    PassedParking,
    PassedVending,
    TwicePassedParams,
)
from vision.rules.schedule import Schedule


def build_patrol_kinds(settings: Sequence[RuleSettings]) -> tuple[PatrolKind, ...]:
    """Return what is looked for: classes that parking rules name are vehicles too."""
    vehicles = replace(VEHICLE, labels=VEHICLE.labels | parking_classes(settings))
    return tuple(vehicles if kind is VEHICLE else kind for kind in PATROL_KINDS)


def build_patrol_rules(
    settings: Sequence[RuleSettings],
    scene: Scene,
    labels: Sequence[str],
    schedule: Schedule,
    known: Known,
) -> tuple[PatrolRule[PassParams], ...]:
    """Return the rules of one camera that moves.

    A rule that needs a zone is left out where the map has none of its kind.

    Args:
        settings: of the site.
        scene: the camera, with its zones on the map.
        labels: the detector's class names.
        schedule: the site's calendars.
        known: tells all places that the camera's memory knows.

    Raises:
        ConfigError: the model lacks a class that a rule needs or exempts.
    """
    kinds = {zone.kind for zone in scene.map_zones}
    rules = []
    for one in settings:
        if not concerns(one, scene.camera_id, kinds):
            continue
        rule = _build(one, schedule, known)
        check_labels(rule, labels)
        check_classes(one, labels)
        rules.append(rule)
    return tuple(rules)


def _build(
    settings: RuleSettings, schedule: Schedule, known: Known
) -> PatrolRule[PassParams]:
    """Return a rule; what must last at a camera that stands must lie between passes."""
    every_s = settings.update_every_s
    match settings:
        case GarbagePileRule():
            limits = PassLimits(min_support=settings.min_support)
            refuse = PassedGarbageParams(update_every_s=every_s)
            return PassedGarbage(refuse, limits, schedule, known)
        case OverflowingBinRule():
            limits = PassLimits(min_score=settings.min_score)
            bins = PassedBinParams(every_s, settings.full_share, settings.empty_share)
            return PassedBin(bins, limits, schedule, known)
        case IllegalParkingRule():
            parking = TwicePassedParams(
                apart_s=settings.grace_s,
                class_apart_s=settings.class_grace_s,
                exempt_labels=settings.exempt_labels,
                severe_s=settings.severe_s,
                update_every_s=every_s,
            )
            return PassedParking(parking, PassLimits(), schedule, known)
        case StreetVendingRule():
            limits = PassLimits(min_support=settings.min_support)
            vending = TwicePassedParams(
                apart_s=settings.dwell_s,
                min_attended=settings.min_tended,
                update_every_s=every_s,
            )
            return PassedVending(vending, limits, schedule, known)
        case _:
            assert_never(settings)
