"""`runbook adopt --server`: one read-only question over SSH, and an address that says who logs in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.adopting import server
from runbook_lib.adopting.server import adopt_server
from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core import programs
from runbook_lib.core.errors import UsageError
from tests.unit.adopting.test_running import DB, WEB, printed

FILES = {"key_file": "~/.ssh/shop", "known_hosts_file": "~/.ssh/known_hosts"}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """How the server was opened; it answers with the project of /opt/shop."""
    seen: dict[str, Any] = {}

    class Scripted(ScriptedServer):
        def __init__(self, link: Any, *, changes_allowed: bool) -> None:
            super().__init__(commands={"migrations /opt/shop": "table\tdb\talembic_version\n", "projects /opt/shop": printed(DB, WEB)})
            seen.update(link=link, changes_allowed=changes_allowed, server=self)

        def close(self) -> None:
            seen["closed"] = True

    monkeypatch.setattr(server, "SshServer", Scripted)
    return seen


def test_what_runs_there_becomes_a_draft(opened: dict[str, Any]) -> None:
    made = adopt_server("/opt/shop/", "deploy@staging.example.com:2222", **FILES)
    assert made.name == "shop"
    for line in ("  host: staging.example.com  # --server", "  port: 2222  # --server", "  user: deploy  # --server",
                 "  directory: /opt/shop", "  project: shop_live  # from what runs on the server"):
        assert line in made.text
    assert "hunter22" not in made.text
    assert "Migrations: alembic, by the table alembic_version in db." in " ".join(made.text.replace("\n#", "").split())
    assert (opened["changes_allowed"], opened["closed"], len(opened["server"].asked)) == (False, True, 2)


def test_files_of_the_log_in_are_found_from_every_folder(opened: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = adopt_server("/opt/shop", "deploy@host", key_file="keys/shop", known_hosts_file="~/.ssh/known_hosts")
    assert f"  key_file: {tmp_path}/keys/shop  #" in made.text
    assert "  known_hosts_file: ~/.ssh/known_hosts" in made.text


@pytest.mark.parametrize(("address", "host", "port"), [
    ("deploy@host", "host", 22), ("deploy@[::1]:2222", "::1", 2222), ("a.b-c@10.0.0.1", "10.0.0.1", 22)])
def test_an_address_names_who_logs_in_and_where(opened: dict[str, Any], address: str, host: str, port: int) -> None:
    adopt_server("/opt/shop", address, **FILES)
    assert (opened["link"].host, opened["link"].port) == (host, port)


@pytest.mark.parametrize(("folder", "address"), [
    ("/opt/shop", "host"), ("/opt/shop", "-oProxyCommand=x@host"), ("/opt/shop", "deploy@-host"), ("/opt/shop", "a@b c"),
    ("/opt/shop", ""), ("shop", "deploy@host"), ("~/shop", "deploy@host")])
def test_anything_else_is_refused_before_a_server_is_contacted(opened: dict[str, Any], folder: str, address: str) -> None:
    with pytest.raises(UsageError):
        adopt_server(folder, address, **FILES)
    assert opened == {}


GOES = r"""#!/bin/sh
case "$*" in
    *working_dir=*) echo shop ;;
    *oneoff=False*) echo there; [ ! -e "$0.goes" ] || { rm "$0.goes"; echo gone; } ;;
    inspect*gone*) echo "No such object: gone" >&2; exit 1 ;;
    inspect*) echo '[{}]' ;;
esac
"""


def test_a_container_that_is_removed_meanwhile_keeps_no_project_from_being_adopted(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text(GOES)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "docker.goes").touch()
    done = subprocess.run(("sh", "-s", "--", "/srv/shop"), input=programs.text(server.PROGRAM), text=True, capture_output=True, timeout=60,
                          env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (done.returncode, done.stdout.splitlines()[-2:]) == (0, ["--- containers", "[{}]"]), done.stderr
