"""No secret is in a configuration backup, and a search that could not be made is not one that found none."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from runbook_lib.environment import load_environment
from tests.unit.recovery.programs.configuration_server import SECRET, Server

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_names_of_secrets_are_kept_and_values_never(server: Server) -> None:
    assert server.commit().returncode == 0
    assert server.git("show", "main:SECRET_NAMES") == "STAGING_DB_PASSWORD\n"
    assert ".env.secrets" not in server.git("ls-tree", "-r", "--name-only", "main").split()
    assert ("secret by name", str(server.project / ".env.secrets")) in server.survey().excluded


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        f"redis://:{quote(SECRET, safe='')}@redis",
        SECRET.encode().hex(),
        *(base64.b64encode(("u" * offset + SECRET + ":more").encode()).decode() for offset in range(3)),
    ],
    ids=["as it is", "in a URL", "hex", "base64", "base64 of a pair", "base64 of another pair"],
)
def test_a_secret_in_any_spelling_refuses_the_commit_and_leaves_no_object(server: Server, spelling: str) -> None:
    assert server.commit().returncode == 0
    before = server.git("count-objects")
    (server.etc / "planted.conf").write_text(f"a\nb = {spelling}\n")
    assert [secret for secret, _ in server.survey().leaks] == ["STAGING_DB_PASSWORD"]
    refused = server.commit()
    assert refused.returncode == 1
    assert "STAGING_DB_PASSWORD is in server/" in refused.stderr
    assert SECRET not in refused.stderr + refused.stdout
    assert server.git("count-objects") == before


def test_a_private_key_and_a_secret_in_a_file_name_are_noticed(server: Server) -> None:
    (server.etc / "key.txt").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (server.project / "nginx" / SECRET.replace("/", "_")).write_text("")
    (server.project / ".env.secrets").write_text(f"OTHER={SECRET.replace('/', '_')}\n")
    assert {secret for secret, _ in server.survey().leaks} == {"a private key", "OTHER"}


def test_nothing_is_committed_when_the_secrets_cannot_be_read(server: Server) -> None:
    (server.project / ".env.secrets").unlink()
    assert "cannot be searched" in server.commit().stderr
    assert not server.repository.exists()
    assert not server.survey().searched


OWN = "wq8Zr2xLp0"


@pytest.mark.parametrize("line", [
    f"DB_PASSWORD={OWN}", f"export DB_PASSWORD={OWN}", f"  DB_PASSWORD = {OWN}  ", f"db_password={OWN}", f"DB_PWD: {OWN}",
    f"DB_PASSWORD={OWN} # rotated in May", f'DB_PASSWORD="{OWN}" # rotated', f"DB_PASSWORD='{OWN}'\r",
    f"DATABASE_URL=postgresql://shop:{OWN}@db/shop", f"SECRET_URL=postgresql://shop:{OWN}@db/shop",
])
def test_secrets_are_found_however_an_application_writes_its_own_file(server: Server, line: str) -> None:
    (server.project / ".env").write_bytes(f"DEBUG=false\n{line}\n".encode())
    (server.project / "nginx/compose.yml").write_text(f"password: {OWN}\n")
    refused = server.commit_own()
    assert refused.returncode == 1
    assert " is in project/nginx/compose.yml" in refused.stderr
    assert OWN not in refused.stderr + refused.stdout
    assert not (server.repository / "refs/heads/main").exists()


def test_a_reference_is_no_secret_and_the_file_of_an_application_is_in_no_backup(server: Server) -> None:
    (server.project / ".env").write_text(f"DB_PASSWORD={OWN}\nADMIN_PASSWORD=${{DB_PASSWORD}}\nURL=redis://:${{DB_PASSWORD}}@cache\nTAG=stable-1.0\n")
    (server.project / "nginx/compose.yml").write_text("password: ${DB_PASSWORD}\nimage: web:stable-1.0\n")
    done = server.commit_own()
    assert done.returncode == 0, done.stderr
    assert "project/.env" not in server.git("ls-tree", "-r", "--name-only", "main").split()
    assert server.git("show", "main:SECRET_NAMES") == "DB_PASSWORD\n"


@pytest.mark.parametrize("option", ["-rlaZF", "-qF", "-rlaZE"])
def test_a_search_that_breaks_off_is_not_one_that_found_nothing(
    server: Server, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = f'() {{ [[ $1 != {option} ]] || return 2; command grep "$@"; }}'
    monkeypatch.setenv("BASH_FUNC_grep%%", broken)
    assert "was interrupted" in server.commit().stderr
    assert not server.repository.exists()
    assert not server.survey().searched


@pytest.mark.parametrize("program", ["od", "base64", "sed", "find"])
def test_a_search_for_secrets_that_could_not_be_made_is_not_one_that_found_none(server: Server, program: str) -> None:
    """The secret lies there in base64; without the program it would not be found."""
    (server.project / "nginx/token").write_text(base64.b64encode(SECRET.encode()).decode())
    (server.project / ".env.secrets").write_text(f'STAGING_DB_PASSWORD="{SECRET.replace(chr(34), chr(92) + chr(34))}"\n')
    assert "STAGING_DB_PASSWORD is in" in server.commit().stderr
    failing = {f"BASH_FUNC_{program}%%": "() { return 1; }"}
    done = server.step("commit", str(server.repository), "nginx", "--", environment=failing)
    assert done.returncode == 1
    assert not (server.repository / "refs/heads/main").exists()


def test_each_file_of_variables_of_the_owners_is_searched_for_and_never_copied(server: Server) -> None:
    """compose.env_files: a value of the last one, without an end of its line, is a secret as well."""
    outside = server.etc.parent / "prod.env"
    (server.project / ".env.secrets").unlink()
    (server.project / ".env").write_text("A_TOKEN=0123456789")
    outside.write_text(f"DB_PASSWORD='{SECRET}'")
    first = f"secrets_files=({outside} gone.env .env) own=yes\n"
    assert server.commit_from(first, ".env", "nginx").returncode == 0
    assert server.git("show", "main:SECRET_NAMES") == "A_TOKEN\nDB_PASSWORD\n"
    assert ".env" not in server.git("ls-tree", "-r", "--name-only", "main")
    (server.etc / "planted.conf").write_text(f"a = {SECRET}\nb = 0123456789\n")
    refused = server.commit_from(first, "nginx").stderr
    assert "A_TOKEN is in server/" in refused
    assert "DB_PASSWORD is in server/" in refused


def test_secrets_in_our_own_folder_are_searched_for_and_never_copied(server: Server) -> None:
    """compose.secrets_file: another place, the same care."""
    (server.project / ".runbook").mkdir(exist_ok=True)
    (server.project / ".env.secrets").rename(server.project / ".runbook/secrets.env")
    first = "variables_file=.runbook/variables.env secrets_file=.runbook/secrets.env\n"
    assert server.commit_from(first, ".runbook", "nginx").returncode == 0
    assert server.git("show", "main:SECRET_NAMES") == "STAGING_DB_PASSWORD\n"
    assert "secrets.env" not in server.git("ls-tree", "-r", "--name-only", "main")
    (server.etc / "planted.conf").write_text(f"a = {SECRET}\n")
    assert "STAGING_DB_PASSWORD is in server/" in server.commit_from(first, "nginx").stderr


def test_the_applications_own_variables_next_to_ours_are_never_copied(server: Server) -> None:
    """Where ours lie in .runbook/, its .env is its own and holds its passwords, which no search knows."""
    (server.project / "nginx/.env").write_text("DATABASE_PASSWORD=of-the-application-alone\n")
    (server.project / ".env.secrets").rename(server.project / "secrets.env")
    (server.project / "nginx/prod.env").write_text("DATABASE_PASSWORD=of-the-application-too\n")
    first = "variables_file=.runbook/variables.env secrets_file=secrets.env env_files=(nginx/prod.env)\n"
    done = server.commit_from(first, ".env", "nginx")
    assert done.returncode == 0
    assert f"excluded\tsecret by name\t{server.project}/.env\n" in done.stdout
    kept = server.git("ls-tree", "-r", "--name-only", "main").split()
    assert [one for one in kept if one.startswith("project/")] == ["project/nginx/nginx.conf"]
