"""Keeps a camera's answer to "why not?" where a person can ask for it."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

from vision.core.errors import ConfigError
from vision.core.ports import Clock
from vision.pipeline.candidates import Inquiry
from vision.pipeline.why_record import VERSION, CameraRecord

logger = logging.getLogger(__name__)

_EVERY_S = 2.0


class WhyFile:
    """Writes one camera's record now and then, whole or not at all.

    It is for reading only: a file lost in a power cut is written again seconds
    after the next start, so nothing waits for the disk.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        every_s: float = _EVERY_S,
        on_written: Callable[[bytes], None] | None = None,
    ) -> None:
        """Name the file; a folder that cannot be written is no error here.

        Args:
            path: of the file.
            clock: wall and monotonic time.
            every_s: least time between two records.
            on_written: given every record; must be quick.
        """
        self._on_written = on_written
        self._path = path
        self._clock = clock
        self._every_s = every_s
        self._written_s: float | None = None
        self._failing = False
        self._latest: bytes | None = None

    @property
    def latest(self) -> bytes | None:
        """The record as JSON, None before the first; may be read by any thread."""
        return self._latest

    def tick(self, inquire: Callable[[], Inquiry], *, now: bool = False) -> None:
        """Write the record if it is time to, or `now`.

        Args:
            inquire: asked only when something is written.
            now: whether to write in any case.
        """
        at_s = self._clock.monotonic_s()
        if (
            not now
            and self._written_s is not None
            and at_s - self._written_s < self._every_s
        ):
            return
        self._written_s = at_s
        record = inquire().answer(self._clock.now())
        self._latest = json.dumps(
            record, ensure_ascii=False, separators=(",", ":")
        ).encode()
        self._write(self._latest)
        if self._on_written is not None:
            self._on_written(self._latest)

    def _write(self, payload: bytes) -> None:
        draft = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(payload)
            draft.replace(self._path)
        except OSError as error:
            if not self._failing:
                logger.warning("%s cannot be written: %s", self._path, error.strerror)
            self._failing = True
        else:
            self._failing = False


def read_record(folder: Path, camera_id: str) -> CameraRecord:
    """Return what the engine last said about a camera.

    Args:
        folder: `STREETWARDEN_HOME/why`.
        camera_id: which camera.

    Raises:
        ConfigError: the engine has not run here, the camera is unknown, or the file
            is not one of this version.
    """
    known = sorted(path.stem for path in folder.glob("*.json"))
    if not known:
        msg = (
            f"{folder}: no camera has been watched with this home; run the engine "
            "first, or name its folder with --home"
        )
        raise ConfigError(msg)
    if camera_id not in known:
        msg = (
            f"camera {camera_id}: not watched here; expected one of {', '.join(known)}"
        )
        raise ConfigError(msg)
    path = folder / f"{camera_id}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["version"] != VERSION:
            msg = f"version {record['version']}"
            raise ValueError(msg)  # noqa: TRY301 one message for all damage
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path}: got {error}, expected a record of version {VERSION}; run again"
        raise ConfigError(msg) from error
    return cast("CameraRecord", record)
