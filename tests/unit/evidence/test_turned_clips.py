"""What a camera recorded sideways is upright in its clips, and hidden where it is."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.fakes import ManualClock
from tests.footage import turned, write_clip
from vision.core.frame import Frame
from vision.core.packets import EncodedPacket
from vision.evidence.hidden import Sight
from vision.evidence.redaction import Region, RegionKind
from vision.evidence.remux import remux
from vision.evidence.shared_clip import shared_frames
from vision.evidence.transcode import decoded, encode_clip
from vision.sources.options import DecodeMode, PacketOptions
from vision.sources.packets import PacketSource

SECONDS = 3


def recorded_sideways(folder: Path, degrees: int, *, codec: str = "libx264") -> Path:
    plain = write_clip(folder / "plain.mp4", seconds=SECONDS, codec=codec, b_frames=2)
    return turned(plain, degrees)


def watched(
    clip: Path, decode: DecodeMode = "auto"
) -> tuple[list[Frame], list[EncodedPacket]]:
    """Return the analysed pictures and the packets of the latest format."""
    packets: list[EncodedPacket] = []
    source = PacketSource(
        PacketOptions(camera_id="gate", url=str(clip), period_s=0.2, decode=decode),
        clock=ManualClock(),
        on_packet=packets.append,
    )
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    latest = [one for one in packets if one.stream is packets[-1].stream]
    first = next(i for i, one in enumerate(latest) if one.is_keyframe)
    return frames, latest[first:]


def first_picture(path: Path) -> tuple[av.VideoFrame, int]:
    with av.open(str(path)) as clip:
        frame = next(clip.decode(video=0))
        return frame, frame.rotation


@pytest.mark.parametrize("decode", ["auto", "key", "full"])
@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_the_original_packets_are_shown_upright(
    tmp_path: Path, degrees: int, decode: DecodeMode
) -> None:
    _, packets = watched(recorded_sideways(tmp_path, degrees), decode)
    remux(packets, tmp_path / "clip.mp4")

    assert (first_picture(tmp_path / "clip.mp4")[1] - degrees) % 360 == 0


@pytest.mark.parametrize("degrees", [90, 180, -90])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_pictures_of_a_clip_are_upright_before_they_are_encoded_anew(
    tmp_path: Path, codec: str, degrees: int
) -> None:
    frames, packets = watched(recorded_sideways(tmp_path, degrees, codec=codec))
    encode_clip(decoded(packets), tmp_path / "proxy.mp4")
    proxy, rotation = first_picture(tmp_path / "proxy.mp4")

    assert (proxy.width, proxy.height) == (frames[0].width, frames[0].height)
    assert rotation == 0
    shown = proxy.to_ndarray(format="bgr24").astype(float)
    assert np.abs(shown - frames[0].image).mean() < 8


def test_who_is_hidden_is_hidden_where_they_stand(tmp_path: Path) -> None:
    frames, packets = watched(recorded_sideways(tmp_path, 90))
    size = frames[0].width, frames[0].height
    # The top of the upright picture: sideways it would be the right of the stored one.
    box = (0.0, 0.0, float(size[0]), 40.0)
    sights = tuple(
        Sight(at_s, size, (Region(RegionKind.PERSON, box),))
        for at_s in np.arange(0, SECONDS + 1, 1.0)
    )
    shared = list(shared_frames(decoded(packets), sights, span_s=SECONDS))

    assert shared
    for _, picture in shared:
        image = picture.to_ndarray(format="bgr24")
        assert (picture.width, picture.height) == size
        colours = np.unique(image[:36].reshape(-1, 3), axis=0)
        assert len(colours) <= 16 * 6  # one for each tile
