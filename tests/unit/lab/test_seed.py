"""The seed runs in a backend of whichever colour, and says what is missing when there is none."""

from __future__ import annotations

import pytest

from lab import seed
from lab.errors import LabError
from lab.instance import Instance


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    ran: list[list[str]] = []
    monkeypatch.setattr("lab.instance.docker", lambda: "docker")
    monkeypatch.setattr(seed, "run", lambda argv, log, timeout_s: ran.append(argv))
    return ran


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_the_seed_runs_in_the_running_backend(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch,
                                              colour: str) -> None:
    names = f"gw2-staging-postgres-1\ngw2-staging-backend-{colour}-1\ngw2-staging-nginx-1\n"
    monkeypatch.setattr(seed, "output", lambda argv: names)
    seed.seed(Instance("double"), 500)
    (command,) = commands
    assert command[-6:] == [f"gw2-staging-backend-{colour}-1", "python", "-m", "app.seed", "--rows", "500"]


def test_without_a_backend_nothing_is_seeded(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed, "output", lambda argv: "gw2-staging-postgres-1\n")
    with pytest.raises(LabError, match=r"No backend is running on double[\s\S]*deploy a release first"):
        seed.seed(Instance("double"))
    assert commands == []
