"""The engine's signing keys: made at first use, rotated, exported."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from vision.core.errors import EvidenceError
from vision.evidence.disk import make_folder, write_atomically
from vision.evidence.signing import (
    Ed25519Signer,
    Ed25519Verifier,
    TrustedKeys,
    key_id_of,
)

CURRENT = "current"
_PUBLIC = ".pub.pem"
_PRIVATE = ".key.pem"


class KeyFolder:
    """`STREETWARDEN_HOME/keys`: one private key in use, every public key ever used.

    What lies here is trusted, and nothing else is: no key is ever taken from a package,
    as whoever forges a package would bring the key along. Beside this engine's own keys
    there are those of the nodes of its cluster runs, see `enrol`. Whoever verifies
    elsewhere needs the `*.pub.pem` files, and nothing else.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is made yet."""
        self._folder = folder

    def signer(self) -> Ed25519Signer:
        """Return the signer in use, making the first key if there is none.

        Raises:
            EvidenceError: the key cannot be read, or not be made.
        """
        marker = self._folder / CURRENT
        if not marker.exists():
            self.rotate()
        try:
            key_id = marker.read_text(encoding="ascii").strip()
            pem = (self._folder / (key_id + _PRIVATE)).read_bytes()
            key = load_pem_private_key(pem, password=None)
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            msg = (
                f"{self._folder}: the signing key cannot be read ({error}); restore it "
                "from your copy, or make a new one: `streetwarden evidence rotate-key`"
            )
            raise EvidenceError(msg) from error
        if not isinstance(key, Ed25519PrivateKey):
            msg = f"{self._folder}: key {key_id} is no Ed25519 key"
            raise EvidenceError(msg)
        return Ed25519Signer(key)

    def rotate(self) -> str:
        """Make a new key and use it from now on; old public keys stay.

        Returns:
            The new key's id.

        Raises:
            EvidenceError: the folder cannot be written.
        """
        key = Ed25519PrivateKey.generate()
        key_id = key_id_of(key.public_key())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        try:
            make_folder(self._folder)
            self._folder.chmod(0o700)
            self._write_private(self._folder / (key_id + _PRIVATE), private)
            write_atomically(self._folder / (key_id + _PUBLIC), public)
            write_atomically(self._folder / CURRENT, key_id.encode())
        except OSError as error:
            msg = f"{self._folder}: cannot keep a signing key ({error.strerror})"
            raise EvidenceError(msg) from error
        return key_id

    def enrol(self, pem: bytes) -> str:
        """Trust another machine's public key from now on.

        Returns:
            The key's id.

        Raises:
            EvidenceError: it is no Ed25519 public key.
            OSError: it cannot be kept.
        """
        key = _read_public(pem, "a node's key")
        path = self._folder / (key_id_of(key) + _PUBLIC)
        if not path.is_file() or path.read_bytes() != pem:
            make_folder(self._folder)
            self._folder.chmod(0o700)
            write_atomically(path, pem)
        return key_id_of(key)

    def public_pem(self, key_id: str | None = None) -> bytes:
        """Return a public key for others to verify with; default: the one in use.

        Raises:
            EvidenceError: there is no such key.
        """
        name = self.signer().key_id if key_id is None else key_id
        path = self._folder / (name + _PUBLIC)
        if Path(name).name != name or not path.is_file():
            msg = f"{self._folder}: has no key {name}; expected one of {self.ids()}"
            raise EvidenceError(msg)
        return path.read_bytes()

    def ids(self) -> list[str]:
        """Return the ids of all public keys."""
        return sorted(
            path.name.removesuffix(_PUBLIC) for path in self._folder.glob("*" + _PUBLIC)
        )

    def trusted(self) -> TrustedKeys:
        """Return verifiers for every public key in the folder.

        Raises:
            EvidenceError: a file is no Ed25519 public key.
        """
        keys: dict[str, Ed25519Verifier] = {}
        for path in sorted(self._folder.glob("*.pem")):
            if path.name.endswith(_PRIVATE):
                continue
            key = _public(path)
            keys[key_id_of(key)] = Ed25519Verifier(key)
        return keys

    @staticmethod
    def _write_private(path: Path, pem: bytes) -> None:
        # Made with its final mode: there is no moment in which others can read it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())


def _public(path: Path) -> Ed25519PublicKey:
    try:
        return _read_public(path.read_bytes(), str(path))
    except OSError as error:
        msg = f"{path}: is no public key ({error})"
        raise EvidenceError(msg) from error


def _read_public(pem: bytes, what: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"{what}: is no public key ({error})"
        raise EvidenceError(msg) from error
    if not isinstance(key, Ed25519PublicKey):
        msg = f"{what}: is no Ed25519 public key"
        raise EvidenceError(msg)
    return key
