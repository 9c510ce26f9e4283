"""Cursors that nobody was given are refused."""

import base64
from datetime import UTC, datetime

import pytest

from serve.errors import BadCursor
from serve.paging import Position, cursor_of, position_of


def test_a_cursor_leads_back_to_where_it_was_made() -> None:
    position = Position(datetime(2026, 11, 20, 12, tzinfo=UTC), 7)

    assert position_of(cursor_of(position)) == position


@pytest.mark.parametrize(
    "key",
    [
        '["2026-11-20T12:00:00+00:00", Infinity]',
        '["2026-11-20T12:00:00+00:00", 1e400]',
        '["2026-11-20T12:00:00+00:00", NaN]',
        '["2026-11-20T12:00:00", 1]',
        '["0001-01-01T00:00:00+14:00", 1]',
        '["9999-12-31T23:59:59-14:00", 1]',
    ],
)
def test_a_cursor_made_up_by_hand_is_refused(key: str) -> None:
    with pytest.raises(BadCursor):
        position_of(base64.urlsafe_b64encode(key.encode()).decode())
