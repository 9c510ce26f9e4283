"""Plays a clip to many cameras in real time; a process of its own.

    python -m vision.bootstrap.bench.feeder CLIP CAMERAS SECONDS SPREAD_S

Prints a line of JSON with the ports, then one per camera when its stream begins: when,
on the machine's monotonic clock. Ends when its standard input is closed.
"""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from vision.bootstrap.bench.footage import Chunk, transport_stream


def main(arguments: Sequence[str]) -> None:
    """Serve until nobody listens."""
    clip, cameras, seconds, spread_s = arguments
    chunks = transport_stream(Path(clip), float(seconds))
    listeners = [_listener() for _ in range(int(cameras))]
    _say({"ports": [listener.getsockname()[1] for listener in listeners]})
    for number, listener in enumerate(listeners):
        # Cameras are not in step: each begins a little after the one before.
        delay_s = float(spread_s) * number / len(listeners)
        threading.Thread(
            target=_serve, args=(number, listener, delay_s, chunks), daemon=True
        ).start()
    sys.stdin.read()
    _say({"cpu_s": sum(os.times()[:2])})


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(120)
    return listener


def _serve(
    number: int, listener: socket.socket, delay_s: float, chunks: Sequence[Chunk]
) -> None:
    """Play the stream to the one client of a camera."""
    try:
        client, _ = listener.accept()
        time.sleep(delay_s)
        began_s = time.monotonic()
        _say({"camera": number, "began_s": began_s})
        with client:
            for chunk in chunks:
                wait_s = began_s + chunk.at_s - time.monotonic()
                if wait_s > 0:
                    time.sleep(wait_s)
                client.sendall(chunk.payload)
    except OSError:
        return  # the engine went away, or never came


def _say(record: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
