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


def of_processors(folder: Path, *used: str, text: str = "cpu_threshold", hold_s: str = "20") -> subprocess.CompletedProcess[str]:
    """The threshold where Prometheus replies with these uses in percent, one after the other, and again with the last."""
    (folder / "scratch").mkdir()
    (folder / "used").write_text("".join(f"{one}\n" for one in used))
    reply = """from_prometheus() { local one; one=$(sed -n 1p "$scratch/../used"); [[ $(wc -l <"$scratch/../used") == 1 ]] || sed -i 1d "$scratch/../used"
        [[ -z $one ]] || printf '{"data":{"result":[{"metric":{},"value":[1795850791.049,"%s"]}]}}' "$one"; }; sleep() { SECONDS=$((SECONDS + 2)); }"""
    return run(folder, f"{reply}\n{text}", cpu_used="cpu", cpu_above="80", hold_s=hold_s)


@pytest.mark.parametrize(("used", "threshold"), [(("3.5",), "80"), (("76.9",), "80"), (("78",), "89"), (("92",), "96"),
                                                 (("97",), "98.5"), (("99.9", "98", "95"), "97.5")])
def test_the_threshold_is_the_rules_own_or_half_way_to_what_is_left_once_something_is(
        tmp_path: Path, used: tuple[str, ...], threshold: str) -> None:
    done = of_processors(tmp_path, *used)
    assert (done.returncode, done.stdout) == (0, threshold)


@pytest.mark.parametrize(("used", "shown"), [("99.91", "100 %"), ("97.6", "98 %")])
def test_where_the_others_use_every_processor_the_rule_itself_is_true_and_ends_by_its_threshold(tmp_path: Path, used: str, shown: str) -> None:
    """Found on the lab: on a machine that was busy throughout, the condition has never fired."""
    done = of_processors(tmp_path, used, text="""
        raise_threshold() { echo "above $(cpu_threshold)"; }; helper() { echo helper; }; begin() { echo "begun $1"; }; hold() { :; }; docker() { :; }
        write_rules() { echo "written $1"; }; reload_rules() { echo reloaded; }; NEVER=1000000; name=CpuUsageHigh; by_cpu CpuUsageHigh""")
    assert (done.returncode, done.stdout.split("\n")) == (0, ["above 80", "helper", "begun CpuUsageHigh", "written 1000000", "reloaded", ""])
    assert (tmp_path / "scratch" / "note").read_text() == (
        f"The processors were in use already ({shown}), so CpuUsageHigh was true without the drill: it ended by a higher threshold.")


def test_where_something_is_left_the_end_of_the_container_is_the_end_of_the_condition(tmp_path: Path) -> None:
    done = of_processors(tmp_path, "50", text="""
        raise_threshold() { echo "above $(cpu_threshold)"; }; helper() { :; }; begin() { :; }; hold() { :; }; docker() { :; }
        write_rules() { echo "written $1"; }; reload_rules() { echo reloaded; }; by_cpu CpuUsageHigh""")
    assert (done.returncode, done.stdout, (tmp_path / "scratch" / "note").exists()) == (0, "above 80\n", False)


def test_where_prometheus_gives_no_figure_nothing_is_provoked_and_the_reason_is_given(tmp_path: Path) -> None:
    done = of_processors(tmp_path, "", text="by_cpu CpuUsageHigh")
    assert (done.returncode, done.stdout) == (1, "Prometheus does not say how much of the processors is used.\n")


def test_the_provocation_begins_when_prometheus_has_the_threshold(tmp_path: Path) -> None:
    old, new = (f'"name":"alert-drill","rules":[{{"query":"cpu > {above}"}}]' for above in ("1e+06", "88.5"))
    text = f"""prometheus=1; write_rules() {{ echo "written $1"; }}; reload_rules() {{ echo reloaded; }}; asked=0
        curl() {{ echo asked >>"$scratch/asked"; [[ $(wc -l <"$scratch/asked") -lt 3 ]] && echo '{old}' || echo '{new}'; }}; raise_threshold"""
    # the moments that it was busy are none of the time that Prometheus has to load it
    done = of_processors(tmp_path, *["99"] * 45, "77", text=text, hold_s="400")
    assert (done.returncode, done.stdout) == (0, "written 88.5\nreloaded\n")
    assert (tmp_path / "scratch" / "asked").read_text().count("asked") == 3


FILLS = """helper() { :; }; begin() { echo "begun after $(wc -l <"$scratch/asked")"; }; hold() { :; }; remove() { :; }; sleep() { SECONDS=$((SECONDS + 1)); }
    docker() { case $1 in logs) echo >>"$scratch/asked"; [[ $(wc -l <"$scratch/asked") -lt %s ]] || echo filled ;; *) echo %s ;; esac; }
    by_memory MemoryUsageHigh"""


@pytest.mark.parametrize(("after", "running", "code", "printed"), [
    ("4", "true", 0, "begun after 4\n"), ("4", "false", 1, "The container that fills the memory has ended.\n"),
    ("1000", "true", 1, "The memory was not filled in time.\n"),
])
def test_the_memory_is_full_before_the_time_of_its_alert_begins(tmp_path: Path, after: str, running: str, code: int, printed: str) -> None:
    """Found on a busy lab: 70 of the 86 s that the alert seemed to take were those of filling 18 GB."""
    (tmp_path / "scratch").mkdir()
    done = run(tmp_path, FILLS % (after, running), memory_at_most_mb="100000000", memory_leave_mb="0", memory_above="50", hold_s="60", project="p")
    assert (done.returncode, done.stdout) == (code, printed)
