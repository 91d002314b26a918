"""Keys to log in with: from files, with certificates, and from a real ssh-agent where the file is encrypted."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from runbook_lib.connections.ssh_config import Route
from runbook_lib.connections.ssh_keys import agent_keys, close_agent, load_key, login_keys, public_half
from runbook_lib.core.errors import AuthenticationRefused, EnvironmentInvalid
from tests.unit.connections.ssh_files import blob, certify, make_key

HERE = Route("h", 22)


@pytest.fixture(autouse=True)
def _no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real ssh-agent that holds the key `held`, which is encrypted on disk."""
    make_key(tmp_path / "held")
    place = tmp_path / "s"
    with subprocess.Popen(("ssh-agent", "-D", "-a", str(place)), stdout=subprocess.DEVNULL) as running:
        while not place.exists():
            pass
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        subprocess.run(("ssh-add", "-q", tmp_path / "held"), check=True, capture_output=True)
        subprocess.run(("ssh-keygen", "-q", "-p", "-N", "secret", "-f", tmp_path / "held"), check=True)
        yield place
        running.terminate()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_plain_key(tmp_path: Path, kind: str) -> None:
    make_key(tmp_path / "key", kind)
    assert load_key(tmp_path / "key", "h").asbytes() == blob(tmp_path / "key.pub")


@pytest.mark.parametrize("words", [("RSA", "rsa_keygen_bits:2048"), ("EC", "ec_paramgen_curve:P-256"), ("ED25519",)])
def test_a_key_of_openssl_is_taken_as_openssh_takes_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    key = tmp_path / "key"
    options = [word for value in words[1:] for word in ("-pkeyopt", value)]
    subprocess.run(("openssl", "genpkey", "-algorithm", words[0], *options, "-out", key), check=True, capture_output=True)
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    public = subprocess.run(("openssl", "pkey", "-in", key, "-pubout"), check=True, capture_output=True).stdout
    expected = load_pem_public_key(public).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    assert base64.b64encode(load_key(key, "h").asbytes()) == expected


@pytest.mark.parametrize(("mode", "refused"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_private_key_that_others_can_read_is_refused_as_by_ssh(tmp_path: Path, mode: int, refused: bool) -> None:
    key = tmp_path / "a key"
    make_key(key)
    key.chmod(mode)
    if not refused:
        assert load_key(key, "h").get_name() == "ssh-ed25519"
        return
    with pytest.raises(AuthenticationRefused, match=rf"can be read by others \(mode {mode:04o}\)") as found:
        load_key(key, "h")
    assert found.value.next_step == f"chmod 600 '{key}'"


@pytest.mark.parametrize("content", ["AAAA", "MC4CAQAwBQYDK2VuBCIEIHc4gmMYR4nCy0Nqkn7wn1ItoHJu1Y7pZ2tNzE1kEFRk"])
def test_a_key_of_openssl_that_is_garbled_or_for_no_log_in_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(f"-----BEGIN PRIVATE KEY-----\n{content}\n-----END PRIVATE KEY-----\n")
    with pytest.raises(AuthenticationRefused, match="not a private key that can be used"):
        load_key(tmp_path / "key", "h")


def test_a_key_of_openssl_of_a_kind_that_no_server_takes_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(("openssl", "genpkey", "-genparam", "-algorithm", "DSA", "-out", tmp_path / "p"), check=True, capture_output=True)
    subprocess.run(("openssl", "genpkey", "-paramfile", tmp_path / "p", "-out", key), check=True, capture_output=True)
    with pytest.raises(AuthenticationRefused, match="not a private key that can be used"):
        load_key(key, "h")


def test_an_encrypted_key_is_taken_from_the_agent(tmp_path: Path, agent: Path) -> None:
    expected = blob(tmp_path / "held.pub")
    for name, place in (("held", ""), ("held.pub", ""), ("held", str(agent)), ("held", "$SSH_AUTH_SOCK")):
        key = load_key(tmp_path / name, "h", place)
        assert key.asbytes() == expected
        close_agent(key)
    (tmp_path / "held.pub").unlink()
    assert public_half(tmp_path / "held") == expected, "the encrypted file shows its public half in the clear"


def test_an_encrypted_key_without_an_agent_says_what_to_do(tmp_path: Path) -> None:
    make_key(tmp_path / "key", passphrase="secret")
    with pytest.raises(AuthenticationRefused, match="protected by a passphrase, and no ssh-agent answers") as caught:
        load_key(tmp_path / "key", "deploy@h:22")
    assert f"ssh-add {tmp_path}/key" in caught.value.next_step
    assert caught.value.where == "deploy@h:22"


def test_an_encrypted_key_that_the_agent_does_not_hold(tmp_path: Path, agent: Path) -> None:
    make_key(tmp_path / "key", passphrase="secret")
    with pytest.raises(AuthenticationRefused, match="ssh-agent does not hold it"):
        load_key(tmp_path / "key", "h")
    with pytest.raises(AuthenticationRefused, match="no ssh-agent answers"):
        load_key(tmp_path / "held", "h", agent="none")


@pytest.mark.parametrize("content", ["no key\n", "", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END\n"])
def test_a_file_that_is_no_key(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(AuthenticationRefused, match="is not a private key"):
        load_key(tmp_path / "key", "h")
    with pytest.raises(EnvironmentInvalid, match="cannot be read"):
        load_key(tmp_path / "none", "h")
    assert public_half(tmp_path / "key") is None


def test_the_environments_key_comes_first_and_absent_others_are_left_out(tmp_path: Path) -> None:
    for name in ("key", "other"):
        make_key(tmp_path / name)
    route = Route("h", 22, identity_files=(str(tmp_path / "other"), str(tmp_path / "none"), str(tmp_path / "key")))
    found = [key.asbytes() for key in login_keys(tmp_path / "key", route, "h")]
    assert found == [blob(tmp_path / "key.pub"), blob(tmp_path / "other.pub")]


def test_a_certificate_is_tried_before_the_key_as_it_is(tmp_path: Path) -> None:
    for name in ("authority", "key", "other"):
        make_key(tmp_path / name)
    moved = certify(tmp_path / "authority", tmp_path / "key", "-n", "deploy", host=False).rename(tmp_path / "c.pub")
    foreign = certify(tmp_path / "authority", tmp_path / "other", "-n", "deploy", host=False)
    route = Route("h", 22, certificate_files=(str(foreign), str(moved), str(tmp_path / "none")))
    keys = login_keys(tmp_path / "key", route, "h")
    assert next(keys).public_blob.key_blob == blob(moved)  # type: ignore[union-attr]
    assert next(keys).public_blob is None
    assert next(keys, None) is None


def test_no_agent_no_keys(tmp_path: Path) -> None:
    assert agent_keys() is None
    assert agent_keys(str(tmp_path / "none")) is None
    (tmp_path / "file").write_text("")
    assert agent_keys(str(tmp_path / "file")) is None
