"""Where keys are kept: one signing key, and the public keys a person has said they trust.

`$XDG_CONFIG_HOME/steelyard/key.pem` (mode 0600) and `key.pub` are one's own;
`trusted/*.pub` are others'. A public key is trusted because it lies there.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import InputError
from steelyard.evidence import keys


@dataclass(frozen=True, slots=True)
class Keyring:
    """A folder of keys."""

    folder: Path

    @property
    def private(self) -> Path:
        """One's own signing key, PEM PKCS8."""
        return self.folder / "key.pem"

    @property
    def public(self) -> Path:
        """Its public half."""
        return public_half(self.private)

    @property
    def trusted(self) -> Path:
        """Folder of other people's public keys."""
        return self.folder / "trusted"

    def public_keys(self) -> tuple[keys.PublicKey, ...]:
        """One's own first, then every trusted one.

        Raises:
            InputError: a file there is not a public key.
        """
        files = [self.public] if self.public.exists() else []
        if self.trusted.is_dir():
            files += sorted(self.trusted.glob("*.pub"))
        return tuple(read(path) for path in files)


def default(environment: Mapping[str, str] = os.environ) -> Keyring:
    """The user's keyring."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Keyring(Path(home) / "steelyard")


def public_half(private: Path) -> Path:
    """Where the public half of a key file lies: `key.pem` → `key.pub`."""
    return private.with_suffix(".pub")


def read(path: Path) -> keys.PublicKey:
    """The public key in a file.

    Raises:
        InputError: no such file, or not a public key.
    """
    try:
        return keys.load(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
