"""What goes wrong between a camera and the engine, drawn in advance from a seed."""

import random
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Kind = Literal["stall", "cut", "garbage", "noise", "resolution"]

# Seconds that each kind lasts, shortest and longest. A read time-out of 10 s lies
# within the stalls; a changed resolution is kept for more than one pass of the film.
LASTS_S: dict[Kind, tuple[float, float]] = {
    "stall": (2.0, 40.0),
    "cut": (1.0, 40.0),
    "garbage": (2.0, 15.0),
    "noise": (1.0, 1.0),
    "resolution": (100.0, 240.0),
}
_KINDS: tuple[Kind, ...] = tuple(LASTS_S)
_SPOILT_EACH = 2_000  # garbage: one byte in so many is another
_NOISE_BYTES = 4_096
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        camera: which one's line, from 0.
        kind: what; `garbage` spoils bytes for a while, `noise` adds some once.
        at_s: when it begins, seconds of active run time.
        lasts_s: for how long.
    """

    camera: int
    kind: Kind
    at_s: float
    lasts_s: float


def draw_faults(
    seed: int, *, cameras: int, seconds: float, every_s: float
) -> list[Fault]:
    """Return the faults of a whole run, in order of time.

    Args:
        seed: the same one gives the same faults.
        cameras: how many lines there are.
        seconds: length of the run; its last minute is left whole.
        every_s: mean time between the end of a line's fault and its next.
    """
    faults = []
    for camera in range(cameras):
        rng = random.Random(f"{seed}/{camera}")
        at_s = rng.expovariate(1 / every_s)
        while at_s < seconds - 60:
            kind = rng.choice(_KINDS)
            lasts_s = rng.uniform(*LASTS_S[kind])
            faults.append(Fault(camera, kind, at_s, lasts_s))
            at_s += lasts_s + rng.expovariate(1 / every_s)
    return sorted(faults, key=lambda fault: fault.at_s)


class FaultyLine:
    """A TCP line from a free port to a camera, on which faults can be switched on."""

    def __init__(self, to_ports: Sequence[int], seed: int) -> None:
        """Listen.

        Args:
            to_ports: of the camera; the second is its other resolution.
            seed: of the garbage.
        """
        self._to_ports = tuple(to_ports)
        self._rng = random.Random(seed)
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._active: set[Kind] = set()
        self._noise_due = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self, kind: Kind) -> None:
        """Let a fault begin."""
        self._active.add(kind)
        if kind == "stall":
            self._flowing.clear()
        elif kind == "noise":
            self._noise_due = 1
        elif kind in {"cut", "resolution"}:
            self._break()

    def end(self, kind: Kind) -> None:
        """Let a fault end."""
        self._active.discard(kind)
        if kind == "stall":
            self._flowing.set()
        elif kind == "resolution":
            self._break()

    def close(self) -> None:
        """Cut the line for good."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._flowing.set()
        self._break()

    def _break(self) -> None:
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = self._connect()
                if far is None:
                    near.close()
                    continue
                with self._lock:
                    self._ends |= {near, far}
                for source, sink, spoils in ((near, far, False), (far, near, True)):
                    threading.Thread(
                        target=self._carry,
                        args=(source, sink),
                        kwargs={"spoils": spoils},
                        daemon=True,
                    ).start()

    def _connect(self) -> socket.socket | None:
        if "cut" in self._active:
            return None
        port = self._to_ports[1 if "resolution" in self._active else 0]
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except OSError:
            return None

    def _carry(
        self, source: socket.socket, sink: socket.socket, *, spoils: bool
    ) -> None:
        source.settimeout(None)
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                self._flowing.wait()
                sink.sendall(self._spoilt(chunk) if spoils else chunk)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._ends -= {source, sink}
        source.close()

    def _spoilt(self, chunk: bytes) -> bytes:
        if self._noise_due:
            self._noise_due = 0
            return chunk + self._rng.randbytes(_NOISE_BYTES)
        if "garbage" not in self._active:
            return chunk
        spoilt = bytearray(chunk)
        for _ in range(max(1, len(chunk) // _SPOILT_EACH)):
            spoilt[self._rng.randrange(len(spoilt))] = self._rng.randrange(256)
        return bytes(spoilt)
