"""The server's key against a known-hosts file: known, unknown, changed, revoked, or signed by a trusted authority."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest

from runbook_lib.connections.host_keys import host_keys
from runbook_lib.core.errors import EnvironmentInvalid, HostKeyChanged, HostKeyRevoked, HostKeyUnknown
from tests.unit.connections.ssh_files import blob, certify, make_key, public

PLAIN = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's key and its certificate for `h`, another server's key, and an authority."""
    made = tmp_path_factory.mktemp("keys")
    for name in ("authority", "host", "other"):
        make_key(made / name)
    certify(made / "authority", made / "host", "-n", "h")
    return made


def check(keys: Path, folder: Path, text: str, *, port: int = 22, host: str = "h", certificate: bool = False,
          alias: str = "") -> None:
    file = folder / "known"
    names = {name.upper(): public(keys / name) for name in ("authority", "host", "other")}
    for name, key in names.items():
        text = text.replace(name, key)
    file.write_text(text)
    shown = blob(keys / ("host-cert.pub" if certificate else "host.pub"))
    host_keys(file, host, port, f"deploy@{host}:{port}", alias).check(paramiko.Ed25519Key(data=shown))


@pytest.mark.parametrize(("text", "port"), [
    ("h HOST", 22), ("h OTHER\nh HOST", 22), ("[h]:2222 HOST", 2222), ("h HOST", 2222), ("* HOST", 2222),
    ("@revoked h OTHER\nh HOST", 22), ("@cert-authority * AUTHORITY\nh HOST", 22), ("@revoked other HOST\nh HOST", 22),
])
def test_a_known_key(keys: Path, tmp_path: Path, text: str, port: int) -> None:
    check(keys, tmp_path, text, port=port)


@pytest.mark.parametrize(("text", "port"), [
    ("", 22), ("other HOST", 22), ("[h]:2222 HOST", 22), ("h OTHER", 2222), ("@cert-authority h HOST", 22),
])
def test_an_unknown_key(keys: Path, tmp_path: Path, text: str, port: int) -> None:
    with pytest.raises(HostKeyUnknown, match="SHA256:"):
        check(keys, tmp_path, text, port=port)


@pytest.mark.parametrize(("text", "port"), [("h OTHER", 22), ("[h]:2222 OTHER\nh HOST", 2222)])
def test_a_changed_key(keys: Path, tmp_path: Path, text: str, port: int) -> None:
    with pytest.raises(HostKeyChanged, match="differs"):
        check(keys, tmp_path, text, port=port)


def test_a_revoked_key_is_refused_whatever_else_is_said_of_it(keys: Path, tmp_path: Path) -> None:
    for text in ("h HOST\n@revoked h HOST", "@revoked * HOST\nh HOST"):
        with pytest.raises(HostKeyRevoked, match="revoked"):
            check(keys, tmp_path, text)
    with pytest.raises(HostKeyRevoked):
        check(keys, tmp_path, "@cert-authority h AUTHORITY\n@revoked h AUTHORITY", certificate=True)
    with pytest.raises(HostKeyRevoked):
        check(keys, tmp_path, "@cert-authority h AUTHORITY\n@revoked * HOST", certificate=True)


def test_a_certificate_of_a_trusted_authority(keys: Path, tmp_path: Path) -> None:
    check(keys, tmp_path, "@cert-authority *,!other AUTHORITY", certificate=True)
    check(keys, tmp_path, "@cert-authority [h]:2222 AUTHORITY", certificate=True, port=2222)
    check(keys, tmp_path, "@cert-authority h AUTHORITY", certificate=True, host="10.0.0.1", alias="h")


def test_a_certificate_without_its_authority_is_a_key_like_any_other(keys: Path, tmp_path: Path) -> None:
    check(keys, tmp_path, "h HOST", certificate=True)
    with pytest.raises(HostKeyUnknown, match="does not trust"):
        check(keys, tmp_path, "@cert-authority other AUTHORITY", certificate=True)
    with pytest.raises(HostKeyUnknown, match="is for h, not for h2"):
        check(keys, tmp_path, "@cert-authority * AUTHORITY", certificate=True, host="h2")


def test_an_authority_without_a_certificate_says_so(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(HostKeyUnknown, match="showed no certificate"):
        check(keys, tmp_path, "@cert-authority * AUTHORITY")


def test_what_is_known_is_asked_for_first(keys: Path, tmp_path: Path) -> None:
    file = tmp_path / "known"
    rsa = make_key(tmp_path / "rsa", "rsa")
    file.write_text(f"h {rsa}\n")
    assert host_keys(file, "h", 22, "a").algorithms(PLAIN)[:2] == ("rsa-sha2-512", "rsa-sha2-256")
    file.write_text(f"@cert-authority h {public(keys / 'authority')}\n")
    assert host_keys(file, "h", 22, "a").algorithms(PLAIN)[0] == "ssh-ed25519-cert-v01@openssh.com"
    file.write_text("")
    assert host_keys(file, "h", 22, "a").algorithms(PLAIN)[:4] == PLAIN


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentInvalid, match="cannot be read"):
        host_keys(tmp_path / "none", "h", 22, "a")
