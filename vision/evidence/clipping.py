"""The clip of an event: begun with its decision, sealed when the post-roll is in."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vision.core.errors import EvidenceError, SinkError
from vision.core.evidence import Evidence
from vision.core.frame import Frame
from vision.core.observation import Observation
from vision.core.packets import EncodedPacket
from vision.core.ports import Clock
from vision.evidence.clips import ClipThread, make_clips
from vision.evidence.darkroom import Darkroom
from vision.evidence.disk import free_bytes
from vision.evidence.hidden import HiddenRegions
from vision.evidence.manifest import ADDED_CLIP, Manifest
from vision.evidence.package import Package
from vision.evidence.precedence import Precedence
from vision.evidence.recovery import CLIP, mark, unmark
from vision.evidence.room import Room
from vision.evidence.seal import Sealer
from vision.evidence.shared_clip import SharedCut, SharedPace
from vision.evidence.store_lock import StoreLock
from vision.evidence.takes import ClipPolicy, Moment, Take, TakeRecorder
from vision.evidence.trouble import Cause, Trouble

log = logging.getLogger(__name__)

LateListener = Callable[[str, Evidence], None]
"""Called with (event id, files) when evidence came after its event.

May raise `SinkError` to be asked again a little later.
"""

_MAX_UNSENT = 1_000
_SEALING_S = 60.0  # the package of a clip is sealed long before
_HIDDEN_S = 60.0  # from a clip's beginning until its shared copy is made
_ANALYSIS_S = 5.0  # longest wait for the analysis of a clip's last pictures
_BUSY = 20  # clips that wait: more than key frames can be hidden in time
_SAMPLE_WIDTH = 960
_SAMPLE_QUALITY = 80


@dataclass(slots=True)
class _Chore:
    """Work that comes round."""

    every_s: float
    work: Callable[[], None]
    due_s: float = 0.0


class Clipping:
    """Rings, takes and the thread that writes clips into packages."""

    def __init__(
        self,
        root: Path,
        sealer: Sealer,
        *,
        clock: Clock,
        policy: ClipPolicy,
        trouble: Trouble,
        darkroom: Darkroom,
    ) -> None:
        """Start the thread.

        Args:
            root: the evidence folder.
            sealer: seals the package anew with its clip.
            clock: wall and monotonic time.
            policy: how long clips are.
            trouble: told when a clip cannot be written.
            darkroom: encodes the pictures of cameras without packets.
        """
        self._root = root
        self._sealer = sealer
        self._clock = clock
        self._policy = policy
        self._trouble = trouble
        self._darkroom = darkroom
        self._late: LateListener | None = None
        self._unsent: deque[tuple[str, Evidence]] = deque(maxlen=_MAX_UNSENT)
        self.packages = StoreLock(root)
        self._recorder = TakeRecorder(policy, clock, self._ready)
        self._hidden = HiddenRegions(_HIDDEN_S)
        self._pace = SharedPace(clock)
        self.precedence = Precedence()
        self._room: Room | None = None
        self._chores: list[_Chore] = []
        self._thread = ClipThread(self._finish, self._tick)

    @property
    def unwritten(self) -> int:
        """Clips that are recorded and wait to be written."""
        return self._thread.waiting

    def deliver_late_to(self, listener: LateListener) -> None:
        """Name who is told of finished clips; called from the clip thread."""
        self._late = listener

    def keep_within(self, room: Room) -> None:
        """Name who says whether there is room for a clip."""
        self._room = room

    def tell_again(self, event_ids: Sequence[str]) -> None:
        """Offer clips that were sealed before a crash, perhaps for a second time."""
        for event_id in event_ids:
            try:
                package = Package(self._root, event_id)
                known = package.read()
                clip = Evidence() if known is None else package.clip(known)
            except (OSError, EvidenceError) as error:
                log.warning("clip of %s is not offered again: %s", event_id, error)
                continue
            self._unsent.append((event_id, clip))

    def add_chore(self, every_s: float, work: Callable[[], None]) -> None:
        """Do other slow work from the clip thread, now and then."""
        self._chores.append(_Chore(every_s, work))

    def add(self, packet: EncodedPacket) -> None:
        """Take one packet; called from the reading threads."""
        self._recorder.add(packet)

    def observe(self, observation: Observation) -> None:
        """Remember what this picture had to hide; take it if there are no packets."""
        if self._policy.shared:
            self._hidden.observe(observation)
        frame = observation.frame
        if not self._recorder.has_packets(frame.camera_id):
            self._darkroom.add(lambda: self._sample(frame))

    def _sample(self, frame: Frame) -> None:
        image = frame.image
        if frame.width > _SAMPLE_WIDTH:
            height = round(frame.height * _SAMPLE_WIDTH / frame.width)
            small = cv2.resize(image, (_SAMPLE_WIDTH, height))
            image = np.asarray(small, dtype=np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _SAMPLE_QUALITY]
        _, jpeg = cv2.imencode(".jpg", image, quality)
        self._recorder.add_picture(frame.camera_id, frame.media_time_s, jpeg.tobytes())

    def begin(self, moment: Moment, wanted: "Future[bool]") -> None:
        """Begin the clip of a decision, if memory allows.

        Args:
            moment: the decision.
            wanted: tells, once its package is sealed, whether it lacks a clip.
        """
        if not self._recorder.begin(moment, wanted, unwritten=self._thread.waiting):
            log.warning("no clip for %s: too many at once", moment.event_id)

    def close(self, timeout_s: float) -> None:
        """Finish what was begun with what there is, then stop."""
        self._hidden.close()
        self._recorder.expire(everything=True)
        self._thread.stop(timeout_s)

    def _ready(self, take: Take) -> None:
        self._thread.add(take)

    def _finish(self, take: Take) -> None:
        event_id = take.moment.event_id
        if take.empty:
            log.warning("no clip for %s: its camera gave nothing", event_id)
            return
        if not _is_wanted(take):
            return
        if free_bytes(self._root) < self._policy.min_free_bytes:
            self._trouble.begin(
                Cause.CLIPS, f"{self._root}: no room for clips; free space"
            )
            return
        self.precedence.give_way()
        try:
            mark(self._root, event_id, CLIP)
            clip = self._write(take)
        except (OSError, EvidenceError) as error:
            self._trouble.begin(Cause.CLIPS, f"event {event_id} has no clip: {error}")
            unmark(self._root, event_id, CLIP)
            return
        self._trouble.end(Cause.CLIPS)
        if self._late is None:
            unmark(self._root, event_id, CLIP)
            return
        # The mark stays until the clip was told of: a crash must not keep it back.
        self._unsent.append((event_id, clip))
        self._send()

    def _tick(self) -> None:
        self._recorder.expire()
        self._send()
        now_s = self._clock.monotonic_s()
        for chore in self._chores:
            if now_s >= chore.due_s:
                chore.due_s = now_s + chore.every_s
                chore.work()

    def _send(self) -> None:
        """Tell of finished clips; a listener that cannot take one is asked again."""
        while self._unsent and self._late is not None:
            event_id, clip = self._unsent[0]
            try:
                if clip.artifacts:
                    self._late(event_id, clip)
            except SinkError as error:
                log.warning("clip of %s waits: %s", event_id, error)
                return
            unmark(self._root, event_id, CLIP)
            self._unsent.popleft()

    def _shared(self, take: Take) -> SharedCut | None:
        """Return how to make the shared copy, or None if there is no time for it."""
        if not self._policy.shared:
            return None
        waiting = self._thread.waiting
        if waiting > _BUSY:
            log.warning("no shared clip for %s: too busy", take.moment.event_id)
            return None
        camera_id = take.moment.camera_id
        sights = self._hidden.until(camera_id, take.until_s, _ANALYSIS_S)
        fluent = self._pace.fluent(waiting=waiting)
        return SharedCut(sights, fluent, self.precedence.give_way)

    def _write(self, take: Take) -> Evidence:
        package = Package(self._root, take.moment.event_id)
        known = package.read()
        if known is None or known.clip_revision is not None:
            log.warning("no clip for %s: not wanted", take.moment.event_id)
            return Evidence()
        held = (
            nullcontext()
            if self._room is None
            else self._room.taken(take.size_bytes, clip=True)
        )
        with held:
            return self._make(take, package, known)

    def _make(self, take: Take, package: Package, known: Manifest) -> Evidence:
        entries = make_clips(take, package.folder, self._shared(take))
        with self.packages:
            try:
                # A step may have been sealed while the clip was written.
                known = package.read() or known
                following = known.next(
                    entries, at=self._clock.now(), actor="engine", action=ADDED_CLIP
                )
                self._sealer.seal(package.folder, following)
            except BaseException:
                package.discard(entries)
                raise
            return package.clip(following)


def _is_wanted(take: Take) -> bool:
    """Wait until the package that the clip belongs to is sealed, or was given up."""
    try:
        wanted = take.wanted.result(_SEALING_S)
    except TimeoutError:
        log.warning("no clip for %s: it was never sealed", take.moment.event_id)
        return False
    if not wanted:
        log.info("no clip for %s: not wanted", take.moment.event_id)
    return wanted
