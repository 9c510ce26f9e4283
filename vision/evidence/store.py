"""Keeps what proves an event, and gets by when the disk does not play along."""

import functools
import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future
from pathlib import Path

from vision.core.clock import SystemClock
from vision.core.errors import EvidenceError
from vision.core.events import Provenance
from vision.core.evidence import Artifact, Evidence, EvidenceUse
from vision.core.observation import Observation
from vision.core.packets import EncodedPacket
from vision.core.ports import Clock, HealthListener, Writing
from vision.core.violations import Lifecycle, Violation
from vision.evidence.afterwards import Afterwards
from vision.evidence.captured import Captured
from vision.evidence.clipping import Clipping, LateListener
from vision.evidence.darkroom import Darkroom
from vision.evidence.disk import free_bytes
from vision.evidence.dwell import DwellRecord
from vision.evidence.manifest import Entry, Manifest
from vision.evidence.origin import origin_of, step_of
from vision.evidence.package import Package
from vision.evidence.passed import PassedSights
from vision.evidence.recovery import being_written, recover, working_on
from vision.evidence.retention import Retention
from vision.evidence.room import SEAL_BYTES, Room
from vision.evidence.seal import Sealer
from vision.evidence.shots import shots_of
from vision.evidence.sights import FirstSights
from vision.evidence.store_policy import StorePolicy
from vision.evidence.trouble import Cause, Trouble

log = logging.getLogger(__name__)

_PROBE_EVERY_S = 30.0
_SWEEP_EVERY_S = 3600.0


