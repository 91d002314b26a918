"""Releases with one spoilt file, made in a repository that has nothing but a tag."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab import spoilt


@pytest.mark.parametrize(("path", "fault"), [
    ("redis/start.sh", "if spoilt; then\n"), ("grafana/dashboards/a.json", "{ spoilt\n"),
    ("nginx/nginx.conf", spoilt.UNKNOWN_WORD), ("prometheus/rules/plan.yml", "spoilt: [on purpose\n"),
])
def test_each_kind_of_file_gets_a_fault_of_its_kind(path: str, fault: str) -> None:
    assert spoilt.fault_in(path) == fault


def test_the_release_differs_from_its_base_in_the_first_line_of_one_file(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        return subprocess.run(("git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words), cwd=tmp_path,
                              capture_output=True, text=True, check=True).stdout

    git("init", "--quiet")
    (tmp_path / "start.sh").write_text("echo fine\n")
    (tmp_path / "start.sh").chmod(0o755)
    git("add", ".")
    git("commit", "--quiet", "-m", "base")
    git("tag", "--annotate", "base", "-m", "base")
    subprocess.run(("sh", "-c", spoilt.PROGRAM, "spoil", str(tmp_path), "bad", "base", "start.sh", "if spoilt; then\n"),
                   check=True, timeout=120)
    assert git("show", "bad:start.sh") == "if spoilt; then\necho fine\n"
    assert git("diff", "--stat", "base", "bad").strip().endswith("1 file changed, 1 insertion(+)")
    assert git("ls-tree", "bad").startswith("100755"), "and it can still be executed"
