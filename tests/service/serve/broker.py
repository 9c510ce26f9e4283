"""A real broker (Debian's mosquitto) and somebody who listens to it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

# Debian keeps it where only root looks.
MOSQUITTO = shutil.which("mosquitto", path="/usr/bin:/usr/sbin:/usr/local/sbin")
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def broker(folder: Path, port: int) -> Iterator[None]:
    """Run mosquitto; it keeps retained messages and sessions over a restart."""
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n"
        f"persistence true\npersistence_location {folder}/\n"
    )
    process = subprocess.Popen(
        [str(MOSQUITTO), "-c", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the broker takes connections, at most ten seconds."""
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        else:
            return
    msg = f"mosquitto takes no connection on port {port}"
    raise TimeoutError(msg)


class Desk:
    """A subscriber."""

    def __init__(self, port: int) -> None:
        self.got: Queue[tuple[str, bytes, bool]] = Queue()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="desk", clean_session=False
        )
        self.client.on_message = lambda _c, _u, m: self.got.put(
            (m.topic, bytes(m.payload), m.retain)
        )
        self.client.on_connect = lambda c, *_: c.subscribe("city/#", qos=1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def take(self, count: int) -> list[tuple[str, bytes, bool]]:
        return [self.got.get(timeout=20) for _ in range(count)]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
