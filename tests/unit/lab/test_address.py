from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from lab import address
from lab.address import PLAN_OF_THE_LAB, PUBLIC_NAME, Address, Ports
from runbook_lib.environment import load_environment


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Address:
    monkeypatch.setattr(address, "state", lambda: tmp_path)
    made = Address("double")
    made.create()
    made.write_overlay(Ports(ssh=2201, http=8001, https=8401))
    return made


def test_the_certificate_is_for_the_public_name_and_signed_by_the_authority(made: Address) -> None:
    authority = x509.load_pem_x509_certificate((made.folder / "ca.pem").read_bytes())
    leaf = x509.load_pem_x509_certificate((made.folder / "fullchain.pem").read_bytes())
    leaf.verify_directly_issued_by(authority)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [PUBLIC_NAME]
    assert leaf.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=80)


def test_secrets_and_keys_are_readable_by_their_owner_alone(made: Address) -> None:
    for name in ("secrets.env", "id_ed25519", "privkey.pem", "ssh_host_ed25519_key"):
        assert stat.S_IMODE((made.folder / name).stat().st_mode) == 0o600, name


def test_every_required_server_secret_has_a_strong_value_of_its_own(made: Address) -> None:
    values = dict(line.split("=", 1) for line in (made.folder / "secrets.env").read_text().splitlines())
    assert set(values) == set(address.server_secrets())
    assert len(set(values.values())) == len(values)
    assert all(len(value) >= 40 and value.isalnum() for value in values.values())


def test_only_server_side_secrets_are_made() -> None:
    assert "STAGING_DB_PASSWORD" in address.server_secrets()
    assert "STAGING_SSH_KEY" not in address.server_secrets()


def test_existing_files_are_kept(made: Address) -> None:
    before = {path.name: path.read_bytes() for path in made.folder.iterdir()}
    made.create()
    assert {path.name: path.read_bytes() for path in made.folder.iterdir()} == before


def test_a_restored_server_keeps_its_secrets_and_gets_keys_of_its_own(made: Address) -> None:
    restored = Address("restored")
    restored.create((made.folder / "secrets.env").read_text())
    for name, same in (("secrets.env", True), ("id_ed25519", False), ("ssh_host_ed25519_key", False), ("ca.pem", False)):
        assert ((restored.folder / name).read_bytes() == (made.folder / name).read_bytes()) is same, name


def test_the_overlay_names_ports_key_and_authority(made: Address) -> None:
    overlay = yaml.safe_load((made.folder / "address.yaml").read_text())
    assert overlay["server"]["port"] == 2201
    assert overlay["public"]["connect_to"] == "127.0.0.1:8401"
    assert Path(overlay["public"]["ca_file"]).exists()
    load_ssh_private_key(Path(overlay["server"]["key_file"]).read_bytes(), None)


def test_host_keys_are_known_by_address_and_port(made: Address) -> None:
    kind, key, _ = made.host_key.with_suffix(".pub").read_text().split()
    assert made.known_hosts.read_text() == f"[127.0.0.1]:2201 {kind} {key}\n"
    load_ssh_private_key(made.host_key.read_bytes(), None)


def test_the_runbooks_can_read_the_environment_of_an_instance(made: Address) -> None:
    settings = (made.folder / "environment.yaml").read_text()
    assert yaml.safe_load(settings)["extends"] == [str(PLAN_OF_THE_LAB), "./address.yaml"]
    environment = load_environment(made.environment)
    assert environment.name == "double"
    assert environment.server.port == 2201


@pytest.mark.parametrize("port", [2501, 0])
def test_runs_send_their_mail_to_the_servers_own_port_where_it_takes_any(made: Address, port: int) -> None:
    made.write_overlay(Ports(ssh=2201, http=8001, https=8401, mail=port))
    mail = load_environment(str(made.folder / "environment.yaml")).notifications.mail
    assert (mail and (mail.host, mail.port, mail.tls)) == (("127.0.0.1", port, "none") if port else None)
