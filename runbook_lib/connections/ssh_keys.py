"""The keys to log in with: the environment's own first, with its certificate, from a file or from ssh-agent."""

from __future__ import annotations

import base64
import binascii
import io
import os
import shlex
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from runbook_lib.connections.local_files import OTHER_KEY, unreadable
from runbook_lib.connections.ssh_config import Route
from runbook_lib.connections.ssh_library import paramiko
from runbook_lib.core.errors import AuthenticationRefused, EnvironmentInvalid

_MAGIC = b"openssh-key-v1\0"


def login_keys(key_file: Path, route: Route, address: str) -> Iterator[paramiko.PKey]:
    """The keys in the order to try them. Raises AuthenticationRefused where the environment's own cannot be used.

    EnvironmentInvalid where it cannot be read.
    """
    yield from _with_certificates(load_key(key_file, address, route.agent), key_file, route)
    for name in route.identity_files:
        file = Path(name).expanduser()
        # one more that the operator's configuration names: it may be absent
        with suppress(AuthenticationRefused, EnvironmentInvalid):
            if file != key_file:
                yield from _with_certificates(load_key(file, address, route.agent), file, route)


def load_key(file: Path, address: str, agent: str = "") -> paramiko.PKey:
    """The key in `file`, or ssh-agent's where the file is encrypted or holds the public half alone.

    Raises EnvironmentInvalid where it cannot be read, AuthenticationRefused where it cannot be used.
    """
    try:
        if file.read_bytes()[:4] in (b"ssh-", b"ecds", b"sk-s", b"sk-e"):
            return _from_agent(file, agent, address, "is the public half of a key")
        key = _pkcs8(file) if b"-----BEGIN PRIVATE KEY-----" in file.read_bytes() else paramiko.PKey.from_path(file)
        _refuse_what_others_can_read(file, address)
        return key
    except OSError as error:
        raise unreadable("key file", file, error, OTHER_KEY) from error
    except (paramiko.PasswordRequiredException, TypeError):
        return _from_agent(file, agent, address, "is protected by a passphrase")
    # what paramiko and cryptography raise for other formats and algorithms
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, UnsupportedAlgorithm, ValueError,
            LookupError) as error:
        reason, cause = "is not a private key that can be used", error
    raise AuthenticationRefused(
        f"The key file {file} {reason}.",
        where=address,
        next_step=OTHER_KEY,
    ) from cause


def _refuse_what_others_can_read(file: Path, address: str) -> None:
    """As ssh does, which asks it of files of its own user alone. Source: OpenSSH, sshkey_perm_ok in authfile.c."""
    about = file.stat()
    if about.st_uid == os.geteuid() and stat.S_IMODE(about.st_mode) & 0o077:
        raise AuthenticationRefused(
            f"The key file {file} can be read by others (mode {stat.S_IMODE(about.st_mode):04o}): ssh takes no such "
            "key, nor does a runbook.", where=address, next_step=f"chmod 600 {shlex.quote(str(file))}")


def _pkcs8(file: Path) -> paramiko.PKey:
    """A key as `openssl genrsa` writes it since 3.0: OpenSSH takes it, and paramiko knows its own forms alone."""
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise UnsupportedAlgorithm("a key of a kind that no server takes")
    text = io.StringIO(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH,
                                         serialization.NoEncryption()).decode())
    if isinstance(key, rsa.RSAPrivateKey):
        return paramiko.RSAKey.from_private_key(text)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return paramiko.ECDSAKey.from_private_key(text)
    return paramiko.Ed25519Key.from_private_key(text)


def close_agent(key: paramiko.PKey) -> None:
    """Close the connection to ssh-agent that a key of it keeps."""
    agent = vars(key).get("agent")
    if agent is not None:
        agent._close()


def _with_certificates(key: paramiko.PKey, file: Path, route: Route) -> Iterator[paramiko.PKey]:
    """The key with each certificate that is made for it, then as it is: a certificate may have expired."""
    plain = key.asbytes()
    for name in (*route.certificate_files, f"{file}-cert.pub"):
        with suppress(OSError, ValueError, LookupError, paramiko.SSHException, binascii.Error):
            blob = base64.b64decode(Path(name).expanduser().read_text().split()[1])
            # the certificate repeats the key's own fields
            if _key_fields(plain) in blob:
                key.public_blob = paramiko.pkey.PublicBlob.from_message(paramiko.Message(blob))
                yield key
    key.public_blob = None
    yield key


def _key_fields(plain: bytes) -> bytes:
    return plain[4 + int.from_bytes(plain[:4], "big") :]


def _from_agent(file: Path, agent: str, address: str, reason: str) -> paramiko.PKey:
    blob = public_half(file)
    keys = agent_keys(agent)
    for key in keys or ():
        if blob is not None and key.blob == blob:
            return cast(paramiko.PKey, key)
    for key in (keys or ())[:1]:
        close_agent(key)
    held = "no ssh-agent answers here" if keys is None else "ssh-agent does not hold it"
    raise AuthenticationRefused(
        f"The key file {file} {reason}, and {held}.",
        where=address,
        next_step=f"Run `ssh-add {str(file).removesuffix('.pub')}` in the session that starts the runbooks, or set "
        "server.key_file to a key without a passphrase.",
    )


def public_half(file: Path) -> bytes | None:
    """The public key of a key file: its own text, the .pub file next to it, or the clear part of OpenSSH's format."""
    with suppress(OSError, ValueError, IndexError):
        if file.read_bytes()[:4] in (b"ssh-", b"ecds", b"sk-s", b"sk-e"):
            return base64.b64decode(file.read_text().split()[1])
    with suppress(OSError, ValueError, IndexError):
        return base64.b64decode(Path(f"{file}.pub").read_text().split()[1])
    with suppress(OSError, ValueError, IndexError):
        raw = base64.b64decode("".join(file.read_text().split("\n")[1:-2]))
        if raw.startswith(_MAGIC):
            message = paramiko.Message(raw[len(_MAGIC) :])
            for _ in range(3):  # the cipher, the way the passphrase becomes a key, and its options
                message.get_binary()
            message.get_int()
            return bytes(message.get_binary())
    return None


def agent_keys(agent: str = "") -> tuple[Any, ...] | None:
    """The keys of ssh-agent; None where none answers. `agent` is IdentityAgent: a path, a variable, or "none"."""
    place = os.environ.get(agent.removeprefix("$"), "") if agent.startswith("$") or agent == "SSH_AUTH_SOCK" else agent
    place = place or ("" if agent else os.environ.get("SSH_AUTH_SOCK", ""))
    if not place or place == "none":
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(10)
        connection.connect(str(Path(place).expanduser()))
        found = paramiko.agent.AgentSSH()
        found._connect(connection)  # type: ignore[attr-defined]  # the one way to name a socket
        if not found.get_keys():
            connection.close()
        return tuple(found.get_keys())
    except (OSError, paramiko.SSHException):
        connection.close()
        return None
