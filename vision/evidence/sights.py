"""The first picture of every place that stands, kept in case it becomes a case."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence

from vision.core.errors import EvidenceError
from vision.core.observation import Observation
from vision.core.places import Place, PlaceState
from vision.evidence.passed import PassedSights
from vision.evidence.redaction import regions_of
from vision.evidence.sight import Key, Sight

_MOST_PASSED = 4_000  # places of one vehicle; none is told when it is forgotten

Develop = Callable[[], None]


class FirstSights:
    """First pictures by place, as JPEG, bounded in bytes.

    Places that came into view together share one picture. When the bytes run out,
    the place that was seen first goes first: it has had the longest time to open. It
    gets no other: a later picture is no first sight. A place that ended is forgotten
    one frame later, after its last step was kept. What a vehicle has left behind did
    not end: the picture of one pass proves, together with that of the next. That may
    come days later, in another run: such pictures go to the disk.
    """

    def __init__(
        self,
        max_bytes: int = 64 << 20,
        develop: Callable[[Develop], None] | None = None,
        passed: PassedSights | None = None,
    ) -> None:
        """Begin with nothing.

        Args:
            max_bytes: JPEG bytes in memory, all cameras together.
            develop: has pictures encoded soon, as `Darkroom.add`; default: at once.
            passed: those of cameras that move, on a disk; default: none outlives this.
        """
        self._max_bytes = max_bytes
        self._develop: Callable[[Develop], None] = develop or _at_once
        self._passed = passed
        self._sights: OrderedDict[Key, Sight] = OrderedDict()
        # By camera, those that lost it included, the oldest first.
        self._had: dict[str, dict[str, None]] = {}
        self._over: dict[str, set[str]] = {}  # by camera, those that have just ended
        self._holders: dict[Sight, int] = {}
        self._counted: dict[Sight, int] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """JPEG bytes held now."""
        return self._bytes

    def observe(self, observation: Observation) -> None:
        """Remember this frame for the places that are new in it."""
        camera_id = observation.frame.camera_id
        over = self._over.get(camera_id, set())
        with self._lock:
            new = self._look(observation, camera_id)
            sight = self._take(observation, new) if new else None
        passed = self._passed if observation.scene.moving else None
        if passed is not None:
            self._pass_again(observation, passed)
            self._forget(camera_id, over)
        if sight is not None:
            keys = [(camera_id, one.place_id) for one in _awaited(observation, new)]
            self._develop(lambda: self._developed(sight, keys, passed))

    def of(self, camera_id: str, place_id: str) -> Sight | None:
        """Return a place's first sight, or None if it was not seen or was let go."""
        key = camera_id, place_id
        held = self._sights.get(key)
        if held is None and self._passed is not None:
            return self._passed.read(key)
        return held

    def sweep(self) -> None:
        """Delete from the disk what waited too long for another pass."""
        if self._passed is not None:
            self._passed.sweep()

    def close(self) -> None:
        """Forget what ended with the last pictures."""
        for camera_id, over in self._over.items():
            self._forget(camera_id, over)

    def _look(self, observation: Observation, camera_id: str) -> list[Place]:
        """Forget places that ended a frame ago; return those that are new."""
        had = self._had.setdefault(camera_id, {})
        for place_id in self._gone(observation, had):
            del had[place_id]
            self._let_go((camera_id, place_id))
        new = [
            place
            for place in observation.places
            if place.state is PlaceState.STANDING
            and place.place_id not in had
            and observation.shows(place)
            and self._is_first(place)
        ]
        had |= dict.fromkeys(place.place_id for place in new)
        return new

    def _is_first(self, place: Place) -> bool:
        """Return whether no earlier run can have seen it."""
        if place.passes is None:
            return True
        key, passed = (place.camera_id, place.place_id), self._passed
        return place.passes.count == 1 and (passed is None or not passed.has(key))

    def _take(self, observation: Observation, new: list[Place]) -> Sight:
        camera_id, view = observation.frame.camera_id, observation.view
        boxes = {one.place_id: view.box_to_picture(one.xyxy) for one in new}
        sight = Sight(observation.frame, regions_of(observation), boxes)
        for place_id in boxes:
            self._sights[camera_id, place_id] = sight
        self._holders[sight] = len(boxes)
        return sight

    def _gone(self, observation: Observation, had: Mapping[str, None]) -> list[str]:
        """Return which places will be told of no more."""
        places = observation.places
        if not observation.scene.moving:
            alive = {place.place_id for place in places}
            return [place_id for place_id in had if place_id not in alive]
        camera_id = observation.frame.camera_id
        over = self._over.get(camera_id, set())
        self._over[camera_id] = {
            place.place_id for place in places if place.state is PlaceState.ENDED
        }
        oldest = list(had)[: max(0, len(had) - _MOST_PASSED)]
        return [*over.intersection(had).difference(oldest), *oldest]

    def _developed(
        self, sight: Sight, awaited: Sequence[Key], passed: PassedSights | None
    ) -> None:
        """Encode a sight, and let the oldest go for it if there is no room.

        Args:
            sight: what to encode.
            awaited: places of it that another pass may make a case.
            passed: where those are kept, or None.

        Raises:
            EvidenceError: it cannot be encoded; its places have no first sight.
        """
        with self._lock:
            if sight not in self._holders:
                return  # its places ended before it was their turn
        try:
            size_bytes = len(sight.picture.jpeg)
        except EvidenceError:
            with self._lock:
                for key in [key for key, one in self._sights.items() if one is sight]:
                    self._let_go(key)
            raise
        if passed is not None:
            self._put_away(sight, awaited, passed)
        with self._lock:
            if sight in self._holders:
                self._counted[sight] = size_bytes
                self._bytes += size_bytes
            while self._bytes > self._max_bytes and self._sights:
                self._let_go(next(iter(self._sights)))

    def _put_away(
        self, sight: Sight, awaited: Sequence[Key], passed: PassedSights
    ) -> None:
        """Write a sight to the disk; what cannot be written stays in memory."""
        for key in awaited:
            if key in self._sights and passed.keep(key, sight):
                with self._lock:
                    self._let_go(key)

    def _pass_again(self, observation: Observation, passed: PassedSights) -> None:
        stale = passed.pass_again(
            (place.camera_id, place.place_id)
            for place in observation.places
            if place.state is PlaceState.STANDING
        )
        if stale:
            self._develop(lambda: passed.date(stale))

    def _forget(self, camera_id: str, over: set[str]) -> None:
        """Have the files of places deleted that have ended, after they were written."""
        passed = self._passed
        if passed is not None and over:
            keys = [(camera_id, place_id) for place_id in over]
            self._develop(lambda: passed.forget(keys))

    def _let_go(self, key: Key) -> None:
        sight = self._sights.pop(key, None)
        if sight is None:
            return
        self._holders[sight] -= 1
        if self._holders[sight] == 0:
            del self._holders[sight]
            self._bytes -= self._counted.pop(sight, 0)


def _awaited(observation: Observation, new: Sequence[Place]) -> Iterator[Place]:
    """Yield the places of which another pass may make a case.

    Of whoever parks where nobody forbids it no picture is kept.
    """
    for place in new:
        if place.geo is not None and observation.scene.forbids_near(place.geo):
            yield place


def _at_once(develop: Develop) -> None:
    develop()
