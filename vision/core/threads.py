"""Threads that let others go first."""

import contextlib
import os
import threading


def stand_back(nice: int) -> None:
    """Let the process's other threads go first; called by the thread itself.

    Linux alone has a niceness per thread; elsewhere nothing changes. It cannot be
    taken back, and a lock that such a thread holds is held for long on a busy machine:
    let it hold none that others wait for.

    Args:
        nice: 0 to 19; each step is worth about a quarter less of a busy core.
    """
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
