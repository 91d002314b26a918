"""What the program of the drill refuses to fill, and when its provocations end: without a server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

LIMITS = {"disk_at_most_gb": "1", "disk_leave_gb": "1", "memory_at_most_mb": "64", "memory_leave_mb": "64",
          "disk_above": "100", "memory_above": "100"}


def run(folder: Path, text: str, **given: str) -> subprocess.CompletedProcess[str]:
    """The output of some lines after the program's own functions; Docker and fallocate are not to be reached."""
    values = " ".join(f"[{name}]={value}" for name, value in {**LIMITS, "disk_directory": str(folder), **given}.items())
    script = "\n".join((programs.text("observability/alert_provocations.sh"), f"declare -A given=({values})",
                        f"FILLER=.alert-drill scratch={folder}/scratch", 'helper() { echo "a container was started"; }',
                        'fallocate() { echo "a file was allocated"; }', "begin() { :; }; elapsed() { echo 1; }", text))
    return subprocess.run(("bash", "-s"), input=script, text=True, capture_output=True, timeout=120)


@pytest.mark.parametrize(("means", "limit"), [("by_disk", "at_most_gb is 1"), ("by_memory", "at_most_mb is 64")])
def test_more_than_the_limit_is_not_filled_and_the_reason_is_given(tmp_path: Path, means: str, limit: str) -> None:
    done = run(tmp_path, means)
    assert done.returncode == 1
    assert limit in done.stdout
    assert "started" not in done.stdout
    assert "allocated" not in done.stdout


@pytest.mark.parametrize(("means", "limit"), [("by_disk", "leave_gb is 1000000"), ("by_memory", "leave_mb is 100000000")])
def test_what_the_others_need_is_left_to_them(tmp_path: Path, means: str, limit: str) -> None:
    plenty = {"disk_at_most_gb": "1000000", "memory_at_most_mb": "100000000", "disk_leave_gb": "1000000",
              "memory_leave_mb": "100000000"}
    done = run(tmp_path, means, **plenty)
    assert done.returncode == 1
    assert limit in done.stdout
    assert "allocated" not in done.stdout


@pytest.mark.parametrize(("files", "going"), [((), False), (("scratch",), True), (("scratch", "scratch/end"), False),
                                              (("scratch", "scratch/stop"), False)])
def test_a_provocation_goes_on_only_while_the_drill_does(tmp_path: Path, files: tuple[str, ...], going: bool) -> None:
    for name in files:
        (tmp_path / name).mkdir()
    assert run(tmp_path, "going_on").returncode == (0 if going else 1)


def test_requests_end_with_the_drill(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "stop").touch()
    begun = 'address=1 sent=0; curl() { exec sleep 100000; }; burst /health 30 0; echo "ended"'
    assert run(tmp_path, begun, answers="/", requests="30", hold_s="100000", project="p").stdout == "ended\n"
