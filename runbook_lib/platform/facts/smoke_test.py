"""The smoke test: what a user does, done once by a synthetic user who tidies up.

This question writes: it does the steps of `smoke` in the environment file, and removes what they made, also after a
failure or an interrupt; `smoke.leaves` says what stays. It is asked only after a deployment, never in plan mode.
"""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.synthetic_user import Requests, SyntheticUser, UserAction

WRITES = "what a synthetic user makes, and removes again"

__all__ = ["Requests", "UserAction", "UserFlow", "run_smoke_test", "smoke_test_over"]


@dataclass(frozen=True)
class UserFlow:
    """The actions of one synthetic user, in order. `absent`: why this environment has no smoke test."""

    actions: tuple[UserAction, ...]
    absent: str = ""

    @property
    def works(self) -> bool:
        """Whether every action was tried and did what it should; where there is no smoke test, nothing did not."""
        return all(one.works for one in self.actions)


def run_smoke_test(environment: Environment) -> Question[UserFlow]:
    """The steps of the environment's smoke test, the last of which tidy up. Without one: no action, and the reason.

    An action that fails is a value, never an error. Source: the application at its public address.
    """
    return Question("smoke test", lambda connections: smoke_test_over(environment, connections.http),
                    writes=what_it_writes(environment))


def what_it_writes(environment: Environment) -> str:
    """What a smoke test leaves for a while, and for good, in words; empty where there is none."""
    if environment.smoke is None:
        return ""
    return f"{WRITES}; stays: {environment.smoke.leaves}"


def smoke_test_over(environment: Environment, http: Requests) -> UserFlow:
    """The smoke test over any kind of requests to the application."""
    smoke = environment.smoke
    if smoke is None:
        return UserFlow((), environment.without.get("smoke", "the environment file has none"))
    user, done = SyntheticUser(smoke, http), list[UserAction]()
    try:
        done += user.do_all(smoke.steps)
    finally:  # after an interrupt as well: no other run knows the user
        done += user.tidy()
    return UserFlow(tuple(done))
