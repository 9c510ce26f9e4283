"""Which camera, file or folder a camera's settings mean."""

from typing import assert_never

from vision.config.cameras import CameraSettings
from vision.config.sources import ImagesSource, OpenCVSource, PacketsSource
from vision.core.packets import PacketListener
from vision.core.ports import Clock, FrameSource, HealthListener
from vision.sources.images import ImageSource
from vision.sources.opencv import OpenCVSource as OpenCVStream
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource


def build_source(
    camera: CameraSettings,
    *,
    clock: Clock,
    on_health: HealthListener | None = None,
    on_packet: PacketListener | None = None,
    reduced_px: int | None = None,
) -> FrameSource:
    """Return a camera's source; nothing is opened yet.

    Args:
        camera: what the site says.
        clock: wall time.
        on_health: told of gaps, jumps and changes of size.
        on_packet: given the encoded packets, where the source has any.
        reduced_px: the analysis reads pictures no longer than this.
    """
    source = camera.source
    match source:
        case PacketsSource():
            return PacketSource(
                PacketOptions(
                    camera_id=camera.id,
                    url=source.url,
                    period_s=camera.period_s,
                    open_timeout_s=source.open_timeout_s,
                    read_timeout_s=source.read_timeout_s,
                    starts_at=source.starts_at,
                    decode=source.decode,
                    sub_url=source.sub_url,
                    longest_side_px=source.longest_side_px,
                    reduced_px=reduced_px,
                    hardware=source.hardware,
                    hardware_fallback=source.hardware_fallback,
                    rtsp_transport=source.rtsp_transport,
                ),
                clock=clock,
                on_health=on_health,
                on_packet=on_packet,
            )
        case OpenCVSource():
            options = StreamOptions(
                camera_id=camera.id,
                url=source.url,
                period_s=camera.period_s,
                open_timeout_s=source.open_timeout_s,
                read_timeout_s=source.read_timeout_s,
                starts_at=source.starts_at,
            )
            return OpenCVStream(options, clock=clock, on_health=on_health)
        case ImagesSource():
            options = StreamOptions(
                camera_id=camera.id,
                url=str(source.path),
                period_s=camera.period_s,
                starts_at=source.starts_at,
            )
            return ImageSource(options, clock=clock, on_health=on_health)
        case _:
            assert_never(source)
