"""What truly lay and stood along the drives of a patrol car, as a person wrote it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StrictInt, model_validator

from vision.core.crs import Crs, to_wgs84
from vision.core.violations import Slug
from vision.evaluation.json_lines import Item
from vision.evaluation.problems import Problems
from vision.evaluation.truth_entries import (
    Strict,
    checked,
    checked_head,
    other_clip,
    read_entries,
    split,
)

_LISTS = ("drives", "things")
_POLE_DEG, _ROUND_DEG = 90, 180

Moment = Annotated[StrictInt, Field(ge=1)] | AwareDatetime
"""The number of a drive, 1 for the first, or a wall time."""


class TrueDrive(Strict):
    """One recorded drive.

    Attributes:
        clip: the video, relative to the truth file.
        starts_at: wall time of its first picture.
        positions: where the car was, relative to the truth file; None: what the site's
            camera names, such as the positions of a whole day.
        sha256: of the video, or None.
    """

    clip: str = Field(min_length=1)
    starts_at: AwareDatetime
    positions: str | None = Field(default=None, min_length=1)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class TrueThing(Strict):
    """One violation that a good engine must report.

    Attributes:
        slug: which violation.
        lat: of its middle, degrees in `crs`.
        lon: likewise.
        crs: of the map on which it was looked up.
        radius_m: how far it reaches from there, metres.
        from_: the first drive in which it is there, or when it came; None: before all.
        until: the last drive in which it is there, or when it went; None: after all.
        ignore: too doubtful to count: may be reported or not.
        note: what it is, for the report.
    """

    slug: Slug
    lat: float = Field(allow_inf_nan=False)
    lon: float = Field(allow_inf_nan=False)
    crs: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    radius_m: float = Field(default=0.0, ge=0, le=100, allow_inf_nan=False)
    from_: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None
    ignore: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _on_the_globe(self) -> "TrueThing":
        if abs(self.lat) > _POLE_DEG or abs(self.lon) > _ROUND_DEG:
            msg = (
                f"got lat {self.lat:g}, lon {self.lon:g}; a latitude lies within 90, "
                "a longitude within 180 degrees: are the two swapped?"
            )
            raise ValueError(msg)
        return self

    @property
    def point(self) -> tuple[float, float]:
        """Where it is, WGS-84 (lat, lon), degrees."""
        return to_wgs84(self.lat, self.lon, Crs(self.crs))


class _Header(Strict):
    schema_: Literal[1] = Field(alias="schema")
    camera: str | None = Field(default=None, min_length=1)
    synthetic: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Tour:
    """Drives in the order in which they were driven, and what was along them.

    What one drive passed the next one remembers; each tour begins with nothing.

    Attributes:
        path: the truth file.
        camera: of the site, or None: its only one that moves.
        synthetic: rendered, not filmed; said in every report.
        drives: at least one, rising by `starts_at`.
        things: what must be found, in file order.
        faulty: things of the file that could not be read.
    """

    path: Path
    camera: str | None
    synthetic: bool
    drives: tuple[TrueDrive, ...]
    things: tuple[TrueThing, ...]
    faulty: int = 0

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self.path.name.removesuffix(".json").removesuffix(".truth")

    def file(self, name: str) -> Path:
        """Return a file that the truth names."""
        return self.path.parent / name


def read_tour(path: Path, problems: Problems) -> Tour | None:
    """Read the truth of some drives; faulty things are reported and left out.

    Args:
        path: JSON after `datasets/drives.schema.json`.
        problems: gets every fault with its line.

    Returns:
        The tour, or None when its head or a drive cannot be used: without one of them
        all later ones would be judged otherwise.
    """
    told = "a clip of a camera that stands: judge it by `evaluate events`"
    entries = read_entries(path, problems, other="clip", told=told)
    if entries is None:
        return None
    head, lists = split(entries, _LISTS, path, problems)
    then = "the file is left out"
    header = checked_head(_Header, head, path, problems, then)
    if header is None:
        return None
    drives = checked(TrueDrive, lists["drives"], path, problems, then)
    if len(drives) < len(lists["drives"]) or not _usable(
        path, lists["drives"], drives, has_things="things" in entries, problems=problems
    ):
        return None
    left_out = "left out, so a report of it counts as false"
    things = [
        thing
        for item in lists["things"]
        for thing in checked(TrueThing, [item], path, problems, left_out)
        if _is_there(thing, len(drives), path, item.line, problems)
    ]
    return Tour(
        path=path,
        camera=header.camera,
        synthetic=header.synthetic,
        drives=tuple(drives),
        things=tuple(things),
        faulty=len(lists["things"]) - len(things),
    )


def check_drives(tour: Tour, problems: Problems) -> bool:
    """Say whether all videos and positions are there, as they were labelled.

    Args:
        tour: as read.
        problems: told what is not.

    Returns:
        False when the tour must be left out.
    """
    faults = []
    for number, drive in enumerate(tour.drives, 1):
        fault = other_clip(tour.file(drive.clip), drive.sha256)
        if fault is None and drive.positions is not None:
            path = tour.file(drive.positions)
            if not path.is_file():
                fault = f"positions {path} not found"
        if fault is not None:
            faults.append(f"drive {number}: {fault}; the file is left out")
    for fault in faults:
        problems.add(tour.path, None, fault, lost=0)
    if faults:
        problems.add(tour.path, None, "no drive of it was judged", lost=_at_stake(tour))
    return not faults


def _at_stake(tour: Tour) -> int:
    return max(1, len(tour.things))


def _usable(
    path: Path,
    items: Sequence[Item],
    drives: Sequence[TrueDrive],
    *,
    has_things: bool,
    problems: Problems,
) -> bool:
    if not drives:
        text = "drives: got none, expected the drives in order; the file is left out"
        problems.add(path, None, text)
    if not has_things:
        text = (
            "things: expected a list, empty if nothing is there; the file is left out"
        )
        problems.add(path, None, text)
    late = [
        number
        for number in range(1, len(drives))
        if drives[number].starts_at <= drives[number - 1].starts_at
    ]
    for number in late:
        text = (
            f"drive {number + 1} starts at {_time(drives[number].starts_at)}, drive "
            f"{number} before it at {_time(drives[number - 1].starts_at)}; expected "
            "the order in which they were driven; the file is left out"
        )
        problems.add(path, items[number].line, text)
    return bool(drives) and has_things and not late


def _is_there(
    thing: TrueThing, drives: int, path: Path, line: int, problems: Problems
) -> bool:
    """Say whether a thing's first and last drive are known and in order."""
    first, last = thing.from_, thing.until
    text = ""
    for key, number in (("from", first), ("until", last)):
        if isinstance(number, int) and number > drives:
            text = f"{key}: got drive {number}, expected one of 1 to {drives}"
    ints = isinstance(first, int) and isinstance(last, int) and first > last
    times = isinstance(first, datetime) and isinstance(last, datetime) and first >= last
    if ints or times:
        text = f"until: got {_said(last)}, expected no earlier than from"
    if text:
        problems.add(path, line, f"{text}; left out, so a report of it counts as false")
    return not text


def _said(moment: int | datetime | None) -> str:
    return _time(moment) if isinstance(moment, datetime) else f"drive {moment}"


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