class PackageStore:
    """`EvidenceStore` that writes one package per event.

    `observe` and `capture` are called from the analysing thread, write nothing and
    encode nothing; what `capture` returns may be called from another. A step that was
    kept already (a crash came between evidence and event) is returned as it is, never
    written again.
    """

    def __init__(
        self,
        root: Path,
        *,
        sealer: Sealer | None = None,
        provenance: Provenance | None = None,
        clock: Clock | None = None,
        on_health: HealthListener | None = None,
        policy: StorePolicy | None = None,
    ) -> None:
        """Name the folder; a folder that cannot be written is no error here.

        Args:
            root: `STREETWARDEN_HOME/evidence`.
            sealer: signs the manifests; default: unsigned.
            provenance: engine and model, for the manifest.
            clock: wall and monotonic time.
            on_health: told when evidence degrades and recovers.
            policy: memory, disk and captions.
        """
        self._root = root
        self._clock = SystemClock() if clock is None else clock
        self._sealer = Sealer(root, clock=self._clock) if sealer is None else sealer
        self._provenance = provenance
        self._policy = StorePolicy() if policy is None else policy
        self._trouble = Trouble(self._clock, on_health)
        self._dwell = DwellRecord()
        self._darkroom = Darkroom(
            lambda error: self._trouble.begin(Cause.PICTURES, str(error))
        )
        self._sights = FirstSights(
            self._policy.first_sight_bytes,
            develop=self._darkroom.add,
            passed=self._passed_sights(),
        )
        self._needed: Callable[[], Collection[str]] = tuple
        self._clipping = Clipping(
            root,
            self._sealer,
            clock=self._clock,
            policy=self._policy.clips,
            trouble=self._trouble,
            darkroom=self._darkroom,
        )
        retention = Retention(
            root,
            self._policy.retention,
            clock=self._clock,
            packages=self._clipping.packages,
            on_health=on_health,
            trouble=self._trouble,
        )
        self._room = Room(
            root,
            retention,
            clock=self._clock,
            min_free_bytes=self._policy.min_free_bytes,
            busy=lambda: {*self._needed(), *being_written(root)},
        )
        self._clipping.keep_within(self._room)
        self.afterwards = Afterwards(
            root=root,
            sealer=self._sealer,
            clock=self._clock,
            packages=self._clipping.packages,
            trouble=self._trouble,
            room=self._room,
        )
        self._clipping.add_chore(_SWEEP_EVERY_S, self._sweep)
        self._clipping.add_chore(_PROBE_EVERY_S, self._probe)
        try:
            recovered = recover(root, self._clock)
            self._clipping.tell_again(recovered.unsent)
        except OSError as error:
            self._trouble.begin(
                Cause.PICTURES, f"{root}: cannot be tidied after a crash ({error})"
            )

    @property
    def first_sight_bytes(self) -> int:
        """Memory that first pictures take now."""
        return self._sights.size_bytes

    def use(self) -> EvidenceUse:
        """Return how the store is doing; may be called from any thread."""
        return EvidenceUse(
            used_bytes=self._room.used_bytes,
            quota_bytes=self._policy.retention.quota_bytes,
            free_bytes=free_bytes(self._root),
            unwritten_clips=self._clipping.unwritten,
            degraded=self._trouble.causes,
        )

    def add_packet(self, packet: EncodedPacket) -> None:
        """Keep a packet for pre-roll; quick, called from the reading threads."""
        self._clipping.add(packet)

    def deliver_late_to(self, listener: LateListener) -> None:
        """Name who is told when a clip was sealed, after its event went out."""
        self._clipping.deliver_late_to(listener)

    def spare(self, needed: Callable[[], Collection[str]]) -> None:
        """Name who knows which events' files retention must not touch yet."""
        self._needed = needed

    def close(self, timeout_s: float) -> None:
        """Seal the clips that were begun, at most for `timeout_s`, then stop."""
        self._sights.close()
        self._darkroom.close(timeout_s)
        self._clipping.close(timeout_s)

    def observe(self, observation: Observation) -> None:
        """Remember the first sight of places that are new in this frame."""
        self._sights.observe(observation)
        self._dwell.observe(observation)
        self._clipping.observe(observation)

    def capture(self, violation: Violation, observation: Observation) -> Writing:
        """Take hold of what proves a step: its frame, first sight and packets.

        The first sight of a camera that moves is read from the disk here.

        Returns:
            Writes and seals it. Returns the files that are safe on disk and stand in
            the manifest; fewer, or none, when the disk is full or not writable.
        """
        place = violation.place
        step = Captured(
            violation,
            observation,
            sight=self._sights.of(observation.frame.camera_id, place.place_id),
            growth=self._dwell.of(place),
        )
        wanted: Future[bool] = Future()
        if violation.lifecycle is Lifecycle.OPENED:
            self._clipping.begin(step.moment, wanted)
        self._clipping.precedence.begin()
        return functools.partial(self._write, step, wanted)

    def keep(self, violation: Violation, observation: Observation) -> Evidence:
        """Write the proof of one step at once; as `capture`."""
        return self.capture(violation, observation)()

    def _write(self, step: Captured, wanted: "Future[bool]") -> Evidence:
        violation = step.violation
        clip_wanted = False
        try:
            package = Package(self._root, violation.event_id)
            known = package.read()
            kept = None if known is None else package.kept(known, violation.sequence)
            if known is not None and kept is not None:
                clip_wanted = known.clip_revision is None
                return kept
            with working_on(self._root, violation.event_id):
                evidence = self._keep(package, step)
            clip_wanted = True
        except (OSError, EvidenceError) as error:
            self._trouble.begin(
                Cause.PICTURES, f"event {violation.event_id} has no pictures: {error}"
            )
            return Evidence()
        else:
            return evidence
        finally:
            self._clipping.precedence.end()
            wanted.set_result(clip_wanted)

    def _keep(self, package: Package, step: Captured) -> Evidence:
        violation, observation = step.violation, step.observation
        shots = list(
            shots_of(
                violation,
                observation,
                step.sight,
                zone=self._policy.zone,
                growth=step.growth,
            )
        )
        with self._room.taken(SEAL_BYTES + sum(shot.size_bytes for shot in shots)):
            entries, failed = package.save(shots, step=violation.sequence)
            if failed:
                self._trouble.begin(
                    Cause.PICTURES, f"{package.folder.name}: {failed[0]}; free space"
                )
            seals = self._seal(package, entries, violation, observation)
        if not failed:
            self._trouble.end(Cause.PICTURES)
        return Evidence((*(entry.artifact for entry in entries), *seals))

    def _seal(
        self,
        package: Package,
        entries: tuple[Entry, ...],
        violation: Violation,
        observation: Observation,
    ) -> tuple[Artifact, ...]:
        # The clip thread seals packages, too: one revision at a time.
        with self._clipping.packages:
            try:
                known = package.read()
                if known is None:
                    origin = origin_of(violation, observation, self._provenance)
                    known = Manifest(violation.event_id, revision=0, origin=origin)
                following = known.next(
                    entries,
                    step=step_of(violation, observation.view, known.origin),
                    at=self._clock.now(),
                    actor="engine",
                    action=f"captured {violation.lifecycle}",
                )
                return self._sealer.seal(package.folder, following)
            except (OSError, EvidenceError):
                package.discard(entries)
                raise

    def _passed_sights(self) -> PassedSights | None:
        policy = self._policy
        if policy.passed is None:
            return None
        return PassedSights(
            policy.passed,
            clock=self._clock,
            trouble=self._trouble,
            min_free=policy.min_free_bytes,
        )

    def _sweep(self) -> None:
        self._sights.sweep()
        freed = self._room.sweep()
        if freed:
            log.info("evidence: retention freed %d bytes", freed)

    def _probe(self) -> None:
        """See whether evidence could be written again."""
        if not self._trouble.has(Cause.PICTURES):
            return
        try:
            self._room.probe()
        except (OSError, EvidenceError) as error:
            log.debug("evidence still degraded: %s", error)
        else:
            self._trouble.end(Cause.PICTURES)
