"""What truly happened in a clip, as a person or a renderer wrote it down."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from vision.core.scene import Zone
from vision.core.violations import Slug
from vision.evaluation.problems import Problems
from vision.evaluation.truth_entries import (
    Strict,
    checked,
    checked_head,
    other_clip,
    read_entries,
    split,
)

_LISTS = ("conditions", "zones", "events", "decoys")

Box = tuple[float, float, float, float]
Side = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Span(Strict):
    start_s: Seconds
    end_s: Seconds | None = None
    xyxy: tuple[Side, Side, Side, Side]
    note: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> "_Span":
        left, top, right, bottom = self.xyxy
        if left >= right or top >= bottom:
            msg = f"xyxy: got {self.xyxy}, expected left < right and top < bottom"
            raise ValueError(msg)
        if self.end_s is not None and self.end_s <= self.start_s:
            msg = f"end_s: got {self.end_s:g}, expected more than start_s"
            raise ValueError(msg)
        return self


class TrueEvent(_Span):
    """One violation that a good engine must report.

    Attributes:
        slug: which violation.
        start_s: when the object came to stand or was put down, media seconds; 0 when
            it was there from the beginning.
        end_s: when it was gone or put right; None: not within the clip.
        xyxy: its box at rest, shares of width and height; may reach outside [0, 1].
        ignore: too doubtful to count: may be reported or not, neither helps nor hurts.
    """

    slug: Slug
    ignore: bool = False


class Decoy(_Span):
    """Something that looks like a violation and is none.

    Attributes:
        kind: why it is none; `queue` feeds the queue-as-parked rate.
        slug: the violation that it could be taken for.
    """

    kind: Literal["queue", "loading", "permitted", "carried", "exempt", "other"]
    slug: Slug = Slug.ILLEGAL_PARKING


class _ZoneEntry(Strict):
    id: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    polygon: tuple[tuple[Side, Side], ...] = Field(min_length=3)
    street_class: Literal["forbidden", "controlled", "regulated"] | None = None
    calendar: str | None = None


class _Header(Strict):
    schema_: Literal[1] = Field(alias="schema")
    clip: str = Field(min_length=1)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    synthetic: bool = False
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    fps: float = Field(gt=0, allow_inf_nan=False)
    duration_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    camera: str | None = Field(default=None, min_length=1)
    starts_at: AwareDatetime | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class TruthClip:
    """One clip and all that is known to happen in it.

    Attributes:
        path: the truth file.
        clip: the video beside it.
        camera: whose view; clips of one camera are resampled together.
        sha256: of the video, hex, or None when the labeller gave none.
        synthetic: rendered, not filmed; said in every report.
        size: (width, height) of the labelled video, pixels.
        duration_s: length as labelled, seconds, or None.
        starts_at: wall time of the first frame, for calendars, or None.
        conditions: tags such as `day`, `night`, `rain`, `queue`.
        zones: what the camera's scene must know, normalised polygons.
        events: what must be found, in file order.
        decoys: what must not be found.
        faulty: events of the file that could not be read.
    """

    path: Path
    clip: Path
    camera: str
    sha256: str | None
    synthetic: bool
    size: tuple[int, int]
    duration_s: float | None
    conditions: tuple[str, ...]
    zones: tuple[Zone, ...]
    events: tuple[TrueEvent, ...]
    decoys: tuple[Decoy, ...] = ()
    starts_at: datetime | None = None
    faulty: int = 0

    @property
    def name(self) -> str:
        """The clip's file name."""
        return self.clip.name


def read_truth(path: Path, problems: Problems) -> TruthClip | None:
    """Read one truth file; faulty events are reported and left out.

    Args:
        path: JSON after `datasets/truth.schema.json`.
        problems: gets every fault with its line.

    Returns:
        The clip, or None when the file's head or a zone cannot be used.
    """
    told = "drives: judge them by `evaluate drives`"
    entries = read_entries(path, problems, other="drives", told=told)
    if entries is None:
        return None
    head, lists = split(entries, _LISTS, path, problems)
    header = checked_head(_Header, head, path, problems, "the clip is left out")
    if header is None:
        return None
    if "events" not in entries:
        text = "events: expected a list, empty if nothing happens; the clip is left out"
        problems.add(path, None, text)
        return None
    zones = checked(_ZoneEntry, lists["zones"], path, problems, "the clip is left out")
    if len(zones) < len(lists["zones"]):  # without one, everything would be judged else
        return None
    left_out = "left out, so a report of it counts as false"
    events = checked(TrueEvent, lists["events"], path, problems, left_out)
    return TruthClip(
        path=path,
        clip=path.parent / header.clip,
        camera=header.camera or Path(header.clip).stem,
        sha256=header.sha256,
        synthetic=header.synthetic,
        size=(header.width, header.height),
        duration_s=header.duration_s,
        conditions=tuple(str(item.value) for item in lists["conditions"]),
        zones=tuple(
            Zone(zone.id, zone.kind, zone.polygon, zone.street_class, zone.calendar)
            for zone in zones
        ),
        events=tuple(events),
        decoys=tuple(checked(Decoy, lists["decoys"], path, problems)),
        starts_at=header.starts_at,
        faulty=len(lists["events"]) - len(events),
    )


def check_clip(truth: TruthClip, problems: Problems) -> bool:
    """Say whether the video is there and is the one that was labelled.

    Args:
        truth: as read.
        problems: told when it is not.

    Returns:
        False when the clip must be left out.
    """
    fault = other_clip(truth.clip, truth.sha256)
    if fault is not None:
        problems.add(truth.path, None, fault, lost=max(1, len(truth.events)))
    return fault is None
