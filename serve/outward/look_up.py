"""From a name to addresses, in bounded time: the system's look-up knows no limit."""

import socket
import threading
from concurrent.futures import Future

# Look-ups at once. One that got no answer goes on until the system gives it up.
AT_ONCE = 32
_room = threading.BoundedSemaphore(AT_ONCE)


def addresses_of(host: str, port: int, *, within_s: float) -> list[str]:
    """Return the addresses of a host, each once, the preferred one first.

    Args:
        host: name or IP address.
        port: which is to be called there.
        within_s: longest wait for the resolver, seconds.

    Raises:
        OSError: the name cannot be resolved, or not in time.
    """
    silence = f"no answer from the resolver within {within_s:g} s"
    if not _room.acquire(timeout=within_s):
        raise TimeoutError(silence)
    found: Future[list[str]] = Future()

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:
            found.set_exception(error)
        else:
            found.set_result(list(dict.fromkeys(str(one[4][0]) for one in entries)))
        finally:
            _room.release()

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        return found.result(within_s)
    except TimeoutError as error:
        raise TimeoutError(silence) from error
