"""An engine's figures on drives as plain values."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from vision.evaluation.about import About
from vision.evaluation.event_report import Link, Report, Scoring
from vision.evaluation.json_lines import Json
from vision.evaluation.outcomes import Verdict
from vision.evaluation.problems import Problems
from vision.evaluation.tour_figures import summarise_drives, sums_by_car
from vision.evaluation.tour_outcome import MapRule, TourOutcome, TourSum
from vision.evaluation.tour_truth import Moment, Tour
from vision.evaluation.values import CSV_ENCODING, figure_json, plain, problems_json

_COLUMNS = (
    *("tour", "camera", "slug", "verdict", "note", "from", "until", "true_lat"),
    *("true_lon", "found_lat", "found_lon", "error_m", "accuracy_m", "opened_in"),
    *("due_in", "cleared_in", "clear_due_in", "event_id", "why"),
)


def tour_report(
    tours: Sequence[Tour],
    outcomes: Sequence[TourOutcome],
    *,
    scoring: Scoring[MapRule],
    problems: Problems,
    about: About,
    link: Link = str,
) -> Report:
    """Return everything as JSON-ready values.

    Args:
        tours: all whose truth could be read.
        outcomes: those that could be watched.
        scoring: how they were judged.
        problems: everything wrong with the input.
        about: who measured.
        link: how evidence files are referred to.
    """
    figures = summarise_drives(outcomes, resamples=scoring.resamples, seed=scoring.seed)
    verdicts = Counter(v.value for one in outcomes for v in one.verdicts)
    listed = sum(len(tour.things) + tour.faulty for tour in tours)
    scored = int(sum(one.sums[TourSum.TRUE] for one in outcomes))
    doubtful = sum(thing.ignore for one in outcomes for thing in one.tour.things)
    return {
        "schema": 1,
        "kind": "drives",
        "rule": plain(asdict(scoring.rule)),
        "figures": {name: figure_json(one) for name, one in figures.items()},
        "verdicts": dict(sorted(verdicts.items())),
        "missed": sum(len(one.missed) for one in outcomes),
        "cameras": {name: plain(row.tolist()) for name, row in sums_by_car(outcomes)},
        "sums": [column.name.lower() for column in TourSum],
        "clips": [_tour(one, link) for one in outcomes],
        "synthetic": sum(one.tour.synthetic for one in outcomes),
        "counts": {
            "clips_listed": len(tours) + problems.unread,
            "clips_scored": len(outcomes),
            "clips_left_out": len(tours) + problems.unread - len(outcomes),
            "events_listed": listed,
            "events_scored": scored,
            "events_ignored": doubtful,
            "events_left_out": listed - scored - doubtful,
            "drives": sum(len(one.tour.drives) for one in outcomes),
            "watched_s": sum(float(o.sums[TourSum.WATCHED_S]) for o in outcomes),
        },
        "problems": problems_json(problems),
        "about": plain(asdict(about)),
    }


def write_tour_csv(path: Path, report: Report) -> None:
    """Write one row per true thing or event; a matched pair shares its row.

    Args:
        path: the CSV file.
        report: of `tour_report`.
    """
    with path.open("w", encoding=CSV_ENCODING, newline="") as stream:
        table = csv.DictWriter(stream, _COLUMNS, extrasaction="ignore")
        table.writeheader()
        tours = report["clips"]
        assert isinstance(tours, list)  # noqa: S101 as `tour_report` made it
        for tour in tours:
            assert isinstance(tour, dict)  # noqa: S101 likewise
            table.writerows(_rows(tour))


def _rows(tour: Report) -> list[dict[str, object]]:
    head = {"tour": tour["clip"], "camera": tour["camera"]}
    true, found = tour["true"], tour["found"]
    assert isinstance(true, list)  # noqa: S101 as `_tour` made it
    assert isinstance(found, list)  # noqa: S101 likewise
    rows: list[dict[str, object]] = []
    paired: set[object] = set()
    for thing in true:
        assert isinstance(thing, dict)  # noqa: S101 likewise
        k = thing["found"]
        event = found[k] if isinstance(k, int) else {}
        assert isinstance(event, dict)  # noqa: S101 likewise
        paired.add(k)
        where = {"true_lat": thing["lat"], "true_lon": thing["lon"]}
        verdict = "ignored" if thing["ignore"] else "missed"
        why = thing["missed"]
        told = "; ".join(map(str, why)) if isinstance(why, list) else ""
        own = {"verdict": verdict, "why": told}
        rows.append({**head, **own, **thing, **_placed(event), **where})
    for k, event in enumerate(found):
        assert isinstance(event, dict)  # noqa: S101 likewise
        if k not in paired:
            rows.append({**head, **_placed(event)})
    return rows


def _placed(event: Report) -> dict[str, object]:
    if not event:
        return {}
    return {**event, "found_lat": event["lat"], "found_lon": event["lon"]}


def _tour(one: TourOutcome, link: Link) -> Report:
    partner = dict(one.pairs)
    missed: dict[int, Json] = {m.index: list(m.why) for m in one.missed}
    error_m = {j: m for (_, j), m in zip(one.pairs, one.error_m, strict=True)}
    return {
        "clip": one.tour.name,
        "camera": one.tour.camera,
        "synthetic": one.tour.synthetic,
        "drives": [
            {
                "clip": true.clip,
                "starts_at": true.starts_at.isoformat(),
                "ends_at": driven.ends_at.isoformat(),
                "pictures": driven.pictures,
                "watched_s": driven.watched_s,
                "track": [list(point) for point in driven.track],
            }
            for true, driven in zip(one.tour.drives, one.run.drives, strict=True)
        ],
        "true": [
            {
                "slug": thing.slug.value,
                "note": thing.note,
                "lat": thing.point[0],
                "lon": thing.point[1],
                "radius_m": thing.radius_m,
                "from": _moment(thing.from_),
                "until": _moment(thing.until),
                "ignore": thing.ignore,
                "passed_in": list(there.passed),
                "due_in": there.due_in(thing.slug),
                "clear_due_in": there.clear_in(thing.slug),
                "found": partner.get(i),
                "missed": missed.get(i),
            }
            for i, (thing, there) in enumerate(
                zip(one.tour.things, one.presences, strict=True)
            )
        ],
        "found": [
            {
                "event_id": event.event_id,
                "slug": event.slug.value,
                "verdict": verdict.value,
                "lat": event.point[0],
                "lon": event.point[1],
                "accuracy_m": event.accuracy_m,
                "error_m": error_m.get(j),
                "opened_in": event.drive,
                "opened_at": event.opened_at.isoformat(),
                "cleared_in": event.cleared_in,
                "cleared_wrongly": _wrongly(one, j),
                "zone": event.zone_id,
                "facts": list(event.facts),
                "evidence": [link(path) for path in sorted(event.evidence)],
            }
            for j, (event, verdict) in enumerate(
                zip(one.run.found, one.verdicts, strict=True)
            )
        ],
    }


def _wrongly(one: TourOutcome, j: int) -> bool:
    """Say whether "it is gone" was said of what still was there."""
    if one.verdicts[j] is not Verdict.TRUE:
        return False
    there = next(one.presences[i] for i, k in one.pairs if k == j)
    return one.run.found[j].cleared_in in there.sure


def _moment(moment: Moment | None) -> Json:
    return moment.isoformat() if isinstance(moment, datetime) else moment
