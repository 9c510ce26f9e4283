"""Clips from real encoded streams, made here with FFmpeg."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from typing_extensions import override

from tests.fakes import ManualClock
from tests.footage import write_clip
from tests.http_camera import Camera, serving
from tests.unit.evidence.scenes import decided, observed, standing, street
from vision.core.clock import SystemClock
from vision.core.errors import EvidenceError, SinkError
from vision.core.evidence import Artifact, Evidence
from vision.core.health import HealthEvent
from vision.core.packets import EncodedPacket, StreamFormat
from vision.evidence import clips
from vision.evidence.bitstream import Framing
from vision.evidence.clips import ClipThread
from vision.evidence.manifest import Manifest
from vision.evidence.remux import remux
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.takes import ClipPolicy, Moment, Take
from vision.evidence.verify import verify_package
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource

FPS = 10
CODECS = ("libx264", "libx265", "mjpeg", "mpeg4")


def encoded(
    codec: str, seconds: float, *, container: str = "mp4"
) -> Iterator[EncodedPacket]:
    """Encode a grey ramp: the brightness of a frame tells its time."""
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as out:
        options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        stream = out.add_stream(codec, rate=FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = FPS
        for index in range(round(seconds * FPS)):
            grey = np.full((48, 64, 3), grey_at(index / FPS), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "bgr24")))
        out.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory, "r") as source:
        video = source.streams.video[0]
        context = video.codec_context
        base = video.time_base or Fraction(1, 1000)
        form = StreamFormat(
            context.codec.canonical_name, 64, 48, base, context.extradata
        )
        for packet in source.demux(video):
            if packet.size and packet.pts is not None:
                yield EncodedPacket(
                    "gate",
                    form,
                    bytes(packet),
                    packet.pts,
                    packet.dts,
                    packet.is_keyframe,
                    float(packet.pts * base),
                )


def grey_at(at_s: float) -> int:
    return int(20 + at_s * 8)


def greys(path: Path) -> list[float]:
    with av.open(str(path)) as clip:
        return [
            float(frame.to_ndarray(format="gray").mean())
            for frame in clip.decode(video=0)
        ]


def times_s(path: Path) -> list[float]:
    """Return when each picture is shown, from the first one on, seconds."""
    with av.open(str(path)) as clip:
        times = [frame.time or 0.0 for frame in clip.decode(video=0)]
    return [time_s - times[0] for time_s in times]


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[str], tuple[Path, list[Evidence]]]:
    """Record an event at 12 s of a 20 s stream."""

    def record(codec: str) -> tuple[Path, list[Evidence]]:
        late: list[Evidence] = []
        policy = StorePolicy(clips=ClipPolicy(pre_s=4, post_s=3))
        store = PackageStore(tmp_path, policy=policy, clock=ManualClock())
        store.deliver_late_to(lambda _, evidence: late.append(evidence))
        at = street(120, at_s=12.0)
        place = standing(at)
        done = False
        for packet in encoded(codec, 20):
            store.add_packet(packet)
            if packet.media_time_s >= 12 and not done:
                done = True
                store.keep(decided(at, place), observed(at, place))
        store.close(20)
        return tmp_path / "event-1", late

    return record


@pytest.mark.parametrize("codec", CODECS)
def test_a_clip_shows_the_seconds_around_the_decision(
    recorded: Callable[[str], tuple[Path, list[Evidence]]], codec: str
) -> None:
    folder, _ = recorded(codec)
    shown = greys(folder / "001-clip.mp4")

    assert grey_at(7) - 6 <= shown[0] <= grey_at(8) + 6
    assert grey_at(15) - 6 <= shown[-1] <= grey_at(16) + 6
    assert verify_package(folder, None) == []


def test_how_far_a_file_was_read_ahead_does_not_show_in_its_clip(
    tmp_path: Path,
) -> None:
    policy = StorePolicy(clips=ClipPolicy(pre_s=4, post_s=3))
    # Encoded once: two encodings may differ by a byte, which is not the matter here.
    packets = list(encoded("libx264", 20))
    clips = []
    for ahead_s in (0, 2, 7):
        root = tmp_path / str(ahead_s)
        store = PackageStore(root, policy=policy, clock=ManualClock())
        at = street(120, at_s=12.0)
        done = False
        for packet in packets:
            store.add_packet(packet)
            if packet.media_time_s >= 12 + ahead_s and not done:
                done = True
                store.keep(decided(at, standing(at)), observed(at, standing(at)))
        store.close(20)
        clips.append((root / "event-1" / "001-clip.mp4").read_bytes())

    assert clips[0] == clips[1] == clips[2]


def test_h264_packets_come_through_unchanged(tmp_path: Path) -> None:
    packets = list(encoded("libx264", 3))
    remux(packets, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        written = [bytes(p) for p in clip.demux(video=0) if p.size]

    assert written == [packet.payload for packet in packets]


def test_a_transport_stream_s_packets_make_a_playable_clip(tmp_path: Path) -> None:
    packets = list(encoded("libx264", 3, container="mpegts"))
    remux(packets, tmp_path / "clip.mp4")

    assert len(greys(tmp_path / "clip.mp4")) == 3 * FPS


class QuickCamera(Camera):
    """More pictures a second than FFmpeg takes a camera of JPEGs to send."""

    fps = 40.0


@pytest.mark.parametrize("camera", [Camera, QuickCamera])
def test_a_clip_of_pictures_that_bear_no_time_is_as_long_as_it_took(
    tmp_path: Path, camera: type[Camera]
) -> None:
    packets: list[EncodedPacket] = []
    with serving(camera) as url:
        options = PacketOptions(camera_id="gate", url=url, period_s=0.1)
        source = PacketSource(options, clock=SystemClock(), on_packet=packets.append)
        source.open()
        while not packets or packets[-1].media_time_s < 2:
            source.read()
        source.close()
    remux(packets, tmp_path / "clip.mp4")

    taken_s = [packet.media_time_s - packets[0].media_time_s for packet in packets]
    assert times_s(tmp_path / "clip.mp4") == pytest.approx(taken_s, abs=0.01)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_stamps_that_tell_the_time_are_kept(tmp_path: Path, b_frames: int) -> None:
    path = write_clip(tmp_path / "camera.flv", fps=29.97, b_frames=b_frames)
    packets: list[EncodedPacket] = []
    options = PacketOptions(camera_id="gate", url=str(path))
    source = PacketSource(options, clock=ManualClock(), on_packet=packets.append)
    source.open()
    while source.read() is not None:
        pass
    source.close()
    remux(packets, tmp_path / "clip.mp4")
    camera_s, clip_s = times_s(path), times_s(tmp_path / "clip.mp4")

    assert clip_s == pytest.approx(camera_s, abs=1e-4)


@pytest.mark.parametrize("codec", ["libx265", "mjpeg"])
def test_a_stream_that_browsers_do_not_play_gets_a_copy_that_they_do(
    recorded: Callable[[str], tuple[Path, list[Evidence]]], codec: str
) -> None:
    folder, late = recorded(codec)
    with av.open(str(folder / "001-clip_proxy.mp4")) as proxy:
        kind = proxy.streams.video[0].codec_context.name

    assert kind == "h264"
    assert {"clip", "clip_proxy"} <= {a.role for a in late[0].artifacts}


def test_the_manifest_says_how_a_clip_was_made(
    recorded: Callable[[str], tuple[Path, list[Evidence]]],
) -> None:
    folder, _ = recorded("libx264")
    files = json.loads((folder / "manifest.json").read_text())["files"]
    note = next(file["note"] for file in files if file["role"] == "clip")

    assert note == "original h264 packets, not re-encoded"


def test_a_source_without_packets_gets_an_encoded_clip_that_says_so(
    tmp_path: Path,
) -> None:
    policy = StorePolicy(clips=ClipPolicy(pre_s=4, post_s=3))
    store = PackageStore(tmp_path, policy=policy)
    for index in range(20):
        at = street(index, at_s=float(index))
        place = standing(at)
        store.observe(observed(at, place))
        if index == 12:
            store.keep(decided(at, place), observed(at, place))
    store.close(20)
    files = json.loads((tmp_path / "event-1" / "manifest.json").read_text())["files"]
    note = next(file["note"] for file in files if file["role"] == "clip")
    shown = greys(tmp_path / "event-1" / "001-clip.mp4")

    assert note == "encoded from sampled pictures: the source gives no packets"
    assert len(shown) == 8  # 8 s to 15 s, one picture per second


def test_packets_without_a_key_frame_are_refused(tmp_path: Path) -> None:
    packets = [p for p in encoded("libx264", 2) if not p.is_keyframe]

    with pytest.raises(EvidenceError, match="key frame"):
        remux(packets, tmp_path / "clip.mp4")


def test_a_clip_is_sealed_although_its_camera_falls_silent(tmp_path: Path) -> None:
    clock = ManualClock()
    store = PackageStore(tmp_path, clock=clock)
    late: list[Evidence] = []
    store.deliver_late_to(lambda _, evidence: late.append(evidence))
    at = street(30, at_s=3.0)
    for packet in encoded("libx264", 3):
        store.add_packet(packet)
    store.keep(decided(at, standing(at)), observed(at, standing(at)))
    store.close(20)

    assert "clip" in {artifact.role for artifact in late[0].artifacts}


class Told:
    """Remembers the clips it is told of."""

    def __init__(self) -> None:
        self.clips: list[tuple[str, Evidence]] = []
        self.done = threading.Event()

    def __call__(self, event_id: str, evidence: Evidence) -> None:
        self.clips.append((event_id, evidence))
        self.done.set()


def clipped(store: PackageStore, number: int = 1) -> None:
    at = street(number)
    place = standing(at)
    store.observe(observed(at, place))
    seen = observed(at, place)
    store.keep(decided(at, place, event_id=f"event-{number}"), seen)


def test_a_clip_that_nobody_could_be_told_of_is_offered_after_a_restart(
    tmp_path: Path,
) -> None:
    def refuse(event_id: str, evidence: Evidence) -> None:
        del event_id, evidence
        msg = "outbox.db: no space left"
        raise SinkError(msg)

    store = PackageStore(tmp_path)
    store.deliver_late_to(refuse)
    clipped(store)
    store.close(10)
    told = Told()
    again = PackageStore(tmp_path)
    again.deliver_late_to(told)
    assert told.done.wait(10)
    again.close(10)
    third: list[str] = []
    last = PackageStore(tmp_path)
    last.deliver_late_to(lambda event_id, _: third.append(event_id))
    last.close(10)

    assert [event_id for event_id, _ in told.clips] == ["event-1"]
    roles = {a.role for a in told.clips[0][1].artifacts}
    assert roles == {"clip", "clip_redacted", "manifest"}
    assert third == []


def test_more_clips_than_allowed_are_not_begun(tmp_path: Path) -> None:
    policy = StorePolicy(clips=ClipPolicy(max_takes=2))
    store = PackageStore(tmp_path, policy=policy)
    for number in range(5):
        clipped(store, number)
    store.close(20)

    assert len(list(tmp_path.glob("*/001-clip.mp4"))) == 2


def test_a_step_kept_again_after_a_crash_gets_the_clip_it_lacks(tmp_path: Path) -> None:
    crashed = PackageStore(tmp_path)
    clipped(crashed)  # never closed: its clip is still waiting for the post-roll
    again = PackageStore(tmp_path)
    clipped(again)
    again.close(20)

    assert (tmp_path / "event-1" / "001-clip.mp4").exists()
    assert verify_package(tmp_path / "event-1", None) == []


@pytest.mark.parametrize("extra", [b"\x01d\x00\r\xff\xe1\x00", b"\x01", b"\x01d\x00\r"])
def test_codec_parameters_cut_short_are_refused(extra: bytes) -> None:
    form = StreamFormat("h264", 64, 48, Fraction(1, 1000), extra)

    with pytest.raises(EvidenceError, match="cut short"):
        Framing(form)


def test_a_damaged_packet_costs_the_clip_not_the_package(tmp_path: Path) -> None:
    health: list[HealthEvent] = []
    store = PackageStore(tmp_path, clock=ManualClock(), on_health=health.append)
    for packet in encoded("libx264", 3):
        store.add_packet(replace(packet, payload=b"\x7f" + packet.payload[1:]))
    at = street(2, at_s=2.0)
    store.keep(decided(at, standing(at)), observed(at, standing(at)))
    store.close(20)

    assert not list(tmp_path.glob("*/*.mp4*"))
    assert verify_package(tmp_path / "event-1", None) == []
    assert "no clip" in health[0].detail


def filled(store: PackageStore, codec: str = "libx264") -> None:
    """Record an event of a camera whose packets can be had."""
    for packet in encoded(codec, 3):
        store.add_packet(packet)
    at = street(2, at_s=2.0)
    store.observe(observed(at, standing(at)))
    store.keep(decided(at, standing(at)), observed(at, standing(at)))
    store.close(20)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), EvidenceError("no picture")]
)
def test_a_copy_that_cannot_be_made_does_not_cost_the_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def encode(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(clips, "encode_clip", encode)
    filled(PackageStore(tmp_path, clock=ManualClock()), "libx265")
    folder = tmp_path / "event-1"

    assert [path.name for path in folder.glob("*.mp4*")] == ["001-clip.mp4"]
    assert "001-clip.mp4" in (folder / "manifest.json").read_text()
    assert verify_package(folder, None) == []


def test_what_fails_in_an_unforeseen_way_leaves_no_clip_without_a_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(*_: object, **__: object) -> int:
        msg = "no memory for the encoder"
        raise RuntimeError(msg)

    monkeypatch.setattr(clips, "encode_clip", encode)
    filled(PackageStore(tmp_path, clock=ManualClock()))

    assert not list(tmp_path.glob("*/*.mp4*"))
    assert verify_package(tmp_path / "event-1", None) == []


class FullAtTheClip(Sealer):
    """Seals steps; the disk is full when the clip comes."""

    @override
    def seal(self, folder: Path, revision: Manifest) -> tuple[Artifact, ...]:
        if any(entry.artifact.role == "clip" for entry in revision.entries):
            raise OSError(28, "No space left on device")
        return super().seal(folder, revision)


def test_a_clip_that_cannot_be_sealed_is_removed(tmp_path: Path) -> None:
    clock = ManualClock()
    filled(PackageStore(tmp_path, sealer=FullAtTheClip(tmp_path, clock=clock)))

    assert (tmp_path / "event-1" / "manifest.json").exists()
    assert not list(tmp_path.glob("*/*.mp4*"))
    assert verify_package(tmp_path / "event-1", None) == []


def test_a_reconnected_camera_ends_the_clip_at_the_break(tmp_path: Path) -> None:
    told = Told()
    store = PackageStore(tmp_path, clock=ManualClock())
    store.deliver_late_to(told)
    for packet in encoded("libx264", 3):
        store.add_packet(packet)
    at = street(2, at_s=2.0)
    store.keep(decided(at, standing(at)), observed(at, standing(at)))
    for packet in encoded("libx264", 1):
        store.add_packet(replace(packet, media_time_s=packet.media_time_s + 4))
    assert told.done.wait(20)
    store.close(20)

    assert len(greys(tmp_path / "event-1" / "001-clip.mp4")) == 3 * FPS


def test_the_rest_is_looked_after_while_takes_come_without_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clips, "_TICK_S", 0.02)
    looked_after = threading.Event()
    written: list[Take] = []

    def finish(take: Take) -> None:
        written.append(take)
        if not looked_after.wait(0.005) and len(written) < 1000:
            thread.add(take)  # the queue is never empty

    moment = Moment("e1", 1, "gate", 0.0, datetime(2026, 5, 4, tzinfo=UTC))
    thread = ClipThread(finish, looked_after.set)
    thread.add(Take(moment, 0.0, 0.0, Future()))

    assert looked_after.wait(10)
    assert len(written) < 1000
    thread.stop(10)
