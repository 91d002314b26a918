"""Facts that may be missing without ending the run: the check that needs them says what that means."""

from __future__ import annotations

from typing import TypeVar

from runbook_lib.core.errors import DockerUnavailable, EndpointUnavailable, FactUnreadable
from runbook_lib.core.questions import Connections, Question

T = TypeVar("T")


def if_available(question: Question[T]) -> Question[T | None]:
    """The same question, answered by None where the thing asked about does not answer.

    An unreachable server is no such thing: that error is still raised.
    """

    def fetch(connections: Connections) -> T | None:
        try:
            return question.fetch(connections)
        except (DockerUnavailable, EndpointUnavailable, FactUnreadable):
            return None

    return Question(question.name, fetch)
