"""Exit statuses, and how an error reaches the person at the terminal."""

import sys

from vision.core.errors import (
    ConfigError,
    EvidenceError,
    ModelError,
    SinkError,
    SourceError,
    VisionError,
)
from vision.core.redaction import without_secrets
from vision.evaluation.json_lines import LabelError
from vision.evaluation.predictions import PredictionsError
from vision.evaluation.runs import CompareError

BAD_INPUT = 7
"""What was to be evaluated cannot be used as it is, in part or at all."""

FAILED = 1
STATUS: tuple[tuple[type[VisionError], int], ...] = (
    (ConfigError, 2),
    (SourceError, 3),
    (ModelError, 4),
    (SinkError, 5),
    (EvidenceError, 6),
    (LabelError, BAD_INPUT),
    (PredictionsError, BAD_INPUT),
    (CompareError, BAD_INPUT),
)


def status_of(error: VisionError) -> int:
    """Return the exit status of an error: 2 configuration, 3 source, 4 model ..."""
    return next((code for kind, code in STATUS if isinstance(error, kind)), FAILED)


def tell(text: str) -> None:
    """Print an error for a person, without secrets, on standard error."""
    print(f"streetwarden: {without_secrets(text)}", file=sys.stderr)
