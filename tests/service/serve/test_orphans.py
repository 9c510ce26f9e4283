"""Bytes without a record go after a day, and nothing else does."""

import os
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from serve.files import key_of
from serve.orphans import SHELVES, SHELVES_AT_ONCE
from serve.services import Services
from tests.service.serve.city import HandClock, report
from tests.service.serve.conftest import Live
from tests.service.serve.street import jpeg, sha256

KEPT, OTHER = jpeg(), jpeg() + b"another"


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at nine on a Monday."""
    return HandClock()


def hand_in(engine: httpx.Client, content: bytes) -> httpx.Response:
    return engine.put(
        "/api/v1/events/evt-1/evidence/attached.jpg",
        content=content,
        headers={"Content-Type": "image/jpeg", "X-Content-SHA256": sha256(content)},
    )


def left_behind(live: Live, content: bytes, clock: HandClock, age: timedelta) -> Path:
    """Lay bytes into the store as an upload that was refused at last leaves them."""
    path = live.services.settings.evidence_dir / key_of(sha256(content))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    at_s = (clock.now() - age).timestamp()
    os.utime(path, (at_s, at_s))
    return path


def sweep(services: Services) -> None:
    for _ in range(SHELVES // SHELVES_AT_ONCE):
        services.orphans.run()


def test_what_no_record_speaks_of_goes_after_a_day(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    assert hand_in(engine, KEPT).status_code == 201
    kept = left_behind(live, KEPT, clock, timedelta(days=9))  # has a record
    old = left_behind(live, OTHER, clock, timedelta(days=2))
    young = left_behind(live, b"young", clock, timedelta(hours=23))

    sweep(live.services)
    first = [path.exists() for path in (kept, old, young)]
    clock.forward(hours=2)
    sweep(live.services)

    assert first == [True, False, True]
    assert [path.exists() for path in (kept, old, young)] == [True, False, False]


def test_the_same_bytes_may_come_again_after_they_were_swept(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    left_behind(live, KEPT, clock, timedelta(days=2))
    sweep(live.services)

    again = hand_in(engine, KEPT)

    assert again.status_code == 201
    assert live.services.files.size(sha256(KEPT)) == len(KEPT)
