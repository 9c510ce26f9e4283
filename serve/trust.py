"""Whose certificates are believed, wherever the service calls somebody."""

import os
import ssl

import httpx

from serve.settings import SettingsError


def authorities() -> ssl.SSLContext:
    """Return what certificates are checked against.

    `SSL_CERT_FILE` or `SSL_CERT_DIR` name a city's own authorities, as they do for
    engines; else it is the list that browsers have.

    Raises:
        SettingsError: what they name cannot be used.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        msg = (
            f"SSL_CERT_FILE or SSL_CERT_DIR: got {named}: {error}; expected a file of "
            "certificates (PEM) or a folder of such"
        )
        raise SettingsError(msg) from error
