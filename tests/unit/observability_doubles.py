"""A healthy environment as 40 Health surveys it, from the examples of the data cases, with changes at dotted places."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from runbook_lib.environment import Environment
from runbook_lib.observability.facts.health_survey import HealthSurvey
from runbook_lib.observability.facts.service_replies import Reply, ServiceReply
from runbook_lib.platform.facts.containers import Container
from tests.unit.data_cases import resolved
from tests.unit.data_values import build, environment_with, put

HERE = Path(__file__).parent
EXAMPLES = {name: value for family in ("platform", "observability")
            for name, value in json.loads((HERE / family / "checks/data/_examples.json").read_text()).items()}
SERVICES = [one["service"] for one in EXAMPLES["all containers of green"]]


def staging(**changes: Any) -> Environment:
    return environment_with({place.replace("__", "."): value for place, value in changes.items()})


def survey(changes: dict[str, Any] | None = None) -> HealthSurvey:
    """Everything works and green is live, but for `changes`, e.g. {"replies.redis.reply": "down"}."""
    data = copy.deepcopy(resolved(EXAMPLES["green is healthy"], EXAMPLES))
    for place, value in (changes or {}).items():
        put(data, _numbered(place), resolved(value, EXAMPLES))
    made: HealthSurvey = build(HealthSurvey, data)
    return made


def _numbered(place: str) -> str:
    """A service's place in the lists of containers and replies, by its name."""
    parts = place.split(".")
    if len(parts) > 1 and parts[1] in SERVICES:
        parts[1] = str(SERVICES.index(parts[1]))
    return ".".join(parts)


def container(service: str, **changes: Any) -> Container:
    """Another container of a service that is healthy but for `changes`."""
    data = {"like": "healthy container", "service": service, "name": f"gw2-staging-{service}-2", "image": "x:1", **changes}
    made: Container = build(Container, resolved(data, EXAMPLES))
    return made


def both_colours(changes: dict[str, Any] | None = None) -> HealthSurvey:
    """Both colours run and answer, and which one has the traffic is not known; `changes` as for `survey`."""
    green = survey({"deployed": {"like": "no answer"}, **(changes or {})})
    assert isinstance(green.containers, tuple)
    assert isinstance(green.replies, tuple)
    blue = tuple(container(service) for service in ("backend-blue", "frontend-blue"))
    answers = tuple(ServiceReply(one.service, Reply.UP, "answers", 0.002, ("172.20.0.50",)) for one in blue)
    return replace(green, containers=(*green.containers, *blue), replies=(*green.replies, *answers))
