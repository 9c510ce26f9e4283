"""Events and receivers for tests of the delivery path."""

import hashlib
import threading
from pathlib import Path

from tests.fakes import START, frame, violation
from vision.core.errors import SinkError
from vision.core.events import Code, Provenance, ViolationEvent
from vision.core.evidence import Artifact, Evidence
from vision.core.scene import Scene
from vision.core.violations import Lifecycle
from vision.sinks.receiver import Parcel, Progress, RetryLaterError

CODE = Code("gbt47678.5", "09009", "机动车乱停放")
PROVENANCE = Provenance("0.1.0", "0" * 64, "blind/1", "0" * 64)


def event(
    index: int = 0,
    *,
    sequence: int = 1,
    lifecycle: Lifecycle = Lifecycle.OPENED,
    artifacts: tuple[Artifact, ...] = (),
) -> ViolationEvent:
    """Return one step of the event of one place; `index` names the place."""
    picture = frame(index=index, at_s=float(index))
    return ViolationEvent(
        violation=violation(picture, sequence=sequence, lifecycle=lifecycle),
        scene=Scene("gate", "东门"),
        code=CODE,
        provenance=PROVENANCE,
        evidence=Evidence(artifacts),
    )


def artifact(path: Path, payload: bytes, *, role: str = "wide_deciding") -> Artifact:
    """Write a file and return its record."""
    path.write_bytes(payload)
    return Artifact(
        role=role,
        path=path,
        name=path.name,
        media_type="image/jpeg",
        sha256=hashlib.sha256(payload).hexdigest(),
        size_bytes=len(payload),
        captured_at=START,
        frame_index=0,
    )


class Book:
    """A receiver that writes down what it gets, and fails as told."""

    takes_files = False

    def __init__(self, name: str = "book") -> None:
        self.name = name
        self.got: list[str] = []
        self.tries: list[str] = []
        self.busy: set[str] = set()
        self.refused: set[str] = set()
        self.down = False
        self._change = threading.Condition()

    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        del progress
        with self._change:
            self.tries.append(parcel.message_id)
            self._change.notify_all()
            if self.down:
                msg = "down"
                raise RetryLaterError(msg, whole_receiver=True)
            if parcel.message_id in self.busy:
                msg = "busy"
                raise RetryLaterError(msg)
            if parcel.message_id in self.refused:
                msg = "refused"
                raise SinkError(msg)
            self.got.append(parcel.message_id)

    @property
    def events(self) -> list[str]:
        """Violations it got; the outbox's own health events left out."""
        return [one for one in self.got if not one.startswith("health.")]

    def close(self) -> None:
        pass

    def wait_for_tries(self, count: int, timeout_s: float = 10.0) -> bool:
        with self._change:
            return self._change.wait_for(lambda: len(self.tries) >= count, timeout_s)
