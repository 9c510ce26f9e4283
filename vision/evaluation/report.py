"""One self-contained HTML page from a report's plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from vision.evaluation.json_lines import Json
from vision.evaluation.plots import (
    Bar,
    Line,
    Mark,
    line_plot,
    round_end,
    street_map,
    timeline,
)
from vision.evaluation.words import WORDS, chinese, english

GROUP_KEYS = (
    "f1",
    "precision",
    "recall",
    "onset_rmse_s",
    "false_per_camera_hour",
    "duplicates_per_true",
)
_ABSENT = "–"

# The page reads nested plain values as a template must: without their types.
Values = Mapping[str, Any]


def detections_page(
    report: Mapping[str, Json], gallery: Sequence[Mapping[str, str]], lang: str = "en"
) -> str:
    """Return the detection report as one HTML page.

    Args:
        report: of `detection_report`.
        gallery: of `worst_gallery`.
        lang: language shown first, `en` or `zh`; the page holds both.
    """
    values: Values = report
    lines = [
        Line(
            name=one["name"],
            points=[(recall, precision) for recall, precision, _ in one["curve"]],
            mark=None
            if one["best"] is None
            else (one["best"]["recall"], one["best"]["precision"]),
        )
        for one in values["classes"]
    ]
    return _render(
        "detections.html.j2",
        title="detections_title",
        lang=lang,
        report=report,
        gallery=gallery,
        # Markup: our own plots, whose texts are escaped where they are made.
        curves=Markup(line_plot(lines, x="recall", y="precision")),  # noqa: S704 our own SVG, its labels escaped
        abouts=[{**values["about"], "data": report["data"], "name": None}],
    )


def events_page(
    report: Mapping[str, Json],
    shots: Sequence[Sequence[Mapping[str, Json]]],
    lang: str = "en",
) -> str:
    """Return the event report as one HTML page.

    Args:
        report: of `event_report`.
        shots: of `event_shots`.
        lang: language shown first, `en` or `zh`; the page holds both.
    """
    values: Values = report
    clips = [
        {
            "row": clip,
            "timeline": Markup(  # noqa: S704 our own plot, escaped where it is made
                timeline(clip_rows(clip), length_s=_length_s(clip))
            ),
            "shots": rows,
        }
        for clip, rows in zip(values["clips"], shots, strict=True)
    ]
    return _render(
        "events.html.j2",
        title="events_title",
        lang=lang,
        report=report,
        clips=clips,
        group_keys=GROUP_KEYS,
        missed_total=sum(
            event["missed"] is not None
            for clip in values["clips"]
            for event in clip["true"]
        ),
        trade=_trade(values["points"]),
        abouts=[{**values["about"], "data": None, "name": None}],
    )


def drives_page(report: Mapping[str, Json], lang: str = "en") -> str:
    """Return the report on drives as one HTML page.

    Args:
        report: of `tour_report`.
        lang: language shown first, `en` or `zh`; the page holds both.
    """
    values: Values = report
    return _render(
        "drives.html.j2",
        title="drives_title",
        lang=lang,
        report=report,
        maps=[Markup(street_map(*map_marks(tour))) for tour in values["clips"]],  # noqa: S704 our own plot, escaped where it is made
        abouts=[{**values["about"], "data": None, "name": None}],
    )


def map_marks(tour: Values) -> tuple[list[Sequence[Sequence[float]]], list[Mark]]:
    """Return the ways of one tour and what was there and was said."""
    ways = [drive["track"] for drive in tour["drives"]]
    marks = []
    for thing in tour["true"]:
        kind = "true" if thing["missed"] is None else "missed"
        text = f"{thing['slug']} {thing['note']}"
        point = (thing["lat"], thing["lon"])
        marks.append(Mark(point, max(1.0, thing["radius_m"]), kind, text))
    for said in tour["found"]:
        kind = {"true": "hit", "ignored": "ignored"}.get(said["verdict"], "false")
        text = f"{said['slug']} {said['verdict']} ±{said['accuracy_m']:.1f} m"
        marks.append(Mark((said["lat"], said["lon"]), said["accuracy_m"], kind, text))
    return ways, marks


def compare_page(report: Mapping[str, Json], lang: str = "en") -> str:
    """Return a comparison as one HTML page.

    Args:
        report: of `comparison_report`.
        lang: language shown first, `en` or `zh`; the page holds both.
    """
    values: Values = report
    abouts = [
        {**values[f"about_{side}"], "data": None, "name": side} for side in ("a", "b")
    ]
    return _render(
        "compare.html.j2",
        title="compare_title",
        lang=lang,
        report=report,
        abouts=abouts,
    )


def clip_rows(clip: Values) -> list[tuple[str, list[Bar]]]:
    """Return the rows of one clip's timeline: what happened over what was said."""
    length_s = _length_s(clip)

    def end(value: float | None) -> float:
        return length_s if value is None else value

    rows = []
    for event in clip["true"]:
        kind = "true" if event["missed"] is None else "missed"
        text = f"{event['slug']} {event['start_s']:.1f} s {event['note']}"
        bar = Bar(event["start_s"], end(event["end_s"]), kind, text)
        rows.append((f"● {event['slug']}", [bar]))
    for decoy in clip["decoys"]:
        text = f"{decoy['kind']} {decoy['note']}"
        bar = Bar(decoy["start_s"], end(decoy["end_s"]), "decoy", text)
        rows.append((f"∅ {decoy['kind']}", [bar]))
    for unclear in clip["unclear"]:
        text = f"{unclear['view']} {unclear['reason']}: no dwell was counted"
        bar = Bar(unclear["start_s"], unclear["end_s"], "decoy", text)
        rows.append((f"◌ {unclear['view']}", [bar]))
    for said in clip["found"]:
        kind = {"true": "hit", "ignored": "ignored"}.get(said["verdict"], "false")
        text = (
            f"{said['slug']} {said['verdict']}: from {said['started_s']:.1f} s, "
            f"opened {said['opened_s']:.1f} s"
        )
        opened = Bar(said["opened_s"], said["opened_s"], kind, text)
        bar = Bar(said["started_s"], end(said["ended_s"]), kind, text)
        rows.append((f"→ {said['slug']}", [bar, opened]))
    return rows


