"""What of a file is sent: parts, when somebody seeks in a clip; nothing to who has it.

RFC 9110, sections 13.1.2 and 14: one range of bytes is served; several at once are
answered with the whole file, which the RFC allows.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header

from serve.errors import RangeNotSatisfiable

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*")


@dataclass(frozen=True, slots=True)
class Asked:
    """The headers that ask for a part, or name the versions that are there."""

    range: str | None
    if_range: str | None
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` (included) to `stop` (not included)."""

    start: int
    stop: int
    partial: bool


def asked_range(
    range_: Annotated[
        str | None, Header(alias="Range", description="e.g. `bytes=0-1023`")
    ] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[
        str | None, Header(description="ETags of what you have; then 304")
    ] = None,
) -> Asked:
    """Return what a request asks for."""
    return Asked(range_, if_range, if_none_match)


def is_there(asked: Asked, etag: str) -> bool:
    """Return whether the caller has this version of a file already."""
    known = (asked.if_none_match or "").split(",")
    return bool({one.strip().removeprefix("W/") for one in known} & {etag, "*"})


def part_of(asked: Asked, size: int, etag: str) -> Part:
    """Return which bytes of a file to send.

    Args:
        asked: the request's headers.
        size: of the file, bytes.
        etag: of the file; a range of another version is answered with the whole.

    Raises:
        RangeNotSatisfiable: the range lies outside.
    """
    whole = Part(0, size, partial=False)
    if asked.range is None or asked.if_range not in {None, etag}:
        return whole
    found = _RANGE.fullmatch(asked.range)
    if found is None or found.groups() == ("", ""):
        return whole
    first, last = found.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if last and first and int(last) < int(first):
        return whole  # malformed ranges are to be ignored
    if start >= stop:
        msg = f"Range: got {asked.range}; the file has {size} bytes"
        raise RangeNotSatisfiable(msg, headers={"Content-Range": f"bytes */{size}"})
    return Part(start, stop, partial=True)
