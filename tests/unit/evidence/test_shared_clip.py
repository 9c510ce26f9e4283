"""The clip that may be shared: nobody in it can be found again."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.fakes import ManualClock, frame
from tests.unit.evidence.scenes import (
    BOX,
    decided,
    observed,
    standing,
    street,
    textured,
)
from tests.unit.evidence.test_clips import encoded, greys
from tests.unit.evidence.test_redaction import best_match
from vision.core.arrays import ImageU8
from vision.core.evidence import Evidence
from vision.evidence.hidden import HiddenRegions, Sight, regions_at
from vision.evidence.precedence import Precedence
from vision.evidence.redaction import Region, RegionKind, regions_of
from vision.evidence.shared_clip import SharedCut, SharedPace, shared_frames
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.takes import ClipPolicy
from vision.evidence.transcode import TimedFrame, decoded
from vision.evidence.verify import verify_package

WIDTH, HEIGHT, FPS, SECONDS = 640, 360, 10, 8
STREET = textured(1, width=WIDTH, height=HEIGHT)
PERSON = textured(2, width=32, height=84)
Way = Callable[[float], tuple[int, int]]


def walking(at_s: float) -> tuple[int, int]:
    return round(20 + 70 * at_s), 200


def waiting(at_s: float) -> tuple[int, int]:
    del at_s
    return 520, 60


def filmed(*ways: Way) -> list[TimedFrame]:
    """Return the street with somebody on each way."""
    frames = []
    for index in range(FPS * SECONDS):
        image = STREET.copy()
        for way in ways:
            left, top = way(index / FPS)
            image[top : top + 84, left : left + 32] = PERSON
        frames.append((index / FPS, av.VideoFrame.from_ndarray(image, "bgr24")))
    return frames


def analysed(*ways: Way, every_s: float = 1.0) -> tuple[Sight, ...]:
    """Return what a detector saw that finds everyone on these ways."""
    sights = []
    for index in range(round(SECONDS / every_s) + 1):
        at_s = index * every_s
        boxes = tuple(
            (1, (left, top, left + 32, top + 84))
            for left, top in (way(at_s) for way in ways)
        )
        seen = observed(frame(at_s=at_s), boxes=boxes)
        sights.append(Sight(at_s, (WIDTH, HEIGHT), regions_of(seen)))
    return tuple(sights)


def shared(
    frames: list[TimedFrame], sights: tuple[Sight, ...]
) -> Iterator[tuple[float, ImageU8]]:
    for at_s, picture in shared_frames(frames, sights, span_s=float(SECONDS)):
        yield at_s, pixels(picture)


def pixels(picture: av.VideoFrame) -> ImageU8:
    return np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)


def found_again(image: ImageU8, at: tuple[int, int]) -> float:
    """Return the best match of any part of the person near where they are."""
    left, top = at
    near = image[max(0, top - 12) : top + 96, max(0, left - 12) : left + 44]
    parts = [PERSON[y : y + 24, x : x + 24] for y in (0, 30, 58) for x in (0, 8)]
    return max(best_match(near, part) for part in parts)


@pytest.mark.parametrize("every_s", [0.5, 1.0, 2.0])
def test_who_walks_between_two_analysed_pictures_is_hidden_in_each(
    every_s: float,
) -> None:
    sights = analysed(walking, every_s=every_s)
    originals = {at_s: pixels(one) for at_s, one in filmed(walking)}
    pictures = list(shared(filmed(walking), sights))

    assert len(pictures) > 3 * SECONDS
    for at_s, image in pictures:
        assert found_again(originals[at_s], walking(at_s)) > 0.95
        assert found_again(image, walking(at_s)) < 0.6


@pytest.mark.parametrize("other", [(1280, 720), (320, 288)])
def test_pictures_of_another_size_beside_the_clip_move_nothing_that_is_hidden(
    other: tuple[int, int],
) -> None:
    before = Sight(-1.0, other, ())
    after = Sight(SECONDS + 1.0, other, ())
    sights = (before, *analysed(waiting), after)

    for _, image in shared(filmed(waiting), sights):
        assert found_again(image, waiting(0.0)) < 0.6


def test_who_walks_and_is_never_detected_is_hidden_by_their_movement() -> None:
    for at_s, image in shared(filmed(walking), analysed()):
        assert found_again(image, walking(at_s)) < 0.6


def test_who_walks_is_hidden_where_key_frames_alone_are_shown() -> None:
    pictures = list(shared(filmed(walking)[::FPS], analysed()))

    assert len(pictures) == SECONDS
    for at_s, image in pictures:
        assert found_again(image, walking(at_s)) < 0.6


def test_who_stands_still_is_hidden_where_they_were_detected() -> None:
    for at_s, image in shared(filmed(waiting), analysed(waiting)):
        assert found_again(image, waiting(at_s)) < 0.6


def test_the_street_itself_stays_to_be_seen() -> None:
    patch = STREET[20:80, 300:380]

    for _, image in shared(filmed(walking), analysed(walking)):
        assert best_match(image[8:92, 288:392], patch) > 0.9


def test_a_picture_that_no_analysed_one_is_near_to_is_hidden_altogether() -> None:
    early = tuple(sight for sight in analysed(waiting) if sight.media_time_s < 2)
    late = [image for at_s, image in shared(filmed(waiting), early) if at_s > 6.5]

    assert late
    for image in late:
        assert len(np.unique(image[:18, :32].reshape(-1, 3), axis=0)) < 12
        assert best_match(image, STREET[20:80, 300:380]) < 0.6


def test_a_camera_that_turns_shows_nobody() -> None:
    frames = filmed(waiting)
    shaken = [
        (
            at_s,
            av.VideoFrame.from_ndarray(
                np.roll(pixels(picture), 9 * index, axis=1), "bgr24"
            ),
        )
        for index, (at_s, picture) in enumerate(frames)
    ]
    for at_s, image in shared(shaken, analysed()):
        left = (520 + 9 * round(at_s * FPS)) % WIDTH
        if left < WIDTH - 32:
            assert found_again(image, (left, 60)) < 0.6


def test_two_people_who_cross_are_hidden_on_every_way_they_may_have_taken() -> None:
    history = HiddenRegions(60)
    for at_s, lefts in ((0.0, (100, 300)), (1.0, (160, 240))):
        boxes = tuple((1, (left, 100, left + 30, 180)) for left in lefts)
        history.observe(observed(frame(at_s=at_s), boxes=boxes))
    history.close()
    sights = history.until("gate", 99.0, 0.0)

    between = regions_at(sights, 0.5)

    assert between is not None
    for left in (130, 170, 200, 270):
        assert any(
            region.xyxy[0] <= left and region.xyxy[2] >= left + 30 for region in between
        )


def test_what_was_hidden_is_forgotten_after_a_while_and_with_a_new_clock() -> None:
    history = HiddenRegions(10)
    for second in range(100):
        history.observe(observed(frame(at_s=float(second))))
    held = history.until("gate", 99.0, 5.0)
    history.observe(observed(frame(at_s=3.0)))
    anew = history.until("gate", 3.0, 5.0)

    assert [held[0].media_time_s, held[-1].media_time_s] == [89.0, 99.0]
    assert [sight.media_time_s for sight in anew] == [3.0]


def clipped(root: Path, policy: ClipPolicy, *, events: int = 1) -> list[Evidence]:
    """Record events from 12 s of a 20 s stream on, every second analysed."""
    late: list[Evidence] = []
    store = PackageStore(root, policy=StorePolicy(clips=policy), clock=ManualClock())
    store.deliver_late_to(lambda _, evidence: late.append(evidence))
    analysed_s = -1.0
    for packet in encoded("libx264", 20):
        store.add_packet(packet)
        if packet.media_time_s >= analysed_s + 1:
            analysed_s = packet.media_time_s
            at = street(round(analysed_s), at_s=analysed_s)
            seen = observed(at, standing(at, xyxy=BOX))
            store.observe(seen)
            number = round(analysed_s) - 11
            if 1 <= number <= events:
                place = standing(at, f"p{number}")
                store.keep(decided(at, place, event_id=f"event-{number}"), seen)
    store.close(30)
    return late


def test_a_package_holds_the_shared_clip_sealed_and_sent(tmp_path: Path) -> None:
    (late,) = clipped(tmp_path, ClipPolicy(pre_s=4, post_s=3))
    folder = tmp_path / "event-1"
    shown = greys(folder / "001-clip_redacted.mp4")

    assert {"clip", "clip_redacted"} <= {one.role for one in late.artifacts}
    assert verify_package(folder, None) == []
    assert len(shown) > 20
    with av.open(str(folder / "001-clip_redacted.mp4")) as clip:
        assert clip.streams.video[0].codec.canonical_name == "h264"
        assert clip.duration is not None
        assert 7 <= clip.duration / av.time_base <= 9


def test_where_events_are_dense_one_shared_clip_is_fluent_and_none_is_left_out(
    tmp_path: Path,
) -> None:
    late = clipped(tmp_path, ClipPolicy(pre_s=4, post_s=3), events=3)
    folders = [tmp_path / f"event-{number}" for number in (1, 2, 3)]
    shown = sorted(len(greys(folder / "001-clip_redacted.mp4")) for folder in folders)
    manifests = [(folder / "manifest.json").read_text() for folder in folders]

    assert len(late) == 3
    assert [verify_package(folder, None) for folder in folders] == [[], [], []]
    assert 5 <= shown[0] <= shown[1] <= 16
    assert shown[2] > 20
    assert sum("key frames only" in text for text in manifests) == 2


def test_a_shared_clip_is_fluent_when_none_waits_and_none_was_lately() -> None:
    clock = ManualClock()
    pace = SharedPace(clock, every_s=60)
    crowded = pace.fluent(waiting=2)
    first = pace.fluent(waiting=1)
    again = pace.fluent(waiting=1)
    clock.advance(60)
    later = pace.fluent(waiting=1)

    assert [crowded, first, again, later] == [False, True, False, True]


def test_key_frames_are_shown_alone_only_where_there_are_enough() -> None:
    packets = list(encoded("libx264", 8))
    keys = [index for index, one in enumerate(packets) if one.is_keyframe]
    few, enough = packets[: keys[4]], packets[: keys[4] + 1]

    assert not SharedCut((), fluent=False).key_frames_only(few)
    assert SharedCut((), fluent=False).key_frames_only(enough)
    assert not SharedCut((), fluent=True).key_frames_only(enough)


def test_each_picture_of_a_shared_clip_lets_who_is_urgent_go_first() -> None:
    asked: list[None] = []
    cut = SharedCut((), give_way=lambda: asked.append(None))
    passed = list(cut.in_turn(filmed()[:5]))

    assert len(passed) == len(asked) == 5


def test_clips_wait_while_an_event_waits_for_its_pictures() -> None:
    precedence = Precedence(longest_s=60)
    precedence.begin()
    passed = threading.Event()

    def make_clip() -> None:
        precedence.give_way()
        passed.set()

    maker = threading.Thread(target=make_clip)
    maker.start()
    while_waiting = passed.is_set()
    precedence.end()

    assert passed.wait(30)
    assert not while_waiting
    maker.join()


def test_clips_do_not_wait_for_ever() -> None:
    precedence = Precedence(longest_s=0.01)
    precedence.give_way()
    precedence.begin()

    precedence.give_way()  # nobody ever says that it ended


def test_key_frames_alone_are_decoded_at_their_own_times() -> None:
    packets = list(encoded("libx264", 4))
    times = [at_s for at_s, _ in decoded(packets, but="NONKEY")]

    assert times == [one.media_time_s for one in packets if one.is_keyframe]
    assert 4 <= len(times) <= 10


def test_a_site_may_do_without_the_shared_clip(tmp_path: Path) -> None:
    (late,) = clipped(tmp_path, ClipPolicy(pre_s=4, post_s=3, shared=False))

    assert not (tmp_path / "event-1" / "001-clip_redacted.mp4").exists()
    assert "clip" in {one.role for one in late.artifacts}


def test_a_region_keeps_its_kind_in_another_size() -> None:
    region = Region(RegionKind.PLATE, (10.0, 20.0, 30.0, 40.0)).scaled(0.5, 0.5)

    assert region == Region(RegionKind.PLATE, (5.0, 10.0, 15.0, 20.0))
