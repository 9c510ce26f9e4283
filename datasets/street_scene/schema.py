"""What a scenario file may say: the scene, its light and its actors in time."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Point: TypeAlias = tuple[float, float]
Waypoint: TypeAlias = tuple[float, float, float]
Interval: TypeAlias = tuple[float, float]
Colour: TypeAlias = tuple[float, float, float]

VEHICLES = ("sedan", "suv", "van", "truck", "bus", "motorcycle", "bicycle")
OVERFLOWS = 1.1  # from this fill on a lid cannot close
LABELS = (
    "garbage",
    "bin",
    "overflowing_bin",
    "street_vendor",
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "bus",
    "truck",
)


class Strict(BaseModel):
    """Refuse unknown keys, so that a typing error never passes silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Viewpoint(Strict):
    """A fixed camera on a pole or a facade, in street metres."""

    x: float
    y: float
    height_m: float = Field(gt=1.0, le=30.0)
    look_at: tuple[float, float, float]
    focal_mm: float = Field(default=34.0, gt=8.0, le=200.0)
    shake_px: float = Field(default=0.0, ge=0.0, le=40.0)


class Street(Strict):
    """The layout: the road runs along x, y grows away from the camera."""

    near_kerb_y: float = -3.2
    far_kerb_y: float = 5.4
    divider_y: float = 0.0
    facade_y: float = 9.6
    stop_line_x: float | None = None
    trees_x: tuple[float, ...] = ()
    lamps_x: tuple[float, ...] = ()


class Moving(Strict):
    """Way points (t seconds, x metres, y metres), times strictly rising."""

    path: tuple[Waypoint, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _times_rise(self) -> Self:
        times = [point[0] for point in self.path]
        if any(b <= a for a, b in pairwise(times)):
            msg = f"path: times must rise strictly, got {times}"
            raise ValueError(msg)
        return self


class Vehicle(Moving):
    """A vehicle on its own path; standing while two way points agree."""

    type: Literal["vehicle"]
    id: str
    kind: Literal["sedan", "suv", "van", "truck", "bus", "motorcycle", "bicycle"]
    colour: Colour = (0.6, 0.6, 0.62)
    heading_deg: float | None = None
    offence: bool = Field(
        default=False, description="true when its longest stop is illegal parking"
    )
    decoy: Literal["queue", "loading", "permitted", "exempt", "other"] | None = Field(
        default=None, description="why its longest stop is no violation"
    )
    note: str = ""


class Traffic(Strict):
    """A lane of traffic that follows, queues at a light and discharges."""

    type: Literal["traffic"]
    id: str
    lane_y: float
    direction: Literal[1, -1]
    speed_ms: float = Field(default=8.0, gt=0.5, le=30.0)
    enter_s: tuple[float, ...]
    stop_x: float | None = None
    red_s: tuple[Interval, ...] = ()
    kinds: tuple[str, ...] = ("sedan", "suv", "van")


class Person(Moving):
    """A pedestrian; what is carried is gone after ``drop_s``."""

    type: Literal["person"]
    id: str
    carries: Literal["nothing", "bags", "box"] = "nothing"
    drop_s: float | None = None
    pick_s: float | None = None
    clothes: Colour | None = None


class Refuse(Strict):
    """Refuse lying on the ground from ``from_s`` until ``to_s``."""

    type: Literal["refuse"]
    id: str
    x: float
    y: float
    look: Literal["bags", "heap", "scatter", "boxes", "furniture"] = "bags"
    size: float = Field(default=1.0, gt=0.2, le=3.0)
    from_s: float = -1.0
    to_s: float | None = None
    offence: bool = True
    case: str | None = Field(
        default=None, description="id of the refuse that this one adds to"
    )
    note: str = ""


class BinState(Strict):
    """How full a bin is from ``t`` on: 1.0 is level with the rim."""

    t: float
    fill: float = Field(ge=0.0, le=2.0)


class Bin(Strict):
    """A wheeled bin; above ``fill`` 1.1 its lid cannot close."""

    type: Literal["bin"]
    id: str
    x: float
    y: float
    colour: Colour = (0.05, 0.22, 0.09)
    turn_deg: float = 0.0
    states: tuple[BinState, ...] = (BinState(t=-1.0, fill=0.4),)


class Stall(Moving):
    """A stall that arrives packed, opens, sells and leaves."""

    type: Literal["stall"]
    id: str
    form: Literal["table", "cart", "tricycle", "mat", "rack"] = "table"
    umbrella: bool = True
    open_s: float = 0.0
    close_s: float | None = None
    permitted: bool = False
    vendor: bool = True
    colour: Colour = (0.7, 0.1, 0.08)
    note: str = ""


Actor: TypeAlias = Annotated[
    Vehicle | Traffic | Person | Refuse | Bin | Stall, Field(discriminator="type")
]


class Area(Strict):
    """A zone on the ground, in street metres; projected for the truth file."""

    id: str
    kind: Literal["no_parking", "clean", "bin", "no_vending", "ignore"]
    polygon: tuple[Point, ...] = Field(min_length=3)
    street_class: Literal["forbidden", "controlled", "regulated"] | None = None
    calendar: str | None = None


class Fault(Strict):
    """Something wrong with camera or stream from ``from_s`` until ``to_s``.

    ``drop`` leaves the frames out, ``freeze`` repeats the last good one, ``move``
    turns the camera: the picture is shifted by ``shift_px``. ``infrared`` is no
    fault of its own: the camera switches to its grey night picture.
    """

    kind: Literal["drop", "freeze", "grey", "black", "move", "infrared"]
    from_s: float = Field(ge=0.0)
    to_s: float = Field(gt=0.0)
    shift_px: tuple[int, int] = (0, 0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to_s <= self.from_s:
            msg = (
                f"faults: got from_s {self.from_s:g}, to_s {self.to_s:g}; to_s is later"
            )
            raise ValueError(msg)
        return self


class Scenario(Strict):
    """One clip: seed, camera, conditions, zones and actors."""

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    about: str = ""
    camera: str | None = None
    frames_of: str | None = Field(
        default=None, description="scenario whose rendered frames this one shares"
    )
    tags: tuple[str, ...] = ()
    seed: int = 0
    duration_s: float = Field(gt=0.0, le=3600.0)
    fps: float = Field(gt=0.0, le=30.0)
    width: int = Field(default=960, ge=160, le=3840)
    height: int = Field(default=540, ge=90, le=2160)
    samples: int = Field(default=4, ge=1, le=256)
    crf: int = Field(default=30, ge=0, le=51, description="H.264 constant rate")
    view: Viewpoint
    street: Street = Street()
    light: Literal["day", "overcast", "dusk", "night", "ir"] = "day"
    sun_deg: float = 130.0
    weather: Literal["dry", "rain"] = "dry"
    zones: tuple[Area, ...] = ()
    faults: tuple[Fault, ...] = ()
    actors: tuple[Actor, ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [actor.id for actor in self.actors]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            msg = f"actors: ids must be unique, got twice: {twice}"
            raise ValueError(msg)
        return self

    @property
    def times_s(self) -> tuple[float, ...]:
        """Media time of every frame, seconds."""
        return tuple(k / self.fps for k in range(round(self.duration_s * self.fps)))


def load(path: Path) -> Scenario:
    """Read a scenario file.

    Args:
        path: YAML file.

    Returns:
        The checked scenario.

    Raises:
        pydantic.ValidationError: a key is unknown, missing or out of range.
    """
    return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
