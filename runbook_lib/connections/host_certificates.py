"""Host certificates of OpenSSH: read, and compared with their authority, their time and the name of the host.

Source: PROTOCOL.certkeys of OpenSSH. paramiko negotiates them and proves that the server has the key inside; whether
the certificate itself is good is decided here.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm

from runbook_lib.connections.ssh_library import paramiko

SUFFIX = "-cert-v01@openssh.com"
_HOST = 2
# how many fields of the key itself follow the nonce
_KEY_FIELDS = {"ssh-ed25519": 1, "ecdsa-sha2-nistp256": 2, "ecdsa-sha2-nistp384": 2, "ecdsa-sha2-nistp521": 2,
               "ssh-rsa": 2}


@dataclass(frozen=True)
class HostCertificate:
    """What a certificate says. Times are seconds since 1970; no `principals` means every host."""

    key_id: str
    kind: int
    principals: tuple[str, ...]
    valid_after: int
    valid_before: int
    critical_options: bytes
    authority: bytes
    signed: bytes
    signature: bytes

    def fault(self, host: str, now: float | None = None) -> str:
        """Why the certificate does not prove that the server is `host`; empty when it does."""
        now = time.time() if now is None else now
        if self.kind != _HOST:
            return "is not a host certificate"
        if now < self.valid_after:
            return "is not valid yet"
        if now >= self.valid_before:
            return "has expired"
        if self.principals and host.lower() not in self.principals:
            return f"is for {', '.join(self.principals)}, not for {host}"
        if self.critical_options:
            return "has critical options that are not known here"
        return self._fault_of_signature()

    def _fault_of_signature(self) -> str:
        key_type = type_of(self.authority)
        try:
            authority = paramiko.PKey.from_type_string(key_type, self.authority)
            good = not key_type.endswith(SUFFIX) and authority.verify_ssh_sig(
                self.signed, paramiko.Message(self.signature))
        except (paramiko.pkey.UnknownKeyType, UnsupportedAlgorithm):
            return f"was signed with a key that cannot be checked here ({key_type})"
        except (paramiko.SSHException, ValueError, LookupError):
            good = False
        return "" if good else "was not signed by its authority"


def read_certificate(blob: bytes) -> HostCertificate | None:
    """The certificate in a host key's bytes; None for a plain key. Raises ValueError for a malformed one."""
    key_type = type_of(blob)
    if not key_type.endswith(SUFFIX):
        return None
    try:
        fields = _Fields(blob)
        for _ in range(2 + _KEY_FIELDS[key_type.removesuffix(SUFFIX)]):  # its type, the nonce, and the key
            fields.text()
        _serial, kind = fields.number(8), fields.number(4)
        key_id, principals = fields.text(), _Fields(fields.text())
        valid_after, valid_before = fields.number(8), fields.number(8)
        critical_options, _extensions, _reserved = fields.text(), fields.text(), fields.text()
        authority = fields.text()
        signed = blob[: fields.position]
        names = []
        while principals.position < len(principals.data):
            names.append(principals.text().decode("utf-8", "replace").lower())
        return HostCertificate(key_id.decode("utf-8", "replace"), kind, tuple(names), valid_after, valid_before,
                               critical_options, authority, signed, fields.text())
    except (struct.error, KeyError, IndexError) as error:
        raise ValueError("the host certificate is malformed") from error


def type_of(blob: bytes) -> str:
    """The type at the beginning of a key's bytes."""
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii", "replace")


class _Fields:
    """The fields of a certificate, one after the other; struct.error where the bytes end too early."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def number(self, size: int) -> int:
        value = struct.unpack_from(">Q" if size == 8 else ">I", self.data, self.position)[0]
        self.position += size
        return int(value)

    def text(self) -> bytes:
        size = self.number(4)
        end = self.position + size
        if end > len(self.data):
            raise struct.error("too short")
        value, self.position = self.data[self.position : end], end
        return value
