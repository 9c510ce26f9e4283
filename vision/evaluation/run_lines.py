"""A watched clip as one line of JSON: on disk, and between machines."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from vision.core.damage import Damage
from vision.core.verification import Outcome
from vision.core.violations import Slug
from vision.evaluation.found import ClipRun, FoundEvent, Look, NotOpened, Unclear


def line_of(run: ClipRun) -> str:
    """Return what was said about a clip as one line."""
    return json.dumps(asdict(run), default=str)


def parse_run(line: str) -> ClipRun:
    """Return what `line_of` wrote down.

    Raises:
        ValueError: no JSON.
        TypeError: not a watched clip.
        KeyError: likewise.
    """
    row = json.loads(line)
    if not isinstance(row, dict):
        msg = f"got {type(row).__name__}, expected a watched clip"
        raise TypeError(msg)
    return _run(row)


def _run(row: Mapping[str, object]) -> ClipRun:
    found, waiting, looks = row["found"], row["not_opened"], row["looks"]
    watched_s, frames, unclear = row["watched_s"], row["frames"], row["unclear"]
    last_s, damage = row["last_s"], row["damage"]
    if (
        not isinstance(found, list)
        or not isinstance(waiting, list)
        or not isinstance(looks, list)
        or not isinstance(unclear, list)
        or not isinstance(watched_s, int | float)
        or not isinstance(last_s, int | float)
        or not isinstance(damage, dict)
        or not isinstance(frames, int)
    ):
        msg = "not a watched clip"
        raise TypeError(msg)
    return ClipRun(
        watched_s=watched_s,
        last_s=last_s,
        found=tuple(
            FoundEvent(
                **{
                    **one,
                    "slug": Slug(one["slug"]),
                    "xyxy": tuple(one["xyxy"]),
                    "facts": tuple(one["facts"]),
                    "evidence": tuple(Path(file) for file in one["evidence"]),
                }
            )
            for one in found
        ),
        not_opened=tuple(
            NotOpened(
                slug=Slug(one["slug"]),
                xyxy=tuple(one["xyxy"]),
                started_s=one["started_s"],
                facts=tuple(one["facts"]),
            )
            for one in waiting
        ),
        frames=frames,
        looks=tuple(
            Look(**{**one, "outcome": Outcome(one["outcome"])}) for one in looks
        ),
        unclear=tuple(Unclear(**one) for one in unclear),
        damage=Damage(**damage),
    )
