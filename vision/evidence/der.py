"""The little of DER (ITU-T X.690) that time-stamps need."""

from collections.abc import Iterator
from dataclasses import dataclass

from vision.core.errors import EvidenceError

INTEGER, BOOLEAN, OCTETS, OID, SEQUENCE, SET = 0x02, 0x01, 0x04, 0x06, 0x30, 0x31
GENERALIZED_TIME = 0x18
_LONG = 0x80


@dataclass(frozen=True, slots=True)
class Value:
    """One value.

    Attributes:
        tag: identifier octet.
        content: what it holds.
        whole: identifier, length and content, as read.
    """

    tag: int
    content: bytes
    whole: bytes

    def parts(self) -> list["Value"]:
        """Return what a constructed value holds.

        Raises:
            EvidenceError: it is cut short.
        """
        return list(_values(self.content))

    def expect(self, tag: int) -> "Value":
        """Return the value itself if it has this tag.

        Raises:
            EvidenceError: it has another.
        """
        if self.tag != tag:
            msg = f"DER: got tag {self.tag:#x}, expected {tag:#x}"
            raise EvidenceError(msg)
        return self


def read(text: bytes) -> Value:
    """Return the one value that a text holds.

    Raises:
        EvidenceError: it is cut short, or more follows.
    """
    found = list(_values(text))
    if len(found) != 1:
        msg = f"DER: got {len(found)} values, expected one"
        raise EvidenceError(msg)
    return found[0]


def write(tag: int, *content: bytes) -> bytes:
    """Return one value."""
    body = b"".join(content)
    if len(body) < _LONG:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(size))) + size + body


def integer(number: int) -> bytes:
    """Return a non-negative INTEGER."""
    return write(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray([first * 40 + second])
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | _LONG)
        out += bytes(reversed(groups))
    return write(OID, bytes(out))


def _values(text: bytes) -> Iterator[Value]:
    at = 0
    while at < len(text):
        start = at
        size = _byte(text, at + 1)
        at += 2
        if size & _LONG:
            count = size & ~_LONG
            size = int.from_bytes(text[at : at + count], "big")
            at += count
        if at + size > len(text):
            msg = f"DER: a value of {size} bytes is cut short"
            raise EvidenceError(msg)
        yield Value(text[start], text[at : at + size], text[start : at + size])
        at += size


def _byte(text: bytes, at: int) -> int:
    if at >= len(text):
        msg = "DER: a length is missing"
        raise EvidenceError(msg)
    return text[at]
