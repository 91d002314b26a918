"""How an instance is reached: its key, host key, certificate, secrets and the overlay for the environment file.

All of it is in `.lab/<name>/`, outside git, and is removed with the instance.
"""

from __future__ import annotations

import datetime
import os
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.applications import registry
from lab.applications.registry import Application
from lab.processes import root, state

PLANS = Path(__file__).parents[1] / "parameters" / "environments"
PLAN_OF_THE_LAB = PLANS / "lab.yaml"
PUBLIC_NAME = registry.FIRST.public_name
SECRET_LENGTH = 48
LEAF_DAYS = 90
MAIL_SENDER = "runbooks@lab.example"
ENVIRONMENTS = "parameters/environments"


@dataclass(frozen=True)
class Ports:
    """The instance's ports on this machine's loopback address; `mail` is 0 where the server takes none."""

    ssh: int
    http: int
    https: int
    mail: int = 0


@dataclass(frozen=True)
class Address:
    """The folder of one instance, and the files in it."""

    name: str
    chosen: str = ""  # the application of an instance that is yet to be made

    @property
    def folder(self) -> Path:
        return state() / self.name

    @property
    def application(self) -> Application:
        """What runs there: as chosen, as written down when it was made, or by its name. Raises LabError."""
        written = self.folder / "application"
        if self.chosen or not written.exists():
            return registry.by_name(self.chosen) if self.chosen else registry.of_environment(self.name)
        return registry.by_name(written.read_text().strip())

    @property
    def named(self) -> bool:
        """Whether an environment of the project means this instance by its name."""
        return self.name == self.application.environment

    @property
    def key(self) -> Path:
        return self.folder / "id_ed25519"

    @property
    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text()

    @property
    def host_key(self) -> Path:
        """The server's host key; made here, so that it never has to be scanned over the network."""
        return self.folder / "ssh_host_ed25519_key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def environment(self) -> str:
        """What `-e` takes: a name for the instance that an environment means, a path for every other one."""
        return self.name if self.named else str(self.folder / "environment.yaml")

    def create(self, secret_lines: str = "") -> None:
        """Make what is missing: keys, certificates, secrets (`secret_lines`: those of a restored server)."""
        application = self.application
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        _write(self.folder / "application", f"{application.name}\n")
        for key, comment in ((self.key, f"lab-{self.name}"), (self.host_key, f"host-{self.name}")):
            if not key.exists():
                _write_key(key, comment)
        if not (self.folder / "fullchain.pem").exists():
            self._write_certificates()
        if not (self.folder / "secrets.env").exists():
            lines = (f"{name}={_strong_value()}\n" for name in server_secrets(application))
            _write(self.folder / "secrets.env", secret_lines or "".join(lines))

    def write_overlay(self, ports: Ports) -> None:
        """Write known_hosts, address.yaml and environment.yaml."""
        key = " ".join(self.host_key.with_suffix(".pub").read_text().split()[:2])
        _write(self.known_hosts, f"[127.0.0.1]:{ports.ssh} {key}\n")
        overlay = {
            "server": {"host": "127.0.0.1", "port": ports.ssh, "user": "deploy", "key_file": str(self.key),
                       "known_hosts_file": str(self.known_hosts)},
            "public": {"connect_to": f"127.0.0.1:{ports.https}", "ca_file": str(self.folder / "ca.pem")},
            "secrets_file": str(self.folder / "secrets.env"),
            # none of it leaves the machine: `python -m lab mail` lists what came
            "notifications": {"mail": {"host": "127.0.0.1", "port": ports.mail, "tls": "none",
                                       "sender": MAIL_SENDER} if ports.mail else None},
        }
        _write(self.folder / "address.yaml", "# Written by `python -m lab up`; removed with the instance.\n"
               + yaml.safe_dump(overlay, sort_keys=False))
        if not self.named:
            self._write_environment()

    def _write_environment(self) -> None:
        plan = PLANS / f"{self.application.environment}.yaml"
        settings: dict[str, object] = {"extends": [str(plan), "./address.yaml"], "name": self.name,
                    "title": f"The lab instance {self.name} (a staging server on this machine)"}
        if yaml.safe_load(plan.read_text()).get("load_test"):
            settings["load_test"] = {"target": self.name}
        _write(self.folder / "environment.yaml", yaml.safe_dump(settings, sort_keys=False))

    def _write_certificates(self) -> None:
        authority_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = _certificate(f"Lab authority ({self.name})", authority_key, None, None)
        leaf = _certificate(self.application.public_name, leaf_key, authority, authority_key)
        _write(self.folder / "ca.pem", authority.public_bytes(serialization.Encoding.PEM).decode(), mode=0o644)
        _write(self.folder / "fullchain.pem", leaf.public_bytes(serialization.Encoding.PEM).decode(), mode=0o644)
        _write(self.folder / "privkey.pem", leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode())


def _write_key(path: Path, comment: str) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH,
                                serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    _write(path, private.decode())
    _write(path.with_suffix(".pub"), f"{public.decode()} {comment}\n")


def server_secrets(application: Application = registry.FIRST) -> list[str]:
    """The names of the secrets that must be on the application's server."""
    plan = yaml.safe_load((root() / ENVIRONMENTS / f"{application.plan}.yaml").read_text())
    return [name for name, secret in (plan.get("secrets") or {}).items()
            if secret["side"] == "server" and secret.get("required", True)]


def _certificate(common_name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None,
                 issuer_key: ec.EllipticCurvePrivateKey | None) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=LEAF_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(_key_usage(authority=issuer is None), critical=True)
    )
    if issuer is not None and issuer_key is not None:
        builder = (
            builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )
    return builder.sign(issuer_key or key, hashes.SHA256())


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority,
                         encipher_only=False, decipher_only=False)


def _strong_value() -> str:
    # letters and digits only: a value must survive URLs, env files and command lines unchanged
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(SECRET_LENGTH))


def _write(path: Path, text: str, *, mode: int = 0o600) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    temporary.replace(path)
