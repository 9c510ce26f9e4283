"""Which of a site's rules judge what a vehicle passes, and by which limits."""

import pytest

from tests.unit.config.test_moving import site, zone
from vision.bootstrap.patrol_rules import build_patrol_kinds, build_patrol_rules
from vision.bootstrap.scene import build_scene
from vision.bootstrap.schedule import build_schedule
from vision.config.site import SiteSettings
from vision.core.errors import ConfigError
from vision.rules.patrol_rule import PassParams, PatrolRule

LABELS = ("car", "person", "garbage", "bin", "overflowing_bin", "street_vendor")
ALL = [
    {"type": "illegal_parking", "grace_s": 300, "class_grace_s": {"bus": 60}},
    {"type": "garbage_pile"},
    {"type": "overflowing_bin", "min_score": 0.6},
    {"type": "street_vending"},
]


def rules(settings: SiteSettings, *labels: str) -> dict[str, PatrolRule[PassParams]]:
    built = build_patrol_rules(
        settings.rules,
        build_scene(settings.cameras[0], settings.map_zones),
        (*LABELS, *labels),
        build_schedule(settings),
        known=tuple,
    )
    return {str(rule.slug): rule for rule in built}


def test_parking_and_stalls_are_judged_only_where_the_map_has_a_zone() -> None:
    anywhere = rules(site(rules=ALL), "bus")
    both = [zone(), zone(id="south", kind="no_vending")]

    assert set(anywhere) == {"garbage_pile", "overflowing_bin"}
    assert len(rules(site(rules=ALL, map_zones=both), "bus")) == 4


def test_what_must_last_at_a_camera_that_stands_must_lie_between_two_passes() -> None:
    limits = dict(
        rules(site(rules=ALL, map_zones=[zone()]), "bus")["illegal_parking"].params
    )

    assert limits["apart_s"] == 300


def test_a_class_that_a_parking_rule_names_is_a_vehicle() -> None:
    kinds = {one.name: one.labels for one in build_patrol_kinds(site(rules=ALL).rules)}

    assert {"car", "bus"} <= kinds["vehicle"]
    assert kinds["garbage"] == {"garbage"}


def test_a_model_that_cannot_see_what_a_rule_judges_is_refused() -> None:
    with pytest.raises(ConfigError, match="class_grace_s names the class bus"):
        rules(site(rules=ALL, map_zones=[zone()]))