def show(key: str, value: float | None, *, sign: bool = False) -> str:
    """Return a figure as a person reads it: unit and digits by its name.

    Args:
        key: the figure's name; `_s` ends those in seconds, `_m` in metres.
        value: None is shown as a dash.
        sign: always with + or −.
    """
    if value is None:
        return _ABSENT
    if key.endswith("_s"):
        return f"{number(value, 2, sign=sign)} s"
    if key.endswith("_m"):
        return f"{number(value, 1, sign=sign)} m"
    return number(value, 2 if "per_camera" in key else 3, sign=sign)


def number(value: float | None, digits: int, *, sign: bool = False) -> str:
    """Return a number with fixed digits, or a dash for None."""
    if value is None:
        return _ABSENT
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return text.replace("-", "−")


def word(key: str) -> Markup:
    """Return both languages of a text; the page shows one of them."""
    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(
        escape(english(key)), escape(chinese(key))
    )


def tag(name: str) -> Markup:
    """Return a condition tag in both languages; a tag of the user's own as it is."""
    key = f"tag_{name}"
    return word(key) if key in WORDS else escape(name)


def _render(template: str, **values: object) -> str:
    environment = Environment(
        loader=PackageLoader("vision.evaluation", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = {"w": word, "show": show, "number": number, "english": english}
    environment.globals.update(named, tag=tag)
    return environment.get_template(template).render(**values)


def _length_s(clip: Values) -> float:
    return max(float(clip["last_s"]), 1.0)


def _trade(points: Sequence[Sequence[float]]) -> Markup | None:
    if len(points) < 2:  # noqa: PLR2004 one point is no curve
        return None
    x_max = round_end(max(alarms for alarms, _ in points) or 1.0)
    # A limit between two scores changes nothing: the curve goes in steps.
    steps = [(points[0][0], points[0][1])]
    for alarms, miss in points[1:]:
        steps += [(alarms, steps[-1][1]), (alarms, miss)]
    plot = line_plot(
        [Line("", steps)], x="false alarms / camera-hour", y="missed", x_max=x_max
    )
    return Markup(plot)  # noqa: S704 our own plot, escaped where it is made
