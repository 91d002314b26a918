"""The configuration backup's programs, run by bash in a folder; and what its survey and its plan say."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from runbook_lib.core import programs
from runbook_lib.environment import load_environment
from runbook_lib.environment.rules import StaticAssets
from runbook_lib.recovery.facts.configuration_backups import (
    Change,
    Commit,
    ConfigurationBackups,
    parse_configuration,
)
from runbook_lib.recovery.plans.configuration_backup import (
    configuration_program,
    plan_configuration_backup,
    scheduled_steps,
)

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "zK9/+pw word-'x\"3v8Q"


class Server:
    """A project folder, a folder like /etc, and the repository."""

    def __init__(self, place: Path) -> None:
        self.project, self.etc, self.repository = place / "project", place / "etc", place / "backups/configuration.git"
        for folder in (self.project / "nginx", self.etc, self.repository.parent):
            folder.mkdir(parents=True)
        (self.project / ".env").write_text("COMPOSE_PROFILES=blue,grafana\n")
        (self.project / ".env.secrets").write_text(f"STAGING_DB_PASSWORD='{SECRET}'\n")
        (self.project / "nginx/nginx.conf").write_text("worker_processes 4;\r\n")
        (self.etc / "sshd_config").write_text("PasswordAuthentication no\n")

    def step(self, *words: str, project: str = "gw2-staging",
             environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        argv = ("bash", "-s", "--", words[0], str(self.project), project, *words[1:])
        return subprocess.run(argv, input=configuration_program(), text=True, capture_output=True, timeout=60,
                              env={**os.environ, **(environment or {})})

    def commit(self, project: str = "gw2-staging") -> subprocess.CompletedProcess[str]:
        return self.step("commit", str(self.repository), ".env", ".env.secrets", "nginx", "--", str(self.etc), project=project)

    def commit_own(self) -> subprocess.CompletedProcess[str]:
        """As where the application has a file of its own, and the runbooks none."""
        (self.project / ".env.secrets").unlink()
        argv = ("bash", "-s", "--", "commit", str(self.project), "shop", str(self.repository), ".env", "nginx", "--")
        return subprocess.run(argv, input=configuration_program("secrets_file=.env\n"), text=True, capture_output=True, timeout=60)

    def survey(self) -> ConfigurationBackups:
        argv = ("bash", "-s", "--", str(self.project), str(self.repository), "clone", str(self.repository),
                ".env", ".env.secrets", "nginx", "gone.conf", "--", str(self.etc))
        text = programs.text("recovery/configuration_files.sh", "recovery/folder_owner.sh", "recovery/configuration_survey.sh")
        done = subprocess.run(argv, input=text, text=True, capture_output=True, check=True)
        return parse_configuration(done.stdout, our_clock=datetime.now(UTC))

    def git(self, *words: str) -> str:
        argv = ("git", "--git-dir", str(self.repository), *words)
        return subprocess.run(argv, check=True, capture_output=True).stdout.decode("utf-8", "replace")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_only_a_change_makes_a_commit_and_every_byte_comes_back(server: Server) -> None:
    assert server.commit().stdout.splitlines()[-1].startswith("committed ")
    assert server.commit().stdout.splitlines()[-1].startswith("unchanged ")
    (server.project / "nginx/nginx.conf").write_text("worker_processes 8;\r\n")
    assert [(one.path, one.kind) for one in server.survey().changes] == [("project/nginx/nginx.conf", "changed")]
    assert server.commit().returncode == 0
    assert server.git("show", "main:project/nginx/nginx.conf") == "worker_processes 8;\r\n"
    assert server.git("show", "main~1:project/nginx/nginx.conf") == "worker_processes 4;\r\n"
    after = server.survey()
    assert (after.clone, after.differs, after.changes, len(after.commits)) == ("good", (), (), 2)


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


def test_a_commit_is_undone_by_one_step_and_only_from_where_the_plan_stood(server: Server) -> None:
    first = server.commit().stdout.split()[-1]
    (server.project / ".env").write_text("A=1\n")
    assert server.commit().returncode == 0
    assert server.step("uncommit", str(server.repository), first).returncode == 0
    assert server.git("rev-parse", "main").strip() == first
    assert server.step("uncommit", str(server.repository), "f" * 40).returncode != 0
    assert server.step("uncommit", str(server.repository), "none").returncode == 0
    assert server.survey().tip is None


def test_a_damaged_repository_is_no_good_clone(server: Server) -> None:
    assert server.commit().returncode == 0
    blob = server.git("rev-parse", "main:project/.env").strip()
    damaged = server.repository / "objects" / blob[:2] / blob[2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"rot")
    assert server.survey().clone != "good"


def test_hostile_names_do_nothing_and_are_told(server: Server) -> None:
    (server.etc / "$(touch owned)").write_text("x\n")
    (server.etc / "two\nlines").write_text("x\n")
    done = server.commit()
    assert done.returncode == 0, done.stderr
    assert "unusable name" in done.stdout
    assert "$(touch owned)" in server.git("ls-tree", "-r", "--name-only", "-z", "main")


def test_archives_are_kept_once_for_each_content_and_the_newest_stay(server: Server, tmp_path: Path) -> None:
    uploads, folder = tmp_path / "uploads", tmp_path / "files"
    uploads.mkdir()
    for number in range(4):
        (uploads / "a b.txt").write_text(f"{number}\n")
        for _ in range(2):
            done = server.step("archive", "uploads", str(folder), "2", str(uploads))
            assert done.returncode == 0, done.stderr
    assert len(list(folder.glob("*.tar.gz"))) == 2
    newest = done.stdout.split()[1]
    assert subprocess.run(("tar", "-xzOf", newest), capture_output=True, text=True).stdout == "3\n"


def test_a_folder_whose_name_begins_as_another_one_keeps_archives_of_its_own(server: Server, tmp_path: Path) -> None:
    uploads, folder = tmp_path / "uploads", tmp_path / "files"
    uploads.mkdir()
    for number in range(2):
        for name in ("uploads_private", "uploads"):
            (uploads / "one.txt").write_text(f"{name} {number}\n")
            assert server.step("archive", name, str(folder), "2", str(uploads)).returncode == 0
    names = sorted(path.name for path in folder.glob("*.tar.gz"))
    assert [name.startswith("uploads_private_") for name in names] == [False, False, True, True]


def test_rotated_logs_are_kept_by_their_day_and_go_after_thirty(server: Server, tmp_path: Path) -> None:
    logs, kept = tmp_path / "gw2", tmp_path / "kept"
    logs.mkdir()
    today = datetime.now(UTC)
    for days in (1, 29, 40):
        (logs / f"backend.log-{today - timedelta(days=days):%Y%m%d}").write_text("line\n")
    assert server.step("logs", str(kept), "30", str(logs)).returncode == 0
    names = sorted(path.name for path in kept.glob("*/*"))
    assert names == sorted(f"backend.log-{today - timedelta(days=days):%Y%m%d}.gz" for days in (1, 29))
    (kept / "gw2" / f"backend.log-{today + timedelta(days=9):%Y%m%d}.gz").write_text("")
    (kept / "gw2/backend.log-20200101.gz").write_text("")
    assert "clock cannot be trusted" in server.step("logs", str(kept), "30", str(logs)).stdout
    assert (kept / "gw2/backend.log-20200101.gz").exists()


# ── what is made of it ───────────────────────────────────────────────────────────────────────────────────────────

FRESH = ConfigurationBackups(NOW, NOW, 3, True, True, changes=(Change("project/.env", "new"),))


def test_nothing_changed_is_an_answer_of_the_plan() -> None:
    plan = plan_configuration_backup(replace(FRESH, changes=(), commits=(Commit("a" * 40, NOW, "x"),)), ENVIRONMENT)
    assert "configuration-commit" not in [step.key for step in plan.steps]
    assert any("nothing changed since aaaaaaaaaaaa" in one.reason for one in plan.skipped)
    assert "configuration-commit" in [step.key for step in plan_configuration_backup(FRESH, ENVIRONMENT).steps]


def test_no_log_is_deleted_when_the_clocks_disagree() -> None:
    apart = replace(FRESH, our_clock=NOW + timedelta(hours=1))
    logs = next(step for step in plan_configuration_backup(apart, ENVIRONMENT).steps if step.key == "logs")
    assert logs.actions[0].argv[7] == "0"  # type: ignore[union-attr]


def test_a_folder_of_another_environment_is_refused_and_left_as_it_is(server: Server, tmp_path: Path) -> None:
    """Both would commit over, number and delete the other's; whoever wrote there first goes on."""
    uploads, files, logs, kept = (tmp_path / name for name in ("uploads", "files", "logs", "kept"))
    for folder in (uploads, logs):
        folder.mkdir()
    (uploads / "one").write_text("one")
    (logs / "app.log-20260101").write_text("line\n")
    steps = (("archive", "uploads", str(files), "2", str(uploads)), ("logs", str(kept), "30", str(logs)))
    assert server.commit().returncode == 0
    assert [server.step(*words).returncode for words in steps] == [0, 0]
    before = {path: path.read_bytes() for path in (*files.rglob("*"), *kept.rglob("*")) if path.is_file()}
    commits = server.git("rev-parse", "main")
    (uploads / "one").write_text("two")
    server.project.joinpath("nginx/nginx.conf").write_text("worker_processes 8;\n")
    refused = [server.commit("gw2-second"), *(server.step(*words, project="gw2-second") for words in steps),
               server.step("uncommit", str(server.repository), "none", project="gw2-second")]
    for done in refused:
        assert done.returncode == 1
        assert "holds the backups of another environment (gw2-staging, not gw2-second)" in done.stderr
    assert {path: path.read_bytes() for path in (*files.rglob("*"), *kept.rglob("*")) if path.is_file()} == before
    assert server.git("rev-parse", "main") == commits
    assert server.survey().owners == {str(server.repository): "gw2-staging"}
    assert server.commit().returncode == 0


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


