"""The first picture of every place that stands, kept in case it becomes a case."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from vision.core.arrays import ImageU8
from vision.core.errors import EvidenceError
from vision.core.frame import Frame
from vision.core.observation import Observation
from vision.core.places import Place, PlaceState
from vision.evidence.pictures import Box, Picture, decode, digested, picture_of
from vision.evidence.redaction import Region, regions_of
from vision.evidence.sharing import Sharing

_MOST_PASSED = 4_000  # places of one vehicle; none is told when it is forgotten

Key = tuple[str, str]
Develop = Callable[[], None]


class Sight:
    """A frame with what must be hidden in its shared copy; encoded when it is time.

    It is encoded once, by whoever needs it first, and the frame is let go.
    """

    def __init__(
        self, frame: Frame, regions: tuple[Region, ...], boxes: Mapping[str, Box]
    ) -> None:
        """Keep them.

        Args:
            frame: the picture.
            regions: what must be hidden in it, pixels of this picture.
            boxes: where its new places lie in it, by place id, pixels of this picture:
                later ones may lie otherwise, and places may move.
        """
        self.frame_index = frame.index
        self.regions = regions
        self.boxes = boxes
        self._frame: Frame | None = frame
        self._picture: Picture | None = None
        self._lock = threading.Lock()

    @property
    def picture(self) -> Picture:
        """The frame itself, encoded.

        Raises:
            EvidenceError: it cannot be encoded.
        """
        with self._lock:
            if self._picture is None:
                if self._frame is None:
                    msg = f"frame {self.frame_index} could not be encoded"
                    raise EvidenceError(msg)
                frame, self._frame = self._frame, None
                self._picture = picture_of(frame)
            return self._picture

    def sharing(self) -> Sharing:
        """Return what shared copies of it are made of.

        Raises:
            EvidenceError: the picture cannot be encoded.
        """
        return Sharing.of(decode(self.picture.jpeg), self.regions)

    def copy(self, image: ImageU8) -> Picture:
        """Encode a copy that was made of it, (H, W, 3) uint8 BGR.

        Raises:
            EvidenceError: it cannot be encoded.
        """
        return digested(self.picture, image)


class FirstSights:
    """First pictures by place, as JPEG, bounded in bytes.

    Places that came into view together share one picture. When the bytes run out,
    the place that was seen first goes first: it has had the longest time to open. It
    gets no other: a later picture is no first sight. A place that ended is forgotten
    one frame later, after its last step was kept. What a vehicle has left behind did
    not end: the picture of one pass proves, together with that of the next.
    """

    def __init__(
        self,
        max_bytes: int = 64 << 20,
        develop: Callable[[Develop], None] | None = None,
    ) -> None:
        """Begin with nothing.

        Args:
            max_bytes: JPEG bytes in memory, all cameras together.
            develop: has pictures encoded soon, as `Darkroom.add`; default: at once.
        """
        self._max_bytes = max_bytes
        self._develop: Callable[[Develop], None] = develop or _at_once
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
        with self._lock:
            new = self._look(observation, camera_id)
            if not new:
                return
            view = observation.view
            boxes = {one.place_id: view.box_to_picture(one.xyxy) for one in new}
            sight = Sight(observation.frame, regions_of(observation), boxes)
            for place_id in boxes:
                self._sights[camera_id, place_id] = sight
            self._holders[sight] = len(boxes)
        self._develop(lambda: self._developed(sight))

    def of(self, camera_id: str, place_id: str) -> Sight | None:
        """Return a place's first sight, or None if it was not seen or was let go."""
        return self._sights.get((camera_id, place_id))

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
        ]
        had |= dict.fromkeys(place.place_id for place in new)
        return new

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

    def _developed(self, sight: Sight) -> None:
        """Encode a sight, and let the oldest go for it if there is no room.

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
        with self._lock:
            if sight in self._holders:
                self._counted[sight] = size_bytes
                self._bytes += size_bytes
            while self._bytes > self._max_bytes and self._sights:
                self._let_go(next(iter(self._sights)))

    def _let_go(self, key: Key) -> None:
        sight = self._sights.pop(key, None)
        if sight is None:
            return
        self._holders[sight] -= 1
        if self._holders[sight] == 0:
            del self._holders[sight]
            self._bytes -= self._counted.pop(sight, 0)


def _at_once(develop: Develop) -> None:
    develop()
