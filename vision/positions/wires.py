"""Where a receiver's lines come from: TCP, UDP or a serial port."""

import errno
import os
import select
import socket
import termios
from typing import Protocol

from typing_extensions import override

CONNECT_TIMEOUT_S = 5.0
_CHUNK = 4096


class Wire(Protocol):
    """An open connection; used by one thread."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, at most some kilobytes; b"" if nothing did in time.

        Raises:
            OSError: it broke, or the other side closed it.
        """
        ...

    def close(self) -> None:
        """Let go of it; once, and nothing is read after."""
        ...


class _SocketWire:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.settimeout(0)

    def read(self, timeout_s: float) -> bytes:
        """Return what has come; b"" if nothing did in time.

        Raises:
            OSError: it broke, or the other side closed it.
        """
        return self._received() if _ready(self._connection, timeout_s) else b""

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def _received(self) -> bytes:
        content = self._connection.recv(_CHUNK)
        if not content:
            msg = "the other side closed the connection"
            raise ConnectionError(msg)
        return content


class _DatagramWire(_SocketWire):
    @override
    def _received(self) -> bytes:
        # A datagram ends where it ends: half a sentence has no other half.
        return self._connection.recv(65_536) + b"\n"


class _SerialWire:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, timeout_s: float) -> bytes:
        """Return what has come; b"" if nothing did in time.

        Raises:
            OSError: the device is gone.
        """
        if not _ready(self._descriptor, timeout_s):
            return b""
        content = os.read(self._descriptor, _CHUNK)
        if not content:
            msg = "the device is gone"
            raise OSError(msg)
        return content

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


def _ready(source: socket.socket | int, timeout_s: float) -> bool:
    """Wait for content or for the end; `select` itself ends at descriptor 1023."""
    poll = select.poll()
    poll.register(source, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def connect_tcp(host: str, port: int, greeting: bytes = b"") -> Wire:
    """Connect to a server that sends lines.

    Raises:
        OSError: not reachable within some seconds.
    """
    connection = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
    try:
        connection.sendall(greeting)
    except OSError:
        connection.close()
        raise
    return _SocketWire(connection)


def listen_udp(host: str, port: int) -> Wire:
    """Listen for datagrams; whoever can send to the port is believed.

    Raises:
        OSError: the port is taken, or there is no such address here.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
    )[0]
    connection = socket.socket(family, kind, protocol)
    try:
        connection.bind(address)
    except OSError as error:
        connection.close()
        if error.errno == errno.EADDRINUSE:
            msg = (
                f"another program listens at UDP port {port} already; let gpsd listen, "
                "which serves several"
            )
            raise OSError(msg) from error
        raise
    return _DatagramWire(connection)


def open_serial(path: str, baud: int) -> Wire:
    """Open a serial port: 8 data bits, no parity, raw.

    Raises:
        OSError: missing, no terminal, or not allowed to.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        speed = int(getattr(termios, f"B{baud}"))
        attributes = termios.tcgetattr(descriptor)
        attributes[0:4] = [0, 0, termios.CS8 | termios.CREAD | termios.CLOCAL, 0]
        attributes[4:6] = [speed, speed]
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    except termios.error as error:
        os.close(descriptor)
        code, text = error.args
        raise OSError(code, text, path) from error
    return _SerialWire(descriptor)
