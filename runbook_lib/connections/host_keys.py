"""Whether the server is the one it should be: its key or certificate against a known-hosts file, as OpenSSH decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runbook_lib.connections import known_hosts
from runbook_lib.connections.host_certificates import SUFFIX, HostCertificate, read_certificate
from runbook_lib.connections.known_hosts import AUTHORITY, REVOKED, KnownKey, keys_for
from runbook_lib.connections.local_files import HOST_KEY, unreadable
from runbook_lib.connections.ssh_library import paramiko
from runbook_lib.core.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown

_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}  # one type of key, two ways to sign with it
_ADD_NEXT = (
    "Compare the fingerprint with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the server, "
    "then add the key to that file. Never add it unseen.")
_STOP_NEXT = (
    "Stop. Find out why the key changed before anything else; if the server was rebuilt on purpose, "
    "replace its line in the environment's known-hosts file with a key read on the server itself.")


@dataclass(frozen=True)
class HostKeys:
    """The keys of a known-hosts file for one server: `names` to look up, and `host`, which a certificate must name."""

    file: Path
    keys: tuple[KnownKey, ...]
    names: tuple[str, ...]
    host: str
    address: str

    def algorithms(self, available: tuple[str, ...]) -> tuple[str, ...]:
        """`available` in the order to ask for: first what can be checked, so that the server shows a key we know."""
        known = [algorithm for name in self.names for key in keys_for(self.keys, name)
                 for algorithm in _ALGORITHMS.get(key.key_type, (key.key_type,))]
        certificates = tuple(f"{one}{SUFFIX}" for one in available)
        plain = tuple(sorted(available, key=lambda one: known.index(one) if one in known else len(known)))
        trusted = any(keys_for(self.keys, name, AUTHORITY) for name in self.names)
        return certificates + plain if trusted else plain + certificates

    def check(self, shown: paramiko.PKey) -> None:
        """Return when the server's key is known. Raises HostKeyRevoked, HostKeyChanged, HostKeyUnknown."""
        blob = shown.public_blob.key_blob if shown.public_blob else shown.asbytes()
        certificate, fault = self._certificate(blob)
        plain = _plain_bytes(shown)
        self._reject_revoked(shown, [plain, certificate.authority] if certificate else [plain])
        if certificate is not None:
            if not self._authority_known(certificate):
                fault = "is from an authority that the file does not trust for this host"
            else:
                fault = certificate.fault(self.host)
                if not fault:
                    return
        # without a good certificate the key inside it is a key like any other
        first, *rest = ([key.blob for key in keys_for(self.keys, name)] for name in self.names)
        if plain in first or (not first and any(plain in blobs for blobs in rest)):
            return
        if first:
            raise HostKeyChanged("The host key differs from the recorded one.", where=self.address,
                                 next_step=_STOP_NEXT)
        raise self._unknown(shown, fault)

    def _certificate(self, blob: bytes) -> tuple[HostCertificate | None, str]:
        try:
            return read_certificate(blob), ""
        except ValueError:
            return None, "is malformed"

    def _authority_known(self, certificate: HostCertificate) -> bool:
        return any(key.blob == certificate.authority
                   for name in self.names for key in keys_for(self.keys, name, AUTHORITY))

    def _reject_revoked(self, shown: paramiko.PKey, blobs: list[bytes]) -> None:
        for name in self.names:
            for key in keys_for(self.keys, name, REVOKED):
                if key.blob in blobs:
                    raise HostKeyRevoked(
                        f"The server's host key, or its authority, is revoked ({shown.get_name()} "
                        f"{shown.fingerprint}).",
                        where=f"{self.address}: {self.file}, line {key.line}",
                        next_step="Stop. Whoever has that key can pretend to be the server: it needs a new host key, "
                        "and the old one must not be used again.")

    def _unknown(self, shown: paramiko.PKey, fault: str) -> HostKeyUnknown:
        offered = f" Its certificate {fault}." if fault else ""
        if not offered and any(keys_for(self.keys, name, AUTHORITY) for name in self.names):
            offered = " The file trusts an authority for this host, and the server showed no certificate."
        return HostKeyUnknown(
            f"The server's host key ({shown.get_name()} {shown.fingerprint}) is not in {self.file}.{offered}",
            where=self.address,
            next_step=_ADD_NEXT)


def host_keys(file: Path, host: str, port: int, address: str, alias: str = "") -> HostKeys:
    """The known keys of one server. Raises EnvironmentInvalid where the file cannot be read."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise unreadable("known-hosts file", file, error, HOST_KEY) from error
    return HostKeys(file, known_hosts.parse(text), known_hosts.names_of(host, port, alias), alias or host, address)


def _plain_bytes(key: paramiko.PKey) -> bytes:
    """The key's own bytes, without the certificate around it."""
    return bytes(key.asbytes())


class KnownHostTransport(paramiko.Transport):
    """A transport that asks for the host key algorithms in the order that the known keys suggest."""

    def __init__(self, connection: object, keys: HostKeys, disabled: dict[str, list[str]]) -> None:
        self._known = keys
        super().__init__(connection, disabled_algorithms=disabled)  # type: ignore[arg-type]

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """The algorithms of host keys, the most wanted first."""
        usual = super().preferred_keys
        return self._known.algorithms(tuple(one for one in usual if not one.endswith(SUFFIX)))
