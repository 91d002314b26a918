"""A worker's surroundings: nothing of a person's own, and a place for temporary files that is short enough."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from runbook_lib.headless.surroundings import scratch_folder, variables


@pytest.mark.parametrize("name", [
    "PYTHONPATH", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT", "IPYTHONDIR", "JUPYTER_CONFIG_PATH", "JUPYTER_PATH",
    "JUPYTER_RUNTIME_DIR", "JPY_SESSION_NAME", "PAPERMILL_CONFIG", "MPLBACKEND", "MATPLOTLIBRC",
])
def test_no_setting_of_a_person_reaches_the_worker(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/of/a/person")
    assert "/of/a/person" not in variables(tmp_path).values()


def test_secrets_and_the_rest_of_the_environment_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_DB_PASSWORD", "x")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert variables(tmp_path)["STAGING_DB_PASSWORD"] == "x"
    assert variables(tmp_path)["LANG"] == "de_DE.UTF-8"


@pytest.mark.parametrize("length", [20, 80, 200])
def test_a_socket_fits_into_the_scratch_folder_however_long_tmpdir_is(length: int, tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / ("x" * max(1, length - len(str(tmp_path)) - 1))
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    with scratch_folder() as folder, socket.socket(socket.AF_UNIX) as one:
        one.bind(f"{folder}/a-socket-of-a-library-with-a-name")


@pytest.mark.parametrize("place", ["/not/there", "/proc", "/etc/hostname"])
def test_a_tmpdir_that_takes_no_folder_is_not_used(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To root /proc seems writable: a run ended with a traceback."""
    monkeypatch.setenv("TMPDIR", place)
    with scratch_folder() as folder:
        assert Path(folder).is_dir()


def test_a_short_tmpdir_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path("/dev/shm")
    monkeypatch.setenv("TMPDIR", str(short))
    with scratch_folder() as folder:
        assert Path(folder).parent == short
