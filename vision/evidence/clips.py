"""Writes clips in the background: sealing never stalls analysis."""

import functools
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.evidence import Artifact
from vision.core.threads import stand_back
from vision.evidence.disk import TEMPORARY, file_sha256
from vision.evidence.manifest import Entry
from vision.evidence.package import remove
from vision.evidence.remux import can_remux, remux
from vision.evidence.shared_clip import SharedCut, shared_frames
from vision.evidence.takes import Take
from vision.evidence.transcode import (
    PLAYABLE,
    TimedFrame,
    decoded,
    encode_clip,
    jpegs,
)

log = logging.getLogger(__name__)

MP4 = "video/mp4"
_TICK_S = 1.0
_NICE = 5  # clips can wait, pictures cannot


@dataclass(frozen=True, slots=True)
class _Cut:
    """One file to make of a take."""

    role: str
    note: str
    write: Callable[[Path], object]


def make_clips(take: Take, folder: Path, shared: SharedCut | None) -> tuple[Entry, ...]:
    """Write the clip of a take, a playable copy where browsers need one, a shared one.

    Copies that cannot be made are left out: the clip itself is not lost for them.

    Args:
        take: packets or pictures around the decision.
        folder: the event's package.
        shared: what had to be hidden when; None: no copy is to be shared.

    Raises:
        EvidenceError: the material makes no clip.
        OSError: the clip cannot be written.
    """
    clip, *copies = _cuts(take)
    if shared is not None:
        copies.append(_shared(take, shared))
    entries = [_save(take, folder, clip)]
    try:
        for cut in copies:
            entry = _copy(take, folder, cut)
            if entry is not None:
                entries.append(entry)
    except BaseException:
        remove(entries)
        raise
    return tuple(entries)


def _copy(take: Take, folder: Path, cut: _Cut) -> Entry | None:
    try:
        return _save(take, folder, cut)
    except (OSError, EvidenceError) as error:
        log.warning("%s has no %s: %s", take.moment.event_id, cut.role, error)
        return None


def _shared(take: Take, shared: SharedCut) -> _Cut:
    # Half the CPU of the other clips' preset for a seventh more bytes.
    preset = "superfast"
    note = "redacted: whoever moves or was detected"
    if not take.packets:
        frames = jpegs(take.pictures)
    elif shared.key_frames_only(take.packets):
        frames = decoded(take.packets, but="NONKEY")
        note += "; key frames only"
        # Of pictures two seconds apart there is little that a better one can predict.
        preset = "ultrafast"
    else:
        frames = decoded(take.packets, but="NONREF")
    frames = shared.in_turn(frames)
    hidden = shared_frames(frames, shared.sights, span_s=take.span_s)
    hidden = shared.in_turn(hidden)
    return _encoded("clip_redacted", note, hidden, preset=preset)


def _cuts(take: Take) -> Iterable[_Cut]:
    packets = take.packets
    if not packets:
        yield _encoded(
            "clip",
            "encoded from sampled pictures: the source gives no packets",
            jpegs(take.pictures),
        )
        return
    form = packets[0].stream
    if not can_remux(form):
        note = f"re-encoded from {form.codec}, which MP4 does not take as it is"
        yield _encoded("clip", note, decoded(packets))
        return
    note = f"original {form.codec} packets, not re-encoded"
    yield _Cut("clip", note, lambda path: remux(packets, path))
    if form.codec not in PLAYABLE:
        note = f"re-encoded from {form.codec} for browsers; the clip is the original"
        yield _encoded("clip_proxy", note, decoded(packets))


def _encoded(
    role: str, note: str, frames: Iterable[TimedFrame], *, preset: str = "veryfast"
) -> _Cut:
    return _Cut(role, note, lambda path: encode_clip(frames, path, preset=preset))


def _save(take: Take, folder: Path, cut: _Cut) -> Entry:
    name = f"{take.moment.step:03d}-{cut.role}.mp4"
    path = folder / name
    part = folder / (name + TEMPORARY)
    try:
        cut.write(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        digest = file_sha256(part)
        size = part.stat().st_size
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    artifact = Artifact(
        role=cut.role,
        path=path,
        name=name,
        media_type=MP4,
        sha256=digest,
        size_bytes=size,
        captured_at=take.captured_at,
    )
    return Entry(artifact, step=take.moment.step, note=cut.note)


class ClipThread:
    """One thread that turns finished takes into files."""

    def __init__(
        self, finish: Callable[[Take], None], tick: Callable[[], None]
    ) -> None:
        """Begin waiting.

        Args:
            finish: writes one take; its errors of ours are logged here.
            tick: called about once a second.
        """
        self._finish = finish
        self._tick = tick
        self._queue: queue.SimpleQueue[Take | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="clips", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Takes that are not written, the one in hand included."""
        return self._waiting

    def add(self, take: Take) -> None:
        """Hand over a finished take."""
        with self._lock:
            self._waiting += 1
        self._queue.put(take)

    def stop(self, timeout_s: float) -> None:
        """Write what was handed over, at most for `timeout_s`, then stop."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        stand_back(_NICE)
        due = time.monotonic() + _TICK_S
        while True:
            # However many takes come, the rest is looked after, too.
            if time.monotonic() >= due:
                self._guard(self._tick, "clips cannot be looked after")
                due = time.monotonic() + _TICK_S
            try:
                take = self._queue.get(timeout=max(0.0, due - time.monotonic()))
            except queue.Empty:
                continue
            if take is None:
                return
            finish = functools.partial(self._finish, take)
            self._guard(finish, f"no clip for {take.moment.event_id}")
            with self._lock:
                self._waiting -= 1

    @staticmethod
    def _guard(work: Callable[[], None], what: str) -> None:
        try:
            work()
        except (EvidenceError, OSError) as error:
            log.warning("%s: %s", what, error)
        except Exception:  # thread edge: the next clip must be written
            log.exception("%s", what)
