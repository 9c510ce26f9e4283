"""Signatures over manifests, behind a port: Ed25519 here, SM2 can follow."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from vision.core.errors import EvidenceError
from vision.evidence.canonical import canonical

ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature as it lies beside the manifest.

    Attributes:
        algorithm: `ed25519`.
        key_id: which key signed.
        value: the signature's bytes.
    """

    algorithm: str
    key_id: str
    value: bytes

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        return canonical(
            {
                "algorithm": self.algorithm,
                "key_id": self.key_id,
                "signature": base64.b64encode(self.value).decode(),
            }
        )

    @classmethod
    def from_bytes(cls, text: bytes) -> "Signature":
        """Read a signature file.

        Raises:
            EvidenceError: it is none, or is written in another than the one form.
        """
        try:
            raw = json.loads(text)
            value = base64.b64decode(raw["signature"], validate=True)
            signature = cls(str(raw["algorithm"]), str(raw["key_id"]), value)
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            msg = f"is no signature file ({error!r})"
            raise EvidenceError(msg) from error
        if signature.to_bytes() != text:
            msg = "is not in canonical form: its bytes were changed"
            raise EvidenceError(msg)
        return signature


class Signer(Protocol):
    """Signs manifests."""

    def sign(self, text: bytes) -> Signature:
        """Return a signature over the text's bytes."""
        ...


class Verifier(Protocol):
    """Checks signatures of one key."""

    def verify(self, text: bytes, signature: Signature) -> bool:
        """Return whether the signature fits the text."""
        ...


class Ed25519Signer:
    """Signs with one private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Use this key."""
        self._key = key
        self.key_id = key_id_of(key.public_key())

    def sign(self, text: bytes) -> Signature:
        """Return a signature over the text's bytes (RFC 8032)."""
        return Signature(ED25519, self.key_id, self._key.sign(text))


class Ed25519Verifier:
    """Checks with one public key."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        """Use this key."""
        self._key = key

    def verify(self, text: bytes, signature: Signature) -> bool:
        """Return whether the signature fits the text."""
        if signature.algorithm != ED25519:
            return False
        try:
            self._key.verify(signature.value, text)
        except InvalidSignature:
            return False
        return True


TrustedKeys = Mapping[str, Verifier]
"""Verifiers by key id."""


def key_id_of(key: Ed25519PublicKey) -> str:
    """Return a key's name: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
