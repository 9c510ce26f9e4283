import pytest

from vision.bootstrap.rules import build_kinds, build_rules
from vision.config.rules import GarbagePileRule, IllegalParkingRule, QueueSettings
from vision.core.errors import ConfigError
from vision.core.scene import Scene, Zone
from vision.rules.kinds import KINDS, VEHICLE
from vision.rules.schedule import Schedule

KERB = Zone("kerb", "no_parking", ((0, 0), (1, 0), (1, 1)))
EXEMPT = IllegalParkingRule(
    type="illegal_parking", exempt_labels=frozenset({"ambulance"})
)


def test_an_exempt_class_is_followed_as_a_vehicle_and_nothing_else_changes() -> None:
    refuse = GarbagePileRule(type="garbage_pile")
    vehicles, *others = build_kinds([refuse, EXEMPT])

    assert vehicles.labels == VEHICLE.labels | {"ambulance"}
    assert others == list(KINDS[1:])
    assert build_kinds([refuse]) == KINDS


def test_an_exemption_of_a_class_that_the_model_does_not_know_is_refused() -> None:
    scene = Scene("gate", "Gate", (KERB,))

    with pytest.raises(ConfigError, match=r"names the class ambulance, .* gives car"):
        build_rules([EXEMPT], scene, ["car"], Schedule())
    (rule,) = build_rules([EXEMPT], scene, ["car", "ambulance"], Schedule())
    assert rule.slug == "illegal_parking"


def test_a_grace_time_of_a_class_that_the_model_does_not_know_is_refused() -> None:
    scene = Scene("gate", "Gate", (KERB,))
    lorries = IllegalParkingRule(type="illegal_parking", class_grace_s={"lorry": 60})

    with pytest.raises(ConfigError, match=r"class_grace_s names the class lorry"):
        build_rules([lorries], scene, ["car", "truck"], Schedule())
    assert build_kinds([lorries])[0].labels == VEHICLE.labels | {"lorry"}


def test_a_site_says_how_long_its_lights_stay_red() -> None:
    slow = QueueSettings(red_s=240, jam_s=900)
    one = IllegalParkingRule(type="illegal_parking", queue=slow)
    (rule,) = build_rules([one], Scene("gate", "Gate", (KERB,)), ["car"], Schedule())

    limits = dict(rule.params)
    assert (limits["traffic_red_s"], limits["traffic_jam_s"]) == (240, 900)
    assert limits["traffic_min_passed"] == 3
