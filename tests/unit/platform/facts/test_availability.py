"""Facts that may be missing: what does not answer is None, an unreachable server is still an error."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.errors import DockerUnavailable, EndpointUnavailable, FactUnreadable, HostUnreachable, LinkDropped
from runbook_lib.core.questions import Question
from runbook_lib.platform.facts.availability import if_available


def raising(error: Exception) -> Question[int]:
    def fetch(_: Any) -> int:
        raise error

    return Question("asked", fetch)


@pytest.mark.parametrize("kind", [DockerUnavailable, EndpointUnavailable, FactUnreadable])
def test_what_does_not_answer_is_none(kind: type[Exception]) -> None:
    asked = if_available(raising(kind("gone")))
    assert asked.name == "asked"
    assert asked.fetch(None) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [HostUnreachable, LinkDropped, ValueError])
def test_an_unreachable_server_and_a_bug_are_still_errors(kind: type[Exception]) -> None:
    with pytest.raises(kind):
        if_available(raising(kind("gone"))).fetch(None)  # type: ignore[arg-type]


def test_an_answer_is_passed_on() -> None:
    assert if_available(Question("asked", lambda _: 7)).fetch(None) == 7  # type: ignore[arg-type]
