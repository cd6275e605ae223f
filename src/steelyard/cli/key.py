"""Make and show signing keys, and say whose you trust.

steelyard key new                       a key of your own, in the default place
steelyard key new --out release.pem     another one (release.pub beside it)
steelyard key show                      fingerprint and public half
steelyard key trust colleague.pub       believe what this key signs from now on

The private key is a PEM file (PKCS8) that only you can read. It is never printed. With
--passphrase it is also encrypted; the passphrase comes from STEELYARD_KEY_PASSPHRASE or is
asked for.
"""

import argparse
import getpass
import os
import sys
from pathlib import Path

from steelyard.errors import InputError
from steelyard.evidence import keyring, signing
from steelyard.evidence.keys import ALGORITHMS, PublicKey

PASSPHRASE = "STEELYARD_KEY_PASSPHRASE"  # noqa: S105 (the variable's name, not its value)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="new | show | trust")
    new = actions.add_parser("new", help="make a key")
    new.add_argument(
        "--algorithm",
        choices=ALGORITHMS,
        default="p256",
        help="default p256; the OpenSSF tool reads p256, p384 and p521, not ed25519",
    )
    new.add_argument("--out", type=Path, help="private key file; its .pub is written beside it")
    new.add_argument("--passphrase", action="store_true", help="encrypt the private key")
    show = actions.add_parser("show", help="show a key's fingerprint and public half")
    show.add_argument("key", type=Path, nargs="?", help="a .pub file; default: your own")
    trust = actions.add_parser("trust", help="believe what a key signs")
    trust.add_argument("key", type=Path, help="the .pub file")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    ring = keyring.default()
    match arguments.action:
        case "new":
            path = arguments.out or ring.private
            signer = signing.generate(arguments.algorithm)
            signer.save(path, _new_passphrase() if arguments.passphrase else "")
            print(f"private key  {path}  (keep it; nobody else may read it)")
            print(f"public key   {keyring.public_half(path)}  (give it away)")
            _show(signer.public)
        case "show":
            _show(keyring.read(arguments.key or _existing(ring)))
        case "trust":
            _trust(keyring.read(arguments.key), arguments.key, ring)
    return 0


def signer(path: Path | None) -> signing.Signer:
    """The signing key in `path`, or the user's own (made on first use).

    Raises:
        InputError: no such file, not a private key, or its passphrase is missing or wrong.
    """
    if path is None:
        path = keyring.default().private
        if not path.exists():
            return signing.own(keyring.default())
    try:
        pem = path.read_bytes()
        open_to_others = bool(path.stat().st_mode & 0o077)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    found = signing.load(pem, _passphrase(path) if b"ENCRYPTED" in pem else "", str(path))
    if open_to_others:
        print(f"steelyard: others can read the key {path}: chmod 600 it", file=sys.stderr)
    return found


def _show(key: PublicKey) -> None:
    print(f"algorithm    {key.algorithm}")
    print(f"fingerprint  {key.fingerprint}  (SHA-256 of the .pub file)")
    print(key.pem.decode(), end="")


def _existing(ring: keyring.Keyring) -> Path:
    if not ring.public.exists():
        raise InputError(f"no key in {ring.folder}. Make one: steelyard key new")
    return ring.public


def _trust(key: PublicKey, source: Path, ring: keyring.Keyring) -> None:
    ring.trusted.mkdir(parents=True, exist_ok=True)
    place = ring.trusted / f"{source.stem}-{key.fingerprint[:12]}.pub"
    place.write_bytes(key.pem)
    print(f"trusted from now on: {key.fingerprint}  ({place}; delete the file to take it back)")


def _new_passphrase() -> str:
    given = os.environ.get(PASSPHRASE, "")
    if given:
        return given
    _need_terminal()
    first = getpass.getpass("passphrase: ")
    if not first or first != getpass.getpass("again: "):
        raise InputError("the passphrase is empty, or the two are not the same")
    return first


def _passphrase(path: Path) -> str:
    given = os.environ.get(PASSPHRASE, "")
    if given:
        return given
    _need_terminal()
    return getpass.getpass(f"passphrase of {path}: ")


def _need_terminal() -> None:
    if not sys.stdin.isatty():
        raise InputError(f"a passphrase is needed; set {PASSPHRASE}")
