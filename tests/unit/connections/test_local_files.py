"""One rule for every file of this machine that is named and cannot be read: exit code 2, and nothing was contacted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections import open_connections
from runbook_lib.connections.local_files import check_local_files
from runbook_lib.contract import read_contract
from runbook_lib.contract.catalogue import find_runbook
from runbook_lib.contract.parameter_file import read_parameter_file
from runbook_lib.core.errors import USAGE, EnvironmentInvalid, RunbookError
from runbook_lib.environment import Environment, load_environment

MINE = "extends: [staging]\nname: mine\n"


def asked(path: Path, text: str) -> Environment:
    path.write_text(text)
    return load_environment(str(path))


def with_server(tmp_path: Path, ask: str, text: str) -> Any:
    (tmp_path / "known").write_text("")
    environment = asked(tmp_path / "mine.yaml", MINE + text)
    with open_connections(environment, {}) as connections:
        return connections.http if ask == "http" else connections.server.read("/etc/hostname")


@pytest.mark.parametrize("missing", [
    lambda folder: load_environment(str(folder / "none.yaml")),
    lambda folder: load_environment("none"),
    lambda folder: asked(folder / "mine.yaml", "extends: [none.yaml]\nname: mine\n"),
    lambda folder: read_parameter_file(str(folder / "none.yaml"), read_contract("00")),
    lambda folder: find_runbook(str(folder / "none.ipynb")),
    lambda folder: find_runbook("none"),
    lambda folder: with_server(folder, "ssh", f"server: {{host: 127.0.0.1, key_file: none, known_hosts_file: {folder}/known}}\n"),
    lambda folder: with_server(folder, "ssh", "server: {host: 127.0.0.1, known_hosts_file: none}\n"),
    lambda folder: with_server(folder, "ssh", "server: {host: 127.0.0.1, ssh_config_file: ./nothing}\n"),
    lambda folder: with_server(folder, "http", "public: {ca_file: none}\n"),
], ids=["environment file", "environment", "base", "parameter file", "notebook's path", "notebook", "key", "known hosts",
        "OpenSSH's configuration", "certificate of the public address"])
def test_a_file_that_is_named_and_missing_is_a_wrong_request(tmp_path: Path, missing: Any) -> None:
    """Found by trying: a missing key ended with 4, missing known hosts with 3, and a missing certificate with 1."""
    with pytest.raises(RunbookError) as caught:
        missing(tmp_path)
    assert caught.value.exit_code == USAGE, caught.value
    assert "Error" not in caught.value.what and caught.value.next_step


def test_all_that_are_missing_are_named_at_once_each_with_its_key(tmp_path: Path) -> None:
    """Found by a newcomer: one run for each of four files."""
    keys = ("server.known_hosts_file", "server.key_file", "server.ssh_config_file", "public.ca_file")
    text = ("server: {known_hosts_file: ./a, key_file: ./b, ssh_config_file: ./c}\npublic: {ca_file: ./d}\nsecrets_file: ./e\n")
    environment = asked(tmp_path / "mine.yaml", MINE + text)
    with pytest.raises(EnvironmentInvalid) as refused:
        check_local_files(environment)
    assert [line.partition(":")[0] for line in refused.value.what.splitlines()] == list(keys)
    assert refused.value.what.count("cannot be read (No such file or directory)") == 4
    assert refused.value.next_step.endswith("Nothing was contacted.") and refused.value.exit_code == USAGE


def test_a_missing_file_of_secrets_keeps_no_one_from_looking(tmp_path: Path) -> None:
    """In CI every secret is in the process environment; and at night 00 is opened where no secret is available."""
    (tmp_path / "known").write_text("")
    check_local_files(asked(tmp_path / "mine.yaml", MINE + "secrets_file: ./none\nserver: {known_hosts_file: ./known, key_file: ./known}\n"))


def test_no_configuration_of_ssh_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("")
    check_local_files(asked(tmp_path / "mine.yaml", MINE + "server: {known_hosts_file: ./known, key_file: ./known, ssh_config_file: none}\n"))


@pytest.mark.parametrize("text", [
    "server: {known_hosts_file: ./missing}", "server: {known_hosts_file: ./known, key_file: ./missing}",
    "server: {known_hosts_file: ./known, key_file: ./known}\npublic: {ca_file: ./missing}",
    "server: {known_hosts_file: ./known, key_file: ./known, ssh_config_file: ./missing}",
], ids=["known hosts", "key", "certificate", "OpenSSH's configuration"])
def test_every_file_is_asked_for_before_any_connection(tmp_path: Path, text: str) -> None:
    """Found by trying: the page and its certificate had been asked when the missing known hosts ended the run with 2."""
    (tmp_path / "known").write_text("")
    with pytest.raises(EnvironmentInvalid, match=rf"{tmp_path}/missing cannot be read \(No such file or directory\)"):
        check_local_files(asked(tmp_path / "mine.yaml", f"{MINE}{text}\n"))
    check_local_files(asked(tmp_path / "mine.yaml", MINE + "server: {known_hosts_file: ./known, key_file: ./known}\n"))
