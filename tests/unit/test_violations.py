"""Each violation is known wherever it must be.

Who adds one begins with a member of `Slug` and runs this file until it is green: what
fails says what is missing, and in which file.
"""

from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.scenarios.world import LABELS
from vision.bootstrap.patrol_rules import build_patrol_rules
from vision.bootstrap.rules import build_rule
from vision.config.rules import RuleSettings
from vision.config.taxonomy import load_taxonomy
from vision.config.zones import MapZoneKind, ZoneKind
from vision.core.scene import MapZone, Scene
from vision.core.violations import NAMES, Slug
from vision.evaluation.tour_outcome import ONE_CLEARS, TWO_PASSES
from vision.patrol.params import PATROL_KINDS
from vision.rules.kinds import KINDS
from vision.rules.patrol_twice import TwicePassed
from vision.rules.schedule import Schedule

ROOT = Path(__file__).parents[2]
NAMED_IN = (
    "configs/site.example.yaml",
    "configs/evaluate.yaml",
    "datasets/truth.schema.json",
    "datasets/drives.schema.json",
    "datasets/label_truth.html",
    "serve/console/static/console.css",
    "serve/console/static/desk.css",
)
"""Files that name every violation: examples, what may be labelled, a colour of each."""

ANYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

each = pytest.mark.parametrize("slug", Slug)


def settings(slug: Slug) -> RuleSettings:
    with suppress(ValidationError):
        return TypeAdapter[RuleSettings](RuleSettings).validate_python({"type": slug})
    pytest.fail(f"vision/config/rules.py: RuleSettings has no type {slug}")


@each
def test_its_limits_are_the_same_in_a_site_file_and_in_its_rule(slug: Slug) -> None:
    rule = build_rule(settings(slug), Schedule())

    assert rule.slug == slug, "vision/bootstrap/rules.py: build_rule makes another rule"
    own = type(rule)()  # type: ignore[call-arg]  # each can be made without limits
    assert rule.params == own.params, "vision/config/rules.py: other defaults"


@each
def test_what_it_judges_is_remembered(slug: Slug) -> None:
    """A camera remembers only what is of one of the kinds; a vehicle, too."""
    rule = build_rule(settings(slug), Schedule())
    labels = {label for kind in KINDS for label in kind.labels} | {"person"}
    passed = {label for kind in PATROL_KINDS for label in kind.labels} | {"person"}

    assert rule.kind in {kind.name for kind in KINDS}, "vision/rules/kinds.py: KINDS"
    assert rule.required_labels <= labels, "vision/rules/kinds.py: its labels"
    assert rule.required_labels <= passed, "vision/patrol/params.py: PATROL_KINDS"
    assert rule.required_labels <= set(LABELS), "tests/scenarios/world.py: LABELS"


@each
def test_a_patrol_car_judges_it_too(slug: Slug) -> None:
    one = settings(slug)
    zones = () if one.needs is None else (MapZone("here", one.needs, ANYWHERE),)
    scene = Scene("car", "Car", map_zones=zones)
    labels = sorted({label for kind in KINDS for label in kind.labels} | {"person"})

    (rule,) = build_patrol_rules([one], scene, labels, Schedule(), known=tuple)

    where = "vision/bootstrap/patrol_rules.py: makes a rule of"
    assert rule.slug == slug, f"{where} another violation"
    kinds = {kind.name: kind for kind in PATROL_KINDS}
    assert rule.kind in kinds, f"{where} a kind that vision/patrol/params.py lacks"
    twice, once = isinstance(rule, TwicePassed), kinds[rule.kind].clear_passes == 1
    judged = "vision/evaluation/tour_outcome.py: drives are judged otherwise, see"
    assert twice == (slug in TWO_PASSES), f"{judged} TWO_PASSES"
    assert once == (slug in ONE_CLEARS), f"{judged} ONE_CLEARS"


@each
def test_its_zones_can_be_drawn(slug: Slug) -> None:
    one = settings(slug)

    assert one.needs is None or one.needs in one.asks, "vision/config/rules.py: asks"
    for kinds in (ZoneKind, MapZoneKind):
        lacking = one.asks - set(get_args(kinds))
        assert not lacking, f"vision/config/zones.py: {sorted(lacking)} cannot be drawn"


@each
def test_it_has_a_name_in_both_languages(slug: Slug) -> None:
    assert all(NAMES.get(slug, ("",))), "vision/core/violations.py: NAMES lacks it"


@each
@pytest.mark.parametrize("file", sorted((ROOT / "configs/taxonomy").glob("*.yaml")))
def test_every_shipped_taxonomy_has_its_code(file: Path, slug: Slug) -> None:
    coded = slug in load_taxonomy(file)

    assert coded, f"configs/taxonomy/{file.name}: no code for {slug}"


@each
@pytest.mark.parametrize("file", NAMED_IN)
def test_every_file_that_lists_the_violations_has_it(file: str, slug: Slug) -> None:
    named = slug in (ROOT / file).read_text(encoding="utf-8")

    assert named, f"{file}: lacks {slug}"
