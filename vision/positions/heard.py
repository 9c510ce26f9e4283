"""What one line of a receiver turns out to be."""

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from vision.positions.reading import Reading


class Heard(Enum):
    """A line without a position."""

    NO_FIX = "no fix"  # the receiver says that it does not know where it is
    OTHER = "other"  # something else: satellites, greetings


Decoder: TypeAlias = Callable[[bytes], Reading | Heard]
"""Reads one line; remembers what belongs together, so each connection has its own.
Raises ValueError for what is no line of its protocol, or a broken one."""
