"""What the outbox hands to a receiver, and what a receiver may answer."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from vision.core.errors import SinkUnavailableError
from vision.core.evidence import Artifact


class Stage(IntEnum):
    """What a receiver is to be handed next of a delivery; as in the outbox file."""

    MESSAGE = 0
    FILES = 1


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of evidence that travels with a message.

    Attributes:
        name: file name within the event's package.
        path: where it lies on this machine.
        role: what it shows, as on `Artifact`.
        media_type: e.g. `image/jpeg`.
        sha256: hex digest the receiver must find.
        size_bytes: its length.
    """

    name: str
    path: Path
    role: str
    media_type: str
    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, artifact: Artifact) -> "FileRef":
        """Return the travelling form of one artifact."""
        return cls(
            name=artifact.name,
            path=artifact.path.absolute(),
            role=artifact.role,
            media_type=artifact.media_type,
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
        )


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message as a receiver gets it.

    Attributes:
        seq: its place in the outbox.
        message_id: idempotency key.
        kind: `violation`, `health` or `files` (evidence that came later).
        lane: messages of one lane arrive in order.
        event_id: the violation it belongs to, or None.
        body: CloudEvent as JSON text.
        files: evidence to hand over after the message.
        attempts: deliveries tried before this one.
    """

    seq: int
    message_id: str
    kind: str
    lane: str
    event_id: str | None
    body: str
    files: tuple[FileRef, ...]
    attempts: int


class Progress(Protocol):
    """Which steps of one delivery are done; survives a crash."""

    def done(self, step: str) -> bool:
        """Return whether the receiver has already confirmed a step."""
        ...

    def mark(self, step: str) -> None:
        """Note that the receiver has confirmed a step."""
        ...


class Receiver(Protocol):
    """Takes messages somewhere else, and files from another thread if it wants any."""

    @property
    def name(self) -> str:
        """Unique among the receivers; names its deliveries across restarts."""
        ...

    @property
    def takes_files(self) -> bool:
        """Whether files follow their messages; else messages are all it gets."""
        ...

    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        """Hand over one message with its files.

        The same one comes again when a crash, or no answer, left it open whether it was
        taken: by `parcel.message_id` it must count once. A step is marked only once the
        other end has it.

        Raises:
            RetryLaterError: it cannot be taken now.
            SinkUnavailableError: likewise, without a hint when.
            SinkError: it is refused for good.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files; may be called from any thread."""
        ...


class RetryLaterError(SinkUnavailableError):
    """A receiver that may take the message later.

    Attributes:
        retry_after_s: how long it asked to be left alone, seconds, or None.
        whole_receiver: no other message would fare better now.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        whole_receiver: bool = False,
    ) -> None:
        """Keep the receiver's hint beside the message."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.whole_receiver = whole_receiver
