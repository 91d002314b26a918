"""Keys and certificates made by OpenSSH's own programs, for tests of what is read from them."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> str:
    """A new key pair; returns type and key as in a known-hosts line."""
    shorter = ("-b", "2048") if kind == "rsa" else ()  # the usual 3072 take half a second to be found
    subprocess.run(("ssh-keygen", "-q", "-t", kind, *shorter, "-N", passphrase, "-f", str(path)), check=True)
    return public(path)


def public(path: Path) -> str:
    """Type and key of the public half next to a private key."""
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


def certify(authority: Path, key: Path, *options: str, host: bool = True) -> Path:
    """Sign a key; returns the certificate's file."""
    words = ("ssh-keygen", "-q", "-s", str(authority), *(("-h",) if host else ()), "-I", "test", *options, f"{key}.pub")
    subprocess.run(words, check=True)
    return Path(f"{key}-cert.pub")


def blob(file: Path) -> bytes:
    """The bytes of a public key or certificate."""
    return base64.b64decode(file.read_text().split()[1])


def hashed(line: str, folder: Path) -> str:
    """A known-hosts line with its name hashed by ssh-keygen."""
    file = folder / "to-hash"
    file.write_text(line + "\n")
    subprocess.run(("ssh-keygen", "-q", "-H", "-f", str(file)), check=True, capture_output=True)
    return file.read_text().strip()
