"""H.264 and H.265 as start-code streams: the units stay, only their framing changes."""

from vision.core.errors import EvidenceError
from vision.core.packets import StreamFormat

_START = b"\x00\x00\x00\x01"
_STARTS = (b"\x00\x00\x00\x01", b"\x00\x00\x01")
_HEVC_HEADER = 23


class Framing:
    """How one stream's packets are framed, and its parameter sets.

    MP4 and FLV carry units behind their lengths and the parameter sets apart
    (ISO/IEC 14496-15, `avcC` and `hvcC`); RTSP and MPEG-TS use start codes.
    """

    def __init__(self, stream: StreamFormat) -> None:
        """Read the framing from the codec parameters.

        Raises:
            EvidenceError: the parameters are cut short.
        """
        extra = stream.extradata or b""
        self._length_size: int | None = None
        self.parameter_sets = b""
        try:
            if not extra or extra.startswith(_STARTS):
                self.parameter_sets = extra
            elif stream.codec == "hevc":
                self._length_size = (extra[21] & 3) + 1
                self.parameter_sets = _from_hvcc(extra)
            else:
                self._length_size = (extra[4] & 3) + 1
                self.parameter_sets = _from_avcc(extra)
        except IndexError as error:
            msg = (
                f"{stream.codec}: codec parameters of {len(extra)} bytes are cut short"
            )
            raise EvidenceError(msg) from error

    def with_start_codes(self, payload: bytes) -> bytes:
        """Return a packet's units behind start codes.

        Raises:
            EvidenceError: a length reaches beyond the packet.
        """
        if self._length_size is None:
            return payload
        out = bytearray()
        at = 0
        while at < len(payload):
            size = int.from_bytes(payload[at : at + self._length_size], "big")
            at += self._length_size
            if size == 0 or at + size > len(payload):
                msg = f"packet of {len(payload)} bytes: a unit reaches beyond it"
                raise EvidenceError(msg)
            out += _START + payload[at : at + size]
            at += size
        return bytes(out)


def _from_avcc(extra: bytes) -> bytes:
    out = bytearray()
    at = 5
    for mask in (0x1F, 0xFF):
        count = extra[at] & mask
        at += 1
        for _ in range(count):
            unit, at = _unit(extra, at)
            out += _START + unit
    return bytes(out)


def _from_hvcc(extra: bytes) -> bytes:
    out = bytearray()
    at = _HEVC_HEADER
    for _ in range(extra[_HEVC_HEADER - 1]):
        count = int.from_bytes(extra[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            unit, at = _unit(extra, at)
            out += _START + unit
    return bytes(out)


def _unit(extra: bytes, at: int) -> tuple[bytes, int]:
    size = extra[at] << 8 | extra[at + 1]
    if at + 2 + size > len(extra):
        raise IndexError
    return extra[at + 2 : at + 2 + size], at + 2 + size
