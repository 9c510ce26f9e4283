"""A camera for tests: serves a looped H.264 file by RTSP through GStreamer.

Runs under the system's Python, which has GStreamer's bindings, as a program of its own;
prints `ready PORT`. Every client gets the file from its first picture. With
`--cameras N` there are N addresses, and each beginning of the file is printed as
`pass CAMERA NUMBER`. With `--going-on` a client gets what the camera shows now, from
the key frame before: whoever connects again has missed what came meanwhile.
"""

import argparse
import itertools
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]  # lives with the system

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402 the system's Python has gi; versions come first
    GLib,
    Gst,
    GstRtsp,
    GstRtspServer,
)

_LAUNCH = (
    "( appsrc name=camera is-live=true format=time block=false max-bytes=400000 "
    'caps="video/x-h264,stream-format=byte-stream,alignment=au" '
    "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
_MOST_LATE_NS = 2_000_000_000
_PARAMETERS = 7  # a key frame brings its parameter sets
_SLICES = {1, 5}
_NAL = re.compile(rb"\x00\x00\x00?\x01")


def pictures_of(stream: bytes) -> list[bytes]:
    """Split raw H.264 into pictures, parameter sets with the picture they precede."""
    pictures: list[bytes] = []
    begin, has_slice = 0, False
    for match in _NAL.finditer(stream):
        kind, head = stream[match.end()] & 31, stream[match.end() + 1]
        # The first slice of a picture starts at macroblock 0, coded as a 1 bit.
        continues = kind in _SLICES and not head & 0x80
        if has_slice and not continues:
            pictures.append(stream[begin : match.start()])
            begin, has_slice = match.start(), False
        has_slice = has_slice or kind in _SLICES
    return [*pictures, stream[begin:]]


def key_before(pictures: list[bytes], number: int) -> int:
    """Return the number of the last picture up to `number` that starts with a key."""
    while pictures[number % len(pictures)][4] & 31 != _PARAMETERS:
        number -= 1
    return number


def feed(
    media: Any, pictures: list[bytes], fps: int, name: str | None, first: int
) -> None:
    """Give a client's pipeline one picture after another, for ever.

    A server that was stopped for a while goes on where it was, after a gap in its
    time stamps: a camera does not send an hour of pictures in a burst.
    """
    element = media.get_element()
    source = element.get_child_by_name("camera")
    numbers = itertools.count(first)
    late_ns = 0

    def more(source: Any, _: int) -> None:
        nonlocal late_ns
        i = next(numbers)
        at_ns = (i - first) * Gst.SECOND // fps
        clock = element.get_clock()
        if clock is not None and element.get_base_time() > 0:
            behind_ns = clock.get_time() - element.get_base_time() - at_ns - late_ns
            if behind_ns > _MOST_LATE_NS:
                late_ns += behind_ns
        if name is not None and i % len(pictures) == 0:
            # One write: the lines of many cameras' threads must not mix.
            os.write(1, f"pass {name} {i // len(pictures)}\n".encode())
        buffer = Gst.Buffer.new_wrapped(pictures[i % len(pictures)])
        buffer.pts = buffer.dts = at_ns + late_ns
        buffer.duration = Gst.SECOND // fps
        source.emit("push-buffer", buffer)

    source.connect("need-data", more)


def require_login(server: Any, factory: Any, user: str, password: str) -> None:
    """Let in nobody but `user`."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(user, "media.factory.access", True)  # noqa: FBT003 GStreamer's signature
    permissions.add_permission_for_role(user, "media.factory.construct", True)  # noqa: FBT003 GStreamer's signature
    factory.set_permissions(permissions)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path, help="raw H.264 (Annex B), no B-frames")
    parser.add_argument("--port", default="0")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--cameras", type=int, default=0, help="/cam0, /cam1 ...")
    parser.add_argument("--going-on", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password")
    args = parser.parse_args()
    Gst.init(None)
    pictures = pictures_of(args.file.read_bytes())
    began_s = time.monotonic()

    def configure(_: Any, media: Any, name: str | None) -> None:
        passed = int((time.monotonic() - began_s) * args.fps) if args.going_on else 0
        feed(media, pictures, args.fps, name, key_before(pictures, passed))

    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(args.port)
    names: list[str | None] = [f"cam{k}" for k in range(args.cameras)]
    for name in names or [None]:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(_LAUNCH)
        factory.connect("media-configure", configure, name)
        if args.user:
            require_login(server, factory, args.user, args.password)
        server.get_mount_points().add_factory(f"/{name or 'cam'}", factory)
    if not server.attach(None):
        sys.exit("cannot listen")
    print(f"ready {server.get_bound_port()}", flush=True)  # noqa: T201 how it answers
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
