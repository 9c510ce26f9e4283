"""A first picture is the first one, or there is none."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.unit.evidence.scenes import (
    SCENE,
    PlaceState,
    decided,
    observed,
    standing,
    street,
    textured,
)
from vision.core.frame import Frame
from vision.core.places import Place
from vision.evidence.pictures import encode
from vision.evidence.sights import Develop, FirstSights
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.verify import verify_package

PICTURE_BYTES = len(encode(textured(0)))


def arrived(at: Frame, *, every: int = 10) -> Sequence[Place]:
    """Return the places that stand there by now: three come, `every` seconds apart."""
    since = [k * every for k in range(3) if k * every <= at.media_time_s]
    return [standing(at, f"p{second}") for second in since]


def test_a_place_whose_first_picture_was_let_go_gets_no_later_one() -> None:
    encoded = []

    def develop(picture: Develop) -> None:
        encoded.append(1)
        picture()

    sights = FirstSights(2 * PICTURE_BYTES + PICTURE_BYTES // 2, develop)
    for index in range(60):
        at = street(index)
        sights.observe(observed(at, *arrived(at)))
    kept = {
        place.place_id: None if sight is None else sight.frame_index
        for place in arrived(street(60))
        for sight in [sights.of("gate", place.place_id)]
    }

    assert kept == {"p0": None, "p10": 10, "p20": 20}
    assert len(encoded) == 3


def test_what_ended_makes_room_and_is_forgotten_even_if_it_was_let_go() -> None:
    sights = FirstSights(PICTURE_BYTES + PICTURE_BYTES // 2)
    one, two = standing(street(0), "p1"), standing(street(1), "p2")
    sights.observe(observed(street(0), one))
    sights.observe(observed(street(1), one, two))
    let_go = sights.of("gate", "p1")
    over = [standing(street(2), i, state=PlaceState.ENDED) for i in ("p1", "p2")]
    sights.observe(observed(street(2), *over))
    last = sights.of("gate", "p2")
    sights.observe(observed(street(3)))

    assert let_go is None
    assert last is not None  # its last step is kept with this frame
    assert sights.of("gate", "p2") is None
    assert sights.size_bytes == 0
    sights.observe(observed(street(4), one))
    again = sights.of("gate", "p1")
    assert again is not None
    assert again.frame_index == 4


def test_what_a_vehicle_left_behind_keeps_its_picture_for_the_next_pass() -> None:
    sights = FirstSights()
    scene = replace(SCENE, moving=True, geo=None)

    def passes(index: int, *places: Place) -> None:
        sights.observe(replace(observed(street(index), *places), scene=scene))

    passes(0, standing(street(0)))
    passes(1)
    passes(2, standing(street(2)))
    kept = sights.of("gate", "p1")
    passes(3, standing(street(3), state=PlaceState.ENDED, end_reason="exposed"))
    at_its_end = sights.of("gate", "p1")
    passes(4)

    assert kept is not None
    assert kept is at_its_end
    assert kept.frame_index == 0
    assert sights.of("gate", "p1") is None


def test_an_event_without_a_first_picture_is_sealed_with_all_the_rest(
    tmp_path: Path,
) -> None:
    room = 2 * PICTURE_BYTES + PICTURE_BYTES // 2
    store = PackageStore(tmp_path, policy=StorePolicy(first_sight_bytes=room))
    film = [observed(at, *arrived(at, every=1)) for at in map(street, range(5))]
    for seen in film:
        store.observe(seen)
    store.close(20)
    last = film[-1]

    evidence = store.keep(decided(last.frame, last.places[0]), last)

    roles = {artifact.role for artifact in evidence.artifacts}
    assert not {role for role in roles if role.startswith("wide_first")}
    assert {"wide_deciding", "wide_deciding_redacted", "close_up", "overlay"} <= roles
    assert verify_package(tmp_path / "event-1", None) == []
