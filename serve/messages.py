"""What engines send, checked: CloudEvents 1.0 with violation or health inside.

Unknown members are let through, so that a newer engine can talk to an older service;
known ones must be right. Consumers written against v1 keep working.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from serve.errors import InvalidContent
from vision.core.crs import Crs
from vision.core.health import HealthKind
from vision.core.violations import Confidence, Lifecycle, Slug

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MAX_SEQUENCE = 2**31 - 1
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
_LOST_PLUS = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$")
SHA256_PATTERN = r"^[0-9a-f]{64}$"


def _written_out(value: object) -> object:
    if not isinstance(value, (str, datetime)):
        msg = "expected a date and time as text, RFC 3339"
        raise ValueError(msg)  # noqa: TRY004 pydantic turns only ValueError into words
    return value


def _with_its_plus(value: object) -> object:
    return _LOST_PLUS.sub(r"\1+\2", value) if isinstance(value, str) else value


def _believable(value: datetime) -> datetime:
    if not EARLIEST <= value <= LATEST:
        msg = "expected a time between the years 2000 and 2200"
        raise ValueError(msg)
    return value.astimezone(UTC)


Time = Annotated[
    AwareDatetime, BeforeValidator(_written_out), AfterValidator(_believable)
]
#: In an address an unescaped plus, as before an offset, is read as a space.
QueryTime = Annotated[Time, BeforeValidator(_with_its_plus)]
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")
]
FileName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Sha256 = Annotated[str, StringConstraints(pattern=SHA256_PATTERN)]
Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Line = Annotated[str, StringConstraints(max_length=512)]
# In a list that is kept line by line; an empty one would mean the whole city.
Street = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x85\u2028\u2029]*$"
    ),
]
#: PostgreSQL refuses NUL in a text, even to compare with.
NO_NUL = r"^[^\x00]*$"
Short = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Plain = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=NO_NUL)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Wire(BaseModel):
    """Base: exact types, unknown members let through."""

    model_config = ConfigDict(extra="ignore", frozen=True)


#: For what somebody wants done: a misspelt member, if left out, could mean more than
#: was wanted, as every street, every case or the usual department.
EXACT = ConfigDict(extra="forbid")


class CameraRef(Wire):
    """Which camera saw it."""

    id: Short
    name: Line = ""
    gb_id: Annotated[str, StringConstraints(max_length=64)] | None = None


class Location(Wire):
    """Where it is; any of four coordinate systems."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    crs: Crs = Crs.WGS84
    address: Line | None = None
    grid_id: Line | None = None
    accuracy_m: Annotated[
        Annotated[float, Field(ge=0.01, le=1e6)] | None,
        Field(
            description=(
                "Of what a moving camera saw: metres around the point within which it "
                "lies with 95 %; without it, the point is where the camera stands"
            )
        ),
    ] = None


class Reason(Wire):
    """One fact that the decision rests on."""

    name: Short
    value: bool | int | Finite | Line
    unit: Annotated[str, StringConstraints(max_length=16)] = ""
    bound: Line | None = None
    holds: bool | None = None
    text: Annotated[str, StringConstraints(max_length=1024)] = ""


class PlaceRef(Wire):
    """The still object that the event is about."""

    id: Short
    kind: Line = ""
    label: Line = ""
    xyxy: Annotated[list[Finite], Field(min_length=4, max_length=4)] | None = None
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    baseline: bool = False


class EvidenceRef(Wire):
    """A file that proves the event, by name and hash; never inline."""

    name: FileName
    role: Role
    media_type: Short
    sha256: Sha256
    bytes: Annotated[int, Field(ge=0, le=2**53)]
    captured_at: Time
    frame_index: Annotated[int, Field(ge=0, le=2**53)] | None = None


class Violation(Wire):
    """One step in the life of one violation."""

    schema_version: Literal["1"]
    event_id: Identifier
    sequence: Annotated[int, Field(ge=1, le=MAX_SEQUENCE)]
    lifecycle: Lifecycle
    slug: Slug
    scheme: Line
    code: Line
    code_name: Line = ""
    camera: CameraRef
    location: Location | None = None
    zone: Line | None = None
    started: Time
    ended: Time | None = None
    observed_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    elapsed_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    confidence: Confidence
    severity: Annotated[int, Field(ge=1, le=3)]
    reasons: Annotated[list[Reason], Field(max_length=64)] = []
    recurrence_of: Identifier | None = None
    place: PlaceRef
    rule: Short
    evidence: Annotated[list[EvidenceRef], Field(max_length=64)] = []


class ViolationMessage(Wire):
    """CloudEvent `org.streetwarden.violation.{opened|updated|cleared}.v1`."""

    specversion: Literal["1.0"]
    type: Literal[
        "org.streetwarden.violation.opened.v1",
        "org.streetwarden.violation.updated.v1",
        "org.streetwarden.violation.cleared.v1",
    ]
    id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    source: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    subject: Line | None = None
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"
    data: Violation

    @model_validator(mode="after")
    def _type_says_what_happened(self) -> "ViolationMessage":
        if self.type.split(".")[-2] != self.data.lifecycle:
            msg = f"type {self.type} does not go with lifecycle {self.data.lifecycle}"
            raise ValueError(msg)
        return self


class Health(Wire):
    """A state that a person should know of, entered or left."""

    kind: HealthKind
    ok: bool
    camera_id: Short | None = None
    detail: Annotated[str, StringConstraints(max_length=1024)]


class HealthMessage(Wire):
    """CloudEvent `org.streetwarden.health.{kind}.v1`."""

    specversion: Literal["1.0"]
    type: Annotated[
        str, StringConstraints(pattern=r"^org\.streetwarden\.health\.[a-z_]{1,64}\.v1$")
    ]
    id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    source: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"
    data: Health

    @model_validator(mode="after")
    def _type_says_what_happened(self) -> "HealthMessage":
        if self.type.split(".")[-2] != self.data.kind:
            msg = f"type {self.type} does not go with kind {self.data.kind}"
            raise ValueError(msg)
        return self


def canonical(raw: bytes) -> tuple[str, str]:
    """Return a message's one spelling and its SHA-256.

    Two deliveries are the same when this is the same, whatever the order of members.

    Args:
        raw: a JSON document that has been parsed before.

    Raises:
        InvalidContent: it holds what other JSON readers or databases refuse.
    """
    try:
        return canonical_of(json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise InvalidContent(_UNREADABLE.format(error)) from error


def canonical_of(document: object) -> tuple[str, str]:
    """Return the one spelling of a JSON document that is parsed, and its SHA-256.

    Raises:
        InvalidContent: it holds what other JSON readers or databases refuse.
    """
    try:
        text = json.dumps(
            document, sort_keys=True, separators=(",", ":"), allow_nan=False
        )
    except (ValueError, RecursionError) as error:
        raise InvalidContent(_UNREADABLE.format(error)) from error
    if "\\u0000" in text:
        msg = "body: got a NUL character in a text; expected none"
        raise InvalidContent(msg)
    # Half a pair of UTF-16: can be escaped in JSON, and never be written out again.
    if "\\ud" in text and _LONE_SURROGATE.search(
        json.dumps(document, ensure_ascii=False)
    ):
        msg = "body: got a surrogate without its pair in a text; expected Unicode"
        raise InvalidContent(msg)
    return text, hashlib.sha256(text.encode()).hexdigest()


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_UNREADABLE = "body: {}; expected JSON without NaN or Infinity, not nested deeply"
