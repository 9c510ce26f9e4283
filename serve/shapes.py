"""The shapes of what readers get of events and cameras, as the API describes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from serve.watching import WatchState


class CameraOfEvent(TypedDict):
    """Which camera saw it."""

    id: str
    name: str | None
    gb_id: str | None


class ReasonOut(TypedDict):
    """One fact that a decision rests on."""

    name: str
    value: bool | int | float | str | None
    unit: str | None
    bound: Annotated[str | None, Field(description="What it was compared with")]
    holds: Annotated[bool | None, Field(description="Whether it stood the comparison")]
    text: Annotated[str | None, Field(description="All of it as one line")]


class PlaceOut(TypedDict):
    """The still object that the event is about."""

    id: str
    kind: str | None
    label: str | None
    xyxy: Annotated[list[float] | None, Field(description="Pixels of the picture")]
    score: float | None
    baseline: Annotated[
        bool | None, Field(description="It stood there when the engine started")
    ]


class ProvenanceOut(TypedDict, total=False):
    """What made the decision; members that the engine did not tell are left out."""

    engine_version: str | None
    config_sha256: str | None
    model_id: str | None
    model_sha256: str | None


class LocationOut(BaseModel):
    """Where it is, WGS-84 degrees."""

    lat: float
    lon: float
    crs: str = "wgs84"
    address: str | None
    grid_id: str | None
    accuracy_m: Annotated[
        float | None,
        Field(
            description=(
                "Metres around it within which the thing lies with 95 %; null: it is "
                "where the camera stands, some way from what it sees"
            )
        ),
    ] = None


class EvidenceOut(BaseModel):
    """One announced file; `url` is null until it has arrived."""

    name: str
    role: str
    media_type: str
    sha256: str
    bytes: int
    captured_at: datetime | None
    frame_index: int | None
    url: str | None
    shared: Annotated[
        bool, Field(description="A redacted or overlay copy, shown to every reader")
    ]


class StepOut(BaseModel):
    """One message of the event's life."""

    id: str
    sequence: int
    lifecycle: str
    time: datetime
    received_at: datetime
    confidence: str
    severity: int
    observed_s: float
    reasons: list[ReasonOut]


class EventOut(BaseModel):
    """One violation as it stands now."""

    event_id: str
    state: Annotated[str, Field(description="`open` or `cleared`")]
    lifecycle: str
    sequence: int
    slug: str
    scheme: str
    code: str
    code_name: str
    camera: CameraOfEvent
    location: LocationOut | None
    zone: str | None
    started: datetime
    ended: datetime | None
    opened_at: datetime
    updated_at: datetime
    observed_s: float
    elapsed_s: float
    confidence: str
    severity: int
    reasons: list[ReasonOut]
    recurrence_of: str | None
    place: PlaceOut
    rule: str
    evidence: list[EvidenceOut]
    provenance: ProvenanceOut
    url: str


class EventDetail(EventOut):
    """One violation with its steps."""

    history: list[StepOut]


class EventPage(BaseModel):
    """Some events, newest first; `Link: rel=next` leads on."""

    items: list[EventOut]
    next: Annotated[str | None, Field(description="Address of the next page")]


class HealthOut(BaseModel):
    """The newest word on one kind of trouble."""

    kind: str
    ok: bool
    at: datetime
    detail: str


class WatchOut(BaseModel):
    """Whether an engine watches a camera."""

    state: Annotated[
        WatchState,
        Field(
            description=(
                "`unknown`: no engine has ever said; `silent`: its engine says nothing "
                "any more; `stopped`: it said that it stops; `left`: its site went on "
                "without this camera"
            )
        ),
    ]
    since: Annotated[datetime | None, Field(description="When that began")]
    engine: Annotated[str | None, Field(description="Which engine")]


class CameraOut(BaseModel):
    """A camera and how it is."""

    id: str
    name: str
    gb_id: str | None
    location: LocationOut | None
    moving: Annotated[
        bool, Field(description="A vehicle carries it: it has no place of its own")
    ]
    first_seen: datetime
    last_seen: Annotated[
        datetime, Field(description="Its last report, or its engine's sign of life")
    ]
    ok: Annotated[
        bool, Field(description="Whether no trouble is standing and nobody stopped")
    ]
    health: list[HealthOut]
    watch: WatchOut


class CameraList(BaseModel):
    """Every camera that is known, and what engines said of themselves."""

    items: list[CameraOut]
    engine: list[HealthOut]


class PointOut(TypedDict):
    """A place, WGS-84."""

    type: Literal["Point"]
    coordinates: Annotated[
        list[float], Field(description="lon, lat", min_length=2, max_length=2)
    ]


class SpotOut(TypedDict):
    """What a map shows of an event."""

    event_id: str
    slug: str
    scheme: str
    code: str
    code_name: str | None
    zone: str | None
    started: datetime
    ended: datetime | None
    observed_s: float
    confidence: str
    severity: int
    camera: CameraOfEvent
    state: str
    opened_at: datetime
    updated_at: datetime
    url: str
    accuracy_m: Annotated[float | None, Field(description="As of the event's location")]


class Feature(TypedDict):
    """An event as a GeoJSON feature (RFC 7946); its place may be unknown."""

    type: Literal["Feature"]
    id: str
    geometry: PointOut | None
    properties: SpotOut


class FeatureCollection(TypedDict):
    """Events as a map layer."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
