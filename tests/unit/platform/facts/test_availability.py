"""Facts that may be missing: what does not answer is None, an unreachable server is still an error."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runbook_lib.core.errors import (
    CommandTimedOut,
    DockerUnavailable,
    EndpointUnavailable,
    FactUnreadable,
    HostKeyChanged,
    HostUnreachable,
    LinkDropped,
    PreconditionFailed,
)
from runbook_lib.core.questions import Question
from runbook_lib.platform.facts.availability import Unanswered, if_available, with_deadline


def raising(error: BaseException) -> Question[int]:
    def fetch(_: Any) -> int:
        raise error

    return Question("asked", fetch)


@pytest.mark.parametrize("kind", [DockerUnavailable, EndpointUnavailable, FactUnreadable, CommandTimedOut])
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
    assert if_available(Question("asked", lambda _: 7), 30).fetch(None) == 7  # type: ignore[arg-type]


def test_what_hangs_longer_than_it_may_is_as_if_it_were_not_there() -> None:
    over = threading.Event()
    try:
        assert if_available(Question("asked", lambda _: over.wait(60)), 0.05).fetch(None) is None  # type: ignore[arg-type]
        assert not over.is_set()
    finally:
        over.set()


@pytest.mark.parametrize("kind", [DockerUnavailable, EndpointUnavailable, FactUnreadable, HostUnreachable, LinkDropped,
                                  CommandTimedOut, PreconditionFailed])
def test_within_a_deadline_whatever_cannot_be_had_is_unanswered_with_its_reason(kind: type[Exception]) -> None:
    asked = with_deadline(raising(kind("gone", next_step="Wait.")), 60.0)  # type: ignore[call-arg]
    assert asked.fetch(None) == Unanswered("asked", "gone", "Wait.")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [HostKeyChanged, ValueError, KeyboardInterrupt])
def test_a_refused_host_key_and_a_bug_are_still_errors_within_a_deadline(kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        with_deadline(raising(kind("no")), 60.0).fetch(None)  # type: ignore[arg-type]


def test_what_hangs_is_unanswered_and_is_not_waited_for() -> None:
    released = threading.Event()
    asked = with_deadline(Question("asked", lambda _: released.wait(600)), 0.1)
    found = asked.fetch(None)  # type: ignore[arg-type]
    assert isinstance(found, Unanswered)
    assert found.reason == "no answer within 0.1 s"
    assert not released.is_set()
    released.set()


def test_an_answer_in_time_is_passed_on_even_when_it_is_none() -> None:
    assert with_deadline(Question("asked", lambda _: None), 60.0).fetch(None) is None  # type: ignore[arg-type]


def test_an_answer_that_comes_too_late_leads_to_a_longer_deadline() -> None:
    released = threading.Event()
    seen = with_deadline(Question("asked", lambda _: released.wait(60)), 0.5).fetch(None)  # type: ignore[arg-type]
    released.set()
    assert isinstance(seen, Unanswered)
    assert "-p deadline_s=2" in seen.next_step
