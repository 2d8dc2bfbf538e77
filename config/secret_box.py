"""The secret box: authenticated encryption of credentials before they reach the database.

Fernet (AES-128-CBC with HMAC-SHA256) from the `cryptography` package; several keys at once allow rotation.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from config.errors import ForPeople
from config.settings import Settings, make_private


class SecretBoxError(ForPeople):
    """The key is missing, malformed, readable by others, or is not the one the data was encrypted with."""


class SecretBox:
    """Encrypts and decrypts short texts. The first key encrypts; every key decrypts."""

    def __init__(self, keys: list[str]) -> None:
        if not keys:
            raise SecretBoxError("No encryption key given.")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SecretBoxError(
                "An encryption key is not 32 bytes in URL-safe base64. Make one with: connector new-key"
            ) from None

    @classmethod
    def open(cls, settings: Settings) -> SecretBox:
        """The box of this installation: keys from CONNECTOR_SECRET_KEY, else from the key file (made if missing)."""
        given = settings.secret_key.get_secret_value()
        if given:
            return cls([key.strip() for key in given.split(",") if key.strip()])
        return cls(_key_file(settings.key_file))

    def encrypt(self, text: str) -> str:
        """Text → token that is safe to store."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Token → text.

        Raises:
            SecretBoxError: the token was made with a key that is not here, or was tampered with.
        """
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise SecretBoxError(
                "Stored credentials cannot be decrypted with the present key. Put the key they were made with "
                "into CONNECTOR_SECRET_KEY (new key first, then the old one, separated by a comma)."
            ) from None

    def rotate(self, token: str) -> str:
        """The same text encrypted with the first key."""
        try:
            return self._fernet.rotate(token.encode()).decode()
        except InvalidToken:
            raise SecretBoxError("Stored credentials cannot be decrypted with any of the given keys.") from None

    def __repr__(self) -> str:
        return "SecretBox(•••)"


def new_key() -> str:
    """A fresh random key."""
    return Fernet.generate_key().decode()


def _key_file(path: Path) -> list[str]:
    """The keys in the file, one a line; the file is created with mode 0600 when it does not exist."""
    if not path.exists():
        _make_key_file(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SecretBoxError(f"The key file {path.name} can be read by others. Run: chmod 600 {path}")
    keys = path.read_text().split()
    if not keys:
        raise SecretBoxError(f"The key file {path.name} is empty. Restore it, or delete it to start anew.")
    return keys


def _make_key_file(path: Path) -> None:
    make_private(path.parent)
    # Written whole under another name (mkstemp: mode 0600), then linked: of processes that start at once one makes
    # the key, and no other ever sees a file without it.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(new_key() + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
