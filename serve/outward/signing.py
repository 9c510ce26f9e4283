"""Signatures of Standard Webhooks (standardwebhooks.com), version 1."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a new secret as the receiver gets it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp_s: int, body: str) -> str:
    """Return `v1,<base64 HMAC-SHA256>` over `{id}.{timestamp}.{body}`.

    Args:
        secret: `whsec_…`.
        message_id: the header `webhook-id`.
        timestamp_s: the header `webhook-timestamp`, seconds since 1970.
        body: exactly as sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp_s}.{body}".encode()
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
