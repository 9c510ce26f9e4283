"""What leaves the engine: an event with its proof and its origin."""

from dataclasses import dataclass, field

from vision.core.evidence import Evidence
from vision.core.scene import Scene
from vision.core.violations import Violation

SCHEMA_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which engine, configuration and model decided.

    Attributes:
        engine_version: the package's version.
        config_sha256: of the configuration file as read.
        model_id: `name/version`.
        model_sha256: of the model file.
        dropped_frames: frames dropped by this camera's buffer until now.
    """

    engine_version: str
    config_sha256: str
    model_id: str
    model_sha256: str
    dropped_frames: int = 0


@dataclass(frozen=True, slots=True)
class Code:
    """A violation's number in a public or local scheme."""

    scheme: str
    code: str
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class ViolationEvent:
    """One message about one violation."""

    violation: Violation
    scene: Scene
    code: Code
    provenance: Provenance
    evidence: Evidence = field(default_factory=Evidence)
    schema_version: str = SCHEMA_VERSION
