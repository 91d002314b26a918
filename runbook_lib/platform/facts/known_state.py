"""What is deployed, as far as it can be read: for those who only look, and want no error in the place of an answer."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.errors import DockerUnavailable, RunbookError
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.facts.releases import Deployed, as_replaced, by_files, deployed_state

LOOK_S = 10.0  # who only looks waits less long for the engine than who plans by what it says


def known_state(environment: Environment, engine_s: float = LOOK_S) -> Question[Deployed]:
    """The deployed state, by the server's files alone where the engine does not answer within `engine_s`; no plan may
    rest on that. Raises FactUnreadable when a record on the server is damaged."""

    def fetch(connections: Connections) -> Deployed:
        try:
            return deployed_state(environment, engine_s).fetch(connections)
        except DockerUnavailable as silent:
            found = replace(by_files(environment, connections), engine_silent=silent.what.rstrip("."))
            return as_replaced(environment, connections, found, ()) if environment.release.replaced else found

    return Question("deployed state", fetch)


def current_state(environment: Environment) -> Question[dict[str, str]]:
    """Which colour gets the traffic, what variables and checkout say, and the schema: each as far as it can be read.

    Never raises: what cannot be read is shown with its error, after a failure as well as before.
    """

    def fetch(connections: Connections) -> dict[str, str]:
        state: dict[str, str] = {}
        try:
            state = deployed_state(environment).fetch(connections).summary
        except RunbookError as error:
            state["deployed state"] = error.what
        try:
            state["schema"] = schema_revision(environment).fetch(connections) or "none"
        except RunbookError as error:
            state["schema"] = error.what
        return state

    return Question("state now", fetch)
