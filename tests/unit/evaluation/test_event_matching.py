from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.evaluation.builders import BOX, ELSEWHERE, clip, found, queue, run, true
from vision.core.violations import Slug
from vision.evaluation.matching import MatchRule, match_events
from vision.evaluation.outcomes import Sum, Verdict, settle

# How long one example takes says more about the machine than about the law.
UNHURRIED = settings(deadline=None, max_examples=40)
RULE = MatchRule(onset_s=10, min_iou=0.3)


def test_an_event_within_ten_seconds_at_the_same_place_is_the_same() -> None:
    assert match_events([true(100)], [found(109.9)], RULE) == [(0, 0)]
    assert match_events([true(100)], [found(110.1)], RULE) == []


def test_another_violation_or_another_place_is_not_the_same() -> None:
    litter = found(100, slug=Slug.GARBAGE_PILE)

    assert match_events([true(100)], [litter], RULE) == []
    assert match_events([true(100)], [found(100, xyxy=ELSEWHERE)], RULE) == []


def test_one_found_event_serves_one_true_event_only() -> None:
    pairs = match_events([true(100), true(101)], [found(100)], RULE)

    assert pairs == [(0, 0)]


def test_more_pairs_beat_closer_pairs() -> None:
    # Greedy by closeness would take 105-105 and leave 96 and 115 alone.
    events = [true(96), true(105)]
    said = [found(105), found(115)]

    assert match_events(events, said, RULE) == [(0, 0), (1, 1)]


def test_among_as_many_pairs_the_closer_ones_win() -> None:
    assert match_events([true(100)], [found(104), found(101)], RULE) == [(0, 1)]


@UNHURRIED
@given(st.permutations(range(5)), st.permutations(range(5)))
def test_the_order_of_events_does_not_change_who_belongs_together(
    order: list[int], other: list[int]
) -> None:
    events = [true(40 * i) for i in order]
    said = [found(40 * j + j) for j in other]

    pairs = match_events(events, said, RULE)

    assert {(order[i], other[j]) for i, j in pairs} == {(k, k) for k in range(5)}


def test_a_second_report_while_the_first_stands_is_a_duplicate() -> None:
    outcome = settle(clip(true(100, 400)), run(found(100), found(200)), RULE)

    assert outcome.verdicts == (Verdict.TRUE, Verdict.DUPLICATE)


def test_a_report_after_a_premature_end_is_a_fragment() -> None:
    said = run(found(100, ended_s=150), found(200))

    outcome = settle(clip(true(100, 400)), said, RULE)

    assert outcome.verdicts == (Verdict.TRUE, Verdict.FRAGMENT)


def test_every_false_alarm_gets_the_nearest_reason() -> None:
    truth = clip(true(100, 200), decoys=(queue(300, 400, xyxy=ELSEWHERE),))
    said = run(
        found(130),
        found(320, xyxy=ELSEWHERE),
        found(100, slug=Slug.GARBAGE_PILE),
        found(100, xyxy=(0.25, 0.25, 0.5, 0.5)),
        found(100, xyxy=(0.9, 0.0, 1.0, 0.1)),
    )

    outcome = settle(truth, said, RULE)

    assert outcome.verdicts == (
        Verdict.WRONG_TIME,
        Verdict.QUEUE,
        Verdict.WRONG_CLASS,
        Verdict.WRONG_PLACE,
        Verdict.BACKGROUND,
    )
    assert outcome.missed[0].verdict is Verdict.WRONG_TIME


def test_a_doubtful_event_neither_helps_nor_hurts() -> None:
    outcome = settle(clip(true(100, ignore=True)), run(found(100)), RULE)

    assert outcome.verdicts == (Verdict.IGNORED,)
    assert outcome.sums[[Sum.TRUE, Sum.FOUND, Sum.MATCHED]].tolist() == [0, 0, 0]
    assert outcome.missed == ()


def test_a_queue_called_parked_twice_counts_as_one_queue() -> None:
    truth = clip(decoys=(queue(10, 90), queue(10, 90, xyxy=ELSEWHERE)))

    sums = settle(truth, run(found(10), found(20)), RULE).sums

    assert sums[Sum.QUEUES] == 2
    assert sums[Sum.QUEUES_CALLED_PARKED] == 1


def test_a_car_gone_at_300_s_may_be_called_gone_at_295_s_but_not_at_200_s() -> None:
    truth = clip(true(100, 300))

    right = settle(truth, run(found(100, 295)), RULE).sums
    wrong = settle(truth, run(found(100, 200)), RULE).sums

    assert right[[Sum.CLEAR_CLAIMS, Sum.CLEAR_RIGHT, Sum.CLEAR_DONE]].tolist() == [
        1,
        1,
        1,
    ]
    assert wrong[[Sum.CLEAR_CLAIMS, Sum.CLEAR_RIGHT, Sum.CLEAR_DONE]].tolist() == [
        1,
        0,
        0,
    ]


def test_an_end_that_the_clip_is_too_short_to_verify_is_not_due() -> None:
    sums = settle(clip(true(100, 590)), run(found(100), watched_s=600), RULE).sums

    assert sums[Sum.CLEAR_DUE] == 0


def test_the_place_is_compared_in_shares_of_the_picture() -> None:
    assert match_events([true(0, xyxy=BOX)], [found(0, xyxy=BOX)], RULE) == [(0, 0)]
