"""Passwords, hashed slowly on purpose."""

import base64
import hashlib
import hmac
import secrets

# OWASP's second choice for scrypt: 32 MiB and about a tenth of a second.
_N, _R, _P = 2**15, 8, 1
_MEMORY = 64 * 1024 * 1024
SHORTEST = 10
LONGEST = 256


def hash_password(password: str) -> str:
    """Return what to store: salt and hash, with the cost that made it."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt)
    return f"scrypt${_N}${_encode(salt)}${_encode(digest)}"


def has_password(stored: str) -> bool:
    """Return whether a password is stored at all; else they log in elsewhere."""
    return stored.startswith("scrypt$")


def matches(password: str, stored: str) -> bool:
    """Return whether the password is the stored one, in time that tells nothing.

    Of somebody who logs in elsewhere no password is stored, and none is right.
    """
    if not has_password(stored):
        _scrypt(password, b"elsewhere")
        return False
    _, _, salt, digest = stored.split("$")
    return hmac.compare_digest(_scrypt(password, _decode(salt)), _decode(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=_N,
        r=_R,
        p=_P,
        maxmem=_MEMORY,
    )


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text)
