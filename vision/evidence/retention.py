"""Deletes what need not be kept any longer, oldest first, and says so in the ledger."""

import logging
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vision.core.durable import sync_folder
from vision.core.errors import EvidenceError
from vision.core.ports import Clock, HealthListener
from vision.evidence import manifest
from vision.evidence.ages import Ages
from vision.evidence.beside import SEALS, together
from vision.evidence.folders import folder_size, package_folders
from vision.evidence.holds import held
from vision.evidence.ledger import DELETED, Ledger, Line
from vision.evidence.manifest import Entry, Manifest
from vision.evidence.recovery import being_written
from vision.evidence.trouble import Cause, Trouble

log = logging.getLogger(__name__)

_GONE = ".gone-"  # packages that are being removed


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long each class of file stays, and how much room all may take.

    Attributes:
        clips_for: clips and their playable copies.
        originals_for: unredacted pictures.
        package_for: the rest, and the package itself.
        quota_bytes: room for the whole store.
        keep_free: share of the disk that stays free, [0, 1).
        keep_free_most_bytes: more than this need not stay free, however large the
            disk: other programs fill it, too.
        promised: files that go sooner are missed; False: these are copies only.
    """

    clips_for: timedelta = timedelta(days=30)
    originals_for: timedelta = timedelta(days=180)
    package_for: timedelta = timedelta(days=730)
    quota_bytes: int = 100 << 30
    keep_free: float = 0.05
    keep_free_most_bytes: int = 4 << 30
    promised: bool = True

    def limit_of(self, role: str) -> timedelta:
        """Return how long a file of this role stays."""
        if role.startswith("clip"):
            return self.clips_for
        shared = role.startswith(("overlay", "timeline")) or "redacted" in role
        return self.package_for if shared or role in SEALS else self.originals_for


@dataclass(frozen=True, slots=True)
class _Kept:
    """A package with what retention needs to know of it."""

    folder: Path
    sealed: Manifest
    age: timedelta
    cleared: bool

    def files(self, roles: str = "") -> tuple[Entry, ...]:
        return tuple(
            entry
            for entry in self.sealed.entries
            if entry.artifact.role.startswith(roles) and entry.artifact.path.exists()
        )


class Retention:
    """Applies a policy to one store.

    Held packages and those that receivers still wait for are left alone.
    """

    def __init__(
        self,
        root: Path,
        policy: RetentionPolicy,
        *,
        clock: Clock,
        packages: AbstractContextManager[object] | None = None,
        on_health: HealthListener | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        """Name the store.

        Args:
            root: the evidence folder.
            policy: how long and how much.
            clock: wall time.
            packages: held while a package is changed; others write packages, too.
            on_health: told when the clock cannot be believed.
            trouble: told when files go before their age, and when none do any more.
        """
        self._packages_lock = nullcontext() if packages is None else packages
        self._root = root
        self._policy = policy
        self._clock = clock
        self._ledger = Ledger(root)
        self._ages = Ages(root, clock=clock, on_health=on_health)
        self._trouble = Trouble(clock, None) if trouble is None else trouble
        self._early = False  # whether files went before their age since a sweep

    @property
    def quota_bytes(self) -> int:
        """Room for the whole store."""
        return self._policy.quota_bytes

    def sweep(self, busy: Collection[str] = ()) -> int:
        """Delete what is over age or over quota.

        Args:
            busy: events whose files are still needed.

        Returns:
            Bytes that were freed.

        Raises:
            OSError: the store cannot be read or written.
        """
        if not self._root.is_dir():
            return 0
        for gone in self._root.glob(_GONE + "*"):
            shutil.rmtree(gone, ignore_errors=True)
        spared = {*busy, *held(self._root)}
        before = self.size()
        packages = sorted(self._packages(spared), key=_oldest_first)
        for kept in packages:
            self._age(kept)
        left = self.size()
        if left > self._room(left):
            here = [kept for kept in packages if kept.folder.exists()]
            self._shrink(here, self._room)
        if not self._early:
            self._trouble.end(Cause.RETENTION)
        self._early = False
        return before - self.size()

    def shrink(self, target_bytes: int, busy: Collection[str] = ()) -> None:
        """Delete, the oldest and least needed first, until the store is so small.

        Args:
            target_bytes: what it may take; more stays when nothing else may go.
            busy: events whose files are still needed.

        Raises:
            OSError: the store cannot be read or written.
        """
        if self._root.is_dir():
            packages = self._packages({*busy, *held(self._root)})
            self._shrink(packages, lambda _: target_bytes)

    def _age(self, kept: _Kept) -> None:
        age, policy = kept.age, self._policy
        if age > policy.package_for:
            self._delete_package(kept, f"older than {policy.package_for.days} days")
            return
        late = tuple(
            entry
            for entry in kept.files()
            if age > policy.limit_of(entry.artifact.role)
        )
        if late:
            self._delete_files(kept, late, "older than its class is kept")

    def _shrink(self, packages: list[_Kept], room: Callable[[int], int]) -> None:
        """Free room: clips before packages, cleared events before open ones."""
        order = sorted(
            packages, key=lambda kept: (not kept.cleared, *_oldest_first(kept))
        )
        size = self.size()
        early: list[str] = []
        for kept, whole in (*((k, False) for k in order), *((k, True) for k in order)):
            if size <= room(size):
                break
            freed = self._give_up(kept, whole=whole)
            size -= freed
            if freed and self._is_promised(kept, whole=whole):
                early.append(kept.folder.name)
        if early:
            self._tell_of(early)

    def _give_up(self, kept: _Kept, *, whole: bool) -> int:
        """Delete a package or its clips for want of room; return what that freed."""
        if whole:
            return self._delete_package(kept, "over quota")
        clips = kept.files("clip")
        return self._delete_files(kept, clips, "over quota") if clips else 0

    def _is_promised(self, kept: _Kept, *, whole: bool) -> bool:
        policy = self._policy
        limit = policy.package_for if whole else policy.clips_for
        return policy.promised and kept.age <= limit

    def _tell_of(self, early: list[str]) -> None:
        """Warn that files went before their age."""
        self._early = True
        detail = (
            f"{self._root}: evidence deleted before the age in evidence.keep "
            f"({len(early)} times, the first: {early[0]}), for want of room: "
            f"{shutil.disk_usage(self._root).free >> 20} MiB of the disk are free, the "
            f"quota is {self.quota_bytes >> 20} MiB; free space, raise "
            "evidence.keep.quota_gib, or keep files for fewer days"
        )
        log.warning("%s", detail)
        self._trouble.begin(Cause.RETENTION, detail)

    def _room(self, size: int) -> int:
        """Return the bytes that the store may take, `size` being what it takes now."""
        usage = shutil.disk_usage(self._root)
        policy = self._policy
        spare = int(usage.total * policy.keep_free)
        spare = min(spare, policy.keep_free_most_bytes)
        return min(policy.quota_bytes, size + usage.free - spare)

    def _delete_files(self, kept: _Kept, entries: tuple[Entry, ...], why: str) -> int:
        names = tuple(entry.artifact.name for entry in entries)
        with self._packages_lock:
            self._record(kept, why, names)
            freed = sum(entry.artifact.path.stat().st_size for entry in entries)
            for entry in entries:
                entry.artifact.path.unlink(missing_ok=True)
            sync_folder(kept.folder)
        return freed

    def _delete_package(self, kept: _Kept, why: str) -> int:
        with self._packages_lock:
            if kept.folder.name in being_written(self._root):
                return 0
            self._record(kept, why, ())
            freed = folder_size(kept.folder)
            _remove(kept.folder)
        return freed

    def _record(self, kept: _Kept, why: str, names: tuple[str, ...]) -> None:
        """Write the ledger's line first: nothing goes without one."""
        digest = manifest.digest_of(kept.folder / manifest.NAME)
        revision = kept.sealed.revision
        note = f"retention: {why}"
        line = Line(
            DELETED, kept.folder.name, "", revision, digest, note=note, files=names
        )
        self._ledger.append(line, self._clock.now())
        log.info("evidence %s: %s deleted, %s", kept.folder.name, names or "all", why)

    def _packages(self, spared: Collection[str]) -> list[_Kept]:
        # The spared ones grow older, too.
        found = dict(self._sealed())
        ages = self._ages.of(found.values())
        return [
            _Kept(folder, sealed, ages[sealed.event_id], _is_over(sealed))
            for folder, sealed in found.items()
            if folder.name not in spared
        ]

    def _sealed(self) -> Iterator[tuple[Path, Manifest]]:
        for folder in package_folders(self._root):
            try:
                text = (folder / manifest.NAME).read_bytes()
                sealed = Manifest.from_bytes(text, folder)
                yield folder, together(folder, sealed)
            except (OSError, EvidenceError) as error:
                log.warning("retention leaves %s alone: %s", folder.name, error)

    def size(self) -> int:
        """Return what all packages take, bytes.

        Raises:
            OSError: the store cannot be read.
        """
        if not self._root.is_dir():
            return 0
        return sum(folder_size(folder) for folder in package_folders(self._root))


def _is_over(sealed: Manifest) -> bool:
    return any(step["lifecycle"] == "cleared" for step in sealed.steps)


def _oldest_first(kept: _Kept) -> tuple[timedelta, str]:
    return -kept.age, kept.folder.name


def _remove(folder: Path) -> None:
    """Remove a package so that a crash leaves all of it, or none that counts."""
    gone = folder.with_name(_GONE + folder.name)
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    sync_folder(folder.parent)
    shutil.rmtree(gone)
