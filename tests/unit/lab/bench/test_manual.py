"""The plan's manual commands in their order, and what is added to them is noted."""

from __future__ import annotations

from typing import Any

import pytest

from lab.bench import manual
from lab.bench.manual import COMPOSE, Operator
from lab.errors import CommandFailed, LabError
from lab.instance import Instance


class Shell:
    """A server that answers each line; /health fails as often as given."""

    def __init__(self, failures: int) -> None:
        self.failures, self.lines, self.now = failures, list[str](), 0.0

    def output(self, argv: list[str], **_: Any) -> str:
        if argv[-1].startswith("https://"):
            self.failures -= 1
            if self.failures >= 0:
                raise CommandFailed("no reply")
            return ""
        line = argv[-1].partition(" && ")[2]
        self.lines.append(line)
        return "blue\n" if line.startswith("sed -n") else "abc\n"

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def operator(monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> tuple[Operator, Shell, list[str]]:
    shell, notes = Shell(failures), list[str]()
    monkeypatch.setattr(manual, "output", shell.output)
    monkeypatch.setattr("lab.instance.entering", lambda container, *words, user: ["docker", "exec", container, *words])
    monkeypatch.setattr("lab.bench.manual.time.sleep", shell.sleep)
    monkeypatch.setattr("lab.bench.manual.time.monotonic", lambda: shell.now)
    return Operator(Instance("double"), notes.append), shell, notes


def changes(shell: Shell) -> list[str]:
    return [line for line in shell.lines if not line.startswith("sed -n")]


def test_a_deployment_checks_out_starts_and_migrates(monkeypatch: pytest.MonkeyPatch) -> None:
    person, shell, notes = operator(monkeypatch)
    person.deploy("v3.2.0")
    checkout, edit, up, migrate = changes(shell)
    assert checkout.startswith("git checkout --quiet --force v3.2.0")
    assert "BLUE_VERSION=v3.2.0" in edit and "BLUE_COMMIT=abc" in edit
    assert (up, migrate) == (f"{COMPOSE} up -d", f"{COMPOSE} exec -T backend-blue alembic upgrade head")
    assert notes == []


def test_a_rollback_stops_everything_first(monkeypatch: pytest.MonkeyPatch) -> None:
    person, shell, _ = operator(monkeypatch)
    person.roll_back("v3.1.0")
    assert changes(shell)[0] == f"{COMPOSE} down"
    assert changes(shell)[-1] == f"{COMPOSE} up -d"


def test_a_restart_of_nginx_is_noted_because_the_plan_does_not_contain_it(monkeypatch: pytest.MonkeyPatch) -> None:
    person, shell, notes = operator(monkeypatch, failures=45)
    person.roll_back("v3.1.0")
    assert changes(shell)[-1] == f"{COMPOSE} restart nginx"
    assert len(notes) == 1


def test_a_service_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    person, *_ = operator(monkeypatch, failures=10_000)
    with pytest.raises(LabError, match="does not answer after the plan's manual commands"):
        person.deploy("v3.2.0")
