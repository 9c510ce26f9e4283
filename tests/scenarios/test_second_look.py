"""A second look: fixed only with proof that the place was seen."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.world import START, Actor, World, still
from vision.core.observation import Observation, View, ViewState
from vision.core.places import PlaceState
from vision.core.verification import LookAnswer, LookRequest, Outcome, Reported
from vision.core.violations import Violation
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.glance import Glance, GlanceParams, Sight, Target, glance
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.kinds import KIND_NAMED
from vision.rules.overflowing_bin import BinParams, OverflowingBin
from vision.rules.place_rule import PlaceRule
from vision.rules.second_look import LookParams, SecondLooks
from vision.rules.street_vending import StreetVending, VendingParams

BAGS = (160.0, 140.0)


def heap(end: float) -> Actor:
    return Actor("garbage", still(*BAGS, 5, end), size=(40, 26), look=7)


def refuse() -> GarbagePile:
    return GarbagePile(GarbageParams(dwell_s=20, alone_s=5))


def parking() -> IllegalParking:
    return IllegalParking(ParkingParams(grace_s=20, undecided_factor=1.0))


def bins() -> OverflowingBin:
    return OverflowingBin(BinParams(dwell_s=20))


def vending() -> StreetVending:
    return StreetVending(VendingParams(dwell_s=20, min_tended=0.01))


@dataclass
class Asked:
    """A film in which somebody asks at `ask_s` about the event that opened."""

    rule: PlaceRule
    world: World
    ask_s: float
    end_s: float
    period_s: float = 1.0
    view_after: ViewState | None = None  # from the question on

    def answers(self) -> list[LookAnswer]:
        stage, looks = Stage([self.rule]), SecondLooks([self.rule])
        answers: list[LookAnswer] = []
        for frame, detections in self.world.film(self.end_s, period_s=self.period_s):
            stage.show(frame, detections)
            assert stage.observation is not None
            shown = stage.observation
            if frame.media_time_s >= self.ask_s:
                looks.ask(request_for(stage.opened[0]))
                if self.view_after is not None:
                    shown = replace(shown, view=self.view_after)
            answers += looks.observe(shown)
        return answers[:1]  # asked again and again, it answers again


def request_for(opened: Violation, name: str = "1") -> LookRequest:
    place = opened.place
    return LookRequest(
        request_id=name,
        event_id=opened.event_id,
        slug=opened.slug,
        place_id=place.place_id,
        asked_at=START,
        xyxy=place.xyxy,
    )


def test_refuse_that_was_collected_is_cleared_after_views_spread_over_time() -> None:
    (answer,) = Asked(refuse(), World([heap(60)]), ask_s=100, end_s=130).answers()

    assert answer.outcome is Outcome.CLEARED
    assert fact(answer, "clear_views") == 3
    assert answer.decided_s == 110  # the third view, five seconds apart each


def test_refuse_that_still_lies_there_is_still_there() -> None:
    (answer,) = Asked(refuse(), World([heap(900)]), ask_s=60, end_s=80).answers()

    assert answer.outcome is Outcome.STILL_THERE
    assert fact(answer, "there_views") == 3


def test_refuse_that_the_detector_has_lost_is_still_there_by_its_look() -> None:
    lost = replace(heap(900), detected=lambda t: t < 58)
    (answer,) = Asked(refuse(), World([lost]), ask_s=60, end_s=80).answers()

    assert answer.outcome is Outcome.STILL_THERE


@pytest.mark.parametrize("gone_s", [60.0, 900.0])
def test_a_place_behind_a_bus_cannot_be_verified(gone_s: float) -> None:
    bus = Actor("bus", still(160, 165, 75, 900), size=(190, 110), look=5)
    world = World([heap(gone_s), bus])
    (answer,) = Asked(refuse(), world, ask_s=90, end_s=230).answers()

    assert answer.outcome is Outcome.CANNOT_VERIFY
    assert "covered" in str(fact(answer, "seen"))
    assert fact(answer, "watched_s") == 120


@pytest.mark.parametrize(
    "view",
    [
        ViewState(View.BLIND, "frozen"),
        ViewState(View.MOVED, "unknown_view"),
        ViewState(preset="market"),
    ],
)
def test_a_view_that_cannot_be_trusted_verifies_nothing(view: ViewState) -> None:
    film = Asked(refuse(), World([heap(60)]), ask_s=100, end_s=230, view_after=view)
    (answer,) = film.answers()

    assert answer.outcome is Outcome.CANNOT_VERIFY
    assert str(fact(answer, "seen")) == (view.reason or "other_preset")


@pytest.mark.parametrize(("light", "why"), [(0.05, "dark"), (30.0, "glare")])
def test_a_place_in_the_dark_or_in_glare_cannot_be_verified(
    light: float, why: str
) -> None:
    world = World([heap(60)], light=lambda t: light if t > 98 else 1.0)
    (answer,) = Asked(refuse(), world, ask_s=100, end_s=230).answers()

    assert answer.outcome is Outcome.CANNOT_VERIFY
    assert str(fact(answer, "seen")) == why


def test_many_pictures_within_a_moment_are_one_view() -> None:
    film = Asked(refuse(), World([heap(60)]), ask_s=100, end_s=120, period_s=0.2)
    (answer,) = film.answers()

    assert answer.decided_s == pytest.approx(110, abs=0.3)


def test_the_next_car_in_the_bay_is_not_the_one_in_question() -> None:
    first = Actor("car", [(5, 160, 120), (60, 160, 120), (64, 400, 120)], look=3)
    second = Actor("car", [(80, -60, 120), (84, 161, 121), (900, 161, 121)], look=8)
    (answer,) = Asked(parking(), World([first, second]), ask_s=100, end_s=130).answers()

    assert answer.outcome is Outcome.CLEARED
    assert fact(answer, "seen") == "replaced"


def test_refuse_that_lies_there_anew_is_still_there() -> None:
    again = Actor("garbage", still(161, 141, 80, 900), size=(40, 26), look=9)
    world = World([heap(60), again])
    (answer,) = Asked(refuse(), world, ask_s=100, end_s=130).answers()

    assert answer.outcome is Outcome.STILL_THERE


def test_a_stall_that_moved_three_metres_is_still_there() -> None:
    path = [(5, 120, 150), (60, 120, 150), (64, 190, 150), (900, 190, 150)]
    stall = Actor("street_vendor", path, size=(40, 36), look=11)
    seller = Actor("person", [(t, x - 22, y) for t, x, y in path], (14, 34), look=300)
    (answer,) = Asked(vending(), World([stall, seller]), ask_s=75, end_s=100).answers()

    assert answer.outcome is Outcome.STILL_THERE


@pytest.mark.parametrize(
    ("from_70", "outcome"),
    [("bin", Outcome.CLEARED), ("overflowing_bin", Outcome.STILL_THERE)],
)
def test_a_bin_is_put_right_when_it_stands_there_and_is_not_full(
    from_70: str, outcome: Outcome
) -> None:
    labels = [(10.0, "overflowing_bin"), (70.0, from_70)]
    full = Actor("bin", still(160, 150, 0, 900), size=(24, 34), labels=labels)
    (answer,) = Asked(bins(), World([full]), ask_s=75, end_s=100).answers()

    assert answer.outcome is outcome


def test_a_bin_is_found_again_in_pictures_of_another_size() -> None:
    """The camera came back with its sub-stream between the report and the question."""
    labels = [(5.0, "overflowing_bin")]
    full = Actor("bin", still(160, 150, 0, 400), size=(24, 34), labels=labels)
    rule = bins()
    stage = Stage([rule]).play(World([full], scale=2).film(50))
    looks = SecondLooks([rule])
    looks.ask(request_for(stage.opened[0]))
    answers: list[LookAnswer] = []
    for frame, detections in World([full]).film(70, start_s=51):
        stage.show(frame, detections)
        assert stage.observation is not None
        answers += looks.observe(stage.observation)

    assert [answer.outcome for answer in answers] == [Outcome.STILL_THERE]


def test_a_bin_that_is_not_found_is_not_known_to_be_empty() -> None:
    gone = Actor("overflowing_bin", still(160, 150, 0, 900), (24, 34))
    unseen = replace(gone, detected=lambda t: t < 60)
    (answer,) = Asked(bins(), World([unseen]), ask_s=65, end_s=200).answers()

    assert answer.outcome is Outcome.CANNOT_VERIFY
    assert fact(answer, "seen") == "not_found"


def forgotten(
    world: World,
    picture: Reported | None,
    start_s: float = 100,
    drawn_s: float | None = None,
) -> LookAnswer:
    """Return what an engine without any memory answers about the heap of before."""
    drawn = None if drawn_s is None else START + timedelta(seconds=drawn_s)
    stage = Stage([refuse()]).play(World([heap(60)]).film(50))
    request = request_for(stage.opened[0])
    afterwards = Stage([refuse()])
    looks = SecondLooks(
        afterwards.rules, reported=lambda _: picture, drawn_since=lambda: drawn
    )
    looks.ask(request)
    for frame, detections in world.film(start_s + 125, start_s=start_s):
        afterwards.show(frame, detections)
        assert afterwards.observation is not None
        answers = looks.observe(afterwards.observation)
        if answers:
            return answers[0]
    raise AssertionError


def missed() -> World:
    return World([replace(heap(900), detected=lambda _: False)])


PICTURE = Reported(World([heap(60)]).paint(45), None, START + timedelta(seconds=30))


def test_an_engine_that_forgot_the_event_compares_with_its_picture() -> None:
    answer = forgotten(World([]), PICTURE)

    assert answer.outcome is Outcome.CLEARED
    assert answer.decided_s == 110


def test_what_the_detector_misses_is_not_cleared() -> None:
    answer = forgotten(missed(), PICTURE)

    assert answer.outcome is Outcome.STILL_THERE
    assert fact(answer, "seen") == "looks_the_same"


def test_a_picture_that_lay_elsewhere_is_compared_where_it_shows_the_place() -> None:
    turned = World([heap(60)], shake=lambda _: (60.0, -20.0)).paint(45)
    x, y = BAGS[0] + 60, BAGS[1] - 20
    answer = forgotten(missed(), Reported(turned, (x - 20, y - 26, x + 20, y), None))

    assert answer.outcome is Outcome.STILL_THERE
    assert fact(answer, "seen") == "looks_the_same"


def test_without_a_picture_to_compare_nothing_detected_proves_nothing() -> None:
    for world in (World([]), missed()):
        answer = forgotten(world, None)

        assert answer.outcome is Outcome.CANNOT_VERIFY
        assert fact(answer, "seen") == "nothing_to_compare"


def test_what_was_reported_in_an_earlier_drawing_cannot_be_verified() -> None:
    """The camera was turned: where the heap lay is other ground now."""
    for known in (PICTURE, replace(PICTURE, decided_at=None), None):
        answer = forgotten(World([], seed=99), known, drawn_s=90)

        assert answer.outcome is Outcome.CANNOT_VERIFY
        assert fact(answer, "place") == "unknown"


def test_what_was_reported_in_this_drawing_is_compared_with_its_picture() -> None:
    answer = forgotten(World([]), PICTURE, drawn_s=0)

    assert answer.outcome is Outcome.CLEARED


@pytest.mark.parametrize("ask_s", [50, 100])
@pytest.mark.parametrize(
    ("drawn_s", "outcome"), [(90, Outcome.CANNOT_VERIFY), (0, Outcome.CLEARED)]
)
def test_a_rule_that_knows_the_event_goes_by_the_drawing_too(
    ask_s: float, drawn_s: float, outcome: Outcome
) -> None:
    stage = Stage([refuse()]).play(World([heap(60)]).film(ask_s))
    drawn = START + timedelta(seconds=drawn_s)
    looks = SecondLooks(stage.rules, drawn_since=lambda: drawn)
    looks.ask(request_for(stage.opened[0]))
    answers: list[LookAnswer] = []
    for frame, detections in World([heap(60)]).film(130, start_s=ask_s + 1):
        stage.show(frame, detections)
        assert stage.observation is not None
        if frame.media_time_s >= 100:
            answers += looks.observe(stage.observation)

    assert [answer.outcome for answer in answers] == [outcome]


def test_a_bin_in_another_view_is_not_the_one_that_was_full() -> None:
    """Without a picture of the report, a bin that is not full would clear it."""
    full = Actor("overflowing_bin", still(160, 150, 0, 900), size=(24, 34))
    request = request_for(Stage([bins()]).play(World([full]).film(50)).opened[0])
    afterwards = Stage([bins()])
    looks = SecondLooks(
        afterwards.rules,
        reported=lambda _: None,
        drawn_since=lambda: START + timedelta(seconds=90),
    )
    looks.ask(request)
    answers: list[LookAnswer] = []
    for frame, detections in World([replace(full, label="bin")]).film(130, start_s=100):
        afterwards.show(frame, detections)
        assert afterwards.observation is not None
        answers += looks.observe(afterwards.observation)

    assert [answer.outcome for answer in answers] == [Outcome.CANNOT_VERIFY]


def test_an_engine_that_knows_no_place_cannot_verify() -> None:
    stage = Stage([refuse()]).play(World([heap(60)]).film(50))
    nowhere = SecondLooks([refuse()])
    nowhere.ask(replace(request_for(stage.opened[0]), xyxy=None, event_id="unknown"))
    assert stage.observation is not None

    (answer,) = nowhere.observe(stage.observation)
    assert answer.outcome is Outcome.CANNOT_VERIFY
    assert fact(answer, "place") == "unknown"


@pytest.mark.parametrize(
    ("reason", "clear_views", "sight", "why"),
    [
        ("exposed", 3, Sight.CLEAR, "exposed"),
        ("exposed", 0, Sight.HIDDEN, "not_recognised"),
        ("lost", 3, Sight.HIDDEN, "not_recognised"),
        ("replaced", 3, Sight.THERE, "replaced"),  # refuse by other refuse
    ],
)
def test_a_remembered_place_is_clear_only_where_its_bare_ground_was_seen(
    reason: str, clear_views: int, sight: Sight, why: str
) -> None:
    rule = refuse()
    stage = Stage([rule]).play(World([heap(60)]).film(50))
    opened = stage.opened[0].place
    ended = replace(
        opened,
        state=PlaceState.ENDED,
        end_reason=reason,
        clear_views=clear_views,
    )
    assert stage.observation is not None
    target = Target(
        place_id=opened.place_id,
        kind=KIND_NAMED[rule.kind],
        offending=rule.offending,
        xyxy=opened.xyxy,
        preset=None,
        ended=True,
    )

    said = glance(target, replace(stage.observation, places=(ended,)), GlanceParams())

    assert said == Glance(sight, why)


def test_a_place_that_lies_mostly_outside_the_picture_cannot_be_verified() -> None:
    request = request_for(Stage([refuse()]).play(World([heap(60)]).film(50)).opened[0])
    afterwards = Stage([refuse()])
    looks = SecondLooks(afterwards.rules)
    looks.ask(replace(request, xyxy=(-60.0, 140.0, 20.0, 180.0)))
    answers: list[LookAnswer] = []
    for frame, detections in World([]).film(225, start_s=100):
        afterwards.show(frame, detections)
        assert afterwards.observation is not None
        answers += looks.observe(afterwards.observation)

    assert [a.outcome for a in answers] == [Outcome.CANNOT_VERIFY]
    assert fact(answers[0], "seen") == "outside"


def test_a_car_after_a_lost_memory_is_not_taken_for_the_same_nor_for_another() -> None:
    car = Actor("car", still(160, 120, 0, 900), look=3)
    request = request_for(Stage([parking()]).play(World([car]).film(60)).opened[0])
    forgetful = Stage([parking()])
    looks = SecondLooks(forgetful.rules)
    looks.ask(request)
    answers: list[LookAnswer] = []
    for frame, detections in World([replace(car, look=8)]).film(225, start_s=100):
        forgetful.show(frame, detections)
        assert forgetful.observation is not None
        answers += looks.observe(forgetful.observation)

    assert [a.outcome for a in answers] == [Outcome.CANNOT_VERIFY]


def test_a_question_without_pictures_is_given_up_in_time() -> None:
    stage = Stage([refuse()]).play(World([heap(60)]).film(50))
    looks = SecondLooks(stage.rules, LookParams(give_up_s=60))
    looks.ask(request_for(stage.opened[0]))

    assert looks.expire(START + timedelta(seconds=59)) == []
    (answer,) = looks.expire(START + timedelta(seconds=60))
    assert answer.outcome is Outcome.CANNOT_VERIFY
    assert answer.decided_s is None
    assert len(looks) == 0


def test_a_question_whose_camera_falls_silent_is_given_up_in_time() -> None:
    stage = Stage([refuse()]).play(World([heap(60)]).film(50))
    looks = SecondLooks(stage.rules, LookParams(give_up_s=60))
    looks.ask(request_for(stage.opened[0]))
    assert stage.observation is not None
    assert looks.observe(stage.observation) == []  # its last picture

    assert looks.expire(START + timedelta(seconds=50)) == []
    assert looks.expire(START + timedelta(seconds=109)) == []
    (answer,) = looks.expire(START + timedelta(seconds=110))
    assert answer.outcome is Outcome.CANNOT_VERIFY
    assert [fact.text() for fact in answer.facts] == ["pictures 1"]


def test_questions_are_bounded_and_asked_once() -> None:
    stage = Stage([refuse()]).play(World([heap(60)]).film(50))
    looks = SecondLooks(stage.rules, LookParams(most_waiting=3))
    for name in ("1", "1", "2", "3", "4", "5"):
        looks.ask(request_for(stage.opened[0], name))

    given_up = looks.expire(START)
    assert [a.request.request_id for a in given_up] == ["1", "2"]
    assert len(looks) == 3


def test_a_question_survives_a_clock_that_starts_anew() -> None:
    rule = refuse()
    stage, looks = Stage([rule]), SecondLooks([rule])
    answers: list[LookAnswer] = []
    for frame, detections in World([heap(60)]).film(140):
        t = frame.media_time_s
        stage.show(frame, detections)
        assert stage.observation is not None
        shown: Observation = stage.observation
        if t == 100:
            looks.ask(request_for(stage.opened[0]))
        if t > 103:
            shown = replace(shown, frame=replace(frame, media_time_s=t - 104))
        answers += looks.observe(shown)

    assert [a.outcome for a in answers] == [Outcome.CLEARED]
    assert answers[0].decided_s == 10


def test_the_event_tells_the_same_event_id_as_the_question() -> None:
    rule = refuse()
    stage = Stage([rule]).play(World([heap(60)]).film(100))
    restored = refuse()
    restored.restore(json.loads(json.dumps(rule.state())))

    case, ended = restored.recall(stage.opened[0].event_id)
    assert case is not None
    assert ended
    assert restored.recall("unknown") == (None, False)


def fact(answer: LookAnswer, name: str) -> float | str:
    (value,) = (one.value for one in answer.facts if one.name == name)
    return value
