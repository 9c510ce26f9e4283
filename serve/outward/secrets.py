"""Secrets that must be used again, kept encrypted."""

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from serve.settings import SettingsError


class SecretBox:
    """Encrypts with a key of the service's own, from environment or a file.

    Without a given key one is made in the home folder at the first use; who copies
    only the database cannot read the secrets.
    """

    def __init__(self, home: Path, given: str | None) -> None:
        """Use the given key, else the file `serve.key` under `home`."""
        self._path = home / "serve.key"
        self._given = given
        self._fernet: Fernet | None = None

    def close(self, secret: str) -> str:
        """Return the secret encrypted."""
        return self._ready().encrypt(secret.encode()).decode()

    def open(self, closed: str) -> str:
        """Return the secret.

        Raises:
            SettingsError: the key is not the one that it was closed with.
        """
        try:
            return self._ready().decrypt(closed.encode()).decode()
        except InvalidToken as error:
            msg = (
                f"secret key: {self._path} (or STREETWARDEN_SECRET_KEY) is not the key "
                "that the stored secrets were encrypted with; bring it back"
            )
            raise SettingsError(msg) from error

    def _ready(self) -> Fernet:
        if self._fernet is None:
            key = self._given or self._from_file()
            try:
                self._fernet = Fernet(key)
            except ValueError as error:
                msg = "secret key: expected 32 bytes in URL-safe base64"
                raise SettingsError(msg) from error
        return self._fernet

    def _from_file(self) -> str:
        if not self._path.exists():
            # Written aside and linked, so that two processes agree on one key.
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key())
            try:
                os.link(name, self._path)
            except FileExistsError:
                pass
            finally:
                Path(name).unlink()
        return self._path.read_text(encoding="ascii").strip()
