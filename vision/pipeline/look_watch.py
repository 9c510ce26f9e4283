"""One camera's second looks: from the desk's question to its answer with a picture."""

from vision.core.evidence import Evidence
from vision.core.look_ports import AfterStore, LookDesk, SecondLook
from vision.core.observation import Observation
from vision.core.ports import Clock


class LookWatch:
    """Carries questions to the judge, and what it finds back with pictures."""

    def __init__(
        self, desk: LookDesk, looks: SecondLook, store: AfterStore, clock: Clock
    ) -> None:
        """Connect the parts.

        Args:
            desk: where questions wait.
            looks: judges them.
            store: keeps the pictures.
            clock: wall time, for questions to which no picture comes.
        """
        self._desk = desk
        self._looks = looks
        self._store = store
        self._clock = clock

    def observe(self, observation: Observation) -> None:
        """Show one analysed frame to the questions that wait."""
        self._ask(observation.frame.camera_id)
        for answer in self._looks.observe(observation):
            after = self._store.keep_after(answer, observation)
            self._desk.answer(answer, after)

    def tick(self, camera_id: str) -> None:
        """Answer what has waited too long without a picture."""
        self._ask(camera_id)
        for answer in self._looks.expire(self._clock.now()):
            self._desk.answer(answer, Evidence())

    def _ask(self, camera_id: str) -> None:
        for request in self._desk.waiting(camera_id):
            self._looks.ask(request)
