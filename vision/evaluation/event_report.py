"""An engine's figures on clips as plain values."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from vision.core.violations import Slug
from vision.evaluation.about import About
from vision.evaluation.events import (
    Figure,
    by_condition,
    operating_points,
    summarise,
    sums_by_camera,
)
from vision.evaluation.found import FoundEvent
from vision.evaluation.json_lines import Json
from vision.evaluation.matching import MatchRule
from vision.evaluation.outcomes import ClipOutcome, Missed, Sum, settle
from vision.evaluation.problems import Problems
from vision.evaluation.truth import TruthClip
from vision.evaluation.values import CSV_ENCODING, figure_json, plain, problems_json

_EVENT_COLUMNS = (
    "clip",
    "camera",
    "slug",
    "verdict",
    "true_start_s",
    "true_end_s",
    "found_start_s",
    "opened_s",
    "found_end_s",
    "cleared_s",
    "score",
    "event_id",
)

Report = dict[str, Json]
Rule = TypeVar("Rule")
Link = Callable[[Path], str]
"""Returns how the report refers to a file of evidence."""


@dataclass(frozen=True, slots=True)
class Scoring(Generic[Rule]):
    """How events, or drives, are judged.

    Attributes:
        rule: what counts as found.
        resamples: bootstrap size; 0 for no intervals.
        seed: of the bootstrap.
    """

    rule: Rule
    resamples: int = 1000
    seed: int = 0


def event_report(
    clips: Sequence[TruthClip],
    outcomes: Sequence[ClipOutcome],
    *,
    scoring: Scoring[MatchRule],
    problems: Problems,
    about: About,
    link: Link = str,
) -> Report:
    """Return everything as JSON-ready values.

    Args:
        clips: all whose truth could be read.
        outcomes: those that could be watched.
        scoring: how events were judged.
        problems: everything wrong with the input.
        about: who measured; the only part that differs between two runs.
        link: how evidence files are referred to.

    Returns:
        What `report.json` holds and what the page is made from.
    """
    ordered = in_order(outcomes)
    return {
        "schema": 1,
        "kind": "events",
        "rule": plain(asdict(scoring.rule)),
        "figures": _figures(ordered, scoring),
        "conditions": {
            tag: _group(group, scoring) for tag, group in by_condition(ordered).items()
        },
        "violations": {
            slug.value: _group(of_slug(ordered, slug, scoring.rule), scoring)
            for slug in Slug
            if any(_concerns(one, slug) for one in ordered)
        },
        "verdicts": dict(
            sorted(Counter(v.value for o in ordered for v in o.verdicts).items())
        ),
        "points": [[alarms, miss] for alarms, miss in operating_points(ordered)],
        "cameras": _camera_sums(ordered),
        "condition_cameras": {
            tag: _camera_sums(group) for tag, group in by_condition(ordered).items()
        },
        "sums": [column.name.lower() for column in Sum],
        "clips": [_clip(one, link) for one in ordered],
        "synthetic": sum(one.truth.synthetic for one in ordered),
        "counts": _counts(clips, ordered, problems.unread),
        "problems": problems_json(problems),
        "about": plain(asdict(about)),
    }


def in_order(outcomes: Iterable[ClipOutcome]) -> list[ClipOutcome]:
    """Return the clips as the report lists them, whichever was done first."""
    return sorted(
        outcomes, key=lambda one: (one.truth.camera, one.truth.name, one.truth.clip)
    )


def of_slug(
    outcomes: Sequence[ClipOutcome], slug: Slug, rule: MatchRule
) -> list[ClipOutcome]:
    """Return the outcomes as if nothing but one violation had been asked for."""
    only = []
    for one in outcomes:
        truth = replace(
            one.truth,
            events=tuple(e for e in one.truth.events if e.slug is slug),
            decoys=tuple(d for d in one.truth.decoys if d.slug is slug),
        )
        found = tuple(f for f in one.run.found if f.slug is slug)
        only.append(settle(truth, replace(one.run, found=found), rule))
    return only


def write_event_csv(path: Path, outcomes: Sequence[ClipOutcome]) -> None:
    """Write one row per true or found event; a matched pair shares its row.

    Args:
        path: the CSV file.
        outcomes: settled clips.
    """
    with path.open("w", encoding=CSV_ENCODING, newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(_EVENT_COLUMNS)
        for one in outcomes:
            partner = {j: i for i, j in one.pairs}
            for j, (found, verdict) in enumerate(
                zip(one.run.found, one.verdicts, strict=True)
            ):
                event = one.truth.events[partner[j]] if j in partner else None
                rows.writerow(
                    [
                        one.truth.name,
                        one.truth.camera,
                        found.slug,
                        verdict,
                        None if event is None else event.start_s,
                        None if event is None else event.end_s,
                        found.started_s,
                        found.opened_s,
                        found.ended_s,
                        found.cleared_s,
                        found.score,
                        found.event_id,
                    ]
                )
            for missed in one.missed:
                event = one.truth.events[missed.index]
                head = [one.truth.name, one.truth.camera, event.slug, "missed"]
                rows.writerow([*head, event.start_s, event.end_s, *[None] * 6])


def _figures(outcomes: Sequence[ClipOutcome], how: Scoring[MatchRule]) -> Report:
    figures = summarise(outcomes, resamples=how.resamples, seed=how.seed)
    return {name: figure_json(figure) for name, figure in figures.items()}


def _group(outcomes: Sequence[ClipOutcome], how: Scoring[MatchRule]) -> Report:
    figures: dict[str, Figure] = summarise(
        outcomes, resamples=how.resamples, seed=how.seed
    )
    return {
        "clips": len(outcomes),
        "events": int(sum(one.sums[Sum.TRUE] for one in outcomes)),
        "watched_s": sum(sorted(one.run.watched_s for one in outcomes)),
        "figures": {name: figure_json(figure) for name, figure in figures.items()},
    }


def _camera_sums(outcomes: Sequence[ClipOutcome]) -> Report:
    return {name: plain(row.tolist()) for name, row in sums_by_camera(outcomes)}


def _concerns(outcome: ClipOutcome, slug: Slug) -> bool:
    truly = any(event.slug is slug for event in outcome.truth.events)
    return truly or any(event.slug is slug for event in outcome.run.found)


def _counts(
    clips: Sequence[TruthClip], outcomes: Sequence[ClipOutcome], unread: int
) -> Report:
    listed = sum(len(clip.events) + clip.faulty for clip in clips)
    scored = int(sum(one.sums[Sum.TRUE] for one in outcomes))
    doubtful = sum(e.ignore for one in outcomes for e in one.truth.events)
    return {
        "clips_listed": len(clips) + unread,
        "clips_scored": len(outcomes),
        "clips_left_out": len(clips) + unread - len(outcomes),
        "events_listed": listed,
        "events_scored": scored,
        "events_ignored": doubtful,
        "events_left_out": listed - scored - doubtful,
        "watched_s": sum(sorted(one.run.watched_s for one in outcomes)),
        "unwatched_s": sum(sorted(_unwatched_s(one) for one in outcomes)),
        "frames": sum(one.run.frames for one in outcomes),
        "damaged": sum(one.run.damage.pictures for one in outcomes),
    }


def _unwatched_s(one: ClipOutcome) -> float:
    return sum(gap.end_s - gap.start_s for gap in one.run.unclear if gap.view == "gap")


def _clip(one: ClipOutcome, link: Link) -> Report:
    partner = dict(one.pairs)
    missed = {m.index: m for m in one.missed}
    return {
        "clip": one.truth.name,
        "camera": one.truth.camera,
        "synthetic": one.truth.synthetic,
        "conditions": list(one.truth.conditions),
        "watched_s": one.run.watched_s,
        "unwatched_s": _unwatched_s(one),
        "last_s": one.run.last_s,
        "damaged": one.run.damage.pictures,
        "frames": one.run.frames,
        "true": [
            {
                "slug": event.slug.value,
                "start_s": event.start_s,
                "end_s": event.end_s,
                "xyxy": list(event.xyxy),
                "note": event.note,
                "ignore": event.ignore,
                "found": partner.get(i),
                "missed": _missed(missed.get(i)),
            }
            for i, event in enumerate(one.truth.events)
        ],
        "decoys": [
            {"kind": d.kind, "start_s": d.start_s, "end_s": d.end_s, "note": d.note}
            for d in one.truth.decoys
        ],
        "found": [
            {**_found(event, link), "verdict": verdict.value}
            for event, verdict in zip(one.run.found, one.verdicts, strict=True)
        ],
        "looks": [plain(asdict(look)) for look in one.run.looks],
        "unclear": [plain(asdict(span)) for span in one.run.unclear],
    }


def _missed(missed: Missed | None) -> Json:
    if missed is None:
        return None
    near = missed.not_opened
    return {
        "verdict": missed.verdict.value,
        "why_not": None if near is None else list(near.facts),
        "instead": missed.instead,
    }


def _found(event: FoundEvent, link: Link) -> Report:
    return {
        "event_id": event.event_id,
        "slug": event.slug.value,
        "started_s": event.started_s,
        "opened_s": event.opened_s,
        "ended_s": event.ended_s,
        "cleared_s": event.cleared_s,
        "xyxy": list(event.xyxy),
        "score": event.score,
        "zone": event.zone_id,
        "baseline": event.baseline,
        "facts": list(event.facts),
        # Clips are sealed beside the steps: which manifest came first is chance.
        "evidence": [link(path) for path in sorted(event.evidence)],
    }
