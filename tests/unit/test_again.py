"""What fails next to other tests is tried once more alone: reported when it passes then, a failure when it does not."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests import again

ONCE = """
    from pathlib import Path

    def test_{name}():
        mark = Path(__file__).with_suffix(".begun")
        first = not mark.exists()
        mark.touch()
        assert not first, "a race"

    def test_next_to_it():
        pass
"""
ALWAYS = "def test_broken():\n    assert False\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, whose tests know nothing of ours."""
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-p xdist.plugin"\n')
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # each run imports all of them otherwise
    for name in ("GITHUB_ACTIONS", again.STRICT, "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def racing(project: Path, *names: str) -> None:
    for name in names:
        (project / f"test_{name}.py").write_text(textwrap.dedent(ONCE.format(name=name)))


def test_a_test_that_fails_once_is_named_and_does_not_fail_the_run(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    racing(project, "one")
    assert again.main(["-q"], project) == 0
    shown = capfd.readouterr().out
    assert "a race" in shown, "the failure itself"
    assert "UNSTEADY" in shown.partition("Once more")[2]
    assert shown.rstrip().endswith("test_one.py::test_one")


def test_what_fails_twice_is_a_failure(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    racing(project, "one")
    (project / "test_broken.py").write_text(ALWAYS)
    assert again.main(["-q"], project) == again.FAILED
    assert "UNSTEADY" not in capfd.readouterr().out


def test_many_that_fail_are_no_coincidence(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    racing(project, *(f"number_{number}" for number in range(again.MOST + 1)))
    assert again.main(["-q"], project) == again.FAILED
    assert "Once more" not in capfd.readouterr().out


def test_whoever_asks_for_it_gets_no_second_attempt(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    racing(project, "one")
    monkeypatch.setenv(again.STRICT, "1")
    assert again.main(["-q"], project) == again.FAILED


def test_a_run_that_could_not_begin_is_not_tried_again(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "test_broken.py").write_text("import nothing_of_this_name\n")
    assert again.main(["-q"], project) not in (again.PASSED, again.FAILED)
    assert "Once more" not in capfd.readouterr().out


def test_failures_of_an_earlier_run_are_nothing_to_a_run_that_passed(project: Path) -> None:
    racing(project, "one")
    (project / "test_broken.py").write_text(ALWAYS)
    again.main(["-q", "test_broken.py"], project)
    (project / "test_one.begun").touch()
    assert again.main(["-q", "test_one.py"], project) == again.PASSED


def test_a_page_of_github_shows_it(project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    racing(project, "one")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert again.main(["-q"], project) == 0
    assert "::warning file=test_one.py::" in capfd.readouterr().out


def test_the_make_target_runs_the_tests_this_way() -> None:
    assert "-m tests.again -n 4" in (again.ROOT / "Makefile").read_text()
