"""Where the `streetwarden` command begins, before anything large is imported."""

import sys
from importlib import import_module

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C while it is still loading is no error either."""
    try:
        import_module("vision.cli.app").main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
