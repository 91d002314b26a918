"""Preparations make steps necessary until they were interrupted, and an unfinished job is named."""

from __future__ import annotations

from typing import Any

import pytest

from lab.resilience.runbooks_under_test import DEPLOY, FIRST_SCHEMA, RESTORE, ROLLBACK
from lab.resilience.server_under_test import REMOVE_IMAGES


class Server:
    """A server on the first release that records what is done to it."""

    def __init__(self, *, live: str = "v3.1.0", running: tuple[str, ...] = ("blue",)) -> None:
        self.live, self.running = live, set(running)
        self.done: list[str] = []

    def live_version(self) -> str:
        return self.live

    def live_colour(self) -> str:
        return "blue"

    def running_colours(self) -> set[str]:
        return self.running

    def health(self) -> dict[str, Any]:
        return {"version": self.live}

    def shell(self, script: str) -> str:
        self.done.append(script)
        return ""

    def sql(self, text: str) -> str:
        self.done.append(text)
        return ""

    def backups(self) -> set[str]:
        return {"staging_db_20260101_020000.sql.gz", "staging_db_20260102_020000.sql.gz"}


def prepared(*done: str, live: str = "v3.1.0") -> list[str]:
    server = Server(live=live)
    DEPLOY.prepare(server, frozenset(done))  # type: ignore[arg-type]
    return server.done


def test_images_secrets_and_schema_are_made_necessary_again() -> None:
    first, second, third = prepared()
    assert (first, third) == (REMOVE_IMAGES, FIRST_SCHEMA)
    assert ".env.secrets" in second


def test_what_was_interrupted_already_is_left_alone() -> None:
    done = ("build-backend", "build-frontend", "deliver-secrets", "compatibility-check", "migrate")
    assert prepared(*done) == []


def test_the_schema_of_the_first_release_is_only_for_the_second() -> None:
    assert FIRST_SCHEMA not in prepared(live="v3.2.0")


@pytest.mark.parametrize(("server", "unfinished"), [
    (Server(live="v3.2.0"), ""),
    (Server(live="v3.1.0"), "v3.1.0 is live, not v3.2.0"),
    (Server(live="v3.2.0", running=("blue", "green")), "both colours run: blue, green"),
])
def test_an_unfinished_deployment_is_named(server: Server, unfinished: str) -> None:
    assert DEPLOY.unfinished(server, {"ref": "v3.2.0"}) == unfinished  # type: ignore[arg-type]
    assert ROLLBACK.unfinished(server, {"to": "v3.2.0"}) == unfinished  # type: ignore[arg-type]


def test_each_run_changes_to_the_other_release_or_restores_the_newest_backup() -> None:
    assert DEPLOY.parameters(Server()) == {"ref": "v3.2.0"}  # type: ignore[arg-type]
    assert ROLLBACK.parameters(Server(live="v3.2.0")) == {"to": "v3.1.0"}  # type: ignore[arg-type]
    assert RESTORE.parameters(Server())["backup"] == "staging_db_20260102_020000.sql.gz"  # type: ignore[arg-type]
