"""The one folder that the engine writes to."""

import fcntl
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import ConfigError

VARIABLE = "STREETWARDEN_HOME"


class InUseError(ConfigError):
    """Another engine works in this home."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths under `STREETWARDEN_HOME`; nothing is written elsewhere."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """Return the home named by the environment, default `./.streetwarden`."""
        return cls(Path(os.environ.get(VARIABLE) or ".streetwarden"))

    @property
    def outbox(self) -> Path:
        """Events that wait for their receivers."""
        return self.root / "outbox.db"

    @property
    def evidence(self) -> Path:
        """Pictures and clips, one folder per event."""
        return self.root / "evidence"

    @property
    def evidence_note(self) -> Path:
        """By what the evidence folder is recognised, perhaps on another disk."""
        return self.root / "evidence-identity"

    @property
    def places(self) -> Path:
        """Place memory, one file per camera, and beside it the pictures it names."""
        return self.root / "places"

    @property
    def sights(self) -> Path:
        """First pictures of what cameras that move have passed, a folder per camera."""
        return self.root / "sights"

    @property
    def why(self) -> Path:
        """Why nothing has opened yet, one file per camera."""
        return self.root / "why"

    @property
    def keys(self) -> Path:
        """Signing keys."""
        return self.root / "keys"

    def prepare(self) -> None:
        """Make the folder and prove that it can be written.

        Raises:
            ConfigError: it cannot.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # A name of its own: others that start in this home probe it as well.
            with tempfile.NamedTemporaryFile(dir=self.root, prefix=".probe") as probe:
                probe.write(b"1")
        except OSError as error:
            msg = (
                f"{VARIABLE}: got {self.root}, not writable ({error.strerror}); "
                "expected a writable folder; free space, fix its owner or name another"
            )
            raise ConfigError(msg) from error

    def identity(self) -> str:
        """Return what tells this home from all others, made when first asked for.

        Raises:
            ConfigError: it cannot be read or written.
        """
        path = self.root / "identity"
        try:
            if not path.exists():
                self.prepare()
                draft = path.with_suffix(".tmp")
                draft.write_text(secrets.token_hex(4), encoding="ascii")
                draft.replace(path)
            held = path.read_text(encoding="ascii", errors="replace").strip()
        except OSError as error:
            msg = (
                f"{path}: cannot be read or written ({error.strerror}); mend its owner"
            )
            raise ConfigError(msg) from error
        if not re.fullmatch(r"[0-9a-f]{8}", held):
            msg = (
                f"{path}: got {held[:16]!r}, expected eight hex digits; remove the file"
            )
            raise ConfigError(msg)
        return held

    def renamed(self) -> str:
        """Take another identity, because somebody else has this one; return it.

        Raises:
            ConfigError: it cannot be written.
        """
        path = self.root / "identity"
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            msg = f"{path}: cannot be removed ({error.strerror}); mend its owner"
            raise ConfigError(msg) from error
        return self.identity()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Make the folder and keep other engines out while the context lasts.

        Two engines would take each other's unfinished packages for what a crash left.
        Nothing is left behind by one that is killed: its claim ends with its process.

        Raises:
            InUseError: another engine uses the folder.
            ConfigError: it cannot be written.
        """
        self.prepare()
        with (self.root / ".engine").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                msg = (
                    f"{VARIABLE}: got {self.root}, in use by another engine; expected "
                    "a folder of its own; stop the other engine or name another folder"
                )
                raise InUseError(msg) from None
            yield