def test_a_repository_that_cannot_be_read_is_not_one_without_backups(server: Server) -> None:
    assert server.commit().returncode == 0
    commit = server.git("rev-parse", "main").strip()
    (server.repository / "HEAD").unlink()
    for words in (("commit", str(server.repository), "nginx", "--"), ("uncommit", str(server.repository), "none")):
        done = server.step(*words)
        assert (done.returncode, str(server.repository) in done.stderr) == (1, True), words
    assert (server.repository / "refs/heads/main").read_text().strip() == commit
    with pytest.raises(subprocess.CalledProcessError):
        server.survey()


def test_an_undo_where_there_is_no_repository_has_nothing_to_do(server: Server) -> None:
    assert server.step("uncommit", str(server.repository), "none").stdout == "nothing to undo\n"


@pytest.mark.parametrize(("service", "container"), [("backend", "backend-COLOUR"), ("postgres", "postgres")])
def test_uploads_in_a_volume_are_read_in_the_container_that_there_is(service: str, container: str) -> None:
    """With two colours there is no container that has the name alone."""
    rules = ENVIRONMENT.configuration_backup.model_copy(update={"uploads": (StaticAssets(service=service, path="/srv/uploads"),)})
    steps = dict(scheduled_steps(ENVIRONMENT.model_copy(update={"configuration_backup": rules})))
    words = steps[f"files-{service}-srv-uploads"].argv
    assert words[words.index("-T") + 1] == container
    assert "/srv/uploads" in words
