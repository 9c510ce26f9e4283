"""What kept a message from arriving: a word for programs, a line for people."""

import ssl
from collections.abc import Iterator
from enum import StrEnum

import httpx


class Fault(StrEnum):
    """Where an attempt by webhook came to its end.

    Attributes:
        ADDRESS: it may not be called.
        NAME: the host's name leads nowhere.
        CONNECTION: nobody there takes a connection.
        TLS: no secure connection came about, mostly for its certificate.
        SILENCE: nothing came in time.
        BROKEN: the connection ended, or what came is no HTTP.
        ANSWER: it answered, but not 2xx.
        KEY: the service cannot read its own secret, so it sent nothing.
    """

    ADDRESS = "address"
    NAME = "name"
    CONNECTION = "connection"
    TLS = "tls"
    SILENCE = "silence"
    BROKEN = "broken"
    ANSWER = "answer"
    KEY = "key"


_ENDED = "the receiver ended the connection"


def fault_of(error: httpx.HTTPError) -> tuple[Fault, str]:
    """Return what an error of the client means, and the system's own words for it."""
    if isinstance(error, httpx.TimeoutException):
        return Fault.SILENCE, "nothing came"
    *_, first = _causes(error)
    if isinstance(first, ssl.SSLEOFError | ConnectionResetError):
        return Fault.BROKEN, _ENDED
    if isinstance(first, ssl.SSLError):
        return Fault.TLS, str(first)
    if isinstance(error, httpx.ConnectError):
        return Fault.CONNECTION, str(first)
    return Fault.BROKEN, str(first) or _ENDED


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__
