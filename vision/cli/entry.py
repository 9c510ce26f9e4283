"""Where the `streetwarden` command begins and ends, before anything large is loaded."""

import logging
import os
import sys
import threading
import time
from importlib import import_module

_INTERRUPTED = 130
# Threads that work in native libraries, and that a silent camera or a full machine may
# hold up longer than the command waits for them.
_NATIVE = ("source-", "feed-", "clips", "darkroom", "proof")
_GRACE_S = 1.0


def main() -> None:
    """Run the command line; Ctrl-C while it is still loading is no error either."""
    try:
        import_module("vision.cli.app").main()
    except KeyboardInterrupt:
        _leave(_INTERRUPTED)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _leave(end.code or 0)
        raise
    _leave(0)


def _leave(status: int) -> None:
    """End the process, at once where an orderly exit would abort it.

    A thread that comes back from OpenCV while the interpreter is being taken down is
    ended amid C++ code, which ends the process with "terminate called without an
    active exception" and status 134 instead of its own. All that must last is on disk
    by now: it would survive a power cut, too.
    """
    ends_s = time.monotonic() + _GRACE_S
    for thread in threading.enumerate():
        if thread.name.startswith(_NATIVE):
            thread.join(max(0.0, ends_s - time.monotonic()))
            if thread.is_alive():
                logging.shutdown()
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                os._exit(status)
    sys.exit(status)
