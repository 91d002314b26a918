"""Facts that may be missing without ending the run: the check that needs them says what that means."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from runbook_lib.core.deadlines import each_within
from runbook_lib.core.errors import (
    AbsentPart,
    CommandTimedOut,
    DockerUnavailable,
    EndpointUnavailable,
    FactUnreadable,
    Inconclusive,
    PreconditionFailed,
)
from runbook_lib.core.findings import Finding, Verdict, not_applicable
from runbook_lib.core.questions import Connections, Question

T = TypeVar("T")
MORE_TIME = 4  # times the deadline that was too short


@dataclass(frozen=True)
class Unanswered:
    """In the place of a fact that could not be had: what was asked, why there is no answer, and what to do."""

    question: str
    reason: str
    next_step: str = ""

    def finding(self, check: str, expected: str = "") -> Finding:
        """What a check that needs the fact makes of it: never a pass."""
        return Finding(check, Verdict.INCONCLUSIVE, self.reason, expected, self.next_step)


class DeclaredAbsent(Unanswered):
    """The same where the environment file says that there is no such thing, and why: nothing was asked."""

    def finding(self, check: str, expected: str = "") -> Finding:
        """The check is not applicable, with that reason."""
        return not_applicable(check, self.reason)


def if_available(question: Question[T], within_s: float | None = None) -> Question[T | None]:
    """The same question, answered by None where the thing asked about does not answer, or is declared absent.

    `within_s`: seconds that it may take; None: as long as its own limits allow. An unreachable server is no such
    thing: that error is still raised, without `within_s`. One that hangs is: an engine that has stopped takes commands.
    """

    def fetch(connections: Connections) -> T | None:
        if within_s is not None:
            answer = with_deadline(if_available(question), within_s).fetch(connections)
            return None if isinstance(answer, Unanswered) else answer
        try:
            return question.fetch(connections)
        except (AbsentPart, CommandTimedOut, DockerUnavailable, EndpointUnavailable, FactUnreadable):
            return None

    return Question(question.name, fetch)


def with_deadline(question: Question[T], seconds: float) -> Question[T | Unanswered]:
    """The same question, answered by Unanswered where nothing usable came within `seconds`.

    Also an unreachable server is such an answer: what does not need it can still be shown. A refused host key is not.
    """

    def fetch(connections: Connections) -> T | Unanswered:

        def ask() -> T | Unanswered:
            try:
                return question.fetch(connections)
            except (Inconclusive, PreconditionFailed) as error:
                # it becomes a part of sentences, and ends none
                return Unanswered(question.name, error.what.rstrip("."), error.next_step)

        late = Unanswered(question.name, f"no answer within {round(seconds, 1):g} s",
                          f"The server is busy, or it hangs. Ask with more time, where the notebook takes it: "
                          f"-p deadline_s={MORE_TIME * seconds:.0f}")
        (answer,) = each_within(seconds, (ask,), lambda _: late)
        return answer

    return Question(question.name, fetch, question.writes)


def fetch_concurrently(parts: Sequence[Question[Any]], connections: Connections) -> list[Any]:
    """The answers of the parts of one question, in order, all asked at once: it takes as long as the slowest.

    Each part has its own deadline. Raises the first error of theirs, when all have ended.
    """
    with ThreadPoolExecutor(len(parts), thread_name_prefix="part") as pool:
        return list(pool.map(lambda part: part.fetch(connections), parts))
