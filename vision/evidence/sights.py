"""The first picture of every place that stands, kept in case it becomes a case."""

import hashlib
from collections import OrderedDict
from dataclasses import replace

from vision.core.observation import Observation
from vision.core.places import PlaceState
from vision.evidence.pictures import (
    SHARED_WIDTH,
    Picture,
    at_most,
    decode,
    encode,
    picture_of,
)
from vision.evidence.redaction import Region, people_of, redact, regions_of

Key = tuple[str, str]


class Sight:
    """A picture with what must be hidden in its shared copy."""

    __slots__ = ("picture", "regions")

    def __init__(self, picture: Picture, regions: tuple[Region, ...]) -> None:
        """Keep both."""
        self.picture = picture
        self.regions = regions

    def redacted(self, *, plates: bool = False) -> Picture:
        """Return the shared copy, or one that hides people only.

        Raises:
            EvidenceError: the picture cannot be encoded.
        """
        regions = people_of(self.regions) if plates else self.regions
        hidden = redact(decode(self.picture.jpeg), regions)
        jpeg = encode(at_most(hidden, SHARED_WIDTH))
        digest = hashlib.sha256(jpeg).hexdigest()
        return replace(self.picture, jpeg=jpeg, sha256=digest)


class FirstSights:
    """First pictures by place, as JPEG, bounded in bytes.

    Places that came into view together share one picture. When the bytes run out,
    the place that was seen first goes first: it has had the longest time to open.
    A place that ended is forgotten one frame later, after its last step was kept.
    """

    def __init__(self, max_bytes: int = 64 << 20) -> None:
        """Begin with nothing.

        Args:
            max_bytes: JPEG bytes in memory, all cameras together.
        """
        self._max_bytes = max_bytes
        self._sights: OrderedDict[Key, Sight] = OrderedDict()
        self._ended: dict[str, list[Key]] = {}
        self._holders: dict[str, int] = {}
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """JPEG bytes held now."""
        return self._bytes

    def observe(self, observation: Observation) -> None:
        """Remember this frame for the places that are new in it.

        Raises:
            EvidenceError: the frame cannot be encoded.
        """
        camera_id = observation.frame.camera_id
        for key in self._ended.pop(camera_id, []):
            self._drop(key)
        new: list[Key] = []
        for place in observation.places:
            key = (camera_id, place.place_id)
            if place.state is PlaceState.ENDED:
                self._ended.setdefault(camera_id, []).append(key)
            elif key not in self._sights and place.state is PlaceState.STANDING:
                new.append(key)
        if new:
            sight = Sight(picture_of(observation.frame), regions_of(observation))
            for key in new:
                self._add(key, sight)

    def of(self, camera_id: str, place_id: str) -> Sight | None:
        """Return a place's first sight, or None if it was not seen or is forgotten."""
        return self._sights.get((camera_id, place_id))

    def _add(self, key: Key, sight: Sight) -> None:
        self._sights[key] = sight
        held = self._holders.get(sight.picture.sha256, 0)
        self._holders[sight.picture.sha256] = held + 1
        if held == 0:
            self._bytes += len(sight.picture.jpeg)
        while self._bytes > self._max_bytes and self._sights:
            self._drop(next(iter(self._sights)))

    def _drop(self, key: Key) -> None:
        sight = self._sights.pop(key, None)
        if sight is None:
            return
        digest = sight.picture.sha256
        self._holders[digest] -= 1
        if self._holders[digest] == 0:
            del self._holders[digest]
            self._bytes -= len(sight.picture.jpeg)
