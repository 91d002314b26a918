"""The configuration backup's program, run by bash in a folder: commits, archives, rotated logs, and the undo."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runbook_lib.environment import load_environment
from tests.unit.recovery.programs.configuration_server import Server

ENVIRONMENT = load_environment("staging")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


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


def test_a_commit_is_undone_by_one_step_and_only_from_where_the_plan_stood(server: Server) -> None:
    first = server.commit().stdout.split()[-1]
    (server.project / ".env").write_text("A=1\n")
    assert server.commit().returncode == 0
    assert server.step("uncommit", str(server.repository), first).returncode == 0
    assert server.git("rev-parse", "main").strip() == first
    assert server.step("uncommit", str(server.repository), "f" * 40).returncode != 0
    assert server.step("uncommit", str(server.repository), "none").returncode == 0
    assert server.survey().tip is None


def test_a_server_without_files_outside_the_project_has_a_good_clone(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """git keeps no empty folder: the clone of a good backup lacked `server`, and was called damaged."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/crontab").write_text("#!/bin/sh\necho 'no crontab for deploy' >&2\nexit 1\n")
    (tmp_path / "bin/crontab").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (server.etc / "sshd_config").unlink()
    assert server.commit().returncode == 0
    after = server.survey()
    assert (after.clone, after.differs, after.clone_files) == ("good", (), 4)


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


def test_a_folder_of_a_container_comes_as_a_stream_and_its_image_runs_nothing(server: Server, tmp_path: Path) -> None:
    """As `docker compose cp SERVICE:PATH/. -` gives it: with folders and files that only their owner may read."""
    inside, folder = tmp_path / "inside", tmp_path / "files"
    (inside / "sub").mkdir(parents=True)
    (inside / "sub/one").write_text("1\n")
    (inside / "sub").chmod(0o500)
    stream = ("tar", "-C", str(inside), "--mode=a-w,o-r", "-cf", "-", ".")
    for outcome in ("published", "unchanged"):
        done = server.step("archive", "api-data", str(folder), "2", "/data", *stream)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(outcome)
    assert "sub/one" in next(folder.glob("*.files")).read_text()
    gone = server.step("archive", "api-data", str(folder), "2", "/nope", "sh", "-c", "echo no such folder >&2; exit 1")
    assert gone.returncode == 1
    assert "no such folder" in gone.stderr and "/nope cannot be read in its container" in gone.stderr


def test_a_folder_without_a_file_is_none_that_passes_and_the_way_out_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    done = server.step("archive", "uploads", str(tmp_path / "files"), "2", str(tmp_path / "uploads"))
    assert done.returncode == 1
    assert "Where nothing was uploaded yet, give configuration_backup.no_uploads_reason" in done.stderr


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
