"""The table of the case lifecycle, as a whole."""

from itertools import product

import pytest

from serve.cases.lifecycle import (
    OVER,
    TRANSITIONS,
    Action,
    State,
    possible,
    target,
)


def reachable(start: State, *, people: bool) -> set[State]:
    seen, frontier = {start}, [start]
    while frontier:
        state = frontier.pop()
        for action in possible(state):
            if TRANSITIONS[action].person and not people:
                continue
            following = target(action, state, None)
            if following not in seen:
                seen.add(following)
                frontier.append(following)
    return seen


def test_every_state_can_be_reached_and_every_action_is_in_the_table() -> None:
    assert reachable(State.REPORTED, people=True) == set(State)
    assert set(TRANSITIONS) == set(Action)


def test_machines_alone_bring_no_case_beyond_its_report() -> None:
    assert reachable(State.REPORTED, people=False) == {State.REPORTED}


def test_only_people_register_reject_merge_close_and_reopen() -> None:
    decisions = {Action.REGISTER, Action.REJECT, Action.MERGE, Action.CLOSE}
    decisions |= {Action.REOPEN}

    assert all(TRANSITIONS[action].person for action in decisions)


def test_a_case_that_is_over_only_reopens_or_takes_notes() -> None:
    for state in OVER:
        assert set(possible(state)) == {Action.REOPEN, Action.NOTE}


@pytest.mark.parametrize("state", sorted(State))
def test_a_suspension_leads_back_to_where_it_began(state: State) -> None:
    if Action.SUSPEND not in possible(state):
        return
    stopped = target(Action.SUSPEND, state, None)

    assert stopped is State.SUSPENDED
    assert target(Action.RESUME, stopped, state) is state


def test_no_action_leaves_the_states_of_the_design() -> None:
    for action, state in product(Action, State):
        if action in possible(state) and action is not Action.RESUME:
            assert target(action, state, None) in State
