"""A host certificate counts only with its authority's signature, for its time, and for the host that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.connections.host_certificates import read_certificate
from tests.unit.connections.ssh_files import blob, certify, make_key


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    make_key(made / "authority")
    return made


def fault(folder: Path, name: str, *options: str, kind: str = "ed25519", host: bool = True, asked: str = "staging",
          authority: str = "authority") -> str:
    make_key(folder / name, kind)
    certificate = read_certificate(blob(certify(folder / authority, folder / name, *options, host=host)))
    assert certificate is not None
    assert certificate.key_id == "test"
    return certificate.fault(asked)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_good_certificate_of_any_kind(folder: Path, kind: str) -> None:
    assert fault(folder, f"good-{kind}", "-n", "staging,10.0.0.1", kind=kind) == ""


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_an_authority_of_any_kind(folder: Path, kind: str) -> None:
    make_key(folder / f"authority-{kind}", kind)
    assert fault(folder, f"by-{kind}", authority=f"authority-{kind}") == ""


def test_an_authority_that_signs_with_sha1_is_not_believed(folder: Path) -> None:
    make_key(folder / "old-authority", "rsa")
    assert "signed" in fault(folder, "sha1", "-t", "ssh-rsa", authority="old-authority")


@pytest.mark.parametrize(("name", "options", "expected"), [
    ("other", ("-n", "production"), "is for production, not for staging"),
    ("expired", ("-V", "20200101:20200201"), "has expired"),
    ("early", ("-V", "20990101:20990201"), "is not valid yet"),
])
def test_a_certificate_that_does_not_prove_it(folder: Path, name: str, options: tuple[str, ...], expected: str) -> None:
    assert fault(folder, name, *options) == expected


def test_a_users_certificate_is_not_a_hosts(folder: Path) -> None:
    assert "not a host certificate" in fault(folder, "user", "-n", "staging", host=False)


def test_names_are_compared_without_case(folder: Path) -> None:
    assert fault(folder, "case", "-n", "Staging", asked="STAGING") == ""


def test_a_forged_certificate_is_found_out(folder: Path) -> None:
    make_key(folder / "forged")
    raw = bytearray(blob(certify(folder / "authority", folder / "forged", "-n", "staging")))
    raw[raw.index(b"staging")] ^= 1
    certificate = read_certificate(bytes(raw))
    assert certificate is not None
    assert certificate.fault("rtaging") == "was not signed by its authority"


def test_a_plain_key_is_no_certificate_and_a_torn_one_is_malformed(folder: Path) -> None:
    assert read_certificate(blob(Path(f"{folder / 'authority'}.pub"))) is None
    make_key(folder / "torn")
    whole = blob(certify(folder / "authority", folder / "torn"))
    for end in range(60, len(whole), 17):
        with pytest.raises(ValueError, match="malformed"):
            read_certificate(whole[:end])
