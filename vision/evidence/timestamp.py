"""Time-stamps from a third party (RFC 3161): a manifest existed at that time."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate

from vision.core.errors import EvidenceError
from vision.evidence import der

_SHA256 = "2.16.840.1.101.3.4.2.1"
_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    der.oid(_SHA256): hashes.SHA256(),
    der.oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    der.oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
_ATTRIBUTES = 0xA0
_GRANTED = {b"\x00", b"\x01"}
_MAX_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says.

    Attributes:
        digest: SHA-256 of what was stamped.
        at: the authority's time, UTC.
        nonce: the request's number, or None.
        info: DER of the statement (TSTInfo).
        signer: DER of the signer's part (SignerInfo).
    """

    digest: bytes
    at: datetime
    nonce: int | None
    info: bytes
    signer: der.Value


def request(digest: bytes, nonce: int) -> bytes:
    """Return a query for a SHA-256 digest; asks for the certificate, too."""
    algorithm = der.write(der.SEQUENCE, der.oid(_SHA256), b"\x05\x00")
    imprint = der.write(der.SEQUENCE, algorithm, der.write(der.OCTETS, digest))
    wanted = der.write(der.BOOLEAN, b"\xff")
    version = der.integer(1)
    return der.write(der.SEQUENCE, version, imprint, der.integer(nonce), wanted)


def fetch(url: str, text: bytes, *, timeout_s: float = 10.0) -> bytes:
    """Have an authority stamp a text.

    Args:
        url: the authority.
        text: only its digest is sent.
        timeout_s: longest silence.

    Returns:
        The token (DER of the CMS structure).

    Raises:
        EvidenceError: not reachable, refused, or the answer is for something else.
    """
    digest = hashlib.sha256(text).digest()
    nonce = secrets.randbits(63)
    try:
        answer = httpx.post(
            url,
            content=request(digest, nonce),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=timeout_s,
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        msg = f"time-stamp authority {url}: {error}; is the address right?"
        raise EvidenceError(msg) from error
    if len(answer.content) > _MAX_ANSWER:
        msg = f"time-stamp authority {url}: answer of {len(answer.content)} bytes"
        raise EvidenceError(msg)
    token = _token(answer.content)
    stamp = parse(token)
    if (stamp.digest, stamp.nonce) != (digest, nonce):
        msg = f"time-stamp authority {url}: answered for another text or request"
        raise EvidenceError(msg)
    return token


def parse(token: bytes) -> Stamp:
    """Read a token.

    Raises:
        EvidenceError: it is none.
    """
    try:
        _, signed = der.read(token).expect(der.SEQUENCE).parts()
        parts = signed.parts()[0].expect(der.SEQUENCE).parts()
        _, wrapped = parts[2].parts()
        info = wrapped.parts()[0].expect(der.OCTETS).content
        fields = der.read(info).parts()
        algorithm, digest = fields[2].parts()
        at = datetime.strptime(
            fields[4].expect(der.GENERALIZED_TIME).content[:14].decode(), "%Y%m%d%H%M%S"
        ).replace(tzinfo=UTC)
        numbers = [v for v in fields[5:] if v.tag == der.INTEGER]
        (signer,) = parts[-1].expect(der.SET).parts()
    except (ValueError, IndexError) as error:
        msg = f"is no time-stamp token ({error})"
        raise EvidenceError(msg) from error
    if algorithm.parts()[0].whole != der.oid(_SHA256):
        msg = "time-stamp token: not over SHA-256"
        raise EvidenceError(msg)
    nonce = int.from_bytes(numbers[0].content, "big") if numbers else None
    return Stamp(digest.content, at, nonce, info, signer)


def signed_by(stamp: Stamp, certificates: Sequence[Certificate]) -> bool:
    """Return whether one of the trusted certificates signed a token.

    Args:
        stamp: a parsed token.
        certificates: of time-stamp authorities, trusted by the caller.

    Raises:
        EvidenceError: the signature's structure is broken.
    """
    parts = stamp.signer.parts()
    if len(parts) < 6 or parts[3].tag != _ATTRIBUTES:  # noqa: PLR2004 SignerInfo
        msg = "time-stamp token: no signed attributes"
        raise EvidenceError(msg)
    algorithm = _HASHES.get(parts[2].parts()[0].whole)
    if algorithm is None:
        msg = "time-stamp token: unknown digest algorithm"
        raise EvidenceError(msg)
    named = {a.parts()[0].whole: a.parts()[1].parts()[0] for a in parts[3].parts()}
    told = named.get(_MESSAGE_DIGEST)
    digest = hashes.Hash(algorithm)
    digest.update(stamp.info)
    if told is None or told.content != digest.finalize():
        return False
    # Signed as a SET, although it lies there under another tag (RFC 5652, 5.4).
    text = bytes((der.SET,)) + parts[3].whole[1:]
    signature = parts[5].expect(der.OCTETS).content
    return any(_fits(c, signature, text, algorithm) for c in certificates)


def _fits(
    certificate: Certificate,
    signature: bytes,
    text: bytes,
    algorithm: hashes.HashAlgorithm,
) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, text, PKCS1v15(), algorithm)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, text, ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _token(answer: bytes) -> bytes:
    parts = der.read(answer).expect(der.SEQUENCE).parts()
    status = parts[0].parts()[0].content
    if status not in _GRANTED or len(parts) != 2:  # noqa: PLR2004 TimeStampResp
        msg = f"time-stamp authority: refused with status {status.hex()}"
        raise EvidenceError(msg)
    return parts[1].whole
