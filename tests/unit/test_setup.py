"""The set-up refuses before it makes anything, shows what failed, and does nothing twice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "cat", "cut", "dirname", "grep", "mkdir", "rm", "sed", "seq", "sha256sum", "sleep", "tail", "timeout",
         "tr")
EXTENSION = "runbook_lib/jupyter/prefix/etc/jupyter/jupyter_server_config.d/runbook_lib.json"
SETTINGS = "runbook_lib/jupyter/prefix/share/jupyter/lab/settings/overrides.json"
READ = ("setup.sh", "pyproject.toml", "requirements.lock", EXTENSION, SETTINGS)


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH of its own: a user who is not root, on a machine without Docker and without apt."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"this machine has no {tool}"
        (folder / tool).symlink_to(found)
    program(folder, "id", "echo 1000")
    program(folder, "python3.11", "exit 0")
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads of a fresh clone."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in READ:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def set_up(clone: Path, programs: Path, goal: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("bash", str(clone / "setup.sh"), goal), env={"PATH": str(programs)}, text=True,
                          capture_output=True, timeout=60)


def made(clone: Path) -> set[str]:
    return {path.name for path in clone.iterdir()} - {Path(name).parts[0] for name in READ}


@pytest.mark.parametrize("goal", ["lab", "test"])
def test_without_root_and_without_docker_nothing_is_begun(clone: Path, programs: Path, goal: str) -> None:
    refused = set_up(clone, programs, goal)
    assert refused.returncode == 3
    assert "Docker Engine" in refused.stderr
    assert "Compose v2" in refused.stderr
    assert "Nothing was installed or changed." in refused.stderr
    assert made(clone) == set()


def test_python_alone_does_not_ask_for_docker(clone: Path, programs: Path) -> None:
    asked = set_up(clone, programs, "python")
    assert "Docker" not in asked.stderr


def test_without_python_the_message_names_the_package(clone: Path, programs: Path) -> None:
    (programs / "python3.11").unlink()
    refused = set_up(clone, programs, "python")
    assert refused.returncode == 3
    assert "python3.11-venv" in refused.stderr
    assert made(clone) == set()


def test_compose_of_the_first_version_does_not_count(clone: Path, programs: Path) -> None:
    program(programs, "docker", 'case "$1" in version) echo 20.10 ;; compose) echo 1.29.2 ;; esac')
    refused = set_up(clone, programs, "lab")
    assert refused.returncode == 3
    assert "Compose v2" in refused.stderr
    assert "a Docker Engine that answers" not in refused.stderr


def test_root_on_an_unknown_system_is_refused_as_well(clone: Path, programs: Path) -> None:
    program(programs, "id", "echo 0")
    refused = set_up(clone, programs, "lab")
    assert refused.returncode == 3
    assert made(clone) == set()


def test_a_stage_that_fails_shows_its_last_lines_and_its_log(clone: Path, programs: Path) -> None:
    program(programs, "python3.11", 'case "$*" in *.venv) seq -f "line %g" 50; exit 1 ;; esac')
    failed = set_up(clone, programs, "python")
    assert failed.returncode == 1
    assert "line 50" in failed.stderr
    assert "line 21\n" in failed.stderr
    assert "line 20\n" not in failed.stderr
    log = clone / ".lab/logs/setup-venv.log"
    assert str(log.relative_to(clone)) in failed.stderr
    assert log.read_text().startswith("line 1\n")


def test_an_unknown_goal_is_told_what_there_is(clone: Path, programs: Path) -> None:
    refused = set_up(clone, programs, "everything")
    assert refused.returncode == 2
    assert "use python, lab or test" in refused.stderr


def test_a_set_up_that_finds_everything_installs_nothing(clone: Path, programs: Path) -> None:
    calls = _everything_is_there(clone)
    done = set_up(clone, programs, "python")
    assert done.returncode == 0
    assert done.stdout == done.stderr == ""
    assert "-m pip" not in calls.read_text()


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", EXTENSION, SETTINGS])
def test_a_change_in_what_was_installed_is_installed_again(clone: Path, programs: Path, name: str) -> None:
    calls = _everything_is_there(clone)
    with (clone / name).open("a") as file:
        file.write("\n")
    assert set_up(clone, programs, "python").returncode == 0
    assert "-m pip install" in calls.read_text()
    calls.unlink()
    assert set_up(clone, programs, "python").returncode == 0
    assert "-m pip" not in calls.read_text()


def _everything_is_there(clone: Path) -> Path:
    """A .venv as an earlier set-up left it. Its Python only writes down how it is called, into the file that is returned."""
    (clone / ".venv/bin").mkdir(parents=True)
    calls = clone / ".venv/calls"
    program(clone / ".venv/bin", "python", f'echo "$*" >>"{calls}"')
    for stamp, names in (("packages", "requirements.lock"), ("project", f"pyproject.toml {EXTENSION} {SETTINGS}")):
        digest = subprocess.run(f"sha256sum {names} | sha256sum | cut -d' ' -f1", shell=True, cwd=clone,
                                capture_output=True, text=True, check=True)
        (clone / f".venv/stamp-{stamp}").write_text(digest.stdout)
    return calls


def _a_machine_with_an_engine(programs: Path, images: str) -> None:
    """Docker answers; `images` is what the building of images does."""
    program(programs, "docker", 'case "$1" in version) echo 20.10 ;; compose) echo 2.26.1 ;; esac')
    make_venv = 'mkdir -p .venv/bin; printf "#!/bin/sh\\nexit 0\\n" >.venv/bin/python; chmod +x .venv/bin/python'
    program(programs, "python3.11", f'case "$*" in "-m venv .venv") {make_venv} ;; *" images "*) {images} ;; esac')
    (programs / "chmod").symlink_to(shutil.which("chmod") or "")


def test_on_a_machine_that_has_nothing_images_are_built_while_packages_are_fetched(clone: Path, programs: Path) -> None:
    _a_machine_with_an_engine(programs, "echo begun; sleep 1; echo built")
    first = set_up(clone, programs, "lab")
    assert first.returncode == 0, first.stderr
    packages, images = first.stdout.index("Python packages"), first.stdout.index("✓ Images of the lab")
    assert packages < images
    assert (clone / ".lab/logs/images.log").read_text() == "begun\nbuilt\n"
    again = set_up(clone, programs, "lab")
    assert (again.returncode, "Images" in again.stdout) == (0, False)


def test_images_that_cannot_be_built_fail_the_set_up_with_what_they_said(clone: Path, programs: Path) -> None:
    _a_machine_with_an_engine(programs, "echo no space left; exit 1")
    failed = set_up(clone, programs, "lab")
    assert failed.returncode == 1
    assert "Images of the lab failed" in failed.stderr
    assert "no space left" in failed.stderr
