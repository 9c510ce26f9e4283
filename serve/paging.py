"""Pages that stay right while new things arrive: a cursor names where one ended."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from serve.errors import BadCursor


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ends: the last row's sort key."""

    at: datetime
    number: int


def cursor_of(position: Position) -> str:
    """Return the text that leads to the page after this position."""
    key = json.dumps([position.at.isoformat(), position.number])
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """Return where a cursor points.

    Raises:
        BadCursor: it is not one that `cursor_of` made.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, number = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        opened_at = datetime.fromisoformat(at)
        if opened_at.tzinfo is None or not 0 <= int(number) < 2**63:
            raise BadCursor(_BAD_CURSOR)
        return Position(opened_at.astimezone(UTC), int(number))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadCursor(_BAD_CURSOR) from error


_BAD_CURSOR = "cursor: expected the text from a page's `next` link, unchanged"
