"""A moving camera's places as plain values, and back."""

import base64
from datetime import datetime
from typing import NotRequired, TypedDict

import numpy as np

from vision.patrol.params import PatrolKind
from vision.patrol.pose import Matrix, Vector
from vision.patrol.spot import Pass, Spot

_FULL = 255


class PassRecord(TypedDict):
    """A pass as plain values."""

    began_at: str
    ended_at: str
    where: list[float]
    within: list[float]
    spread: list[float]
    looks: list[int]
    figures: list[float]
    votes: dict[str, int]
    look: NotRequired[str | list[float] | None]  # base64 of 255ths; shares before
    heading_deg: NotRequired[float | None]
    aside_m: NotRequired[float | None]


class SpotRecord(TypedDict):
    """A spot as plain, JSON-ready values."""

    spot_id: str
    kind: str
    passes: list[PassRecord]
    count: int
    observed_s: float
    box: list[float]
    likeness: float | None
    clear_passes: int
    ended_at: str | None
    end_reason: str | None


def to_record(spot: Spot) -> SpotRecord:
    """Return a spot as plain values."""
    return {
        "spot_id": spot.spot_id,
        "kind": spot.kind.name,
        "passes": [_pass_record(one) for one in spot.passes],
        "count": spot.count,
        "observed_s": spot.observed_s,
        "box": list(spot.box),
        "likeness": spot.likeness,
        "clear_passes": spot.clear_passes,
        "ended_at": _text(spot.ended_at),
        "end_reason": spot.end_reason,
    }


def from_record(record: SpotRecord, kind: PatrolKind) -> Spot:
    """Return a spot as it was stored; the camera was away since.

    Raises:
        KeyError: a field is missing.
        ValueError: a field cannot be read.
    """
    x1, y1, x2, y2 = (float(side) for side in record["box"])
    passes = [_pass(one) for one in record["passes"]]
    if not passes or not all(one.votes for one in passes):
        msg = "a place without a pass, or a pass without a class"
        raise ValueError(msg)
    return Spot(
        spot_id=str(record["spot_id"]),
        kind=kind,
        passes=passes,
        count=int(record["count"]),
        observed_s=float(record["observed_s"]),
        box=(x1, y1, x2, y2),
        likeness=record["likeness"],
        left=True,
        clear_passes=int(record["clear_passes"]),
        ended_at=_moment(record["ended_at"]),
        end_reason=record["end_reason"],
    )


def _pass_record(one: Pass) -> PassRecord:
    return {
        "began_at": one.began_at.isoformat(),
        "ended_at": one.ended_at.isoformat(),
        "where": [one.lat, one.lon],
        "within": [round(float(v), 4) for v in one.within.ravel()],
        "spread": [round(float(v), 4) for v in one.spread.ravel()],
        "looks": [one.looks, one.expected],
        "figures": [
            round(v, 3)
            for v in (
                one.attended,
                one.moved_m,
                one.range_m,
                one.misfit_m,
                *one.size_m,
                one.score,
            )
        ],
        "votes": one.votes,
        "look": None if one.look is None else _look_text(one.look),
        "heading_deg": one.heading_deg,
        "aside_m": None if one.aside_m is None else round(one.aside_m, 2),
    }


def _pass(record: PassRecord) -> Pass:
    looks, expected = record["looks"]
    attended, moved, near, misfit, width, height, score = record["figures"]
    lat, lon = record["where"]
    look = record.get("look")
    heading_deg, aside_m = record.get("heading_deg"), record.get("aside_m")
    return Pass(
        began_at=_aware(record["began_at"]),
        ended_at=_aware(record["ended_at"]),
        lat=float(lat),
        lon=float(lon),
        within=_covariance(record["within"]),
        spread=_covariance(record["spread"]),
        looks=_count(looks),
        expected=_count(expected),
        attended=float(attended),
        moved_m=float(moved),
        range_m=float(near),
        misfit_m=float(misfit),
        size_m=(float(width), float(height)),
        votes={str(k): _count(n) for k, n in record["votes"].items()},
        score=float(score),
        look=None if look is None else _look(look),
        heading_deg=None if heading_deg is None else float(heading_deg),
        aside_m=None if aside_m is None else float(aside_m),
    )


def _look_text(look: Vector) -> str:
    shares = np.clip(np.rint(look * _FULL), 0, _FULL).astype(np.uint8)
    return base64.b64encode(shares.tobytes()).decode()


def _look(stored: str | list[float]) -> Vector:
    if not isinstance(stored, str):
        return np.array(stored, np.float64)
    shares = np.frombuffer(base64.b64decode(stored), np.uint8).astype(np.float64)
    return np.asarray(shares / max(float(np.linalg.norm(shares)), 1.0))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else _aware(text)


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = f"got {text} without a time zone"
        raise ValueError(msg)
    return moment


def _count(number: float) -> int:
    if number < 1:
        msg = f"got {number}, expected at least 1"
        raise ValueError(msg)
    return int(number)


def _covariance(values: list[float]) -> Matrix:
    """Return a matrix that can be inverted, as what is measured with it must be."""
    matrix = np.array(values, np.float64).reshape(2, 2)
    if not np.isfinite(matrix).all() or np.linalg.eigvalsh(matrix)[0] <= 0:
        msg = f"got the covariance {values}"
        raise ValueError(msg)
    return matrix
