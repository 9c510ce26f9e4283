"""Say what happens to a camera, in a form fit for logs and health lists."""

import logging

from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock, HealthListener
from vision.core.redaction import without_secrets

_log = logging.getLogger(__name__)


class CameraReport:
    """Forwards the health events of one camera, or logs them; secrets masked."""

    def __init__(
        self, camera_id: str, *, clock: Clock, listener: HealthListener | None = None
    ) -> None:
        """Prepare.

        Args:
            camera_id: whose events these are.
            clock: when they happen.
            listener: who else is told.
        """
        self._camera_id = camera_id
        self._clock = clock
        self._listener = listener

    def tell(self, kind: HealthKind, detail: str, *, ok: bool) -> None:
        """Report a state entered (`ok` false) or left (`ok` true).

        What is known only once it is over, such as a gap, is told once, as left.
        """
        masked = without_secrets(detail)
        if self._listener is None:
            level = logging.INFO if ok else logging.WARNING
            _log.log(level, "%s: %s", kind, masked, extra={"camera": self._camera_id})
            return
        at = self._clock.now()
        self._listener(
            HealthEvent(
                kind=kind, ok=ok, at=at, detail=masked, camera_id=self._camera_id
            )
        )
