"""The clip that may be shared: fewer, smaller pictures with everybody hidden."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from av.video.frame import VideoFrame

from vision.core.arrays import ImageU8
from vision.core.packets import EncodedPacket
from vision.core.ports import Clock
from vision.evidence.hidden import Sight, regions_at
from vision.evidence.redaction import Region
from vision.evidence.transcode import TimedFrame

_WIDTH = 960
_FPS = 5.0
_MOST = 64  # pictures of 0.8 MB each that are held while the street is learned
_CELL_PX = 8  # of the maps that show where something moves
_CHANGED = 10  # grey levels of a cell's mean; noise and compression stay below
_FEWEST = 5  # pictures of which most show the street itself, not who stands there
_TILES = 16  # across the picture: a face has one, a plate two or three


@dataclass(frozen=True, slots=True)
class SharedCut:
    """What a shared copy is made with.

    Attributes:
        sights: what had to be hidden in the analysed pictures.
        fluent: whether pictures between key frames are shown; they are in any case
            where there are too few key frames to tell who moves.
        give_way: called before each picture: whoever is more urgent may go first.
    """

    sights: tuple[Sight, ...]
    fluent: bool = True
    give_way: Callable[[], None] = lambda: None

    def in_turn(self, frames: Iterable[TimedFrame]) -> Iterator[TimedFrame]:
        """Yield pictures, each when it is its turn."""
        for one in frames:
            self.give_way()
            yield one

    def key_frames_only(self, packets: Sequence[EncodedPacket]) -> bool:
        """Return whether the key frames of a clip are all that it shows."""
        if self.fluent:
            return False
        return sum(packet.is_keyframe for packet in packets) >= _FEWEST


class SharedPace:
    """Says which shared copies may be fluent, so that all of them stay affordable.

    A fluent copy of 15 s of 1080p25 takes 1.1 s of CPU, most of it decoding; one of
    its key frames 0.1 s. Few events a day are all fluent. Where they are dense, one
    in `every_s` is: that is at most 1 % of a core, and none waits for another.
    """

    def __init__(self, clock: Clock, *, every_s: float = 120.0) -> None:
        """Begin with a fluent one.

        Args:
            clock: monotonic time.
            every_s: shortest time between two fluent copies, seconds.
        """
        self._clock = clock
        self._every_s = every_s
        self._again_s = -np.inf

    def fluent(self, *, waiting: int) -> bool:
        """Return whether the next copy may be fluent.

        Args:
            waiting: clips that are not written, the next one included.
        """
        now_s = self._clock.monotonic_s()
        if waiting > 1 or now_s < self._again_s:
            return False
        self._again_s = now_s + self._every_s
        return True


@dataclass(frozen=True, slots=True)
class _Kept:
    """A picture of the clip, small."""

    at_s: float
    planes: ImageU8  # (1.5 * H, W) I420


def shared_frames(
    frames: Iterable[TimedFrame], sights: tuple[Sight, ...], *, span_s: float
) -> Iterator[TimedFrame]:
    """Yield pictures of a clip in which nobody can be recognised.

    What is hidden keeps one colour per tile of a sixteenth of the picture's width.

    Hidden is what the analysed pictures before and after had to hide, the way between,
    and whatever differs from the street as it looks most of the time: someone whom no
    analysed picture shows is seen only where they stand still for half the clip. A
    picture that no analysed one is near to is hidden altogether, and so is all of a
    camera that moves.

    Args:
        frames: (media time, picture), rising in time; all of a clip.
        sights: what had to be hidden in the analysed pictures, of any size: a stream's
            may change before or after the clip.
        span_s: length of the clip, seconds; sets how many pictures are kept.
    """
    step_s = max(1 / _FPS, span_s / (_MOST - 2))
    kept = list(_thinned(frames, step_s))
    if not kept:
        return
    height, width = kept[0].planes.shape[0] * 2 // 3, kept[0].planes.shape[1]
    fitted = tuple(sight.fitted((width, height)) for sight in sights)
    moves = _moving([one.planes for one in kept])
    for one, mask in zip(kept, moves, strict=True):
        image = np.asarray(cv2.cvtColor(one.planes, cv2.COLOR_YUV2BGR_I420), np.uint8)
        hidden = _hide(image, regions_at(fitted, one.at_s), mask)
        yield one.at_s, VideoFrame.from_ndarray(hidden, format="bgr24")


def _thinned(frames: Iterable[TimedFrame], step_s: float) -> Iterator[_Kept]:
    due_s = -np.inf
    size: tuple[int, int] | None = None
    for at_s, frame in frames:
        if at_s < due_s:
            continue
        due_s = at_s + step_s * 0.99
        if size is None:
            scale = min(1.0, _WIDTH / frame.width)
            size = _even(frame.width * scale), _even(frame.height * scale)
        small = frame.reformat(*size, format="yuv420p")
        yield _Kept(at_s, np.asarray(small.to_ndarray(), np.uint8))


def _even(length: float) -> int:
    return max(16, round(length / 2) * 2)


def _moving(pictures: list[ImageU8]) -> Iterator[ImageU8]:
    """Yield per picture where it differs from the street, as (h, w) uint8 0 or 1."""
    maps = np.stack([_map(planes) for planes in pictures])
    street = np.median(maps, axis=0)
    for index, here in enumerate(maps):
        changed = np.abs(here - street) > _CHANGED
        for other in maps[max(0, index - 1) : index + 2]:
            changed |= np.abs(here - other) > _CHANGED
        grown = cv2.dilate(changed.astype(np.uint8), np.ones((5, 5), np.uint8))
        yield np.asarray(grown, np.uint8)


def _map(planes: ImageU8) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    size = max(1, width // _CELL_PX), max(1, height // _CELL_PX)
    return cv2.resize(planes[:height], size, interpolation=cv2.INTER_AREA).astype(
        np.float32
    )


def _hide(
    image: ImageU8, regions: tuple[Region, ...] | None, moving: ImageU8
) -> ImageU8:
    height, width = image.shape[:2]
    tiles = _TILES, max(1, round(_TILES * height / width))
    # INTER_AREA averages every pixel of a tile: nothing finer survives.
    coarse = cv2.resize(image, tiles, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    if regions is None:
        return np.asarray(coarse, np.uint8)
    mask = cv2.resize(moving, (width, height), interpolation=cv2.INTER_NEAREST)
    for region in regions:
        x1, y1, x2, y2 = region.xyxy
        low, high = (int(x1), int(y1)), (int(np.ceil(x2)), int(np.ceil(y2)))
        cv2.rectangle(mask, low, high, color=(1,), thickness=cv2.FILLED)
    cv2.copyTo(coarse, mask, image)
    return image
