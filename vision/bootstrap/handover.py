"""How a package goes on when its event does so on another node.

The node that takes over must know what is sealed already, or it would seal the event
from its beginning: under the same names, and without what the first node saw.
"""

import json
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from vision.cluster.mail import FilesLetter, Mailbox
from vision.cluster.post import Seal
from vision.core.errors import EvidenceError
from vision.core.memory import CameraMemory
from vision.evidence import manifest
from vision.evidence.disk import make_folder, write_atomically
from vision.evidence.ledger import Ledger
from vision.evidence.manifest import Manifest
from vision.evidence.package import Package
from vision.evidence.seal import SIGNATURE
from vision.evidence.verify_seal import content

logger = logging.getLogger(__name__)

_MOST_RECENT = 32  # of one camera; memories are seconds old
_MOST_LINES = 1_000


class LatestEvents:
    """Events that a camera's memory may not know yet: a node that dies takes it along.

    The next one then decides the same again, with the same id.
    """

    def __init__(self, evidence: Path) -> None:
        """Take those that were sealed last before this start."""
        self._evidence = evidence
        self._events: dict[str, deque[str]] = defaultdict(
            lambda: deque(maxlen=_MOST_RECENT)
        )
        try:
            latest = Ledger(evidence).latest_events(_MOST_LINES)
        except (OSError, EvidenceError) as error:
            logger.warning("which events came last cannot be read: %s", error)
            latest = []
        for event_id in reversed(latest):
            camera_id = self._camera_of(event_id)
            if camera_id is not None:
                self.add(camera_id, event_id)

    def add(self, camera_id: str, event_id: str) -> None:
        """Take note of an event's step."""
        events = self._events[camera_id]
        if event_id not in events:
            events.append(event_id)

    def remembered(self, camera_id: str) -> None:
        """Take note that a camera's memory knows of all its events until now."""
        self._events.pop(camera_id, None)

    def of(self, camera_id: str) -> tuple[str, ...]:
        """Return a camera's."""
        return tuple(self._events.get(camera_id, ()))

    def _camera_of(self, event_id: str) -> str | None:
        text = content(self._evidence / event_id / manifest.NAME)
        try:
            return None if text is None else str(json.loads(text)["camera"]["id"])
        except (ValueError, KeyError, TypeError):
            return None


class OpenEvents:
    """Events of a post that may go on: their packages must be there for as long."""

    def __init__(self, memories: Mapping[str, CameraMemory]) -> None:
        """Begin with what the post's cameras remember, by camera."""
        self._events = {one: open_events(memory) for one, memory in memories.items()}

    def remember(self, camera_id: str, memory: CameraMemory) -> None:
        """Take what a camera remembers now."""
        self._events[camera_id] = open_events(memory)

    def ids(self) -> set[str]:
        """Return them; may be called from any thread."""
        return {one for events in list(self._events.values()) for one in events}


def open_events(memory: CameraMemory) -> tuple[str, ...]:
    """Return the ids of the events that are open in a camera's memory."""
    try:
        opened = json.loads(memory.record)["parts"]["opened"]
        return tuple(str(one["event_id"]) for one in opened)
    except (ValueError, KeyError, TypeError):
        return ()


def seals_of(evidence: Path, event_ids: Iterable[str]) -> dict[str, Seal]:
    """Return the newest seals of those events that have a package here."""
    seals: dict[str, Seal] = {}
    for event_id in event_ids:
        folder = evidence / event_id
        text = content(folder / manifest.NAME)
        if text is None:
            continue
        try:
            revision = Manifest.from_bytes(text, folder).revision
        except EvidenceError as error:
            logger.warning("%s begins anew where it goes on: %s", event_id, error)
            continue
        mark = content(folder / manifest.numbered(revision)[1])
        seals[event_id] = Seal(text, mark)
    return seals


def take_over(evidence: Path, seals: Mapping[str, Seal], mailbox: Mailbox) -> None:
    """Have packages go on here from the seals that the desk has.

    What was sealed here before and never heard there is sent now.

    Args:
        evidence: of this post; its store has tidied it.
        seals: the desk's, by event id.
        mailbox: leads to the desk.
    """
    for event_id, seal in seals.items():
        try:
            package = Package(evidence, event_id)
            own = package.read()
            there = Manifest.from_bytes(seal.manifest, package.folder)
            name = manifest.numbered(there.revision)[0]
            if own is None or content(package.folder / name) != seal.manifest:
                _lay_out(package.folder, there.revision, seal)
            elif own.revision > there.revision:
                unheard = package.since(own, there)
                mailbox.post(FilesLetter(event_id, unheard))
        except (OSError, EvidenceError) as error:
            logger.warning("%s begins anew here: %s", event_id, error)


def _lay_out(folder: Path, revision: int, seal: Seal) -> None:
    make_folder(folder)
    names = manifest.numbered(revision)
    if seal.signature is not None:
        write_atomically(folder / names[1], seal.signature)
        write_atomically(folder / SIGNATURE, seal.signature)
    write_atomically(folder / names[0], seal.manifest)
    write_atomically(folder / manifest.NAME, seal.manifest)
